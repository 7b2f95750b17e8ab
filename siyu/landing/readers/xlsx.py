"""xlsx: numbers, texts and dates in any mix; each cell becomes a text that the contract's type can read."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from siyu.engines.base import Session
from siyu.errors import FileRejected, StatementFault, nearest
from siyu.landing.readers import workbook
from siyu.landing.readers.headers import Row, header_of, renamed
from siyu.landing.readers.reading import MAX_RECORD, Reading, Rewritten, real_names, rewritten_reading
from siyu.masking import masked
from siyu.seeds.channels import DATED, Export
from siyu.seeds.file_form import EXCEL

MEMORY_PER_BYTE, MEMORY = 3, 256 << 20  # bytes of memory for each byte of the unpacked sheet, and for the reader itself
SECONDS = 600
RECORDS = "records.csv"
MOST_JOBS = 64  # for one process: the length of a command line is limited


def read_xlsx(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """Read the sheet named in the contract, or the first visible one."""
    rewritten = scratch / RECORDS
    found = _converted(path, export, rewritten)
    top = [Row(number, cells) for number, cells in found["top"]]
    used = [Row(found["row"], found["header"])] if found["header"] else []
    header = header_of(used, lambda: top, export, path)
    full = renamed(header, found["filled"], export, path)
    source = Rewritten(rewritten, found["rows"], found["filled"], found["totals"])
    reading = rewritten_reading(source, full.names, export, full.new, full.missing)
    return replace(reading, respelled=header.respelled)


def convert_small(files: Sequence[tuple[Path, Path]], export: Export) -> None:
    """Convert small workbooks, given with their scratch folders, in one process; read_xlsx() then uses the results. A
    workbook with any problem gets no result, and read_xlsx() converts it again."""
    for start in range(0, len(files), MOST_JOBS):
        batch = files[start : start + MOST_JOBS]
        jobs = [_job(path, export.in_file, scratch / RECORDS) for path, scratch in batch]
        _run(workbook.MANY, *(json.dumps(vars(job)) for job in jobs))


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", str(Path(workbook.__file__)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _job(path: Path, export: Export, out: Path) -> workbook.Job:
    unpacked = export.max_document_mb << 20
    memory = MEMORY_PER_BYTE * unpacked + MEMORY
    dated = {name: column for name, column in export.columns.items() if column.type in DATED[:2]}
    serial = [name for name, column in dated.items() if not column.format or EXCEL in column.format]
    formatted = [name for name, column in dated.items() if column.format]
    comma = [name for name, column in export.columns.items() if column.decimal == ","]
    known, serial, formatted, comma = (
        [real for name in names for real in real_names(export, name)]
        for names in (export.columns, serial, formatted, comma)
    )
    return workbook.Job(
        str(path), str(out), export.sheet, export.header_at, list(export.footer), known, serial, formatted, comma,
        unpacked, MAX_RECORD, memory, SECONDS,
    )  # fmt: skip


def _converted(path: Path, export: Export, out: Path) -> dict[str, Any]:
    """Return the answer of convert(), which wrote the rows to `out`. Raises FileRejected; OSError if the file is not
    the cause."""
    known = Path(f"{out}{workbook.ANSWER}")
    answer: dict[str, Any]
    if known.is_file():
        answer = json.loads(known.read_text(encoding="utf-8"))
        return answer
    job = _job(path, export, out)
    done = _run(json.dumps(vars(job)))
    if done.returncode == -signal.SIGKILL:
        raise StatementFault(
            "the process that reads the workbook was killed", path.name, "does the machine have enough memory?"
        )
    if done.returncode:
        limits = f"{job.memory >> 20} MB and {SECONDS // 60} minutes"
        raise FileRejected(
            f"the workbook cannot be read within {limits}, or is damaged", path.name, "save it again as xlsx."
        )
    answer = json.loads(done.stdout)
    if "os_error" in answer:
        raise OSError(*answer["os_error"])
    if "problem" in answer:
        fix = answer["fix"] or nearest(export.sheet or "", answer["sheets"])
        raise FileRejected(masked(answer["problem"]), path.name, masked(fix))
    return answer
