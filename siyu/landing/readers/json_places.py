"""Where the columns of a contract are in JSON: paths in a record, or in the answer of an API that contains it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from siyu.engines.sql import json_path, quoted
from siyu.landing.readers.reading import real_names
from siyu.seeds.channels import ROOT, Export


@dataclass(frozen=True)
class Places:
    """The paths of each column, in the record or in the answer that contains it."""

    columns: dict[str, tuple[str, ...]]

    @property
    def in_record(self) -> list[str]:
        """The paths in a record."""
        return list(dict.fromkeys(path for paths in self.columns.values() for path in paths if path[:2] != ROOT))

    @property
    def in_answer(self) -> list[str]:
        """The paths in an answer."""
        found = (path.removeprefix(ROOT) for paths in self.columns.values() for path in paths if path[:2] == ROOT)
        return list(dict.fromkeys(found))

    @property
    def tops(self) -> list[str]:
        """The fields at the top level of a record that the contract knows."""
        return list(dict.fromkeys(path.split(".")[0] for path in self.in_record))

    def value(self, column: str) -> str:
        """Return the SQL of the first text that is not empty. The texts of the record are in the list v, those of the
        answer in the list a."""
        v, a = self.in_record, self.in_answer
        texts = [
            f"nullif(a[{a.index(path[2:]) + 1}], '')" if path[:2] == ROOT else f"nullif(v[{v.index(path) + 1}], '')"
            for path in self.columns[column]
        ]
        return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def places_of(export: Export) -> Places:
    """Return where the columns of a contract are."""
    return Places({column: real_names(export, column) for column in export.columns})


def texts_at(json_column: str, paths: Iterable[str]) -> str:
    """Return the SQL of a list with the text at each path."""
    return f"json_extract_string({json_column}, [{', '.join(quoted(json_path(path)) for path in paths)}]::varchar[])"
