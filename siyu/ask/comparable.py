"""The columns of a published table that can be compared with those of another release.

Some columns number people, companies and identifiers within one release. After one new person, all of them may differ.
They are replaced by the IDs of the people and companies, or left out where those stand beside them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from siyu.ask.release_pair import ACCOUNT_ID, ONE_ID, Side
from siyu.engines.sql import quote_name

HASH = "_hash"
PEOPLE, COMPANIES, IDENTIFIERS = "person_key", "account_key", ("node", "lesser_node", "parent")
ORDINALS = ("rule_no",)  # numbers by time, which change when an earlier one is added; nothing stands for them
OF_COMPANIES = ("identity.company", "identity.account")
IDENTIFIER = "identity.identifier"
MAPS = (ONE_ID, ACCOUNT_ID, IDENTIFIER)


@dataclass(frozen=True)
class Comparable:
    """A table of one release: `columns` are name -> (expression, type), `source` is what stands after FROM.

    `renamed` says for a number of the release which column stands for it, None if none does. `maps` are the tables that
    lead from numbers to IDs: the same number may be another person in another release.
    """

    columns: Mapping[str, tuple[str, str]]
    source: str
    renamed: Mapping[str, str | None]
    maps: frozenset[str]

    def key(self, grain: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return the columns that identify a row, None if one of the grain is not there."""
        found: list[str] = []
        for column in grain:
            name = self.renamed.get(column, column) or column
            name = name if name in self.columns else f"{name}{HASH}"
            if name not in self.columns:
                return None
            found.append(name)
        return tuple(dict.fromkeys(found)) or None


def comparable(side: Side, table: str) -> Comparable:
    """Return a table without the numbers that hold within one release only."""
    held = side.columns[table]
    columns = {name: (f"t.{quote_name(name)}", kind) for name, kind in held.items()}
    source = f"{side.relations[table]} as t"
    renamed: dict[str, str | None] = {}
    for name in held:
        translate = _TRANSLATED.get(name)
        if translate is None:
            continue
        columns.pop(name)
        renamed[name], expression, join = translate(side, table, name)
        new = renamed[name]
        if new is not None and expression:
            columns[new] = (expression, "VARCHAR")
            source += join
    maps = frozenset(name for name in MAPS if side.has(name) and f" {side.relations[name]}" in source)
    return Comparable(columns, source, renamed, maps - {table})


Translated = tuple[
    str | None, str, str
]  # the new name, its expression and its join; no expression: it is there already


def _person(side: Side, table: str, name: str) -> Translated:
    return _entity(side, table, name, "one_id", ONE_ID, "p")


def _company(side: Side, table: str, name: str) -> Translated:
    return _entity(side, table, name, "account_id", ACCOUNT_ID, "c")


def _entity(side: Side, table: str, name: str, entity_id: str, home: str, alias: str) -> Translated:
    if entity_id in side.columns[table]:
        return entity_id, "", ""
    if not side.has(home):
        return None, "", ""
    return entity_id, f"{alias}.{entity_id}", _join(side, home, name, entity_id, alias, f"t.{name}")


def _join(side: Side, home: str, key: str, entity_id: str, alias: str, number: str) -> str:
    ids = f"select distinct {key}, {entity_id} from {side.relations[home]}"
    return f" left join ({ids}) as {alias} on {alias}.{key} = {number}"


def _buyer(side: Side, table: str, name: str) -> Translated:
    """A buyer is a person, or a company, whose number is negative."""
    if not side.has(ONE_ID, ACCOUNT_ID):
        return None, "", ""
    person = _join(side, ONE_ID, PEOPLE, "one_id", "bp", f"t.{name}")
    company = _join(side, ACCOUNT_ID, COMPANIES, "account_id", "bc", f"-t.{name}")
    return "buyer_id", "coalesce(bp.one_id, bc.account_id)", person + company


def _identifier(side: Side, table: str, name: str) -> Translated:
    """The number of an identifier, by which tables join. Beside the identifier itself, it says nothing more."""
    held = side.columns[table]
    if "id_type" in held or not side.has(IDENTIFIER):
        return None, "", ""
    entity = "company" if table.startswith(OF_COMPANIES) else "person"
    value = f"id_value{HASH}" if f"id_value{HASH}" in side.columns[IDENTIFIER] else "id_value"
    ids = f"select node, id_type || ':' || {value} as text from {side.relations[IDENTIFIER]} where entity = '{entity}'"
    return f"{name}_of", f"i_{name}.text", f" left join ({ids}) as i_{name} on i_{name}.node = t.{name}"


def _nothing(side: Side, table: str, name: str) -> Translated:
    return None, "", ""


_TRANSLATED: Mapping[str, Callable[[Side, str, str], Translated]] = {
    PEOPLE: _person,
    COMPANIES: _company,
    "buyer_key": _buyer,
    **dict.fromkeys(IDENTIFIERS, _identifier),
    **dict.fromkeys(ORDINALS, _nothing),
}
