"""A column that gets another name: a night says so where people look, until the contract knows the name."""

from __future__ import annotations

import json

import pytest

from siyu.report import markup
from siyu.report.status import PAGE, markdown, read_status, status_text
from siyu.report.summary import summary
from tests.golden.shop import CONTRACT, RECORDS, Shop

LINE = (
    "shop.contacts: the column mobile has been missing since 2026-06-02, and Handy is new."
    " If it was renamed, add `from: [Handy]` to mobile in the contract"
)


@pytest.mark.after_first_night
@pytest.mark.suites("ops/drift")
def test_a_renamed_column_is_told_and_then_corrected(shop: Shop) -> None:
    shop.only = RECORDS
    file = "contact_id,name,Handy,updated_at\nk2,王二,13900000002,2026-06-02 10:00:00\n"
    shop.write("exports/shop/contacts_20260602.csv", file)
    report = shop.run("2026-06-02")
    warehouse = shop.root / "warehouse"
    status = read_status(warehouse)
    assert status is not None and status["channels"][0]["drift"] == [LINE]
    page = (warehouse / "status" / PAGE).read_text(encoding="utf-8")
    terminal = " ".join(str(part) for part in summary(report).renderables)
    assert markup.markdown(LINE) in markdown(report)
    for text in (terminal, page, " ".join(map(str, status_text(status).renderables))):
        assert LINE in text
    assert ">列变化</span>" in page and "Published, needs attention" in page
    (failure,) = report.failures()
    assert (failure.table_name, failure.severity, failure.unexpected_count) == ("ops.drift", "warning", 1)
    assert json.loads(failure.sample_keys)[0]["advice"] == LINE
    assert shop.value("select count(mobile_hash) from records.contact") == 1

    corrected = CONTRACT.replace("mobile:     {type: text,", "mobile:     {type: text, from: [mobile, Handy],")
    shop.write("layer/seeds/channels/shop.yml", corrected)
    report = shop.run("2026-06-02")
    assert report.status == "published" and not report.failures() and not report.channels[0].drift
    assert shop.value("select count(mobile_hash) from records.contact") == 2
    assert shop.value("select max(landed_seq) from ops.file_ledger") == 2
    assert shop.value("select is_open from ops.drift where column_name = 'mobile'") is False
