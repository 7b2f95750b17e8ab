"""docs/on-call.md has an entry for everything that on-call may meet, and no entry that nothing leads to."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from siyu import errors
from siyu.check.suites import Suite
from siyu.compile.field_rejects import NO_MOMENT, TRIED
from siyu.errors import ConfigError, Problems, SiyuError, runbook
from siyu.landing.casts import _tests
from siyu.landing.readers.csvs import _problem
from siyu.landing.readers.jsons import NO_OBJECT
from siyu.landing.readers.mending import BROKEN
from siyu.report.message import RUNBOOKS
from siyu.report.status import _KEYS
from siyu.report.summary import ChannelLine
from siyu.seeds.channels import Column
from tests.test_project import FLOWS, PYTHON, ROOT

ON_CALL = (ROOT / "docs" / "on-call.md").read_text(encoding="utf-8")
LINK = re.compile(r"(?:on-call\.md|\{ON_CALL\})#([a-z0-9-]+)")
# Entries that explain the page itself or a habit. Nothing that fails leads to them.
ABOUT_THE_PAGE = {"the-morning", "exit-codes", "messages", "where-to-look", "run-a-night-again"}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def _headings(level: str = "#+") -> list[str]:
    return [_anchor(heading) for heading in re.findall(rf"^{level} (.+)$", ON_CALL, re.MULTILINE)]


def _rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading."""
    part = ON_CALL.split(f"{heading}\n", 1)[1]
    table = part[part.index("\n|") + 1 :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def _kinds() -> Iterator[type[SiyuError]]:
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, SiyuError):
            yield value


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)
def test_every_error_kind_has_an_entry(kind: type[SiyuError]) -> None:
    error = Problems([ConfigError("a"), ConfigError("b")]) if kind is Problems else kind("it broke")
    assert LINK.fullmatch(runbook(error).removeprefix("docs/"))
    assert runbook(error).partition("#")[2] in _headings()


def test_errors_of_the_system_and_unexpected_ones_have_entries() -> None:
    found = {
        runbook(error).partition("#")[2]
        for error in (OSError(28, "No space left on device"), PermissionError(13, "denied"), KeyError("x"))
    }
    assert found == {"the-disk-is-full", "a-file-fault", "an-unexpected-error"} and found <= set(_headings())


def test_a_full_disk_is_seen_in_faults_of_the_engine_and_not_in_data() -> None:
    full, other = errors.EngineFault("DuckDB: Could not write file: No space left on device"), OSError(13, "denied")
    assert runbook(full).endswith("#the-disk-is-full")
    caused = errors.EngineFault("the ledger cannot be written")
    caused.__cause__ = OSError(28, "full")
    assert runbook(caused).endswith("#the-disk-is-full") and runbook(other).endswith("#a-file-fault")
    assert runbook(ConfigError("a name: no space left")).endswith("#wrong-use-or-configuration")


def test_every_exit_code_has_a_row_that_leads_on() -> None:
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    assert codes == set(errors.EXIT_CODES.values()) | {errors.PUBLISHED}
    rows = {int(row[0]): row[-1] for row in _rows("## Exit codes")}
    assert rows.keys() == codes
    for code, told in rows.items():
        anchors = re.findall(r"\(#([a-z-]+)\)", told)
        assert (anchors or code == 0) and set(anchors) <= set(_headings())


def test_every_bad_line_of_the_log_has_a_row() -> None:
    bad = set()
    for path in PYTHON:
        if path.parent.name == "ask":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            is_event = isinstance(node, ast.Call) and ast.unparse(node.func) == "Event"
            if is_event and any(keyword.arg == "is_bad" for keyword in node.keywords):
                bad.add(_text(node.args[0], path))
    documented = {row[0].strip("`") for row in _rows("### Lines of the log")}
    assert bad and bad <= documented
    assert documented <= bad | {"target"}, "a target that fails is reported where targets are loaded"


def _text(node: ast.expr, path: Path) -> str:
    """The text of a constant, or of the name of one in its module."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    values = {
        name.id: value
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        for name, value in _pairs(target, statement.value)
    }
    return str(ast.literal_eval(values[ast.unparse(node)]))


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.Name, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, given in zip(target.elts, value.elts, strict=True):
            yield from _pairs(one, given)


def _reasons() -> set[str]:
    """The reasons why siyu rejects rows: those of columns of every kind, and those of broken records."""
    columns = [
        Column(type="text"), Column(type="text", required=True), Column(type="text", file_name="a(b)", required=True),
        Column.model_validate({"type": "integer", "min": 1, "max": 2, "in": ["1"]}), Column(type="timestamp"),
    ]  # fmt: skip
    found = {
        reason.strip("'").replace("''", "'")
        for column in columns
        for is_key in (False, True)
        for _, reason in _tests(column, is_key, "t", "v", "Asia/Shanghai")
    }
    return found | {NO_OBJECT, BROKEN, _problem(["1"], ["a", "b"], False), "not a valid csv record: x"}


def _documented(heading: str) -> set[str]:
    return {part for row in _rows(heading) for part in re.findall(r"`([^`…]+)`", row[0])}


def test_every_reason_of_a_rejected_row_is_explained() -> None:
    documented, reasons = _documented("reasons of rows:"), _reasons()
    assert len(reasons) > 10
    for reason in reasons:
        assert any(part in reason for part in documented), reason
    for part in documented:
        assert any(part in reason for reason in reasons), f"{part} is no reason any more"
    refused = _documented("`ops.field_reject`, and its record stays:")
    assert {*TRIED.values(), NO_MOMENT} <= refused


def test_every_key_of_status_json_is_explained() -> None:
    documented = [key for row in _rows("### status.json") for key in re.findall(r"`([a-z_]+)`", row[0])]
    assert sorted(documented) == sorted(_KEYS)


def test_every_link_to_the_page_leads_to_an_entry(suites: dict[str, Suite]) -> None:
    headings, found = _headings(), set(_told_in_suites(suites))
    for path in [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md"), *PYTHON, *FLOWS]:
        found |= set(LINK.findall(path.read_text(encoding="utf-8")))
    kinds = {field.name for field in fields(ChannelLine)} | {"stale", "alert"}
    found -= {book.partition("#")[2] for kind, book in RUNBOOKS.items() if kind not in kinds}
    found |= set(re.findall(r"\]\(#([a-z0-9-]+)\)", ON_CALL))
    assert found <= set(headings), found - set(headings)


def _told_in_suites(suites: dict[str, Suite]) -> Iterator[str]:
    for suite in suites.values():
        for expectation in suite.expectations:
            yield from LINK.findall(str(expectation.meta.get("runbook", "")))


def test_no_entry_is_an_orphan(suites: dict[str, Suite]) -> None:
    """Each is in the list of contents, once, and something leads to it: a check, an error, another page."""
    entries = _headings("##")
    assert [name for name, count in Counter(_headings()).items() if count > 1] == []
    contents = re.findall(r"\]\(#([a-z0-9-]+)\)", " ".join(ON_CALL.split("\nA failed night", 1)[0].split()))
    assert set(entries) <= set(contents), set(entries) - set(contents)
    led = {runbook(kind("x") if kind is not Problems else ConfigError("x")).partition("#")[2] for kind in _kinds()}
    led |= set(_told_in_suites(suites)) | {book.partition("#")[2] for book in RUNBOOKS.values()}
    body = ON_CALL.split("\nA failed night", 1)[1]
    led |= set(re.findall(r"\]\(#([a-z0-9-]+)\)", body))
    for path in [*(ROOT / "docs").glob("*.md"), *PYTHON, *FLOWS]:
        if path.name != "on-call.md":
            text = path.read_text(encoding="utf-8")
            led |= set(LINK.findall(text)) | set(re.findall(r'"(a-[a-z-]+)"', text))
    orphans = set(entries) - led - ABOUT_THE_PAGE
    assert not orphans
