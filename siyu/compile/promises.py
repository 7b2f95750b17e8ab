"""What of a table a changed input can touch, as its model declares it; the query of a model over a part of its inputs.

    config(restate='person')                         the rows of a person come from what its inputs say of this person
    config(restate='record', calendar=['occurred_at'])  those of a record, of which fn_as_of_end() bounds this time
    config(restate='day')                            those of a business date
    config(restate='person', calendar=['occurred_at + 90'])  … bounds the moment 90 days after this time
    config(restate='record', through={'account_id': ['account_key']})  … and from the companies that they name

`docs/incremental.md` says what a model promises by it. Without it, everything counts as touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from sqlglot import exp

from siyu.compile import analyse
from siyu.compile.model_files import Model
from siyu.compile.project import CompiledModel, Project
from siyu.compile.shapes import SUPERSEDED
from siyu.compile.template import Rendered
from siyu.errors import ConfigError, nearest, raise_all

ALL = "all"
RECORD, PERSON, COMPANY, COMBINATION, IDENTIFIER = "record", "person", "company", "combination", "identifier"
DAY = "day"
# Columns that tell records, people and so on apart. A table has the first of these lists, or the second one.
RECORD_KEY = ("channel", "record_id")
KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    RECORD: (RECORD_KEY,),
    PERSON: (("person_key",), ("one_id",)),
    COMPANY: (("account_key",), ("account_id",)),
    COMBINATION: (("combination_id",),),
    IDENTIFIER: (("id_type", "id_value"),),
    DAY: (("occurred_date",), ("day",)),
    ALL: (),
}
RESTATE, CALENDAR, THROUGH = RESTATE_KEYS = ("restate", "calendar", "through")
_TURN = re.compile(r"([a-z_][a-z0-9_]*)(?: \+ ([0-9]+))?")
READS_CALENDAR = "fn_as_of"  # the beginning of the functions that depend on the business date
# The tables that lead from one key to another.
OWNERS = "identity.record_person"  # from records to people and companies
NUMBERS = {PERSON: "identity.one_id", COMPANY: "identity.account_id"}  # from numbers to IDs


class Turn(NamedTuple):
    """A time that the business date bounds, or the moment some days after it: an entry of a calendar."""

    column: str
    days: int = 0


def key_columns(kind: str, columns: Collection[str]) -> tuple[str, ...] | None:
    """Return the columns of a table that tell records, people and so on apart; None if it has none."""
    return next((key for key in KEYS[kind] if set(key) <= set(columns)), None)


def check_restatement(model: str, values: Mapping[str, Any]) -> None:
    """Raise ConfigError if the values of config() are none of those above."""
    kind = values.get(RESTATE, ALL)
    if kind not in KEYS:
        raise ConfigError(f"unknown restate {kind!r} of {model}", "", nearest(str(kind), KEYS))
    calendar = values.get(CALENDAR, [])
    is_list = isinstance(calendar, list | tuple)
    if not is_list or not all(isinstance(one, str) and _TURN.fullmatch(one) for one in calendar):
        raise ConfigError(
            f"the calendar of {model} is no list of columns", "", "write calendar=['occurred_at', 'occurred_at + 30']."
        )
    through = values.get(THROUGH, {})
    if not isinstance(through, dict) or not all(isinstance(one, list) and one for one in through.values()):
        raise ConfigError(
            f"through of {model} does not map tables to lists of columns", "",
            "write through={'account_id': ['account_key']}.",
        )  # fmt: skip
    for what in (CALENDAR, THROUGH):
        if values.get(what) and kind == ALL:
            raise ConfigError(f"{model} has {what}=…, but no restate", "", "add restate='record' to config().")
    if kind != ALL and values.get("materialized", "table") not in ("table", "view"):
        raise ConfigError(
            f"{model} has restate={kind!r}, but is neither table nor view", "", "remove restate from config()."
        )


def check_keys(model: Model, config: Mapping[str, Any], columns: Collection[str]) -> None:
    """Raise ConfigError if a model does not have the columns by which it is restated."""
    kind = config.get(RESTATE, ALL)
    if kind != ALL and key_columns(kind, columns) is None:
        lists = " or ".join(" and ".join(key) for key in KEYS[kind])
        raise ConfigError(f"{model.name} has restate={kind!r}, but not {lists}", model.file, f"add {lists}.")


def check_inputs(project: Project, model: CompiledModel, models: Collection[str]) -> None:
    """Raise ConfigError if a calendar or through names what no input has: the model would be built whole every
    night, and nobody would see why.

    An input, or a column of a record shape, may be missing because its channel is. So a table in through has to be one
    of `models`, the names of all models, whether they are compiled or not.
    """
    if not {CALENDAR, THROUGH} & model.config.keys():
        return
    read = {name: {column.name for column in project.models[name].columns} for name in tables_read(project, model)}
    exports = {name: set(project.binder.types(name)) for name in model.sources}
    shapes = ({column.name for column in shape} for shape in project.shapes.columns.values())
    known = set().union(*read.values(), *exports.values(), *shapes)
    errors = [
        ConfigError(f"the calendar of {model.name} has {turn.column}, which no input has", model.model.file,
                    nearest(turn.column, known))
        for turn in turns_of(model) if read | exports and turn.column not in known
    ]  # fmt: skip
    reached = through_of(project, model)
    tables = {name.partition(".")[2] for name in models}
    for table in model.config.get(THROUGH, {}):
        if table not in tables:
            errors.append(ConfigError(f"through of {model.name} names {table}, which is no table", model.model.file,
                                      nearest(table, tables)))  # fmt: skip
    for name, columns in reached.items():
        others = set().union(*(columns_of for other, columns_of in read.items() if other != name))
        for where, has in ((name, read[name]), ("any other input", others)):
            errors += [
                ConfigError(f"through of {model.name} has {column}, which is no column of {where}", model.model.file,
                            nearest(column, has))
                for column in columns if column not in has
            ]  # fmt: skip
    raise_all(errors)


def kind_of(model: CompiledModel) -> str:
    """Return by what a model is restated."""
    return str(model.config.get(RESTATE, ALL))


def turns_of(model: CompiledModel) -> list[Turn]:
    """Return the times that the business date bounds in a query, as its model declares them."""
    found = (_TURN.fullmatch(one) for one in model.config.get(CALENDAR, []))
    return [Turn(one[1], int(one[2] or 0)) for one in found if one]


def through_of(project: Project, model: CompiledModel) -> dict[str, tuple[str, ...]]:
    """Return the tables whose rows a query reaches through columns of other inputs, in the order in which it does."""
    declared = {table: tuple(columns) for table, columns in model.config.get(THROUGH, {}).items()}
    names = {name.partition(".")[2]: name for name in tables_read(project, model)}
    return {names[table]: columns for table, columns in declared.items() if table in names}


def reads_calendar(project: Project, model: CompiledModel) -> bool:
    """Whether the business date of the run is part of what a query yields, also through views that it reads."""
    if READS_CALENDAR in model.sql:
        return True
    views = (project.models[name] for name in model.refs & project.models.keys())
    return any(view.materialized == "view" and reads_calendar(project, view) for view in views)


def calendars(project: Project) -> dict[str, dict[str, str]]:
    """Return export -> the columns whose times the business date bounds in a staging model, with their types."""
    found: dict[str, dict[str, str]] = {}
    for model in project.models.values():
        for source in model.sources if CALENDAR in model.config else ():
            types = project.binder.types(source)
            columns = {turn.column: types[turn.column] for turn in turns_of(model) if turn.column in types}
            found.setdefault(source.removesuffix(SUPERSEDED), {}).update(columns)
    return found


def tables_read(project: Project, model: CompiledModel) -> dict[str, frozenset[str] | None]:
    """Return the tables that a query reads, directly or through views, each with the columns that it reads of it.

    None stands for all columns.
    """
    found: dict[str, frozenset[str] | None] = {}
    for name in sorted(model.refs & project.models.keys()):
        read = project.models[name]
        if read.materialized == "view":
            listed: Iterable[tuple[str, frozenset[str] | None]] = tables_read(project, read).items()
        else:
            listed = [(name, model.reads(name))]
        for table, columns in listed:
            known = found.get(table, frozenset())
            found[table] = None if known is None or columns is None else known | columns
    return found


def names_in(project: Project, model: CompiledModel) -> frozenset[str] | None:
    """Return every name in the text of a query and of the views that it reads, in lower case: its columns are among
    them. None if it names columns by a star."""
    tree = analyse.parse(Rendered(model.model, model.sql)).tree
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return None
    found = {name.name.lower() for name in tree.find_all(exp.Identifier)}
    for name in sorted(model.refs & project.models.keys()):
        if project.models[name].materialized == "view":
            inner = names_in(project, project.models[name])
            if inner is None:
                return None
            found |= inner
    return frozenset(found)


def query_of_part(project: Project, model: CompiledModel, parts: Mapping[str, str]) -> str:
    """Return the query of a model that reads parts of tables: name -> the relation that has the part.

    Everything else of the text stays as it is. Views that read such a table are written out.
    """

    def place(name: str) -> str | None:
        read = project.models.get(name)
        if name in parts or read is None or read.materialized != "view":
            return parts.get(name)
        inner = query_of_part(project, read, parts)
        return None if inner == read.sql else f"(\n{inner}\n)"

    return _replaced(model, place)


def _replaced(model: CompiledModel, place: Callable[[str], str | None]) -> str:
    """Return the text of a query with other relations in place of those that it names."""
    tree = analyse.parse(Rendered(model.model, model.sql)).tree
    changes: list[tuple[int, int, str]] = []
    for table in tree.find_all(exp.Table):
        schema, name = table.args.get("db"), table.this
        found = place(f"{schema.name}.{name.name}") if schema is not None else None
        if schema is not None and found is not None:
            called = "" if table.alias else f" as {name.sql('duckdb')}"
            changes.append((schema.meta["start"], name.meta["end"] + 1, found + called))
    text = model.sql
    for start, end, found in sorted(changes, reverse=True):
        text = text[:start] + found + text[end:]
    return text
