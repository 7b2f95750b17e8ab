"""The records of a staging model whose rows may differ tonight, because of the keys of its exports that changed."""

from __future__ import annotations

from collections.abc import Mapping

from siyu.build.scratch import Scratch, rows_with
from siyu.build.source_changes import ChangedKeys
from siyu.compile.project import CompiledModel, Project
from siyu.compile.promises import RECORD_KEY, query_of_part
from siyu.compile.shapes import SUPERSEDED


class StagedRecords:
    """The records that the changed keys of the exports yield, tonight or in the last build.

    The last build knew some of the versions that are known tonight, so its records are among those that the model
    yields for all versions of a key: the current ones and those that later versions replaced.
    """

    key = RECORD_KEY

    def __init__(
        self, scratch: Scratch, project: Project, model: CompiledModel, changed: Mapping[str, ChangedKeys | None]
    ) -> None:
        self._scratch, self._project, self._model, self._changed = scratch, project, model, changed
        self._fresh = scratch.write(self._query(own=True))
        others = self._query(own=False)
        listed = ", ".join(RECORD_KEY)
        self.touched = scratch.write(f"select {listed} from {self._fresh} union select {listed} from (\n{others}\n)")
        self.mine = scratch.write(rows_with(self.touched, self.key, model.relation))

    def fresh(self) -> str:
        """Return the table of the rows that the model yields tonight for these records."""
        return self._fresh

    def _query(self, *, own: bool) -> str:
        """Return the query of the model over the changed keys: over their rows that it reads, or over the others."""
        parts = {}
        for relation in self._model.sources:
            changed = self._changed.get(relation)
            if changed is None:
                parts[relation] = f"(select * from {relation} where false)"
            else:
                parts[relation] = changed.part_of(relation if own else _counterpart(relation))
        return query_of_part(self._project, self._model, parts)


def _counterpart(relation: str) -> str:
    return relation.removesuffix(SUPERSEDED) if relation.endswith(SUPERSEDED) else relation + SUPERSEDED
