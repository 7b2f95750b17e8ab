"""The part of the portable subset that only types can show: aggregates and casts in the bound plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from siyu.compile.portable import Finding

ON_DOUBLES = {
    "min", "max", "count", "median", "mode", "arg_min", "arg_max", "first", "last",
    "quantile_cont", "quantile_disc", "any_value", "count_star",
}  # fmt: skip
FLOATS = {"DOUBLE", "FLOAT"}
DATE_DIFFS = {"date_diff", "datediff"}
WHOLE_NUMBERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT"}
WITHOUT_FRACTION = {"floor", "ceil", "ceiling", "round", "trunc"}


def type_findings(plan: Any) -> Iterator[Finding]:
    """Yield the findings about the argument types in a bound plan."""
    for node in plan["nodes"]:
        if node.get("qname"):
            yield from _typed(node["qname"]["path"][-1], node)


def _typed(function: str, node: dict[str, Any]) -> Iterator[Finding]:
    types = [argument["id"] for argument in node.get("arguments", [])]
    if node.get("expression_class") in ("BOUND_AGGREGATE", "BOUND_WINDOW"):
        yield from _aggregate(function, set(types))
    elif function in DATE_DIFFS and any(_is_moment(child) for child in node["children"]):
        yield Finding("date_diff() of timestamps", 0, "dates (cast both sides), or date_trunc() on both sides")
    elif function == "-" and types == ["DATE", "DATE"]:
        yield Finding("date - date", 0, "date_diff('day', …)")
    elif function == "__cast" and _loses_fraction(node):
        yield Finding("a fraction cast to an integer", 0, "floor() or round() first: Spark truncates, DuckDB rounds")


def _aggregate(function: str, types: set[str]) -> Iterator[Finding]:
    if types & FLOATS and function not in ON_DOUBLES:
        yield Finding(
            f"{function}() over doubles",
            0,
            "integers or decimals (cast each value to decimal): doubles add up differently in parallel",
        )
    if function == "sum" and "BOOLEAN" in types:
        yield Finding("sum() of a boolean", 0, "count_if()")
    if function == "median" and "DECIMAL" in types:
        yield Finding(
            "median() of decimals", 0, "cast each value to double: DuckDB cuts the last digit, Spark does not"
        )


def _called(node: dict[str, Any]) -> str:
    return str(node["qname"]["path"][-1]) if node.get("qname") else ""


def _is_moment(node: dict[str, Any]) -> bool:
    """Return whether a value is a timestamp that is neither truncated by date_trunc() nor cast from a date."""
    if not str((node.get("return_type") or {}).get("id", "")).startswith("TIMESTAMP"):
        return False
    made_of = [argument["id"] for argument in node.get("arguments", [])]
    return _called(node) != "date_trunc" and not (_called(node) == "__cast" and made_of == ["DATE"])


def _loses_fraction(node: dict[str, Any]) -> bool:
    source, child = node["arguments"][0], node["children"][0]
    has_fraction = source["id"] in FLOATS or (source.get("type_info") or {}).get("scale", 0) > 0
    is_whole = _called(child) in WITHOUT_FRACTION and len(child["children"]) == 1
    return node["return_type"]["id"] in WHOLE_NUMBERS and has_fraction and not is_whole
