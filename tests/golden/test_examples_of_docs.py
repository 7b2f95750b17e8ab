"""The examples of all documents: queries run on a release of the sample, and commands have the options they show.

Pages that show the output of a query are compared elsewhere. Here nothing may be left that does not run at all.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import pytest
import typer

from siyu.cli import app
from tests.golden.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What a query needs that is not in a release, and where it is run.
IS_MODEL = re.compile(r"\A(/\*|union all|select\n .*\{\{)|\{\{|\{%", re.DOTALL)  # pages about models run theirs
ELSEWHERE = {
    "postgresql.md": "PostgreSQL: tests/e2e/test_postgresql.py",
    "architecture.md": "attaches files by the paths of a deployment: the test below",
    "identity.md": "joins a table of the reader: the test below",
}
INLINE = re.compile(r"`(?:\.venv/bin/)?siyu ([a-z]+)([^`]*)`")
COMMAND = re.compile(r"^(?:\$ |\s*)((?:[A-Z_]+=\S+ )*)(?:\.venv/bin/)?siyu ([a-z]+)(.*)$", re.MULTILINE)


def _blocks(page: Path, kind: str) -> list[tuple[int, str]]:
    """(line, text) of the blocks of a kind."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 1, m[2]) for m in BLOCK.finditer(text) if m[1] == kind]


QUERIES = [
    pytest.param(sql, id=f"{page.name}-{line}")
    for page in PAGES if page.name not in ELSEWHERE
    for line, sql in _blocks(page, "sql") if not IS_MODEL.search(sql)
]  # fmt: skip


@pytest.mark.parametrize("sql", QUERIES)
def test_a_query_of_a_page_runs(night: Ran, sql: str) -> None:
    """On the release, or, if it reads rows as they landed or calls a function of siyu, on the build database."""
    if "raw." in sql or "fn_" in sql:
        con = duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True)
    else:
        con = night.connect()
    with con:
        con.execute(sql).fetchmany(1)


def test_queries_of_identity_run_where_the_reader_has_the_table(night: Ran) -> None:
    with night.connect() as con:
        con.execute("create temp table saved_keys as select distinct one_id as customer, one_id from identity.person")
        queries = [sql for _, sql in _blocks(ROOT / "docs" / "identity.md", "sql") if not IS_MODEL.search(sql)]
        assert len(queries) > 1
        for sql in queries:
            assert con.execute(sql).fetchall()


def test_the_query_for_raw_values_runs_on_both_files(night: Ran) -> None:
    [sql] = [text for _, text in _blocks(ROOT / "docs" / "architecture.md", "sql") if text.startswith("attach")]
    here = sql.replace("warehouse/current", str(night.settings.warehouse / "current"))
    with night.connect("siyu_restricted.duckdb") as con:
        attach, query = here.split(";")[:2]
        con.execute(attach)
        assert any(row[3] for row in con.execute(query).fetchall())


COMMANDS = sorted({
    (page.name, name, rest.strip())
    for page in PAGES
    for kind in ("", "sh")
    for _, text in _blocks(page, kind)
    for _, name, rest in COMMAND.findall(text)
} | {
    (page.name, name, " ".join(rest.split()))
    for page in PAGES
    for name, rest in INLINE.findall(BLOCK.sub("", page.read_text(encoding="utf-8")))
    if rest
})  # fmt: skip


@pytest.mark.parametrize(("page", "name", "rest"), COMMANDS, ids=lambda v: v[:40])
def test_a_command_of_a_page_has_the_options_that_it_shows(page: str, name: str, rest: str) -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert name in known, f"{page}: siyu {name}"
    options = {text for parameter in known[name].params for text in (*parameter.opts, *parameter.secondary_opts)}
    takes_words = any(parameter.param_type_name == "argument" for parameter in known[name].params)
    shown = re.split(r"\s[|>&;#]", " " + re.sub(r"<\w+>", "NAME", rest))[0]
    words = shlex.split(shown, comments=True)
    assert takes_words or not words or not words[0][0].isalpha(), f"{page}: siyu {name} {rest}"
    takes_any = known[name].context_settings.get("ignore_unknown_options")  # --mobile and the other identifier types
    for word in words:
        if re.match(r"--?[a-z]", word) and not takes_any:
            assert word.partition("=")[0] in options | {"--help"}, f"{page}: siyu {name} {rest}"
