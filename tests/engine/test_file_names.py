"""Names of files: personal data in them is masked wherever it is stored or shown, and they stay different files."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

from siyu.check.suites import Suite, checked_table
from siyu.compile.project import Project
from siyu.landing.channel_status import channel_status
from siyu.landing.file import name_label, shown_name
from siyu.warehouse.ledger import Ledger
from tests.engine.test_landing import AS_OF, TEXT, Shop, contract
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop

# Their masked names are equal.
ONE, OTHER = "orders_13812345678.csv", "orders_13899995678.csv"
DATA = b"id,name\n1,a\n"


def test_a_mobile_in_a_name_is_masked_in_the_ledger_and_true_in_the_rows(shop: Shop) -> None:
    result = shop.land_folder({ONE: DATA, OTHER: DATA, "orders_[red]\x1b[31m\nx.csv": DATA}, contract())
    names = [file.file for file in result.files]
    assert [name.partition("#")[0] for name in names] == [
        "orders_138****5678.csv", "orders_138****5678.csv", "orders_[red][31m x.csv",
    ]  # fmt: skip
    assert len(set(names)) == 3 and all("#" in name for name in names)
    assert [shop.landed(file, "_file") for file in result.files[:2]] == [[(ONE,)], [(OTHER,)]]
    again = shop.land_folder({ONE: DATA, OTHER: DATA}, contract(), seq=2, known=result.files)
    assert again.skipped == 2 and not again.files


def test_files_of_equal_masked_names_stay_two_files(shop: Shop) -> None:
    """Their names give a column its value, so the same content in both is not one file."""
    columns = {"id": TEXT, "name": TEXT, "sent_to": {"type": "text", "file_name": r"orders_\d{8}_(\d+)\.csv"}}
    channel = contract(columns, key=["id", "sent_to"], file_date=r"orders_(\d{8})")
    files = {f"orders_20260131_{mobile}.csv": DATA for mobile in ("13812345678", "13899995678")}
    first = shop.land_folder(files, channel)
    assert first.skipped == 0 and len(first.files) == 2
    assert shop.read(channel, first.files, "sent_to") == [("13812345678",), ("13899995678",)]
    again = shop.land_folder(files, channel, seq=2, known=first.files)
    assert again.skipped == 2 and not again.files


def test_problems_of_files_are_masked_and_on_one_line(shop: Shop) -> None:
    result = shop.land_folder({"orders_13812345678\nstale.csv": b""}, contract())
    assert result.problems and "13812345678" not in str(result.problems) and "\n" not in result.problems[0]


def test_names_that_an_earlier_version_stored_are_masked_once(shop: Shop, tmp_path: Path) -> None:
    (file,) = shop.land_folder({ONE: DATA}, contract()).files
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.commit_landing((1, AS_OF), [replace(file, file=ONE)], [], [])
    ledger.mask_file_names(lambda name: shown_name(name, name_label(shop.session, name)))
    assert [known.file for known in ledger.files()] == [file.file] and file.file.startswith("orders_138****5678.csv#")
    ledger.mask_file_names(lambda name: "never asked again")
    assert [known.file for known in ledger.files()] == [file.file]
    ledger.close()


def test_rows_of_a_landing_with_a_wrong_date_are_in_time(shop: Shop, tmp_path: Path) -> None:
    """The clock was wrong in the second landing. Its row replaces the first one, and so does that of the third."""
    channel, ledger = contract(), Ledger(tmp_path / "ledger.sqlite")
    files = shop.nights(channel, [(date(2026, 1, 30), {"orders_1.csv": "id,name\n1,old\n"}),
                                  (date(2027, 5, 5), {"orders_2.csv": "id,name\n1,new\n"})])  # fmt: skip
    for seq, day in ((1, date(2026, 1, 30)), (2, date(2027, 5, 5))):
        ledger.commit_landing((seq, day), [file for file in files if file.landed_seq == seq], [], [])
    assert shop.read(channel, ledger.files(), "name") == [("old",)], "its date is after as_of"

    assert ledger.correct_landings(AS_OF, date(2026, 2, 1)) == [2]
    assert shop.read(channel, ledger.files(), "name, _landed_date") == [("new", AS_OF)]
    assert ledger.next_landing(AS_OF) == (3, AS_OF) and ledger.landings()[2] == AS_OF
    assert [file.landed_seq for file in ledger.files(known_by=AS_OF)] == [1, 2]
    assert ledger.correct_landings(AS_OF, date(2026, 2, 1)) == []
    ledger.close()


def test_a_file_of_a_future_date_does_not_keep_its_channel_fresh(shop: Shop) -> None:
    channel = contract(file_date=r"orders_(\d{8})")
    (file,) = shop.land_folder({"orders_20991231.csv": DATA}, channel).files
    landings = {1: AS_OF}
    assert not channel_status(channel, [file], landings, [], AS_OF, "Asia/Shanghai").is_stale
    later = channel_status(channel, [file], landings, [], date(2026, 2, 9), "Asia/Shanghai")
    assert later.is_stale and later.last_file_date == date(2026, 2, 1)
    assert not channel_status(
        channel, [file], landings, [], date(2026, 2, 9), "Asia/Shanghai", is_retired=True
    ).is_stale


def test_record_ids_are_personal_in_every_suite(project: Project, suites: dict[str, Suite]) -> None:
    """Exports make record ids of mobiles. In staging, a column is personal if its record shape says so."""
    tables = [table for name in suites if (table := checked_table(project, name))]
    with_id = [table for table in tables if any(c.endswith("record_id") for c in table.columns)]
    assert len(with_id) > 20
    for table in with_id:
        assert {c for c in table.columns if c.endswith("record_id")} <= set(table.personal), table.relation
    contact = checked_table(project, "staging.crm__contact")
    assert contact is not None and {"record_id", "mobile", "email", "full_name"} <= set(contact.personal)
    assert "channel" not in contact.personal


def test_record_ids_that_an_earlier_version_stored_are_masked_once(shop: Shop, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite")
    keys = [{"record_id": "contacts:13812345678", "kind": "order", "was_record_id": None}]
    row = {"table_name": "records.deal", "expectation": "e", "column_name": None, "severity": "info", "success": 0,
           "error": None, "unexpected_count": 1, "unexpected_percent": None, "query": None, "runbook": None,
           "why": None, "sample_keys": json.dumps(keys)}  # fmt: skip
    run = ledger.begin_run("2026-07-01 00:00:00")
    ledger.add_check_results([{"run_id": run, **row}])
    for _ in range(2):
        ledger.mask_record_ids(lambda value: str(shop.session.value("select fn_mask(?)", [value])))
        (found,) = ledger.check_results(run)
        assert json.loads(found["sample_keys"]) == [{"record_id": "con***78", "kind": "order", "was_record_id": None}]
    ledger.close()
