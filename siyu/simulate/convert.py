"""Convert drafts to what the systems export: Parquet from the CRM, a workbook from the exhibition."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.engines.paths import PLAIN_FILE, literal_for_now
from siyu.engines.sql import quoted
from siyu.simulate.delivery import Delivery

MEMORY = "256MB"
TEXT, MOMENT = "varchar", "timestamp"
CRM_TYPES = {
    "accounts": dict.fromkeys(
        ("account_id", "account_name", "credit_code", "email_domain", "industry", "company_size", "province",
         "account_type"), TEXT
    ) | dict.fromkeys(("created_at", "updated_at"), MOMENT),
    "contacts": dict.fromkeys(
        ("contact_id", "account_id", "full_name", "mobile", "email", "title", "province", "city", "consent",
         "source_campaign_id", "referrer_contact_id"), TEXT
    ) | dict.fromkeys(("created_at", "updated_at"), MOMENT),
    "opportunities": dict.fromkeys(("opportunity_id", "account_id", "contact_id", "stage"), TEXT)
    | {"amount": "decimal(18,2)"}
    | dict.fromkeys(("currency", "product_id", "campaign_id", "owner", "sdr"), TEXT)
    | {"expected_close": "date", "purchase_path": TEXT}
    | dict.fromkeys(("created_at", "closed_at", "updated_at"), MOMENT),
    "activities": dict.fromkeys(
        ("activity_id", "contact_id", "opportunity_id", "activity_type", "direction", "outcome", "owner"), TEXT
    ) | {"duration_seconds": "bigint", "occurred_at": MOMENT},
    "decisions": dict.fromkeys(
        ("decision_id", "decision", "left_type", "left_value", "right_type", "right_value", "decided_by", "reason"),
        TEXT,
    ) | {"decided_at": MOMENT},
}  # fmt: skip
EPOCH = datetime(1899, 12, 30)


def finish_drafts(out: Delivery) -> None:
    """Convert every draft to its final format, and move its row count to the new name."""
    engine = DuckEngine(None, ANY_INPUTS, memory_limit=MEMORY, temp_directory=out.drafts)
    session = engine.session()
    try:
        for draft in sorted(out.drafts.rglob("*.draft")):
            place = draft.relative_to(out.drafts)
            count = out.counts.pop(place.as_posix())
            export = place.name.rpartition("_")[0]
            if export in CRM_TYPES:
                final = place.with_suffix(".parquet")
                (out.folder / final).parent.mkdir(parents=True, exist_ok=True)
                columns = ", ".join(f"{name}: {quoted(kind)}" for name, kind in CRM_TYPES[export].items())
                known = f"format = 'newline_delimited', {PLAIN_FILE}, columns = {{{columns}}}"
                with literal_for_now(draft) as path:
                    session.execute(
                        f"copy (select * from read_json({quoted(path)}, {known}))"
                        f" to {quoted((out.folder / final).absolute())} (format parquet, compression zstd)"
                    )
            else:
                final = place.with_suffix(".xlsx")
                _write_workbook(draft, out.folder / final)
            out.counts[final.as_posix()] = count
    finally:
        session.close()
        engine.close()


def _write_workbook(draft: Path, target: Path) -> None:
    """Write a workbook. Times are dates, plain numbers or texts in turn, as in workbooks that people fill in."""
    target.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True, "in_memory": False})
    book.set_properties({"created": datetime(2026, 1, 1, tzinfo=UTC)})
    sheet = book.add_worksheet("签到")
    date_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    with draft.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            record: dict[str, Any] = json.loads(line)
            if number == 1:
                sheet.write_row(0, 0, list(record))
            for column, value in enumerate(record.values()):
                if column != len(record) - 2:
                    sheet.write(number, column, value)
                    continue
                moment = datetime.fromisoformat(value)
                if number % 3 == 0:
                    sheet.write_datetime(number, column, moment, date_format)
                elif number % 3 == 1:
                    sheet.write_number(number, column, (moment - EPOCH).total_seconds() / 86400)
                else:
                    sheet.write_string(number, column, value)
    book.close()
