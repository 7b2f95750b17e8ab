"""Tables that map what channels write to one code (reference/industries.csv, company_sizes.csv), validated.

A written form is the code, a name, or one of the aliases, which a bar separates: 机械|机械行业. If two rows had the
same written form, a company would have two industries.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from siyu.errors import ConfigError, SiyuError
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import Text, Whole, field_problems

BAR = "|"
Rows = Sequence[tuple[int, Mapping[str, str]]]
Found = Iterator[tuple[int, str, str]]  # row, problem, fix


class _Aliased(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Industry(_Aliased):
    """An industry (行业), and how channels write it."""

    industry: Text
    name_zh: Text
    name_en: Text
    aliases: str | None


class CompanySize(_Aliased):
    """A size class of companies (规模). `size_order` sorts them, the smallest first."""

    company_size: Text
    size_order: Annotated[str, Whole(1, 1000)]
    name_zh: Text
    name_en: Text
    aliases: str | None


TABLES: Mapping[str, type[BaseModel]] = {"industries": Industry, "company_sizes": CompanySize}
COLUMNS = {name: tuple(row.model_fields) for name, row in TABLES.items()}


def alias_table_errors(tables: Mapping[str, Reference]) -> list[SiyuError]:
    """Return every problem of these tables. All of them must exist and have their COLUMNS."""
    return [
        ConfigError(f"{name}: {problem}", tables[name].place(number), fix)
        for name in TABLES
        for number, problem, fix in sorted(alias_problems(name, reference_rows(tables[name])))
    ]


def alias_problems(name: str, cells: Sequence[Mapping[str, str]]) -> Found:
    """Yield (row, problem, fix). The header is row 1."""
    model, rows = TABLES[name], list(enumerate(cells, start=2))
    for number, row in rows:
        yield from ((number, problem, fix) for problem, fix in field_problems(model, row))
    yield from _empty_aliases(rows)
    yield from _repeated_forms(rows, COLUMNS[name][0])
    if "size_order" in model.model_fields:
        yield from _repeated_orders(rows)


def _aliases(row: Mapping[str, str]) -> list[str]:
    return row["aliases"].split(BAR) if row["aliases"].strip() else []


def folded(form: str) -> str:
    """Return a written form as it is compared: without letter case, width of characters, and outer blanks."""
    return unicodedata.normalize("NFKC", form).strip().casefold()


def _empty_aliases(rows: Rows) -> Found:
    for number, row in rows:
        if any(not alias.strip() for alias in _aliases(row)):
            yield number, f"aliases is {row['aliases']!r}, with an empty alias", f"write one {BAR} between two aliases."


def _repeated_forms(rows: Rows, code: str) -> Found:
    """Report each written form that another row, or the same alias list, already has."""
    seen: dict[str, tuple[int, str]] = {}
    for number, row in rows:
        own = {folded(row[column]) for column in (code, "name_zh", "name_en")} - {""}
        forms = [(form, form) for form in sorted(own)] + [(folded(alias), alias.strip()) for alias in _aliases(row)]
        for key, form in forms:
            if not key:
                continue
            if key in seen:
                first, other = seen[key]
                where = "twice in this row" if first == number else f"already in row {first}, for {other}"
                yield number, f"{form!r} is {where}", "remove one of the two: each written form means one thing."
            else:
                seen[key] = (number, row[code])


def _repeated_orders(rows: Rows) -> Found:
    seen: dict[str, int] = {}
    for number, row in rows:
        first = seen.setdefault(row["size_order"], number)
        if first != number and row["size_order"]:
            yield number, f"size_order {row['size_order']} is already in row {first}", "give each size its own place."
