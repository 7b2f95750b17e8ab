"""Channel contracts: read seeds/channels/<channel>.yml into `Channel`. No other module knows a channel by name."""

from __future__ import annotations

import os
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator

from siyu.errors import ConfigError, SiyuError, nearest, raise_all
from siyu.layers import LayerFile, layer_files, read_yaml
from siyu.seeds.contract_checks import contract_fingerprint, date_in_name, one_group, repeated_names
from siyu.seeds.file_form import Part, TableForm, ValueForm
from siyu.seeds.row_key import KEY_ROW, check_row_key, named_key
from siyu.settings import Settings, known_zone

NAME = re.compile(r"[a-z][a-z0-9_]*")
SIMPLE_TYPES = ("text", "integer", "boolean", "timestamp", "date", "epoch_seconds", "id")
KEY = "key"  # the type of a text column in the key, as it lands: text without outer blanks
DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
DATED = ("date", "timestamp", "epoch_seconds")
ROOT = "$."
ONLY_PYTHON = re.compile(r"\(\?(<?[=!]|>|\(|P=)|\\[1-9Z]")  # the engine's regular expressions do not support these
SQL_TYPES = {"text": "varchar", "id": "varchar", KEY: "varchar", "integer": "bigint", "epoch_seconds": "timestamp"}


class Column(ValueForm):
    """One column of an export: its type, where to find its value, and which values break a row.

    If there are several paths, the first one that has a value is used. A path that starts with `$.` starts at the
    document, not at the record. `file_name` is a pattern whose group captures the value from the file's name. `former`
    are other names that the column has had in files.
    """

    required: bool = False
    min: Decimal | date | None = None
    max: Decimal | date | None = None
    one_of: tuple[str, ...] = Field(default=(), alias="in")
    pii: Literal["direct", "indirect"] | None = None
    path: tuple[str, ...] = ()
    former: tuple[str, ...] = Field(default=(), alias="from")
    file_name: str | None = None

    @field_validator("path", "former", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("file_name")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        if value and ONLY_PYTHON.search(value):
            raise ValueError(f"file_name {value!r} must not use look-around or back references; rewrite it without")
        return one_group(value, "file_name", "the value")

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        match = DECIMAL.fullmatch(value)
        if match and 0 < int(match[1]) <= 38 and int(match[2]) <= int(match[1]):
            return f"decimal({match[1]},{match[2]})"
        if value not in SIMPLE_TYPES:
            known = ", ".join((*SIMPLE_TYPES, "decimal(p,s)"))
            raise ValueError(f"{value!r} is not a column type; expected one of {known}")
        return value

    @field_validator("one_of", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        if isinstance(value, list) and any(isinstance(item, bool) for item in value):
            raise ValueError("YAML reads yes, no, on, off, true and false as booleans; put them in quotes")
        return tuple(str(item) for item in value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        wanted: type = date if self.type in DATED else Decimal
        for bound in (self.min, self.max):
            if bound is not None and (self.type in ("text", "id", "boolean") or not isinstance(bound, wanted)):
                raise ValueError(f"{bound} is not a bound for type {self.type}: numbers need a number, dates a date")
        return self

    def names(self, column: str) -> tuple[str, ...]:
        """Return the names or paths of the column in files, the current ones first."""
        return tuple(dict.fromkeys([*(self.path or (column,)), *self.former]))

    @property
    def sql_type(self) -> str:
        """The DuckDB type of the landed column. Timestamps are in UTC."""
        return SQL_TYPES.get(self.type, self.type)


class Export(TableForm):
    """One kind of file that a channel delivers."""

    files: str
    delimiter: str = ","
    load: Literal["append", "snapshot"] = "append"
    file_date: str | None = None
    key: tuple[str, ...]
    version: str | None = None
    explode: str | None = None
    answers: dict[str, tuple[str, ...]] = Field(default={})  # path in an API answer -> accepted values
    sheet: str | None = None
    columns: dict[str, Column]
    extra_columns: Literal["keep", "ignore", "reject"] = "keep"
    known_drift: tuple[str, ...] = ()  # new or missing columns that need no warning
    in_bursts: bool = False  # no number of rows is unusual, as of messages to everybody
    max_reject_rate: float = Field(default=0.05, ge=0, le=1)
    allow_empty: bool = False
    optional: bool = False
    max_document_mb: int = Field(default=512, gt=0)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        for name in self.columns:
            if not NAME.fullmatch(name):
                raise ValueError(f"column {name!r}: use lower case, digits and _; put the name in the file into path")
        self._paths_fit()
        for name in [*self.key, *([self.version] if self.version else [])]:
            if name not in self.columns and name != KEY_ROW:
                raise ValueError(f"{name!r} is not a column of this export; {nearest(name, self.columns)}")
        if not self.key:
            raise ValueError("key is empty; without a key, repeated rows cannot be detected")
        check_row_key(self.key, self.columns, self.version)
        if (self.explode or self.answers) and self.format != "json":
            raise ValueError("explode and answers require format json")
        if self.sheet and self.format != "xlsx":
            raise ValueError("sheet requires format xlsx")
        if self.load == "snapshot" and not self.file_date:
            raise ValueError("load: snapshot requires file_date, which tells which files form one complete list")
        return self

    def _paths_fit(self) -> None:
        for name, column in self.columns.items():
            if column.path and column.file_name:
                raise ValueError(f"column {name!r} has both path and file_name; keep one of them")
            if len(column.path) > 1 and self.format not in ("json", "jsonl"):
                raise ValueError(f"column {name!r}: several paths require format json or jsonl")
            if any(path.startswith(ROOT) for path in column.path) and not self.explode:
                raise ValueError(f"column {name!r}: a path that starts with {ROOT} requires explode")
            if column.former and column.file_name:
                raise ValueError(f"column {name!r} has both from and file_name; keep one of them")
        columns = self.in_file.columns.items()
        if repeated := repeated_names({n: c.former for n, c in columns}, {n: c.names(n) for n, c in columns}):
            raise ValueError(repeated)
        if self.columns and not self.in_file.columns:
            raise ValueError("every column comes from the file name; at least one must be read from the file itself")

    @field_validator("files")
    @classmethod
    def _relative(cls, value: str) -> str:
        try:
            if not value or value.startswith("/") or ".." in Path(value).parts:
                raise ValueError(value)
            next(Path().glob(value), None)
        except (ValueError, NotImplementedError) as error:
            raise ValueError(f"{value!r} is not a pattern inside the channel's folder, such as orders*.csv") from error
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, value: str) -> str:
        if len(value) != 1 or value in '"\r\n':
            raise ValueError(f"delimiter {value!r} must be one character, but not a quote or a line break")
        return value

    @field_validator("file_date")
    @classmethod
    def _one_group(cls, value: str | None) -> str | None:
        return one_group(value, "file_date", "the date")

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        return named_key(value) if isinstance(value, str) else value

    @property
    def named(self) -> dict[str, Column]:
        """The columns whose value comes from the file's name."""
        return {name: column for name, column in self.columns.items() if column.file_name}

    @property
    def in_file(self) -> Self:
        """The contract without those columns: what a reader reads from the file."""
        columns = {name: column for name, column in self.columns.items() if not column.file_name}
        return self.model_copy(update={"columns": columns, "key": tuple(k for k in self.key if k not in self.named)})

    @property
    def landed_columns(self) -> dict[str, Column]:
        """The columns as they land: a text column of the key has the type KEY."""
        return {
            name: column.model_copy(update={"type": KEY}) if column.type == "text" and name in self.key else column
            for name, column in self.columns.items()
        }

    @property
    def fingerprint(self) -> str:
        """A hash of the contract. A rejected file is read again when its contract changes."""
        return contract_fingerprint(self.model_dump(mode="json"))

    def date_of(self, file_name: str) -> date | None:
        """Return the business date in a file's name; None if the contract has no file_date. Raises ValueError."""
        return None if self.file_date is None else date_in_name(self.file_date, file_name)


class Channel(Part):
    """The contract of one channel."""

    channel: str
    title: str
    domain: Literal["private", "public"]
    owner: str
    timezone: str = "Asia/Shanghai"
    freshness_hours: int = Field(default=30, gt=0)
    folder: str | None = None
    exports: dict[str, Export]

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        return known_zone(value)

    @field_validator("exports")
    @classmethod
    def _export_names(cls, value: dict[str, Export]) -> dict[str, Export]:
        for name in value:
            if not NAME.fullmatch(name):
                raise ValueError(f"export {name!r}: use lower case, digits and _")
        return value

    def source_folder(self, exports_root: Path | None) -> Path | None:
        """Return the folder of this channel's files, with ${ENV} in `folder:` expanded; None if it is not known."""
        if self.folder is None:
            return exports_root / self.channel if exports_root else None
        expanded = os.path.expandvars(self.folder)
        if "${" in expanded:
            return None
        path = Path(expanded)
        return path if path.is_absolute() or exports_root is None else exports_root / path


def load_channels(settings: Settings) -> dict[str, Channel]:
    """Read the contracts of all layers, by channel. Raises ConfigError with every problem."""
    found: dict[str, Channel] = {}
    errors: list[SiyuError] = []
    for file in layer_files(settings.roots, "seeds/channels", "*.yml"):
        try:
            channel = read_contract(file)
            found[channel.channel] = channel
        except ConfigError as error:
            errors.extend(getattr(error, "errors", [error]))
    raise_all(errors)
    return found


def enabled_channels(settings: Settings, contracts: dict[str, Channel]) -> dict[str, Channel]:
    """Return the channels that are built: those of `channels`, else all with a contract, and `retired_channels`."""
    named = [(settings.place("channels"), name) for name in settings.channels]
    named += [(settings.place("retired_channels"), name) for name in settings.retired_channels]
    unknown = [(where, name) for where, name in named if name not in contracts]
    raise_all([ConfigError(f"no contract defines the channel {n}", w, nearest(n, contracts)) for w, n in unknown])
    return {n: contracts[n] for n in sorted({*(settings.channels or contracts), *settings.retired_channels})}


def read_contract(file: LayerFile) -> Channel:
    """Read one contract file. Raises ConfigError with every problem of the file."""
    data = read_yaml(file.read(), str(file.path))
    if not isinstance(data, dict):
        raise ConfigError("a contract must be a mapping of keys", str(file.path), "see docs/add-a-channel.md.")
    try:
        channel = Channel.model_validate(data)
    except ValidationError as error:
        raise_all([_explain(detail, file) for detail in error.errors()])
        raise
    if channel.channel != file.path.stem or not NAME.fullmatch(channel.channel):
        raise ConfigError(
            f"the file is called {file.path.name}, but its channel is {channel.channel!r}",
            f"{file.path}, channel",
            "give both the same name, in lower case.",
        )
    return channel


def _explain(detail: Any, file: LayerFile) -> ConfigError:
    loc = [str(part) for part in detail["loc"]]
    where = f"{file.path}, {'.'.join(loc)}" if loc else str(file.path)
    if detail["type"] == "extra_forbidden":
        return ConfigError(f"unknown key {loc[-1]} in the contract", where, nearest(loc[-1], _keys_at(loc)))
    message = detail["msg"].removeprefix("Value error, ")
    return ConfigError(f"the contract is invalid: {message}", where, "see docs/add-a-channel.md.")


def _keys_at(loc: list[str]) -> list[str]:
    depth = len(loc)
    model: type[Part] = Channel if depth == 1 else Export if depth == 3 else Column
    return [field.alias or name for name, field in model.model_fields.items()]
