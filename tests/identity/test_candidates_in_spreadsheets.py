"""The list of candidates as a spreadsheet, and the verdicts that come back in it, however Excel has saved it."""

from __future__ import annotations

import csv
import io
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import xlsxwriter

from siyu.settings import Settings
from tests.identity.candidate_world import COMPANIES
from tests.identity.test_candidates import A1, B2, C3, D4, E5, labels, pairs, rows, run, world, written

__all__ = ["world"]  # the fixture

Cells = list[list[str]]


def listed(path: Path = Path("c.csv")) -> Cells:
    """The list as siyu writes it."""
    run("candidates", "--status", "all", "--csv", str(path), "--force")
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))


def fill(cells: Cells, verdicts: dict[str, str], note: str = "") -> Cells:
    return [[*row[:-2], verdicts[row[0]], note] if row[0] in verdicts else row for row in cells]


def text(cells: Cells, delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(cells)
    return out.getvalue()


def test_the_file_has_every_row_and_a_line_in_the_access_log(world: Settings) -> None:
    cells = listed()
    assert [row[0] for row in cells] == ["candidate_id 候选编号", A1, B2, C3, D4, E5, "K2000000000f6"]
    assert [cell.split()[0] for cell in cells[0]] == [
        "candidate_id", "number", "entity", "score", "left", "right", "for", "against", "records", "deals", "KPIs",
        "verdict", "note",
    ]  # fmt: skip
    first = dict(zip(cells[0], cells[1], strict=True))
    assert first["left 甲"].startswith("张三  采购经理  甲公司  +8613900000001")
    assert (first["score 分数"], first["records 记录数"], first["deals 商机与订单数"]) == ("0.998", "6", "3")
    assert first["for 支持"] == "same name 张三; same company 甲公司 / 姓名相同：张三；公司相同：甲公司"
    assert "成交客户数" in first["KPIs 影响指标"] and first["verdict 裁定"] == first["note 备注"] == ""
    # A name that a spreadsheet would read as a formula.
    assert cells[2][5].startswith("'=李四") and cells[3][5].endswith(COMPANIES[2])
    assert stat.S_IMODE(Path("c.csv").stat().st_mode) == 0o600
    with closing(sqlite3.connect(world.warehouse / "ledger.sqlite")) as db:
        log = db.execute("select list, row_count, person_count, is_raw, form from access_log").fetchall()
    assert log == [("candidates", 6, 6, 1, "csv")]
    assert "the file exists already" in run("candidates", "--csv", "c.csv", exits=2)


SAVED: dict[str, Callable[[Cells], bytes]] = {
    "as it was written": lambda cells: text(cells).encode("utf-8-sig"),
    "semicolons and GBK": lambda cells: text(cells, ";").encode("gbk"),
    "tabs and UTF-16": lambda cells: text(cells, "\t").encode("utf-16"),
    "without columns that nobody needs": lambda cells: text([[row[0], *row[-2:]] for row in cells]).encode(),
    "in another order, with blank rows": lambda cells: text(
        [[*row[-2:], row[0]] for row in [cells[0], ["", "", ""], *reversed(cells[1:]), ["", "", ""]]]
    ).encode(),
}


@pytest.mark.parametrize("how", SAVED)
def test_verdicts_come_back(world: Settings, how: str) -> None:
    cells = fill(listed(), {A1: "接受", B2: "N", C3: "？", D4: " refuse "}, "电话核实，one; two")
    Path("back.csv").write_bytes(SAVED[how](cells))
    page = run("candidates", "--read", "back.csv", "--by", "li")
    assert "4 verdicts 裁定, 2 rows without one 未填" in page
    assert {row["candidate_id"]: row["verdict"] for row in rows(world, "candidate_decisions")} == {
        A1: "accept", B2: "refuse", C3: "unsure", D4: "refuse",
    }  # fmt: skip
    assert {row["reason"] for row in rows(world, "identity_rules")} == {"电话核实，one; two"}
    assert sorted(decision for decision, _, _ in pairs(world)) == ["link", "unlink", "unlink"]
    assert len(labels(world)) == 6
    # The same file again: nothing new.
    before = rows(world, "identity_rules"), rows(world, "candidate_decisions"), labels(world)
    assert "4 given before 已有相同裁定" in run("candidates", "--read", "back.csv")
    assert (rows(world, "identity_rules"), rows(world, "candidate_decisions"), labels(world)) == before


def test_a_workbook_goes_out_and_comes_back(world: Settings) -> None:
    run("candidates", "--xlsx", "c.xlsx")
    assert Path("c.xlsx").read_bytes().startswith(b"PK")
    cells = fill(listed(), {A1: "accept", D4: "不确定"}, "so")
    with xlsxwriter.Workbook("back.xlsx") as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
    run("candidates", "--read", "back.xlsx")
    assert {row["candidate_id"]: row["verdict"] for row in rows(world, "candidate_decisions")} == {
        A1: "accept", D4: "unsure",
    }  # fmt: skip


def test_wrong_rows_are_told_together_and_nothing_is_written(world: Settings) -> None:
    cells = fill(listed(), {A1: "accept", B2: "acept", C3: "refuse"})
    extra = [
        ["K9999999999ff", *[""] * 10, "accept", ""],
        [A1, *[""] * 10, "refuse", ""],
        *[["", *[""] * 10, "y", ""]] * 2,
    ]
    Path("back.csv").write_text(text([*cells, *extra]), encoding="utf-8")
    page = run("candidates", "--read", "back.csv", exits=2)
    for problem in ("'acept' is not a verdict", "back.csv, row 3", "did you mean accept?", "row 8",
                    "there is no candidate 'K9999999999ff'", f"{A1} is already in row 2", "row 9",
                    "the row has a verdict and no candidate_id", "row 10", "row 11"):  # fmt: skip
        assert problem in page, problem
    assert "row 4" not in page and page.count("error:") == 5 and page.count("already in row") == 1
    assert written(world) == []


def test_what_somebody_decided_otherwise_meanwhile_is_told(world: Settings) -> None:
    cells = listed()
    run("unlink", "1", "--by", "wang")
    run("link", "2", "--by", "wang")
    run("candidates", "--unsure", "4", "--by", "wang")
    before = rows(world, "identity_rules")
    Path("back.csv").write_text(text(fill(cells, {A1: "y", B2: "y", C3: "y"})), encoding="utf-8")
    page = run("candidates", "--read", "back.csv", exits=2)
    assert f"{A1} was decided already: refuse" in page and "by wang" in page and page.count("error:") == 1
    assert rows(world, "identity_rules") == before
    # The same verdict is no contradiction, and nobody has decided who is unsure.
    Path("back.csv").write_text(text(fill(cells, {B2: "y", D4: "n"})), encoding="utf-8")
    page = run("candidates", "--read", "back.csv")
    assert "1 verdict 裁定" in page and "1 given before" in page


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("none.csv", None, "there is no such file"),
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"number\n1\n", "the file has no columns candidate_id and verdict"),
        ("a.csv", b"candidate_id,number\n1,2\n", "the file has no column verdict"),
        ("a.csv", b"\xff\xfe\x00", "not text"),
        ("a.xlsx", b"PK nothing", "workbook"),
    ],
)
def test_files_that_cannot_be_read(world: Settings, name: str, content: bytes | None, problem: str) -> None:
    if content is not None:
        Path(name).write_bytes(content)
    assert problem in run("candidates", "--read", name, exits=2)
