"""Vars (seeds/vars.yml): the values that models read with var(), each with a type and a range."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import read_yaml_file
from siyu.seeds.references import NAME, Reference, reference_rows
from siyu.settings import Settings

Number = int | float
TYPES: dict[str, tuple[type, ...]] = {"integer": (int,), "decimal": (int, float), "text": (str,), "boolean": (bool,)}
NEEDED = {"value", "why"}
LIMITS = ("type", "min", "max", "pattern", "one_of")
DIGITS = 4  # after the point: SQL multiplies decimals, whose digits add up


@dataclass(frozen=True)
class Var:
    """A value, where it was set, and the limits with which it was declared.

    `low` and `high` are numbers, or names of vars. `one_of` is a column of a reference table, as table.column.
    """

    name: str
    value: Any
    where: str
    type: str
    low: Number | str | None = None
    high: Number | str | None = None
    pattern: str | None = None
    one_of: str | None = None


def load_vars(settings: Settings) -> dict[str, Any]:
    """Return the vars by name. Raises ConfigError with every problem."""
    return {name: var.value for name, var in read_vars(settings).items()}


def read_vars(settings: Settings) -> dict[str, Var]:
    """Read vars.yml of every layer. A layer overrides single values. Raises ConfigError with every problem."""
    found: dict[str, Var] = {}
    errors: list[SiyuError] = []
    for depth, root in enumerate(settings.roots):
        path = root / "seeds" / "vars.yml"
        if not path.is_file():
            continue
        entries, lines = _entries(path)
        for name, entry in entries.items():
            where = f"{path}:{lines.get(str(name), 1)}"
            try:
                found[name] = _var(name, entry, where, found, is_layer=depth > 0)
            except ConfigError as error:
                errors.append(error)
    errors += [error for var in found.values() for error in _value_errors(var, found)]
    raise_all(errors)
    return found


def unlisted(found: Mapping[str, Var], tables: Mapping[str, Reference]) -> Iterator[SiyuError]:
    """Yield an error for each var that must be a value of a reference table and is none."""
    for var in found.values():
        table, _, column = (var.one_of or "").partition(".")
        if table in tables:
            values = [row[column] for row in reference_rows(tables[table]) if row.get(column)]
            if var.value not in values:
                yield ConfigError(
                    f"the var {var.name} is {var.value!r}, which {table}.csv does not list",
                    var.where,
                    nearest(str(var.value), values) or f"write a {column} of {table}.csv.",
                )


def _entries(path: Path) -> tuple[dict[Any, Any], dict[str, int]]:
    try:
        file = read_yaml_file(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise ConfigError(f"this is not valid YAML: {error}", str(path), "save it as UTF-8.") from error
    data = file.data or {}
    if not isinstance(data, dict):
        raise ConfigError(
            "vars.yml must be a mapping of names to values", str(path), "write lines like dormant_days: 60."
        )
    return data, file.lines


def _var(name: Any, entry: Any, where: str, known: Mapping[str, Var], *, is_layer: bool) -> Var:
    """Return the var of one entry: a declaration with value and why, or, in a layer, the value alone."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is not the name of a var", where, "use lower case, digits and _.")
    earlier = known.get(name)
    if is_layer and earlier is not None and not isinstance(entry, dict | list):
        return Var(name, entry, where, *_limits_of(earlier))
    if not isinstance(entry, dict) or not set(entry) >= NEEDED:
        raise ConfigError(
            f"the var {name} needs a value and a why",
            where,
            nearest(name, known) if is_layer else "write {value: …, why: …}.",
        )
    unknown = [key for key in entry if key not in (*NEEDED, *LIMITS)]
    if unknown:
        raise ConfigError(
            f"unknown key {unknown[0]} of the var {name}", where, nearest(str(unknown[0]), (*NEEDED, *LIMITS))
        )
    limits = _limits_of(earlier) if earlier else (None,) * len(LIMITS)
    given = [entry.get(key, limit) for key, limit in zip(LIMITS, limits, strict=True)]
    return _declared(Var(name, entry["value"], where, given[0] or _type_of(entry["value"]), *given[1:]))


def _limits_of(var: Var) -> tuple[Any, ...]:
    return var.type, var.low, var.high, var.pattern, var.one_of


def _type_of(value: Any) -> str:
    """Return the type of a var that is declared without one."""
    return next((name for name in ("boolean", "integer", "decimal", "text") if _is_a(name, value)), "text")


def _is_a(kind: str, value: Any) -> bool:
    return isinstance(value, TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _declared(var: Var) -> Var:
    if var.type not in TYPES:
        raise ConfigError(f"the var {var.name} has the type {var.type!r}", var.where, nearest(str(var.type), TYPES))
    bounds = [bound for bound in (var.low, var.high) if bound is not None]
    if any(not _is_a("decimal", bound) and not isinstance(bound, str) for bound in bounds) or (
        bounds and var.type not in ("integer", "decimal")
    ):
        raise ConfigError(
            f"min and max of the var {var.name} do not fit",
            var.where,
            "write numbers, or names of vars; text has none.",
        )
    try:
        re.compile(var.pattern or "")
    except (re.error, TypeError) as error:
        raise ConfigError(
            f"the pattern of the var {var.name} is not a regular expression: {error}", var.where, "correct it."
        ) from error
    return var


def _value_errors(var: Var, known: Mapping[str, Var]) -> Iterator[SiyuError]:
    low, high = (_bound(bound, known) for bound in (var.low, var.high))
    value = var.value
    is_good = _is_a(var.type, value)
    if is_good and var.type == "decimal":
        is_good = math.isfinite(value) and round(value, DIGITS) == value
    if is_good and var.type in ("integer", "decimal"):
        is_good = (low is None or value >= low) and (high is None or value <= high)
    if is_good and var.pattern is not None:
        is_good = re.fullmatch(var.pattern, value) is not None
    if not is_good:
        what = "has no value" if value is None else f"is {value!r}"
        yield ConfigError(f"the var {var.name} {what}", var.where, f"write {_in_words(var, low, high)}.")


def _bound(bound: Number | str | None, known: Mapping[str, Var]) -> Number | None:
    """Return a bound as a number, or None if there is none. A var with a wrong value is not a bound."""
    value: Any = known[bound].value if isinstance(bound, str) and bound in known else bound
    return value if _is_a("decimal", value) else None


def _in_words(var: Var, low: Number | None, high: Number | None) -> str:
    if var.type == "boolean":
        return "true or false"
    if var.type == "text":
        return f"a text that matches {var.pattern}" if var.pattern else "a text"
    names = [f"{bound} is {number}" for bound, number in ((var.low, low), (var.high, high)) if isinstance(bound, str)]
    range_ = " ".join(f"{word} {number}" for word, number in (("from", low), ("to", high)) if number is not None)
    kind = "a whole number" if var.type == "integer" else "a number"
    digits = f", with at most {DIGITS} digits after the point" if var.type == "decimal" else ""
    because = f" ({', '.join(names)})" if names else ""
    return f"{kind} {range_}".strip() + because + digits
