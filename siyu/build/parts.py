"""Build a model in parts when it does not fit into memory: the rows of some entities at a time."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.compile.model_files import relation
from siyu.compile.project import CompiledModel, Project
from siyu.compile.promises import query_of_part
from siyu.engines.base import Session
from siyu.engines.sql import quote_name

PARTS = 16


def build_in_parts(session: Session, project: Project, model: CompiledModel) -> None:
    """Build a table with config(parts='column'). Each row depends only on those rows of its inputs that have the same
    value in the column; inputs without the column are read whole."""
    key = str(model.config["parts"])
    parts = {name: relation(f"{name}__part") for name in _inputs(project, model, key)}
    sql, column = query_of_part(project, model, parts), quote_name(key)
    for number in range(PARTS):
        condition = f"coalesce(hash({column}), 0) % {PARTS} = {number}"
        for name, part in parts.items():
            session.create_table(part, f"select * from {relation(name)} where {condition}")
        if number:
            session.execute(f"insert into {model.relation} select * from (\n{sql}\n)")
        else:
            session.create_table(model.relation, sql)
    for part in parts.values():
        session.drop_table(part)


def _inputs(project: Project, model: CompiledModel, key: str) -> Sequence[str]:
    """Return the tables and views that have the column, among those that a model reads."""
    read = sorted(model.refs & project.models.keys())
    return [name for name in read if key in {column.name for column in project.models[name].columns}]
