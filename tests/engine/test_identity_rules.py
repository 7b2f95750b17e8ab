"""identity_rules.csv, checked before anything is built."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest

from siyu.ask.decisions_file import Rule, append_rules
from siyu.errors import SiyuError
from siyu.layers import base_layer
from siyu.seeds.decisions import check_rules, rule_errors
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.references import load_references
from siyu.settings import load_settings


def check(decided_at: str) -> None:
    with (base_layer() / "seeds" / "reference" / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        types = load_identifier_types(list(csv.DictReader(file)), "identifier_types.csv")
    row = {
        "decision": "exclude", "left_id": "mobile:13912345678", "right_id": "", "decided_at": decided_at,
        "decided_by": "wang", "reason": "so",
    }  # fmt: skip
    check_rules([row], types, "identity_rules.csv")


@pytest.mark.parametrize(
    "text",
    ["2026-06-30", "2026-06-30 08:15", "2026-06-30T08:15:00Z", "2026-06-30 08:15:00.5"],
)
def test_a_moment_is_read_by_the_engine_too(text: str) -> None:
    check(text)
    assert duckdb.connect().execute("select cast(? as timestamp)", [text]).fetchone() is not None


@pytest.mark.parametrize(
    "text", ["20260630", "2026-W26-2", "2026-06-30 08", "20260630T081500", "2026-06-30 08:15:00,5", "2026-06-30x08:15",
             "2026-06-30\u300008:15", "2026-13-01", "2026-06-30 08:15+08:00"]
)  # fmt: skip
def test_what_only_python_takes_for_a_moment_is_told(text: str) -> None:
    with pytest.raises(SiyuError, match="decided_at"):
        check(text)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("is_ended", [True, False])
def test_a_rule_is_appended_with_the_line_ending_of_the_file(tmp_path: Path, ending: str, is_ended: bool) -> None:
    header = "reason,decided_by,decided_at,left_id,right_id,decision"
    path = tmp_path / "exports" / "reference" / "identity_rules.csv"
    path.parent.mkdir(parents=True)
    row = "so,wang,2026-06-01 08:00:00,mobile:13912345678,,exclude"
    path.write_bytes(("\ufeff" + ending.join([header, row]) + (ending if is_ended else "")).encode())
    settings = load_settings(tmp_path, exports=tmp_path / "exports")
    rule = Rule("exclude", "mobile:13912345679", "", "2026-06-02 08:00:00", "li", 'she said "no"')
    assert append_rules(settings, load_references(settings), [rule]) == path
    said = '"she said ""no""",li,2026-06-02 08:00:00,mobile:13912345679,,exclude'
    assert path.read_bytes().decode("utf-8-sig") == ending.join([header, row, said, ""])
    rows = duckdb.connect().execute(f"select decision, reason from read_csv('{path}', all_varchar=true)").fetchall()
    assert rows == [("exclude", "so"), ("exclude", 'she said "no"')]


def test_what_another_process_wrote_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people decide at the same time, and there is no file yet: the second one does not see that of the first."""
    path = tmp_path / "exports" / "reference" / "identity_rules.csv"
    (tmp_path / "exports").mkdir()
    settings = load_settings(tmp_path, exports=tmp_path / "exports")
    references = load_references(settings)
    first, second = (
        Rule("exclude", f"mobile:1391234567{number}", "", "2026-06-02 08:00:00", "li", "so") for number in (8, 9)
    )
    assert append_rules(settings, references, [first]) == path
    monkeypatch.setattr(Path, "is_file", lambda self: False)
    assert append_rules(settings, references, [second]) == path
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["left_id"] for row in csv.DictReader(file)] == [first.left_id, second.left_id]


def test_a_table_without_a_column_is_told(tmp_path: Path) -> None:
    path = tmp_path / "exports" / "reference" / "identity_rules.csv"
    path.parent.mkdir(parents=True)
    path.write_text("decision,left_id\n", encoding="utf-8")
    settings = load_settings(tmp_path, exports=tmp_path / "exports")
    rule = Rule("exclude", "mobile:13912345679", "", "2026-06-02 08:00:00", "li", "so")
    with pytest.raises(SiyuError, match="right_id, decided_at, decided_by, reason"):
        append_rules(settings, load_references(settings), [rule])
    assert path.read_text(encoding="utf-8") == "decision,left_id\n"


def test_records_are_sides_of_decisions_and_every_wrong_row_is_told() -> None:
    with (base_layer() / "seeds" / "reference" / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        types = load_identifier_types(list(csv.DictReader(file)), "identifier_types.csv")

    def row(decision: str, left: str, right: str) -> dict[str, str]:
        told = {"decided_at": "2026-06-30", "decided_by": "wang", "reason": "so"}
        return {"decision": decision, "left_id": left, "right_id": right, **told}

    good = [
        row("link", "record:crm:contacts:K1", "record:mall:orders:7|a:b"),
        row("unlink", "record:crm:contacts:K1", "mobile:13912345678"),
        row("link", "credit_code:91310000000000001Y", "record:crm:accounts:A1"),
    ]
    check_rules(good, types, "identity_rules.csv")
    bad = [
        row("link", "record:crm", "record:crm:contacts:K1"),
        row("link", "record::contacts:K1", "mobile:13912345678"),
        row("link", "record:crm:contacts:K1", "record:crm:contacts:K1"),
        row("exclude", "record:crm:contacts:K1", ""),
        row("link", "record:crm:contacts:K1", "records:crm:contacts:K2"),
    ]
    found = rule_errors([*good, *bad], types, "identity_rules.csv")
    assert [(error.problem, error.where) for error in found] == [
        ("'record:crm' is not a record", "identity_rules.csv, row 5"),
        ("'record::contacts:K1' is not a record", "identity_rules.csv, row 6"),
        ("record:crm:contacts:K1 is on both sides", "identity_rules.csv, row 7"),
        ("an exclusion names an identifier, not a record", "identity_rules.csv, row 8"),
        ("'records' is not a type that identifies a person or company", "identity_rules.csv, row 9"),
    ]


def test_no_identifier_type_is_called_record() -> None:
    with (base_layer() / "seeds" / "reference" / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with pytest.raises(SiyuError, match="record is not free"):
        load_identifier_types([*rows, {**rows[0], "id_type": "record"}], "identifier_types.csv")
