"""The functions that a template may call: ref(), source(), var(), config(), previous(), union_shape() and others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2.sandbox import safe_range

from siyu.compile.folders import models_in, union_of
from siyu.compile.model_files import SCHEMAS, Model
from siyu.compile.promises import RESTATE_KEYS, check_restatement
from siyu.compile.semantics import SEMANTIC_KEYS, check_semantics
from siyu.compile.template import Checked, Rendered, World, previous_relation, source_relation
from siyu.engines.sql import quoted
from siyu.errors import ConfigError, nearest
from siyu.seeds.identifier_types import identifier_functions

OPS_SOURCES = ("model", "column", "column_lineage", "tag_rule", "tag_reader", "segment", "channel_status")
MATERIALIZATIONS = ("table", "view", "fixpoint", "agglomerate", "snapshot", "history")
CONFIG_KEYS = (
    "materialized", "key", "seed", "max_size", "published", "restricted", "parts", *RESTATE_KEYS, *SEMANTIC_KEYS,
)  # fmt: skip


class TemplateFunctions:
    """The functions of one model's template. They record in `rendered` what the template refers to and asks."""

    def __init__(self, world: World, rendered: Rendered, superseded: bool) -> None:
        self._world = world
        self._rendered = rendered
        self._superseded = superseded

    def context(self) -> dict[str, Any]:
        """Return every name that templates can use."""
        functions = (
            self.ref, self.source, self.var, self.config, self.previous, self.union_shape, self.union_models,
            self.reference, self.threshold, self.literal, self.checked,
        )  # fmt: skip
        return {
            **{function.__name__: function for function in functions},
            **identifier_functions(self._world.identifiers),
            "this": self._rendered.model.relation,
            "range": safe_range,
        }

    def source(self, channel: str, name: str) -> str:
        """Return the relation of a channel's export, or of a table that siyu writes before the build."""
        self._rendered.asked.add(("exports", channel))
        relation = self._source(channel, name)
        self._rendered.sources.add(relation)
        return relation

    def var(self, name: str) -> Any:
        """Return a value of vars.yml."""
        self._rendered.asked.add(("var", name))
        if name not in self._world.variables:
            raise ConfigError(
                f"{self._rendered.model.name} reads var {name}, which vars.yml does not declare",
                "",
                nearest(name, self._world.variables),
            )
        return self._world.variables[name]

    def config(self, **values: Any) -> str:
        """Set how the result is stored."""
        _check_config(self._rendered.model, values)
        self._rendered.config.update(values)
        return ""

    def previous(self, name: str) -> str:
        """Return the relation of a model's earlier result. 'this' is the model itself."""
        full = self._rendered.model.name if name == "this" else name
        self._rendered.asked.add(("model", full))
        if full not in self._world.models:
            raise ConfigError(
                f"{self._rendered.model.name} reads previous('{name}'), which no model defines",
                "",
                nearest(name, self._world.models),
            )
        self._rendered.previous.add(full)
        return previous_relation(full)

    def union_shape(self, shape: str, bounded: bool = True, versions: str = "current", beyond: bool = False) -> str:
        """Return the records of a shape: the union of all its staging models, over the enabled channels."""
        self._rendered.asked.add(("shape", shape))
        return self._world.union_shape(self._rendered, shape, bounded, versions, beyond)

    def union_models(self, folder: str, columns: dict[str, str], model_column: str = "") -> str:
        """Return the union of the models of a folder such as kpi/figures, which must yield the columns.

        `model_column` adds the name of the model of each row.
        """
        self._rendered.asked.add(("folder", folder))
        parts = models_in(self._world.models.values(), folder)
        for part in parts:
            check_wall(self._rendered.model, part)
        self._rendered.refs.update(part.name for part in parts)
        self._rendered.collected[folder] = dict(columns)
        return union_of(parts, columns, model_column)

    def reference(self, table: str, order: str = "") -> list[dict[str, str]]:
        """Return the rows of a reference table, for templates that write a piece of SQL for each row.

        `order` is a column of whole numbers, by which the rows are sorted.
        """
        self._rendered.asked.add(("rows", table))
        if table not in self._world.references:
            raise ConfigError(
                f"{self._rendered.model.name} reads {table}, which is not a reference table",
                "",
                nearest(table, self._world.references),
            )
        self._rendered.refs.add(f"reference.{table}")
        rows = self._world.reference_rows(table)
        return sorted(rows, key=lambda row: int(row[order])) if order else rows

    def threshold(self, name: str) -> int:
        """Return a number of thresholds.csv. It is written as a literal, because an interval needs one."""
        values = {row["threshold"]: row["value"] for row in self.reference("thresholds")}
        if name not in values:
            raise ConfigError(
                f"{self._rendered.model.name} reads the threshold {name}, which thresholds.csv does not have",
                self._rendered.model.file,
                nearest(name, values) or "add a row.",
            )
        return int(values[name])

    @staticmethod
    def literal(text: str) -> str:
        """Return a text as an SQL literal."""
        return quoted(text)

    def checked(self, field: str, reason: str, caller: Callable[[], str]) -> str:
        """Mark the SQL of a value that is NULL if the field is not valid. Such fields are counted."""
        value = caller()
        self._rendered.checked.append(Checked(field, reason, value))
        return value

    def ref(self, table: str) -> str:
        """Return the relation of a model or of a reference table."""
        result, model = self._rendered, self._rendered.model
        result.asked.add(("ref", table))
        if table in self._world.references:
            result.refs.add(f"reference.{table}")
            return f"reference.{table}"
        full = self._world.tables.get(table)
        if full is None:
            raise ConfigError(
                f"{model.name} reads {table}, which no model defines",
                "",
                nearest(table, [*self._world.tables, *self._world.references]),
            )
        check_wall(model, self._world.models[full])
        result.refs.add(full)
        return self._world.models[full].relation

    def _source(self, channel: str, name: str) -> str:
        model = self._rendered.model
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
        return source_relation(channel, name, self._superseded)


def check_wall(reader: Model, read: Model) -> None:
    """Raise ConfigError if a staging model reads a model, or if a model reads a later schema."""
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
        raise ConfigError(f"the key of {model.name} is not a list of columns", "", "write key=['id_type', 'id_value'].")
    if not isinstance(values.get("parts", ""), str):
        raise ConfigError(
            f"parts of {model.name} is {values['parts']!r}", "", "write a column, such as parts='one_id'."
        )
    if values.get("published") == "view" and kind != "view":
        raise ConfigError(f"{model.name} is no view, but published as one", "", "add materialized='view' to config().")
    for switch, others in (("published", ("view",)), ("restricted", ())):
        if not isinstance(values.get(switch, True), bool) and values[switch] not in others:
            fix = " or ".join(["true", "false", *map(repr, others)])
            raise ConfigError(f"{switch} of {model.name} is {values[switch]!r}", "", f"write {fix}.")
    check_semantics(model.name, values)
    check_restatement(model.name, values)
    size = values.get("max_size", 1)
    if type(size) is not int or size < 1:  # true is an int, too
        raise ConfigError(f"the max_size of {model.name} is {size!r}", "", "write a whole number from 1.")
    needed = {"fixpoint": "seed", "snapshot": "key", "agglomerate": "max_size"}.get(str(kind))
    if needed and needed not in values:
        raise ConfigError(f"{model.name} has materialized='{kind}' but no {needed}", "", f"add {needed}=… to config().")
