"""The sides of decisions, found in the current release many at a time: identifiers in any spelling, and records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from siyu.ask.lookup import ENTITIES, Identifier, Lookup
from siyu.compile.macro_sql import expressions
from siyu.errors import SiyuError, WrongQuestion
from siyu.seeds.decisions import RECORD, is_record, record_of, wrong_side

# Exported rows that also describe a company, such as a contact with its company, are about a person.
ABOUT_PEOPLE = ("contact", "deal", "ticket")
Problem = tuple[str, str]  # the problem, and how to fix it


@dataclass(frozen=True)
class Side:
    """An identifier or a record that a decision names.

    `entity` is what it identifies; a record of a company only is about a company. `names_company` says whether a
    record carries an identifier of a company.
    """

    id_type: str
    id_value: str
    text: str
    entity: str
    status: str
    one_id: str | None
    account_id: str | None
    names_company: bool = False

    @property
    def identifier(self) -> Identifier:
        """The side for messages. A record has no number and no owner of its own."""
        owner = self.account_id if self.entity == "company" else self.one_id
        named = self.text.partition(":")[2]
        return Identifier(self.entity, self.id_type, self.id_value, self.status, None, None, owner, named)


def find_sides(lookup: Lookup, texts: Iterable[str]) -> dict[str, Side | Problem]:
    """Return text -> the side, or what is wrong with it. Needs a few queries, however many texts there are."""
    found: dict[str, Side | Problem] = {}
    records: dict[str, tuple[str, str]] = {}
    values: dict[str, list[str]] = defaultdict(list)
    for text in sorted(set(texts)):
        id_type, _, value = text.partition(":")
        if wrong := wrong_side(text, lookup.types):
            found[text] = wrong[0]
        elif is_record(text) and (named := record_of(text)):
            records[text] = named
        else:
            values[id_type].append(value)
    found.update(_records(lookup, records))
    normal = [f"{{{{ normal_identifier('{id_type}', 'v') }}}}" for id_type in values]
    for (id_type, typed), sql in zip(values.items(), expressions(lookup.settings, lookup.types, normal), strict=True):
        found.update(_identifiers(lookup, id_type, typed, sql))
    return found


def _records(lookup: Lookup, named: Mapping[str, tuple[str, str]]) -> dict[str, Side | Problem]:
    """One query for all records, and one for those of companies."""
    if not named:
        return {}
    channels, record_ids = (list(part) for part in zip(*named.values(), strict=True))
    listed = "(select unnest(?::varchar[]) as channel, unnest(?::varchar[]) as record_id)"
    rows = lookup.session.rows(
        "select r.channel, r.record_id, r.one_id, r.account_id, r.account_basis"
        f" from {lookup.table('record_person')} as r semi join {listed} as n"
        " on r.channel = n.channel and r.record_id = n.record_id",
        [channels, record_ids],
    )
    companies: set[tuple[str, str]] = set()
    if lookup.has("company", "records"):
        people = [shape for shape in ABOUT_PEOPLE if lookup.has(shape, "records")]
        others = "".join(
            f" anti join {lookup.table(shape, 'records')} as {shape}_row on {shape}_row.channel = c.channel"
            f" and {shape}_row.record_id = c.record_id"
            for shape in people
        )
        query = (
            f"with n as {listed} select c.channel, c.record_id from {lookup.table('company', 'records')} as c"
            f" semi join n on c.channel = n.channel and c.record_id = n.record_id{others}"
        )
        companies = {(channel, record_id) for channel, record_id in lookup.session.rows(query, [channels, record_ids])}
    owners = {(channel, record_id): rest for channel, record_id, *rest in rows}
    found: dict[str, Side | Problem] = {}
    for text, key in named.items():
        if key not in owners:
            found[text] = (
                f"there is no record {':'.join(key)} in the release {lookup.release.name}",
                "check it for a typo; data that landed since then is known after the next siyu run.",
            )
            continue
        one_id, account_id, basis = owners[key]
        entity = "company" if key in companies and one_id is None else "person"
        value = ":".join(key)
        found[text] = Side(
            RECORD, value, f"{RECORD}:{value}", entity, "a record", one_id, account_id, basis == "record"
        )
    return found


def _identifiers(lookup: Lookup, id_type: str, typed: list[str], normal: str) -> dict[str, Side | Problem]:
    """Identifiers of one type: one query brings all into their normal form, one finds them."""
    entity = lookup.entity_of(id_type)
    named = f"select v, {normal} as named from (select unnest(?::varchar[]) as v)"
    key = "n.named"
    if id_type == "company_name":
        key = f"coalesce((select max(c.name_key) from {lookup.table('company_name')} as c"
        key += " where c.company_name = n.named), n.named)"
    rows = lookup.session.rows(
        f"with n as ({named}), keyed as (select n.v, n.named, {key} as id_value from n)"
        f" select k.v, k.named, k.id_value, i.status, m.{entity.id} from keyed as k"
        f" left join {lookup.table('identifier')} as i on i.id_type = ? and i.id_value = k.id_value"
        f" left join {lookup.table(entity.map)} as m on m.id_type = i.id_type and m.id_value = i.id_value",
        [typed, id_type],
    )
    found: dict[str, Side | Problem] = {}
    for value, name, id_value, status, owner in rows:
        text = f"{id_type}:{value}"
        if name is None:
            found[text] = (f"{value!r} is not a valid {id_type}", "check it for a typo.")
        elif status is None:
            found[text] = (
                f"no record carries {id_type}:{name} in the release {lookup.release.name}",
                "check it for a typo; data that landed since then is known after the next siyu run.",
            )
        else:
            is_company = entity.name == "company"
            found[text] = Side(
                id_type, id_value, f"{id_type}:{name}", entity.name, status,
                None if is_company else owner, owner if is_company else None,
            )  # fmt: skip
    return found


def pair_problem(decision: str, one: Side, other: Side, excluded: Collection[tuple[str, str]]) -> Problem | None:
    """Return why a decision about two sides cannot be carried out. A link may use an excluded identifier."""
    if (one.id_type, one.id_value) == (other.id_type, other.id_value):
        return f"{one.text} and {other.text} are the same", "name two different ones."
    for side in (one, other):
        is_bad = side.status in ("blocked", "invalid") and (side.id_type, side.id_value) not in excluded
        if decision == "link" and is_bad:
            fix = "link another identifier, or remove this one from the list that blocks it."
            return f"{side.text} is {side.status} and cannot belong to anybody", fix
    if "company" not in (one.entity, other.entity):
        return None
    for side, another in ((one, other), (other, one)):
        # The other side is about a company, so this one has to name a company.
        if another.entity == "company" and side.id_type == RECORD and not side.names_company:
            fix = "name a record that carries one, or an identifier."
            return f"{side.text} carries no identifier of a company", fix
        is_person = side.entity == "person" and (side.id_type != RECORD or another.id_type == RECORD)
        if another.entity == "company" and is_person:
            return f"{side.text} identifies a person, {another.text} a company", "name two of the same kind."
    return None


def share_an_id(one: Side, other: Side) -> bool:
    """Whether two sides already belong to one person, or to one company if the decision is about companies."""
    entity = "company" if "company" in (one.entity, other.entity) else "person"
    owners = [side.account_id if ENTITIES[entity].name == "company" else side.one_id for side in (one, other)]
    return owners[0] is not None and owners[0] == owners[1]


def wrong(problem: Problem, where: str) -> SiyuError:
    """Return a problem of a side as an error."""
    return WrongQuestion(problem[0], where, problem[1])
