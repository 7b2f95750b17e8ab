"""Run suites inside the engine that holds the tables. Imported only where checks run: Great Expectations takes seconds.

A suite runs in two passes. First, the common expectations are counted in a few queries (counts.py), and Great
Expectations judges the counts. Then Great Expectations queries the table itself, for expectations that could not be
counted, and for the keys of rows that break an expectation on a column.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from siyu.check.counts import count
from siyu.check.gx import Datasource, construct, judge
from siyu.check.quick import ASKED, COUNTED, portable, rows_to_check
from siyu.check.results import Outcome, check_result, error_of, outcome
from siyu.check.suites import ROWS_EXPECTATION, CheckedTable, CheckResult, Suite, checked_table
from siyu.compile.project import Project
from siyu.engines.base import Engine, Session
from siyu.errors import ConfigError

__all__ = ["Checker", "construct"]


class Checker:
    """Runs suites against an engine."""

    def __init__(self, engine: Engine, project: Project) -> None:
        self._engine = engine
        self._project = project
        self._lock = threading.Lock()
        self._source = Datasource(engine)
        self._prepared: dict[str, list[Any]] = {}

    def prepare(self, suite: Suite) -> None:
        """Construct a suite that will run later. Raises ConfigError for a mistake in it."""
        self._prepared[suite.table] = construct(suite)

    def run(self, suite: Suite) -> list[CheckResult]:
        """Run one suite. Suites run one after another: two threads gain nothing."""
        table = checked_table(self._project, suite.table)
        if table is None:
            raise ConfigError(f"the suite checks {suite.table}, which is not a table", suite.file, "")
        built = self._prepared.pop(suite.table, None) or construct(suite)
        with self._lock, closing(self._engine.session()) as session:
            decided = self._count(session, suite, table, built)
            left = [one for number, one in enumerate(built) if number not in decided]
            if left:
                decided |= self._ask(session, suite, table, left)
            return [
                check_result(session, suite, table, expectation, decided[number])
                for number, expectation in enumerate(suite.expectations)
            ]

    def _count(self, session: Session, suite: Suite, table: CheckedTable, built: Sequence[Any]) -> dict[int, Outcome]:
        """First pass: outcomes by the number of the expectation."""
        decided = {}
        with rows_to_check(session, self._project, suite, table, COUNTED) as relation:
            is_portable = portable(self._project, table)
            for number, metrics in enumerate(count(session, relation, suite.expectations, is_portable)):
                expectation = suite.expectations[number]
                answer = judge(built[number], metrics) if metrics else None
                if answer and (answer["success"] or expectation.type == ROWS_EXPECTATION):
                    decided[number] = outcome(session, expectation, relation, answer["success"], answer["result"])
        return decided

    def _ask(self, session: Session, suite: Suite, table: CheckedTable, built: Sequence[Any]) -> dict[int, Outcome]:
        """Second pass: outcomes by the number of the expectation, with the keys of failing rows."""
        keys = [key for key in table.grain if key in table.columns]
        with rows_to_check(session, self._project, suite, table, ASKED) as relation:
            results = self._source.validate(suite.table, relation, built, keys)
            numbered = {result.expectation_config.meta["number"]: result for result in results}
            return {
                number: outcome(
                    session, suite.expectations[number], relation, result.success, result.result or {}, error_of(result)
                )
                for number, result in numbered.items()
            }
