"""Names from contracts, files and tables are text in every output: a terminal, the status page, Prefect's artifact."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from siyu.check.suites import CheckResult
from siyu.cli.app import json_text
from siyu.dev.dry_run import DryRun, RowProblem
from siyu.dev.dry_run_text import dry_run_text
from siyu.report import markup
from siyu.report.headline import KpiAlert, KpiLine
from siyu.report.markup import Terminal
from siyu.report.status import PAGE, markdown, read_status, status_text, write_status
from siyu.report.summary import ChannelLine, Report, summary

# A text for each language that an output speaks: rich, ESC sequences, HTML, Markdown, links, several lines.
EVIL = (
    "商城 [/]", "[red]a[/red]", "\x1b[31mb\x1b]8;;http://x\x07c", "\x9b31md", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "[e](javascript:alert(1))", "`f`", "g | h", "i\n## Published 已发布\n", "``` j",
    "**k** _l_ ~~m~~", "\u202egnp", "&lt;n&gt;", "javascript:alert(1)", "\ud800o",
)  # fmt: skip


def _report(tmp_path: Path, evil: str) -> Report:
    check = CheckResult(
        table_name="records.touch", expectation=evil, column_name=evil, severity="warning", success=False, error=None,
        unexpected_count=1, unexpected_percent=1.0, sample_keys=json.dumps([{evil: evil}]), query=None, runbook=evil,
        why=evil,
    )  # fmt: skip
    return Report(
        as_of=date(2026, 6, 30), warehouse=tmp_path, run_id=7, status="failed", started_at="2026-07-01 01:30:00.000",
        ended_at="2026-07-01 01:34:00.000", error="error: " + evil.replace("\n", " "), checks=[check],
        channels=[ChannelLine("fair", evil, 1, 2, 3, True, evil), ChannelLine("mall", evil, 1, 2, 3, False, None)],
        kpis=[KpiLine("net_revenue", evil, evil, "amount", "1", "2")],
        alerts=[KpiAlert("2026-06-30", "buyers", evil, evil, evil, "9", "1 to 5", "alert")],
    )  # fmt: skip


def _terminal(*shown: object) -> str:
    written = io.StringIO()
    console = Terminal(file=written, width=400, force_terminal=True)
    for item in shown:
        console.print(item)
    return written.getvalue()


def _visible(text: str) -> str:
    """The visible characters of a name."""
    return re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", "", text).replace("\ud800", "�")


@pytest.mark.parametrize("evil", EVIL)
def test_a_terminal_shows_a_name_as_it_is_written(tmp_path: Path, evil: str) -> None:
    report = _report(tmp_path, evil)
    write_status(tmp_path, report, None, "Asia/Shanghai")
    status = read_status(tmp_path)
    assert status is not None
    found = DryRun(evil, "orders", evil, 1, 1, 0.5, (evil,), (("new_column", evil),),
                   (RowProblem(evil, evil, 1, (1,), evil),))  # fmt: skip
    shown = [_terminal(part) for part in (summary(report), status_text(status), dry_run_text(found))]
    for text in shown:
        plain = re.sub("\x1b\\[[0-9;]*m", "", text)  # the styles of the terminal itself
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", plain), repr(plain)
        for part in _visible(evil).split("\n"):
            assert part.strip() in plain
        assert not [line for line in plain.splitlines() if line.startswith("## Published")]


@pytest.mark.parametrize("evil", EVIL)
def test_the_page_shows_a_name_as_text(tmp_path: Path, evil: str) -> None:
    write_status(tmp_path, _report(tmp_path, evil), None, "Asia/Shanghai")
    page = (tmp_path / "status" / PAGE).read_text(encoding="utf-8")
    write_status(tmp_path, _report(tmp_path, "plain"), None, "Asia/Shanghai")
    plain = (tmp_path / "status" / PAGE).read_text(encoding="utf-8")
    tags = re.compile(r"<[a-zA-Z/!][^>]*>")
    assert tags.findall(page) == tags.findall(plain), "no name adds an element or an attribute"
    links = set(re.findall('href="([^"]*)"', page))
    assert links <= {"data:,", "#content", "index.html", "on-call.html", "../current/site/index.html"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)


@pytest.mark.parametrize("evil", EVIL)
def test_the_artifact_shows_a_name_as_text(tmp_path: Path, evil: str) -> None:
    text = markdown(_report(tmp_path, evil))
    plain = markdown(_report(tmp_path, "plain"))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    # Of the block with the error, only the fences matter.
    fence = re.search("^(```+)$", text, re.MULTILINE)
    assert fence is not None and text.split("\n").count(fence[1]) == 2
    before, _, rest = text.partition(f"\n{fence[1]}\n")
    body = before + rest.partition(f"\n{fence[1]}\n")[2]
    codes = re.sub(r"(?<![\\`])(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", body)
    assert not re.search(r"<|(?<!\\)[`\[\]~]", codes), codes
    unlabelled = re.sub(r"^- \*\*[A-Za-z ]+\*\* ", "", codes, flags=re.MULTILINE)
    assert not re.search(r"(?<!\\)\*", unlabelled), unlabelled
    assert len(body.splitlines()) == len(plain.splitlines()) - 4, "no name begins a line"
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in body.splitlines() if line.startswith("|")}
    assert cells <= {4, 5, 7}


def test_a_cell_of_a_table_is_no_markup() -> None:
    table = Table("a")
    table.add_row("[bold]b[/bold] [/]")
    table.add_row(Text("\x1b[2Jc"))
    assert "[bold]b[/bold] [/]" in _terminal(table) and "\x1b[2J" not in _terminal(table)


def test_json_for_programs_has_no_control_characters() -> None:
    text = json_text({"name": "a\x1b[31m\x9bb\u202e"})
    assert json.loads(text) == {"name": "a\x1b[31m\x9bb\u202e"}
    assert not re.search("[\x1b\x9b\u202e]", text)


def test_markdown_keeps_what_people_read() -> None:
    assert markup.markdown("net_revenue 净收入 (a/b), 12.5 %") == "net_revenue 净收入 (a/b), 12.5 %"
    assert markup.markdown_code("full_name=王**") == "`full_name=王**`"
    assert markup.markdown_code("a`b|c") == "`` a`b\\|c ``"
    assert markup.markdown(None) == markup.markdown_code(None) == ""


def test_a_reader_who_leaves_does_not_end_the_night() -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    out = Terminal(file=Left())
    out.print("landed")
    out.print("built")
    assert out.quiet
