"""Rows that are right, faults that are planted in them, and the expectations that must find each."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from siyu.check.suites import Suite, rows_query
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from tests.models.test_models import AS_OF, Engines, fill

Rows = list[dict[str, Any]]
Tables = dict[str, Rows]
Key = tuple[str, str]  # table, description of the expectation
Fault = tuple[str, int | None, dict[str, Any]]  # table, its row, what changes there; without a row, one that is added


@dataclass(frozen=True)
class Planting:
    """The suites of some tables of a schema, over rows in which they find nothing."""

    schema: str
    suites: Sequence[str]
    good: Tables

    def queries(self, suites: dict[str, Suite]) -> dict[Key, str]:
        """Return the query of every expectation on rows, but those on unique keys."""
        return {
            (name, expectation.kwargs["description"]): rows_query(expectation, f"{self.schema}.{name}")
            for name in self.suites
            for expectation in suites[f"{self.schema}.{name}"].expectations
            if expectation.type == "unexpected_rows_expectation"
            and not expectation.kwargs["description"].startswith("unique")
        }

    def found(
        self, project: Project, engines: Engines, suites: dict[str, Suite], fault: Fault | None = None
    ) -> dict[Key, list[tuple[Any, ...]]]:
        """Return the rows that each expectation names, in the good rows or with a fault among them."""
        return self._answers(project, engines, self.queries(suites), self._planted(fault) if fault else self.good)

    def found_by(
        self, one: Key, project: Project, engines: Engines, suites: dict[str, Suite], fault: Fault
    ) -> list[tuple[Any, ...]]:
        """Return the rows that one expectation names, with a fault among the tables that it reads."""
        query = self.queries(suites)[one]
        read = {name: rows for name, rows in self._planted(fault).items() if relation(name) in query}
        return self._answers(project, engines, {one: query}, read)[one]

    def _answers(
        self, project: Project, engines: Engines, queries: dict[Key, str], tables: Tables
    ) -> dict[Key, list[tuple[Any, ...]]]:
        with engines.at(AS_OF) as (_, session):
            for name, rows in tables.items():
                fill(session, relation(name), {c.name: c.type for c in project.binder.columns(relation(name))}, rows)
            return {key: session.rows(query) for key, query in queries.items()}

    def _planted(self, fault: Fault) -> Tables:
        name, row, change = fault
        tables = deepcopy(self.good)
        (table,) = (one for one in tables if one.rpartition(".")[2] == name)
        if row is None:
            tables[table].append(change)
        else:
            tables[table][row].update(change)
        return tables
