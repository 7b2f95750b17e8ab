"""The keys of a contract that describe how people write files: where the header is, which rows are totals, which words
mean an empty field, and how dates and numbers are written. Keys that contradict each other are refused here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

EXCEL = "excel"  # a format: days since 1899-12-30, as Excel stores dates
LAST_HEADER_ROW = 50
DIRECTIVE = re.compile(r"%(-?.|$)")
DIRECTIVES = "YymdbBHIMSfpaAz%"
SWAPPED = re.compile("%[dm]")
THOUSANDS = (",", ".", " ", "'", "_")


class Part(BaseModel):
    """A part of a contract: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _listed(value: Any, key: str) -> Any:
    """Return one text or a list of texts as a tuple of texts. YAML makes dates, numbers and nulls of some words."""
    items = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(item, bool) for item in items):
        raise ValueError(f"{key}: YAML reads yes, no, on, off, true and false as booleans; put them in quotes")
    if any(isinstance(item, dict | list) for item in items):
        raise ValueError(f"{key} must be a text or a list of texts")
    return tuple("null" if item is None else str(item) for item in items)


def _null_key(data: Any) -> Any:
    """Return the data with the key `null` as a text; YAML reads the bare word as no value."""
    return {"null" if key is None else key: value for key, value in data.items()} if isinstance(data, dict) else data


class ValueForm(Part):
    """How the values of a column are written."""

    type: str
    null: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    thousands: str | None = None

    _null_is_a_key = model_validator(mode="before")(_null_key)

    @field_validator("null", mode="before")
    @classmethod
    def _null_words(cls, value: Any) -> Any:
        return _listed(value, "null")

    @field_validator("format", mode="before")
    @classmethod
    def _formats(cls, value: Any) -> Any:
        formats = tuple(_checked_format(item) for item in _listed(value, "format"))
        for item in formats:
            swapped = SWAPPED.sub(lambda found: "%d" if found[0] == "%m" else "%m", item)
            if swapped != item and swapped in formats:
                raise ValueError(f"formats {item!r} and {swapped!r} read one text as two dates; keep one of them")
        return formats

    @field_validator("thousands")
    @classmethod
    def _known_separator(cls, value: str | None) -> str | None:
        if value is not None and value not in THOUSANDS:
            raise ValueError(f"thousands {value!r} must be one of {' '.join(map(repr, THOUSANDS))}")
        return value

    @model_validator(mode="after")
    def _form_fits_type(self) -> Self:
        if self.format and self.type not in ("date", "timestamp"):
            raise ValueError(f"format requires type date or timestamp, not {self.type}")
        if self.type == "date" and any("%z" in item for item in self.format):
            raise ValueError("format: a date has no offset; use type timestamp for %z")
        is_decimal = self.type.startswith("decimal")
        if self.decimal != "." and not is_decimal:
            raise ValueError(f"decimal requires type decimal(p,s), not {self.type}")
        if self.thousands is not None and not is_decimal and self.type != "integer":
            raise ValueError(f"thousands requires type integer or decimal(p,s), not {self.type}")
        if is_decimal and self.thousands == self.decimal:
            raise ValueError(f"thousands and decimal are both {self.decimal!r}; one of them must be another character")
        return self

    @property
    def as_landed(self) -> Self:
        """The column as siyu itself writes values: without the forms of the export."""
        return self.model_copy(update={"null": (), "format": (), "decimal": ".", "thousands": None})


def _checked_format(text: str) -> str:
    """Return a format of dates in the engine's form. Raises ValueError if it cannot give a date."""
    if text.lower() == EXCEL:
        return EXCEL
    found = [item.removeprefix("-") for item in DIRECTIVE.findall(text)]
    unknown = [item for item in found if not item or item not in DIRECTIVES]
    if unknown:
        known = " ".join(f"%{item}" for item in DIRECTIVES)
        raise ValueError(f"format {text!r}: %{unknown[0]} is not known; use {known}, or the word {EXCEL}")
    lacks = [
        part
        for part, any_of in (("year (%Y)", "Yy"), ("month (%m)", "mbB"), ("day (%d)", "d"))
        if not {*any_of} & {*found}
    ]
    if lacks:
        raise ValueError(f"format {text!r} has no {', '.join(lacks)}")
    if ("I" in found) != ("p" in found):
        raise ValueError(f"format {text!r}: %I (1 to 12) and %p (AM or PM) belong together; use %H for 0 to 23")
    return text.replace("%-", "%")


class TableForm(Part):
    """How the table is placed in a file, and how the file is encoded."""

    format: Literal["csv", "jsonl", "json", "parquet", "xlsx"]
    encoding: Literal["auto", "utf-8", "gb18030", "latin-1", "cp1252", "big5", "utf-16"] = "auto"
    header_row: int | None = Field(default=None, ge=1, le=LAST_HEADER_ROW)
    skip_rows: int | None = Field(default=None, ge=1, lt=LAST_HEADER_ROW)
    footer: tuple[str, ...] = ()
    null: tuple[str, ...] = ()

    _null_is_a_key = model_validator(mode="before")(_null_key)

    @field_validator("null", "footer", mode="before")
    @classmethod
    def _words(cls, value: Any, info: Any) -> Any:
        return _listed(value, info.field_name)

    @field_validator("footer")
    @classmethod
    def _footer_is_narrow(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for item in value:
            if not item.strip("*? "):
                raise ValueError(f"footer {item!r} matches every row; begin it with a word, such as 合计*")
        return value

    @model_validator(mode="after")
    def _form_fits_format(self) -> Self:
        is_table = self.format in ("csv", "xlsx")
        for key in ("header_row", "skip_rows", "footer"):
            if getattr(self, key) and not is_table:
                raise ValueError(f"{key} requires format csv or xlsx, not {self.format}")
        if self.header_row and self.skip_rows:
            raise ValueError("header_row and skip_rows say the same thing; keep one of them")
        if self.encoding not in ("auto", "utf-8") and self.format != "csv":
            raise ValueError(f"encoding {self.encoding} requires format csv, not {self.format}")
        columns: Mapping[str, ValueForm] = getattr(self, "columns", {})
        comma = [name for name, column in columns.items() if column.decimal == ","]
        if comma and not is_table:
            raise ValueError(
                f"column {comma[0]!r}: decimal requires format csv or xlsx; {self.format} numbers have a point"
            )
        return self

    @property
    def header_at(self) -> int | None:
        """The row of the header by contract, counted from 1; None if it is the first row that is not empty."""
        return self.skip_rows + 1 if self.skip_rows else self.header_row

    def null_words(self, column: ValueForm) -> tuple[str, ...]:
        """Return the words that mean an empty field in a column, in lower case."""
        return tuple(dict.fromkeys(word.strip().lower() for word in (*self.null, *column.null)))
