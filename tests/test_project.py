"""Is the house complete? Headers, comments, suites, model tests, walls, commands in the docs; nothing stale."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePath

import pytest
import sqlglot
import yaml
from typer.testing import CliRunner

from siyu.check.suites import Suite
from siyu.cli import app
from siyu.compile.analyse import to_dialect
from siyu.compile.model_files import SCHEMAS
from siyu.compile.ops_schema import OPS_TABLES
from siyu.compile.project import CompiledModel, Project
from siyu.dev.diagrams import models_markdown
from siyu.dev.docs import catalog_markdown, channels_markdown, cli_markdown
from siyu.dev.kpi_docs import kpis_markdown
from siyu.dev.tag_docs import tag_catalog_markdown
from siyu.release.columns import published_columns
from siyu.release.publish import is_published

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
ROOT = Path(__file__).resolve().parents[1]
MODELS = sorted((ROOT / "models").rglob("*.sql"))
PYTHON = sorted((ROOT / "siyu").rglob("*.py"))
FLOWS = sorted((ROOT / "flows").glob("*.py"))
SIYU = ROOT / "siyu"

# package -> the only places that may import it
WALLS = {
    "duckdb": ["engines/duckdb.py"],
    "adbc_driver_postgresql": ["engines/postgresql.py"],
    "tenacity": ["engines/postgresql.py"],
    "pyspark": ["engines/spark.py"],
    "great_expectations": ["check/gx.py"],
    "duckdb_engine": ["check/gx.py"],
    "sqlglot": ["compile"],
    "jinja2": ["compile", "report/templating.py"],
    "typer": ["cli", "dev/docs.py"],
    "apprise": ["report/notify.py"],
    "splink": ["ask/splink_model.py"],
    "pyarrow": ["ask/splink_model.py", "engines/spark_functions.py"],
    "py4j": ["engines/spark.py"],
    "prefect": [],
}
FLOW_WALLS = (
    "duckdb", "adbc_driver_postgresql", "pyspark", "sqlglot", "jinja2", "great_expectations", "apprise",
)  # fmt: skip


def _schema(path: Path) -> str:
    """The schema of a model file; an area may stand between the two."""
    return path.relative_to(ROOT / "models").parts[0]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", PYTHON, ids=lambda p: p.relative_to(SIYU).as_posix())
def test_walls_of_the_engine(path: Path) -> None:
    place = path.relative_to(SIYU).as_posix()
    for package in set(_imports(path)) & WALLS.keys():
        assert any(place == allowed or place.startswith(f"{allowed}/") for allowed in WALLS[package]), (
            f"{place} imports {package}"
        )


@pytest.mark.parametrize("path", FLOWS, ids=lambda p: p.name)
def test_walls_of_the_flows(path: Path) -> None:
    assert not set(_imports(path)) & set(FLOW_WALLS)
    assert not re.search(r"\bselect\b.*\bfrom\b", path.read_text(encoding="utf-8"), re.IGNORECASE)


@pytest.mark.parametrize("path", PYTHON + FLOWS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_prints_and_exits_live_at_the_edge(path: Path) -> None:
    if path.parent.name == "cli":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert "print" not in calls
    if path not in FLOWS:
        assert not calls & {"sys.exit", "exit", "typer.Exit"}


def test_a_broken_wall_would_be_seen(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text("def f():\n    from duckdb import connect\n    import prefect.flows\n", encoding="utf-8")
    assert set(_imports(path)) == {"duckdb", "prefect"}


def test_every_model_stands_in_a_schema_and_compiles(project: Project) -> None:
    names = {f"{_schema(path)}.{path.stem}" for path in MODELS}
    assert {_schema(path) for path in MODELS} <= set(SCHEMAS)
    assert names == {name for name, model in project.models.items() if not model.companion}


def test_every_column_has_a_comment(project: Project) -> None:
    bare = [
        f"{name}.{column.name}"
        for name, model in project.models.items()
        for column in model.columns
        if model.model.schema != "staging" and not column.description
    ]
    assert not bare


def test_every_published_moment_has_its_business_date_beside_it(project: Project) -> None:
    """ops is left out: its moments are those of runs, which have as_of."""
    found = 0
    for name, model in project.models.items():
        if model.companion or not is_published(project, model):
            continue
        columns = {column.name: column.type for column in published_columns(model.columns)}
        moments = [column for column, kind in columns.items() if kind.startswith("TIMESTAMP") or column.endswith("_at")]
        for column in moments:
            day = column.removesuffix("_at") + "_date"
            assert columns.get(day) == "DATE", f"{name}.{column} has no {day} beside it"
        found += len(moments)
    assert found > 50


def test_every_model_has_a_suite_that_checks_its_grain(project: Project, suites: dict[str, Suite]) -> None:
    """Suites of unions check all models of their folder: these are views, which each expectation would run again."""
    for name, model in project.models.items():
        if model.companion or _is_part_of_a_union(model):
            continue
        assert name in suites, f"expectations/{name.replace('.', '/')}.yml is missing"
        described = str([e.model_dump() for e in suites[name].expectations])
        for column in model.model.grain:
            assert column in described, f"the suite of {name} does not check {column} of its grain"
        assert set(model.model.grain) <= {c.name for c in model.columns}


UNITED = (
    "models/tags/people", "models/tags/companies", "models/audience/segments", "models/kpi/members", "models/kpi/names",
)  # fmt: skip


def _is_part_of_a_union(model: CompiledModel) -> bool:
    is_part = PurePath(model.model.file).parent.as_posix() in UNITED
    assert not is_part or (model.materialized == "view" and model.config.get("published") is False), model.name
    return is_part


def test_the_suites_of_the_unions_check_the_key_of_every_class(suites: dict[str, Suite]) -> None:
    for name, key in (("tags.person_tag", "one_id"), ("tags.account_tag", "account_id")):
        described = [str(e.model_dump()) for e in suites[name].expectations]
        assert any(f"group by {key}, tag_code, tag_value having" in text for text in described), name
        assert any("a tag of the catalog" in text for text in described), name
    described = [str(e.model_dump()) for e in suites["audience.segment_person"].expectations]
    assert any("group by segment, one_id having" in text for text in described)


def test_what_landings_leave_has_suites_that_check_its_grain(suites: dict[str, Suite]) -> None:
    for name in ("file_ledger", "rejected_row", "field_reject", "channel_status", "drift"):
        assert OPS_TABLES[name].grain
        described = str([e.model_dump() for e in suites[f"ops.{name}"].expectations])
        for column in OPS_TABLES[name].grain:
            assert column in described, f"the suite of ops.{name} does not check {column} of its grain"


def test_every_runbook_exists(suites: dict[str, Suite]) -> None:
    for suite in suites.values():
        for expectation in suite.expectations:
            runbook = expectation.meta.get("runbook")
            if runbook:
                path, _, anchor = runbook.partition("#")
                headings = re.findall(r"^#+ (.+)$", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
                anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
                assert anchor in anchors, f"{suite.file} names {runbook}"


@pytest.mark.parametrize("path", MODELS, ids=lambda p: f"{_schema(p)}.{p.stem}")
def test_every_model_has_a_model_test(path: Path) -> None:
    test = ROOT / "tests" / "models" / _schema(path) / f"{path.stem}.yml"
    data = yaml.load(test.read_text(encoding="utf-8"), yaml.CSafeLoader)
    assert data["model"] == f"{_schema(path)}.{path.stem}"
    assert data["cases"]


def test_every_model_prints_for_spark(project: Project) -> None:
    """sqlglot parses its own Spark text again: a construct it cannot say there would not come back."""
    for name, model in project.models.items():
        if model.companion:  # the same query over superseded rows
            continue
        text = to_dialect(model.tree, "spark")
        again = sqlglot.parse_one(text, read="spark")
        assert [c.alias_or_name for c in again.selects] == [c.alias_or_name for c in model.tree.selects], name


def test_every_command_is_in_the_docs() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    listed = CliRunner().invoke(app, ["--help"]).stdout
    for command in (info.name or info.callback.__name__ for info in app.registered_commands if info.callback):
        assert command in listed
        assert f"siyu {command}" in text, f"siyu {command} is in no document"
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    missing = [path.name for path in (ROOT / "docs").glob("*.md") if f"]({path.name}" not in index]
    assert missing == ["README.md"]


def test_no_document_links_to_nothing() -> None:
    """Files and headings."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for page in pages:
        text = FENCED.sub("", page.read_text(encoding="utf-8"))
        for file, heading in re.findall(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)", text):
            target = page.parent / file if file else page
            assert target.exists(), f"{page.name}: {file}"
            assert not heading or target.suffix != ".md" or heading in _headings(target), (
                f"{page.name}: {file}#{heading}"
            )


@cache
def _headings(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a page."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    plain = (
        re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", line) for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    )
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in plain}


def test_generated_docs_are_fresh(project: Project) -> None:
    assert (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8") == catalog_markdown(project), "run: make docs"
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == models_markdown(project), "run: make docs"
    assert (ROOT / "docs" / "channels.md").read_text(encoding="utf-8") == channels_markdown(project), "run: make docs"
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == cli_markdown(app), "run: make docs"
    assert (ROOT / "docs" / "tag-catalog.md").read_text(encoding="utf-8") == tag_catalog_markdown(project), "make docs"
    assert (ROOT / "docs" / "kpis.md").read_text(encoding="utf-8") == kpis_markdown(project), "run: make docs"


def test_every_setting_is_in_the_docs() -> None:
    from siyu.settings import Settings

    text = (ROOT / "docs" / "layers.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"SIYU_{name.upper()}" in text


def test_every_key_of_a_contract_is_in_the_docs() -> None:
    from siyu.seeds.channels import Channel, Column, Export

    text = (ROOT / "docs" / "add-a-channel.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in text.split("\n## The contract\n")[1].splitlines() if line.startswith("| `")]
    for name, field in (item for part in (Channel, Export, Column) for item in part.model_fields.items()):
        assert any(f"`{field.alias or name}`" in row for row in rows), f"{field.alias or name} is in no table"


def test_every_knob_is_in_the_docs() -> None:
    from dataclasses import fields

    from siyu.simulate.knobs import Knobs

    text = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")
    rows = [line for line in text.split("## Knobs")[1].splitlines() if line.startswith("| `")]
    assert rows == [f"| `{knob.name}` | {knob.default:g} | {knob.metadata['what']} |" for knob in fields(Knobs)]


@pytest.mark.xdist_group("probe")
def test_groups_of_tests_stay_on_one_worker(request: pytest.FixtureRequest) -> None:
    """Some versions of pytest and xdist ignore the groups together, and then every worker builds each world."""
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("pytest runs without --dist loadgroup")
    assert request.node.nodeid.endswith("@probe")
