"""Tables that map what channels write to one code (reference/industries.csv, company_sizes.csv), validated.

A written form is the code, a name, or one of the aliases, which a bar separates: 机械|机械行业. If two rows had the
same written form, a company would have two industries.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import partial
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from siyu.seeds.rule_rows import Text, Whole
from siyu.seeds.table_checks import FoundAt, Rows, Table

BAR = "|"


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


def folded(form: str) -> str:
    """Return a written form as it is compared: without letter case, width of characters, and outer blanks."""
    return unicodedata.normalize("NFKC", form).strip().casefold()


def _aliases(row: Mapping[str, str]) -> list[str]:
    return row["aliases"].split(BAR) if row["aliases"].strip() else []


def _forms(rows: Rows, code: str) -> FoundAt:
    """Report empty aliases, and each written form that another row, or the same alias list, already has."""
    seen: dict[str, tuple[int, str]] = {}
    for number, row in rows:
        if any(not alias.strip() for alias in _aliases(row)):
            yield number, f"aliases is {row['aliases']!r}, with an empty alias", f"write one {BAR} between two aliases."
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


ALIAS_TABLES = {
    "industries": Table(Industry, of_all=partial(_forms, code="industry")),
    "company_sizes": Table(CompanySize, (("size_order",),), of_all=partial(_forms, code="company_size")),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in ALIAS_TABLES.items()}
