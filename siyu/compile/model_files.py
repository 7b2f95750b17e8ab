"""Read model files: the path gives schema and table, the file has a header and an SQL template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from siyu.compile.model_header import SegmentHeader, read_header
from siyu.errors import ConfigError, SiyuError, raise_all
from siyu.layers import LayerFile, layer_files
from siyu.settings import FAMILIES, Settings

# Each schema reads earlier ones, never later ones.
# The tables of schema bi are of no family: they are built where the families that they read are.
BUSINESS = "bi"
SCHEMAS = ("staging", "records", *FAMILIES, BUSINESS)
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
TABLE = re.compile(r"[a-z0-9][a-z0-9_]*")
Areas = dict[tuple[str, str], set[str]]  # (schema, table) -> folders


@dataclass(frozen=True)
class Model:
    """A model as written. `grain` names the columns that identify a row, `areas` the folders that layers put it in.

    `segment` is what the header of a named segment says; None for other models. `kpis` are the codes of the KPIs that a
    model of kpi/figures yields. `mistake` is why the file of a model cannot be read whose family is left out: nobody
    needs to know, unless a model of another family reads it.
    """

    schema: str
    table: str
    file: str
    path: Path
    template: str
    description: str
    grain: tuple[str, ...]
    areas: frozenset[str] = frozenset()
    segment: SegmentHeader | None = None
    kpis: tuple[str, ...] = ()
    mistake: ConfigError | None = None

    @property
    def name(self) -> str:
        """schema.table"""
        return f"{self.schema}.{self.table}"

    @property
    def called(self) -> str:
        """The name for ref(): the table; in schema bi schema.table, because its tables may be called as others are."""
        return self.name if self.schema == BUSINESS else self.table

    @property
    def relation(self) -> str:
        """The name as SQL, quoted if the table begins with a digit."""
        return relation(self.name)

    @property
    def channel(self) -> str | None:
        """The channel of a staging model."""
        return self.table.partition("__")[0] if self.schema == "staging" else None

    @property
    def shape(self) -> str | None:
        """The record shape of a staging model."""
        return self.table.partition("__")[2] if self.schema == "staging" else None


def relation(name: str) -> str:
    """Return schema.table as SQL."""
    schema, _, table = name.partition(".")
    return f"{schema}.{table}" if PLAIN.fullmatch(table) else f'{schema}."{table}"'


def load_models(settings: Settings) -> dict[str, Model]:
    """Return every model of the layers by name. Raises ConfigError with every problem at once."""
    models: dict[str, Model] = {}
    errors: list[SiyuError] = []
    taken: dict[str, Model] = {}
    files, areas, twice = _model_files(settings)
    errors += twice
    for file in files:
        try:
            model = _read(file.name, file.path, file.read(), areas)
        except ConfigError as error:
            schema, table = Path(file.name).parts[1], file.path.stem
            if not settings.leaves_out(schema):
                errors += getattr(error, "errors", [error])
                continue
            folders = frozenset(areas[schema, table])
            model = Model(schema, table, file.name, file.path, "", "", (), folders, mistake=error)
        other = taken.setdefault(model.called, model)
        if other is not model and not (settings.leaves_out(model.schema) and settings.leaves_out(other.schema)):
            errors.append(_same_name(model.called, other.file, model.file))
        models[model.name] = model
    raise_all(errors)
    return models


def _model_files(settings: Settings) -> tuple[list[LayerFile], Areas, list[SiyuError]]:
    """Return the model files of all layers, sorted by schema and table, their areas, and the errors found.

    A later layer's file replaces the one with the same schema and table, whatever their areas. A table that one layer
    has in two areas is an error.
    """
    found: dict[tuple[str, str], LayerFile] = {}
    areas: Areas = {}
    errors: list[SiyuError] = []
    for root in settings.roots:
        own: dict[tuple[str, str], LayerFile] = {}
        for file in layer_files((root,), "models", "**/*.sql"):
            path = Path(file.name)
            key = (path.parts[1], path.stem)
            areas.setdefault(key, set()).update(path.parts[2:-1])
            other = own.setdefault(key, file)
            if other is not file:
                errors.append(_same_name(path.stem, other.name, file.name))
        found.update(own)
    return [found[key] for key in sorted(found)], areas, errors


def _same_name(table: str, one: str, other: str) -> ConfigError:
    return ConfigError(
        f"two models are called {table}", f"{one} and {other}", "table names are unique across schemas: rename one."
    )


def _read(file: str, path: Path, text: str, areas: Areas) -> Model:
    parts = Path(file).parts
    if len(parts) not in (3, 4) or parts[1] not in SCHEMAS:
        raise ConfigError(
            f"{file} is in no schema",
            file,
            "models lie in models/<schema>/<table>.sql or models/<schema>/<area>/<table>.sql;"
            f" schemas are {', '.join(SCHEMAS)}.",
        )
    table = path.stem
    if not TABLE.fullmatch(table):
        raise ConfigError(f"{table!r} is not a table name", file, "use lower case, digits and _.")
    folders = frozenset(areas[parts[1], table])
    header = read_header(file, text, [f"{parts[1]}/{area}" for area in folders])
    return Model(
        parts[1], table, file, path, text, header.description, header.grain, folders, header.segment, header.kpis
    )
