"""Read the pages of the site from pages/*.yml of all layers. docs/site.md describes the form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siyu.errors import ConfigError, SiyuError, raise_all
from siyu.layers import LayerFile, layer_files, read_yaml_file
from siyu.seeds.kpi_tables import UNITS

FOLDER = "pages"
NAME = r"^[a-z][a-z0-9_]*$"
Format = Literal["text", "count", "amount", "rate", "ratio", "number", "date", "month", "moment", "code"]
Kind = Literal["line", "bar", "heatmap", "sankey", "waterfall", "funnel"]
UNITS_EN = {"mark": "points"}  # the others are words themselves
# Which parts of a chart each kind needs, apart from its kind.
PARTS: dict[Kind, tuple[str, ...]] = {
    "line": ("x", "y"), "bar": ("x", "y"), "heatmap": ("x", "y", "value"), "sankey": ("source", "target", "value"),
    "waterfall": ("x", "y"), "funnel": ("x", "y"),
}  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Words(_Part):
    """A text in both languages."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Column(Words):
    """A column of a block: its name in both languages, how its values are written, their unit, where they link to.

    `bar` draws a bar behind each value: of a rate its part of 1, else its part of the greatest value of the column.
    """

    format: Format = "text"
    unit: str = ""
    link: str = ""
    bar: bool = False

    @property
    def units(self) -> dict[str, str]:
        """The unit in both languages."""
        return unit_words(self.unit)


def unit_words(unit: str) -> dict[str, str]:
    """Return a unit in both languages."""
    return {"en": UNITS_EN.get(unit, unit), "zh": UNITS.get(unit, unit)}


class Chart(_Part):
    """A chart of the rows of a block. Its parts are names of columns.

    `by` makes a series of each value; in a Sankey diagram it colours the flows. `band` are the columns of a lower and
    an upper edge. `marks` are columns drawn as marks over bars, such as targets. `measure` says of each step of a
    waterfall whether it is the start, a change or the end. `colours` gives a value of `by`, or a column of `y`, its own
    colour: good, warn, bad, dim, or the number of a series.
    """

    kind: Kind
    x: str = ""
    y: tuple[str, ...] = ()
    by: str = ""
    band: tuple[()] | tuple[str, str] = ()
    marks: tuple[str, ...] = ()
    source: str = ""
    target: str = ""
    value: str = ""
    measure: str = ""
    colours: dict[str, Literal["good", "warn", "bad", "dim", "1", "2", "3", "4", "5", "6", "7", "8"]] = Field(
        default_factory=dict
    )
    stacked: bool = False
    horizontal: bool = False
    height: int = Field(default=320, ge=120, le=900)

    @model_validator(mode="after")
    def _has_its_parts(self) -> Chart:
        missing = [part for part in PARTS[self.kind] if not getattr(self, part)]
        if missing:
            raise ValueError(f"a chart of the kind {self.kind} needs {', '.join(missing)}")
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that it draws."""
        parts = (self.x, *self.y, self.by, *self.band, *self.marks, self.source, self.target, self.value, self.measure)
        return [name for name in parts if name]


class Block(_Part):
    """A part of a page: a query over the tables of a release, and how its rows are shown.

    `reads` are the tables of the query. Where a release lacks one, the block says so. A result column `name_zh` is the
    Chinese text of the column `name`.
    """

    id: str = Field(pattern=NAME)
    title: Words
    note: Words | None = None
    reads: tuple[str, ...] = Field(min_length=1)
    sql: str = Field(min_length=1)
    view: Literal["cards", "chart", "table"] = "table"
    chart: Chart | None = None
    columns: dict[str, Column] = Field(default_factory=dict)
    empty: Words = Words(en="No rows.", zh="无数据。")
    width: Literal["full", "half"] = "full"
    rows: int = Field(default=12, ge=1, le=500)

    @model_validator(mode="after")
    def _fits_its_view(self) -> Block:
        if (self.view == "chart") != (self.chart is not None):
            raise ValueError("view: chart and chart: belong together")
        if self.view != "cards" and not self.columns:
            raise ValueError("columns: name the columns that are shown, in both languages")
        unknown = [name for name in (self.chart.columns if self.chart else []) if name not in self.columns]
        if unknown:
            raise ValueError(f"the chart draws {', '.join(unknown)}, which columns: does not name")
        return self


class Page(_Part):
    """A page of the site. `order` is its place among the pages, `name` the name of its file."""

    name: str = Field(pattern=NAME)
    order: int
    title: Words
    lead: Words
    blocks: tuple[Block, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_differ(self) -> Page:
        ids = [block.id for block in self.blocks]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"two blocks have the id {', '.join(twice)}")
        return self


def load_pages(roots: Sequence[Path]) -> list[Page]:
    """Return the pages of all layers in order. A later layer's page replaces one of the same name.

    Raises ConfigError with all problems at once.
    """
    pages: list[Page] = []
    errors: list[SiyuError] = []
    for file in layer_files(tuple(roots), FOLDER, "*.yml"):
        try:
            pages.append(_page(file))
        except ConfigError as error:
            errors.append(error)
        except _Wrong as wrong:
            errors += wrong.errors
    raise_all(errors)
    return sorted(pages, key=lambda page: (page.order, page.name))


class _Wrong(Exception):
    def __init__(self, errors: list[SiyuError]) -> None:
        super().__init__()
        self.errors = errors


def _page(file: LayerFile) -> Page:
    read = read_yaml_file(file.read(), str(file.path))
    if not isinstance(read.data, dict):
        raise ConfigError("a page is a mapping with title, lead and blocks", str(file.path), "docs/site.md shows one.")
    try:
        return Page(**{**read.data, "name": file.path.stem})
    except ValidationError as error:
        raise _Wrong(list(_problems(file, read.line, error))) from error


def _problems(file: LayerFile, line: Any, error: ValidationError) -> Iterator[SiyuError]:
    for detail in error.errors():
        path = tuple(part for part in detail["loc"] if isinstance(part, str | int))
        where = ".".join(map(str, path)) or "the page"
        told = detail["msg"].removeprefix("Value error, ")
        yield ConfigError(f"{where}: {told}", f"{file.path}:{line(*path)}", "docs/site.md describes each key.")
