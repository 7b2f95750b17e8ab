"""Verdicts on people as rows of reference/identity_labels.csv, by which the identities of later nights are measured."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from siyu.ask.decisions_file import EditedTable, append_rows
from siyu.warehouse.files import fsync

TABLE = "identity_labels"
NEEDED = ("channel", "record_id", "person")
SAMPLE = "sample"
COLUMNS = (*NEEDED, SAMPLE)


@dataclass(frozen=True)
class Label:
    """A record and whose it is, by a verdict. Records of one sample are compared only with each other."""

    channel: str
    record_id: str
    person: str
    sample: str


def labels_of(candidate_id: str, verdict: str, records: Sequence[str]) -> list[Label]:
    """Return the labels of a verdict: one of each record (channel:record_id).

    None if a side has no record, or if both are one exported row, whose parts a label cannot tell apart.
    """
    named = [record.partition("#")[0].partition(":") for record in records]
    if not all(records) or named[0] == named[1]:
        return []
    people = [candidate_id] * 2 if verdict == "accept" else [f"{candidate_id}/1", f"{candidate_id}/2"]
    pairs = zip(named, people, strict=True)
    return [Label(channel, record_id, person, candidate_id) for (channel, _, record_id), person in pairs]


def write_labels(table: EditedTable, labels: Mapping[str, Sequence[Label]]) -> None:
    """Write the labels of each sample, instead of those that it had. A table without the column `sample` gets it."""
    rows = [vars(label) for sample in labels.values() for label in sample]
    text = table.path.read_bytes().decode("utf-8-sig")
    known = list(csv.DictReader(io.StringIO(text, newline="")))
    if SAMPLE in table.columns and not any(row[SAMPLE] in labels for row in known):
        if rows:
            append_rows(table, rows)
        return
    if not rows and SAMPLE not in table.columns:
        return
    columns = (*table.columns, *({SAMPLE} - set(table.columns)))
    kept = [row for row in known if not row.get(SAMPLE) or row[SAMPLE] not in labels]
    lines = io.StringIO()
    writer = csv.DictWriter(lines, columns, restval="", lineterminator=table.ending)
    writer.writeheader()
    writer.writerows([*kept, *rows])
    is_marked = table.path.read_bytes().startswith(b"\xef\xbb\xbf")
    _replace(table.path.resolve(), lines.getvalue().encode("utf-8-sig" if is_marked else "utf-8"))


def _replace(path: Path, content: bytes) -> None:
    """Replace a file in one step. It keeps its permissions."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as draft:
        draft.write(content)
    made = Path(draft.name)
    made.chmod(path.stat().st_mode)
    fsync(made)
    os.replace(made, path)
    fsync(path.parent)
