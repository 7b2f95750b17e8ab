"""xlsx: numbers, texts and dates in any mix, each cell as the text that the contract's type can read."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from siyu.engines.base import Session
from siyu.errors import FileRejected, StatementFault, nearest
from siyu.landing.readers import workbook
from siyu.landing.readers.reading import (
    MAX_RECORD,
    Reading,
    checked_header,
    compare,
    real_name,
    rewritten_reading,
)
from siyu.masking import masked
from siyu.seeds.channels import DATED, Export

MEMORY_PER_BYTE, MEMORY = 3, 256 << 20  # of a sheet unpacked; of the reader itself
SECONDS = 600


def read_xlsx(session: Session, path: Path, export: Export, scratch: Path) -> Reading:
    """The sheet that the contract names, else the first visible one; the first row that is not empty is the header."""
    rewritten = scratch / "records.csv"
    found, count = _converted(path, export, rewritten)
    header = checked_header([cell or f"column {i}" for i, cell in enumerate(found, start=1)], path)
    new, missing = compare(export, header, path)
    return rewritten_reading(rewritten, count, header, export, new, missing)


def _converted(path: Path, export: Export, out: Path) -> tuple[list[str], int]:
    """The header, and how many rows are in `out`. Raises FileRejected, OSError where it is not the file that fails."""
    unpacked = export.max_document_mb << 20
    memory = MEMORY_PER_BYTE * unpacked + MEMORY
    dated = [real_name(export, c) for c, column in export.columns.items() if column.type in DATED[:2]]
    job = workbook.Job(str(path), str(out), export.sheet, dated, unpacked, MAX_RECORD, memory, SECONDS)
    command = [sys.executable, "-P", str(Path(workbook.__file__)), json.dumps(vars(job))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == -signal.SIGKILL:
        raise StatementFault("the process that reads the workbook was killed", path.name, "has the machine memory?")
    if done.returncode:
        limits = f"{memory >> 20} MB and {SECONDS // 60} minutes"
        raise FileRejected(
            f"the workbook cannot be read within {limits}, or is damaged", path.name, "save it again as xlsx."
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    if "os_error" in answer:
        raise OSError(*answer["os_error"])
    if "problem" in answer:
        fix = answer["fix"] or nearest(export.sheet or "", answer["sheets"])
        raise FileRejected(masked(answer["problem"]), path.name, masked(fix))
    return answer["header"], answer["rows"]
