"""Views that a release has itself: those of models, and schema bi once more with Chinese names, as schema bi_zh.

A view takes no room and no time to write. Its query names tables as schema.table. DuckDB looks for them in the file of
the view, also where that is attached under another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from siyu.compile.business_names import chinese_name
from siyu.compile.model_files import BUSINESS, relation
from siyu.compile.project import Column, CompiledModel, Project
from siyu.compile.release_view import release_query
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.errors import ConfigError, raise_all
from siyu.release.columns import HASH, MASKED, MOMENT, PublishedColumn, published_columns

CHINESE = "bi_zh"
ENGLISH = "_en"
OPS = "ops"
MOMENT_ZH, DATE_ZH = "时间", "日期"
ENDINGS = {HASH: "（哈希）", MASKED: "（脱敏）"}


@dataclass(frozen=True)
class ReleaseView:
    """A view of a release: its query over published tables, and the descriptions of its columns."""

    name: str
    sql: str
    description: str
    columns: Mapping[str, str]

    @property
    def schema(self) -> str:
        """Its schema."""
        return self.name.partition(".")[0]


def model_views(project: Project, published: Iterable[str]) -> list[ReleaseView]:
    """Return the views of models, in build order. `published` are the tables and views that the release has.

    Raises ConfigError with all problems at once.
    """
    known, views, errors = set(published), [], []
    for model in project.models.values():
        if not model.is_release_view or model.companion:
            continue
        missing = sorted(name for name in model.tables if name not in known and not name.startswith(f"{OPS}."))
        if missing:
            problem = f"{model.name} is a view in releases, but they do not have {', '.join(missing)}"
            fix = "read published tables, or remove published='view': then publishing writes a table."
            errors.append(ConfigError(problem, model.model.file, fix))
            continue
        views.append(_model_view(project, model))
    raise_all(errors)
    return views


def _model_view(project: Project, model: CompiledModel) -> ReleaseView:
    columns = [column for column in published_columns(model.columns) if column.in_public]
    personal = sorted({c.name for name in model.refs & project.models.keys() for c in project.models[name].columns
                       if c.pii})  # fmt: skip
    inputs = (model.sql, [(column.name, column.type) for column in columns], personal)
    sql = project.cache.remember(
        "release view", inputs, lambda: release_query(model, _published(model.columns), personal)
    )
    docs = {column.name: column.description for column in columns}
    return ReleaseView(model.name, sql, model.model.description, docs)


def _published(columns: Sequence[Column]) -> Callable[[str, str], list[tuple[str, str]]]:
    """Return under which names a column is published: of the table that it is taken from, and of the view."""
    by_name = {column.name: column for column in columns}

    def names(name: str, origin: str) -> list[tuple[str, str]]:
        own, read = (published_columns([replace(by_name[name], name=called)]) for called in (name, origin))
        if len(own) != len(read):  # a record_id has no mask
            return []
        pairs = [(there.name, here.name) for there, here in zip(read, own, strict=True) if here.in_public]
        return [(there, here) for there, here in pairs if here == name or here not in by_name]

    return names


def chinese_views(models: Iterable[CompiledModel]) -> list[ReleaseView]:
    """Return a view with Chinese names for each table of schema bi. English names of coded values are left out."""
    return [_chinese_view(model) for model in models if model.model.schema == BUSINESS]


def _chinese_view(model: CompiledModel) -> ReleaseView:
    named = chinese_names(published_columns(model.columns))
    listed = ",\n  ".join(f"{quote_name(name)} AS {quote_name(zh)}" for name, zh in named.items())
    name = f"{CHINESE}.{model.model.table}"
    columns = {zh: f"{BUSINESS}.{model.model.table}.{column}" for column, zh in named.items()}
    sql = f"SELECT\n  {listed}\nFROM {relation(model.name)}"
    return ReleaseView(name, sql, f"{model.name} with Chinese names. {model.model.description}", columns)


def chinese_names(columns: Sequence[PublishedColumn]) -> dict[str, str]:
    """Return column -> Chinese name of the public columns of a table. Of two that are equal, the second has its column
    behind it."""
    found: dict[str, str] = {}
    labels = {column.name: chinese_name(column.description) for column in columns}
    for column in columns:
        if not column.in_public or column.name.endswith(ENGLISH):
            continue
        label = _label(column, labels)
        found[column.name] = label if label not in found.values() else f"{label}（{column.name}）"
    return found


def _label(column: PublishedColumn, labels: Mapping[str, str]) -> str:
    """Return the Chinese name of a column: that of its comment, or one for what publishing adds."""
    label = labels[column.name]
    if not label:  # a business date
        base = column.name.removesuffix("_date")
        label = (labels.get(f"{base}{MOMENT}") or labels.get(base) or base).removesuffix(MOMENT_ZH) + DATE_ZH
    if column.is_added:
        label += next((zh for ending, zh in ENDINGS.items() if column.name.endswith(ending)), "")
    return label


def create_views(session: Session, views: Iterable[ReleaseView], catalog: str) -> None:
    """Create the views with their comments. Names inside a view mean tables of its own file, so that file is in use."""
    session.execute(f"use {catalog}")
    for view in views:
        target = relation(view.name)
        session.execute("begin")
        session.execute(f"create view {target} as\n{view.sql}")
        texts = [f"comment on view {target} is {quoted(view.description)}"]
        texts += [f"comment on column {target}.{quote_name(c)} is {quoted(text)}" for c, text in view.columns.items()]
        session.execute("; ".join(texts))
        session.execute("commit")
