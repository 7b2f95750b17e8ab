"""Export formats: a file -> a query of text columns, one row a record, in the file's order.

Each reader yields the contract's columns as text, but for those that the file's name tells, `_extra` (JSON of unknown
fields, or NULL) and `_error` (why the record itself cannot be used, or NULL). What cannot be read at all raises
FileRejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from siyu.engines.base import Session
from siyu.errors import FileRejected
from siyu.landing.readers.csvs import read_csv
from siyu.landing.readers.jsons import read_json, read_jsonl
from siyu.landing.readers.parquet import read_parquet
from siyu.landing.readers.reading import Reader, Reading
from siyu.landing.readers.xlsx import convert_small, read_xlsx
from siyu.seeds.channels import Export

READERS: dict[str, Reader] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "parquet": read_parquet,
    "xlsx": read_xlsx,
}


def prepare(files: Sequence[tuple[Path, Path]], export: Export) -> None:
    """Do in one go what reading small files (with their scratch folders) would do for each. It need not succeed."""
    if export.format == "xlsx":
        convert_small(files, export)


def read(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """The query that reads a file. `scratch` may hold rewritten copies. Raises FileRejected."""
    if path.stat().st_size == 0 and not (export.format == "jsonl" and export.allow_empty):
        raise FileRejected("the file is empty", path.name, "ask the channel's owner for a new export.")
    return READERS[export.format](session, path, export.in_file, scratch)
