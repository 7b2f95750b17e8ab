"""jinja2: a model's template -> SQL, and what it reached for on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment, safe_range

from siyu.channels import Channel
from siyu.compile.identifiers import IdentifierTypes, identifier_functions
from siyu.engines.duckdb import quoted
from siyu.errors import ConfigError, SiyuError, nearest
from siyu.models import SCHEMAS, Model
from siyu.settings import LayerFile

OPS_SOURCES = ("model", "column", "column_lineage", "channel_status")
MATERIALIZATIONS = ("table", "view", "fixpoint", "agglomerate", "snapshot")
CONFIG_KEYS = ("materialized", "key", "seed", "max_size", "published")


@dataclass(frozen=True)
class Checked:
    """SQL of a value that is NULL where the field (SQL, too) holds no valid one, and why."""

    field: str
    reason: str
    value: str


@dataclass
class Rendered:
    """A model as SQL. `refs` and `sources` are relation names, `previous` model names."""

    model: Model
    sql: str = ""
    refs: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    previous: set[str] = field(default_factory=set)
    config: dict[str, Any] = field(default_factory=dict)
    checked: list[Checked] = field(default_factory=list)

    @property
    def materialized(self) -> str:
        """How the result is kept: as a table, unless the model says otherwise."""
        return str(self.config.get("materialized", "table"))

    @property
    def relations(self) -> set[str]:
        """Everything the SQL may read."""
        return self.refs | self.sources | {previous_relation(name) for name in self.previous}


def previous_relation(name: str) -> str:
    """Where previous('tags.person_tag') is found during a build."""
    return f"previous.{name.replace('.', '__')}"


def source_relation(channel: str, export: str, superseded: bool = False) -> str:
    """Where source('website', 'events') is found during a build."""
    return f"raw.{channel}__{export}{'__superseded' if superseded else ''}"


@dataclass(frozen=True)
class World:
    """What templates may reach: models, reference tables, contracts, vars, macros, and the writer of shapes."""

    models: dict[str, Model]
    references: frozenset[str]
    reference_rows: Callable[[str], list[dict[str, str]]]
    contracts: dict[str, Channel]
    variables: dict[str, Any]
    macros: tuple[LayerFile, ...]
    identifiers: IdentifierTypes
    union_shape: Callable[[Rendered, str, bool, str, bool], str]


class Renderer:
    """Renders models of one project."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tables = {model.table: name for name, model in world.models.items()}
        self._env = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=False)
        self._env.globals.clear()
        self._macros = [(file, self._compile(file.read(), file.name)) for file in world.macros]

    def render(self, model: Model, superseded: bool = False) -> Rendered:
        """One model. Raises ConfigError with file and line."""
        result = Rendered(model)
        context = self._context(result, superseded)
        try:
            template = self._compile(model.template, model.file)
            for _file, macros in self._macros:
                exported = macros.make_module(dict(context))
                context.update({k: v for k, v in vars(exported).items() if not k.startswith("_")})
            result.sql = template.render(context).strip()
        except SiyuError as error:
            line = _template_line(error.__traceback__, model.file)
            error.where = f"{model.file}:{line}" if line else model.file
            raise
        except TemplateError as error:
            line = getattr(error, "lineno", None) or _template_line(error.__traceback__, model.file)
            raise ConfigError(
                f"the template of {model.name} does not render: {error.message}",
                f"{getattr(error, 'name', None) or model.file}:{line or '?'}",
                nearest(_undefined(error.message), context),
            ) from error
        except (TypeError, ValueError, ArithmeticError) as error:
            line = _template_line(error.__traceback__, model.file)
            raise ConfigError(
                f"the template of {model.name} does not render: {error}", f"{model.file}:{line or '?'}", ""
            ) from error
        return result

    def _compile(self, text: str, file: str) -> Any:
        try:
            code = self._env.compile(text, name=file, filename=file)
        except TemplateSyntaxError as error:
            raise ConfigError(
                f"the template has a syntax error: {error.message}", f"{file}:{error.lineno}", "mend the template."
            ) from error
        return self._env.template_class.from_code(self._env, code, {})

    def _context(self, result: Rendered, superseded: bool) -> dict[str, Any]:
        model, world = result.model, self._world

        def ref(table: str) -> str:
            return self._ref(result, table)

        def source(channel: str, name: str) -> str:
            relation = self._source(model, channel, name, superseded)
            result.sources.add(relation)
            return relation

        def var(name: str) -> Any:
            if name not in world.variables:
                raise ConfigError(
                    f"{model.name} reads var {name}, which vars.yml does not declare",
                    "",
                    nearest(name, world.variables),
                )
            return world.variables[name]

        def config(**values: Any) -> str:
            _check_config(model, values)
            result.config.update(values)
            return ""

        def previous(name: str) -> str:
            full = model.name if name == "this" else name
            if full not in world.models:
                raise ConfigError(
                    f"{model.name} reads previous('{name}'), which no model defines", "", nearest(name, world.models)
                )
            result.previous.add(full)
            return previous_relation(full)

        def union_shape(shape: str, bounded: bool = True, versions: str = "current", beyond: bool = False) -> str:
            return world.union_shape(result, shape, bounded, versions, beyond)

        def reference(table: str) -> list[dict[str, str]]:
            if table not in world.references:
                raise ConfigError(
                    f"{model.name} reads {table}, which is no reference table", "", nearest(table, world.references)
                )
            result.refs.add(f"reference.{table}")
            return world.reference_rows(table)

        def literal(text: str) -> str:
            return quoted(text)

        def checked(field: str, reason: str, caller: Callable[[], str]) -> str:
            value = caller()
            result.checked.append(Checked(field, reason, value))
            return value

        functions = (ref, source, var, config, previous, union_shape, reference, literal, checked)
        named = {f.__name__: f for f in functions}
        return {**named, **identifier_functions(world.identifiers), "this": model.relation, "range": safe_range}

    def _ref(self, result: Rendered, table: str) -> str:
        model = result.model
        if table in self._world.references:
            result.refs.add(f"reference.{table}")
            return f"reference.{table}"
        full = self._tables.get(table)
        if full is None:
            raise ConfigError(
                f"{model.name} reads {table}, which no model defines",
                "",
                nearest(table, [*self._tables, *self._world.references]),
            )
        check_wall(model, self._world.models[full])
        result.refs.add(full)
        return self._world.models[full].relation

    def _source(self, model: Model, channel: str, name: str, superseded: bool) -> str:
        if channel == "ops":
            if name not in OPS_SOURCES:
                raise ConfigError(
                    f"{model.name} reads source ops.{name}, which does not exist", "", nearest(name, OPS_SOURCES)
                )
            return f"ops.{name}"
        if model.schema != "staging":
            raise ConfigError(
                f"{model.name} reads source('{channel}', '{name}'), but only staging reads sources",
                "",
                "read the record shape instead, through ref().",
            )
        contract = self._world.contracts.get(channel)
        if contract is None:
            raise ConfigError(
                f"{model.name} reads channel {channel}, which has no contract",
                "",
                nearest(channel, self._world.contracts),
            )
        if name not in contract.exports:
            raise ConfigError(
                f"{model.name} reads export {name}, which {channel} does not have", "", nearest(name, contract.exports)
            )
        return source_relation(channel, name, superseded)


def check_wall(reader: Model, read: Model) -> None:
    """Staging reads sources only; every other schema reads itself and earlier ones."""
    if reader.schema == "staging":
        raise ConfigError(
            f"{reader.name} reads {read.name}, but staging reads only sources and reference tables",
            "",
            "move the join to a later schema.",
        )
    if SCHEMAS.index(read.schema) > SCHEMAS.index(reader.schema):
        raise ConfigError(
            f"{reader.name} reads {read.name}, but {reader.schema} comes before {read.schema}",
            "",
            f"the order of schemas is {', '.join(SCHEMAS)}: each reads earlier ones, never later ones.",
        )


def _check_config(model: Model, values: dict[str, Any]) -> None:
    for key in values:
        if key not in CONFIG_KEYS:
            raise ConfigError(f"unknown config {key} of {model.name}", "", nearest(key, CONFIG_KEYS))
    kind = values.get("materialized")
    if kind is not None and kind not in MATERIALIZATIONS:
        raise ConfigError(f"unknown materialization {kind!r} of {model.name}", "", nearest(str(kind), MATERIALIZATIONS))
    key = values.get("key", [])
    if not isinstance(key, list | tuple) or not all(isinstance(item, str) for item in key):
        raise ConfigError(f"the key of {model.name} is no list of columns", "", "write key=['id_type', 'id_value'].")
    if not isinstance(values.get("published", True), bool):
        raise ConfigError(f"published of {model.name} is {values['published']!r}", "", "write true or false.")
    size = values.get("max_size", 1)
    if type(size) is not int or size < 1:  # true is an int, too
        raise ConfigError(f"the max_size of {model.name} is {size!r}", "", "write a whole number from 1.")
    needed = {"fixpoint": "seed", "snapshot": "key", "agglomerate": "max_size"}.get(str(kind))
    if needed and needed not in values:
        raise ConfigError(f"{model.name} is a {kind} and names no {needed}", "", f"add {needed}=… to config().")


def _undefined(message: str | None) -> str:
    return (message or "").split("'")[1] if message and "'" in message else ""


def _template_line(traceback: TracebackType | None, file: str) -> int | None:
    line = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == file:
            line = traceback.tb_lineno
        traceback = traceback.tb_next
    return line
