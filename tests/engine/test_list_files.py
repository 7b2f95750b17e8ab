"""Lists as files: no cell is a formula, whatever it contains; and a file is there whole or not at all."""

from __future__ import annotations

import csv
import errno
import os
import re
import resource
import stat
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from siyu.ask import list_files
from siyu.ask.list_files import Table, cell_text, check_target, csv_text, is_formula, write_file
from siyu.errors import ConfigError, EngineFault, WrongQuestion

FORMULAS = [
    "=1+1", "+8613912345678", "-2+3", "@sum(1)", "\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "\xa0+1", "\u200b=1",
    "\ufeff=1", "\u202e=1", "＝1", "＋1", "－1", "＠a", "﹦1", "﹢1", "﹣1", "﹫1", "\u22121", "=cmd|' /C calc'!A1",
    '=HYPERLINK("http://x.cn","y")', "\x00=1", "\x1b@1", "\t\r\n -1",
]  # fmt: skip
HARMLESS = ["", "张三", "8613912345678", "a=b", "'=1", '"=1"', "P1", "1-2", "（+1）", "<r><t>x</t></r>", "\u3000"]
# What Excel makes of a cell: the first visible character decides.
DANGEROUS = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\ufeff\x00-\x1f]*[=+\-@＝＋－＠﹦﹢﹣﹫\u2212]")


def write(folder: Path, form: str, rows: list[list[Any]], **how: Any) -> Path:
    target = folder / f"list.{form}"
    width = len(rows[0]) if rows else 1
    table = Table("handoff", [f"column {n}" for n in range(width)], [12] * width, iter(rows), [("about", "=1")])
    write_file(target, form, table, is_private=how.get("is_private", False), is_forced=how.get("is_forced", False))
    return target


def read_csv(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(content.decode("utf-8-sig").splitlines(keepends=True), strict=True))


def read_sheets(path: Path) -> dict[str, list[list[Any]]]:
    """The sheets, after a look at the XML: there is no formula, no link and no shared string in it."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8")
            assert not re.search(r"<f[ >/]|<hyperlink|externalLink|ddeLink", text), name
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_cell_is_a_formula(tmp_path: Path, text: str) -> None:
    assert is_formula(text)
    cell = read_csv(write(tmp_path, "csv", [[text, "x"]]))[1][0]
    assert cell.startswith("'") and not DANGEROUS.match(cell)
    assert cell == "'" + cell_text(text)
    row = read_sheets(write(tmp_path, "xlsx", [[text, "x"]]))["handoff"][1]
    assert row == [cell_text(text), "x"]


@pytest.mark.parametrize("text", HARMLESS, ids=ascii)
def test_other_cells_stay_as_they_are(tmp_path: Path, text: str) -> None:
    assert read_csv(write(tmp_path, "csv", [[text, "x"]]))[1] == [text, "x"]
    row = read_sheets(write(tmp_path, "xlsx", [[text, "x"]]))["handoff"][1]
    assert [str(row[0]).rstrip(" "), row[1]] == [text.rstrip(" "), "x"]


def test_a_risky_text_of_a_workbook_stays_a_text_when_somebody_edits_the_cell(tmp_path: Path) -> None:
    """Its format has the prefix for that; all texts have the format of texts."""
    path = write(tmp_path, "xlsx", [["=1+1", "a"]])
    with zipfile.ZipFile(path) as archive:
        styles, sheet = (archive.read(f"xl/{name}.xml").decode() for name in ("styles", "worksheets/sheet1"))
    formats = re.findall(r"<xf [^>]*>", styles.partition("<cellXfs")[2])
    used = {re.search('r="(..)"', cell)[1]: formats[int(re.search(' s="([0-9]+)"', cell)[1])]  # type: ignore[index]
            for cell in re.findall(r"<c [^>]*>", sheet)}  # fmt: skip
    assert 'quotePrefix="1"' in used["A2"] and 'numFmtId="49"' in used["A2"]
    assert 'quotePrefix="1"' not in used["B2"] and 'numFmtId="49"' in used["B2"]


@pytest.mark.parametrize("text", ["a;=1+1", 'a; "=1+1', "a;\u3000＝1", ";-1", "a;b;+1"])
def test_no_cell_begins_inside_another_where_semicolons_separate(text: str) -> None:
    for cell in csv_text(text).split(";")[1:]:
        assert cell.startswith("'") or not DANGEROUS.match(cell.lstrip("\"' "))
    assert csv_text(text).replace("'", "") == text.replace("'", "")


def test_hostile_texts_come_back_readable(tmp_path: Path) -> None:
    """Line breaks, quotes, separators, half an emoji, marks of direction, characters that XML does not have."""
    texts = {
        "李\n四": "李 四", 'say "x", y;z': 'say "x", y;z', "\ud83d half": "� half", "a\u202eb\u200f": "ab",
        "a\x00\x08\x0b\x1fb": "ab", "\ufffe\uffff": "��", "😀": "😀", "_x0041_": "_x0041_", "a & <b>": "a & <b>",
        "a\u2028b": "a b", "\r\n": "", "<r>&</r>": "<r>&</r>",
    }  # fmt: skip
    rows = [[text, "x"] for text in texts]
    assert [row[0].strip() for row in read_csv(write(tmp_path, "csv", rows))[1:]] == list(texts.values())
    found = read_sheets(write(tmp_path, "xlsx", rows))["handoff"][1:]
    assert [str(row[0]).strip() for row in found] == list(texts.values())
    assert {row[1] for row in found} == {"x"}


@pytest.mark.parametrize("letter", ["x", "名", "😀", "="])
def test_a_cell_is_not_longer_than_excel_allows(tmp_path: Path, letter: str) -> None:
    text = letter * 40_000
    for found in (
        read_csv(write(tmp_path, "csv", [[text, "x"]]))[1],
        read_sheets(write(tmp_path, "xlsx", [[text, "x"]]))["handoff"][1],
    ):
        units = len(found[0].encode("utf-16-le")) // 2
        assert 32_760 < units <= 32_767 and found[0].endswith(f"{letter}…") and found[1] == "x"
    fits = "名" * 32_767
    assert cell_text(fits) == fits and len(cell_text(fits + "名")) == 32_767


def test_values_that_are_no_texts_keep_their_type(tmp_path: Path) -> None:
    row = [Decimal("-3.50"), 7, date(2026, 6, 30), datetime(2026, 6, 30, 18, 5), None, date(1899, 1, 1)]
    assert read_csv(write(tmp_path, "csv", [row]))[1] == [
        "-3.5",
        "7",
        "2026-06-30",
        "2026-06-30 18:05",
        "",
        "1899-01-01",
    ]
    found = read_sheets(write(tmp_path, "xlsx", [row]))["handoff"][1]
    assert found == [-3.5, 7, date(2026, 6, 30), datetime(2026, 6, 30, 18, 5), "", "1899-01-01"]


def test_rows_that_one_sheet_has_no_room_for_go_on_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_files, "MOST_ROWS", 2)
    sheets = read_sheets(write(tmp_path, "xlsx", [[n] for n in range(5)]))
    assert sheets == {
        "handoff": [["column 0"], [0], [1]],
        "handoff 2": [["column 0"], [2], [3]],
        "handoff 3": [["column 0"], [4]],
        "about 说明": [["about", "=1"]],
    }


def test_a_list_of_nobody_is_a_header(tmp_path: Path) -> None:
    assert read_csv(write(tmp_path, "csv", [])) == [["column 0"]]
    assert read_sheets(write(tmp_path, "xlsx", []))["handoff"] == [["column 0"]]


NASTY = st.text(
    st.sampled_from("=+-@＝＋－＠﹦\u2212 \t\r\n;,\"'<>&r/x_0\x00\u200b\u202e\u3000\ufffe\ud83d😀名") | st.characters()
)


@given(NASTY)
def test_no_text_at_all_is_a_formula(text: str) -> None:
    cell = csv_text(text)
    assert not DANGEROUS.match(cell)
    assert "\n" not in cell and "\r" not in cell and "\x00" not in cell
    cell.encode("utf-8")


@given(st.lists(NASTY, min_size=300, max_size=300))
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
def test_texts_of_any_kind_come_back_from_both_formats(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """A text that is empty or ends with a mark of XML may differ in blanks at its end."""
    folder = tmp_path_factory.mktemp("any")
    rows = [[text, "x"] for text in texts]
    found = read_csv(write(folder, "csv", rows))[1:]
    assert found == [[csv_text(text), "x"] for text in texts]
    cells = read_sheets(write(folder, "xlsx", rows))["handoff"][1:]
    assert [str(row[0]).strip() for row in cells] == [cell_text(text).strip() for text in texts]


# The file


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(("is_private", "mode"), [(True, 0o600), (False, 0o640)])
def test_only_the_owner_reads_raw_values(tmp_path: Path, form: str, is_private: bool, mode: int) -> None:
    before = os.umask(0o027)
    try:
        path = write(tmp_path, form, [["x"]], is_private=is_private)
        assert stat.S_IMODE(path.stat().st_mode) == mode
        path.chmod(0o666)
        write(tmp_path, form, [["y"]], is_private=is_private, is_forced=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode, "a file that replaces another has not its mode"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_existing_file_stays(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"list.{form}"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(WrongQuestion, match="the file exists already"):
        check_target(path, form, is_forced=False)
    check_target(path, form, is_forced=True)
    with pytest.raises(WrongQuestion, match="the file exists already"):  # it appeared after the check
        write(tmp_path, form, [["x"]])
    assert path.read_text(encoding="utf-8") == "mine" and list(tmp_path.iterdir()) == [path]
    write(tmp_path, form, [["x"]], is_forced=True)
    assert path.read_bytes() != b"mine"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_system_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    if is_there:
        (tmp_path / "list.csv").touch()
        with pytest.raises(WrongQuestion, match="exists already"):
            write(tmp_path, "csv", [["x"]])
        assert (tmp_path / "list.csv").read_bytes() == b""
    else:
        assert read_csv(write(tmp_path, "csv", [["x"]]))[1] == ["x"]


def _link(path: Path) -> None:
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize(
    ("name", "make", "told"),
    [
        ("list.xls", None, "list.xls does not end in .csv"),
        ("none/list.csv", None, "the folder of the file does not exist"),
        ("list.csv", Path.mkdir, "this is not a file that siyu may replace"),
        ("list.csv", _link, "this is not a file that siyu may replace"),
    ],
)
def test_targets_that_are_refused(tmp_path: Path, name: str, make: Callable[[Path], None] | None, told: str) -> None:
    if make:
        make(tmp_path / name)
    with pytest.raises(ConfigError, match=told):
        check_target(tmp_path / name, "csv", is_forced=True)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file of this process gets longer than 200 kB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path: Path, form: str) -> None:
    rows = [[os.urandom(40).hex() for _ in range(5)] for _ in range(5000)]
    kept = tmp_path / f"list.{form}"
    kept.write_bytes(b"mine")
    for is_forced in (False, True):
        with pytest.raises(EngineFault, match="the file cannot be written: File too large"):
            write(tmp_path, form, rows, is_forced=is_forced)
        assert list(tmp_path.iterdir()) == [kept] and kept.read_bytes() == b"mine"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_error_in_the_rows_leaves_nothing(tmp_path: Path, form: str) -> None:
    def rows() -> Iterator[list[str]]:
        yield ["x"]
        raise KeyboardInterrupt

    table = Table("handoff", ["a"], [10], rows(), [])
    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / f"list.{form}", form, table, is_private=True, is_forced=False)
    assert list(tmp_path.iterdir()) == []
