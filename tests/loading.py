"""Rows of a test written to a table of the build database."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from siyu.compile.model_files import relation
from siyu.engines.base import Session
from siyu.engines.sql import quoted


def load_rows(session: Session, scratch: Path, name: str, rows: list[dict[str, Any]]) -> None:
    """Add rows to a table, through a file: row by row, thousands of people would take minutes."""
    columns = list({column: None for row in rows for column in row})
    path = scratch / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    listed = ", ".join(f'"{column}"' for column in columns)
    session.execute(
        f"insert into {relation(name)} ({listed}) select {listed}"
        f" from read_csv({quoted(path)}, header = true, all_varchar = true, nullstr = '')"
    )
