"""Readers of the export formats: each returns a query of text columns, one row for each record, in the file's order.

The columns are those of the contract (without those whose value is in the file's name), `_extra` (JSON of unknown
fields, or NULL) and `_error` (why the record cannot be used, or NULL). A file that cannot be read raises FileRejected.
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


COMPRESSED = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}  # first bytes of a file


def prepare(files: Sequence[tuple[Path, Path]], export: Export) -> None:
    """Do work for many small files at once, given with their scratch folders. read() does it again where it fails."""
    if export.format == "xlsx":
        convert_small(files, export)


def read(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Return how to read a file. Rewritten copies are written to `scratch`. Raises FileRejected."""
    if path.stat().st_size == 0 and not (export.format == "jsonl" and export.allow_empty):
        raise FileRejected("the file is empty", path.name, "ask the channel's owner for a new export.")
    if export.format in ("csv", "json", "jsonl"):
        with path.open("rb") as file:
            head = file.read(4)
        for mark, kind in COMPRESSED.items():
            if head.startswith(mark):
                raise FileRejected(f"the file is compressed ({kind})", path.name, "unpack it before it is delivered.")
    return READERS[export.format](session, path, export.in_file, scratch)
