"""docs/add-a-segment.md to the letter: its files make a layer, and siyu reports its errors. Its nights are in
tests/golden/test_segments_in_nights.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.settings import load_settings
from tests.engine.segment_page import blocks, files, write_files

SEGMENTS = ["audience.segment", "audience.segment_member"]
OWN = "layer/models/audience/segments/price_lookers.sql"
THRESHOLDS = "layer/seeds/reference/thresholds.add.csv"


def compiled(root: Path) -> Project:
    """The layer of the page, and the family that it adds to."""
    exports = base_layer() / "seeds" / "sample"
    settings = load_settings(root, layers=(root / "layer",), exports=exports, families=("audience",))
    project = compile_project(settings, selection=SEGMENTS)
    project.binder.close()
    return project


def versions(project: Project) -> dict[str, str]:
    return {found.segment: found.rule_version for found in project.segments}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def own(root: Path) -> Project:
    return compiled(root)


def test_the_page_has_these_files() -> None:
    assert set(files()) == {OWN, THRESHOLDS}


def test_one_file_is_enough(project: Project, own: Project) -> None:
    before, after = versions(project), versions(own)
    assert after.keys() - before.keys() == {"price_lookers"}
    assert {name: after[name] for name in before} == before
    [found] = [found for found in own.segments if found.segment == "price_lookers"]
    assert (found.name_zh, found.name_en, found.owner) == ("近期看价可电联", "Price lookers to call", "inside sales")
    assert found.purpose == "Call them this week, while they compare offers." and found.audience == "prospects"
    assert "audience.price_lookers" in own.models["audience.segment_person"].refs
    assert {r.tag_code for r in own.tag_readers if r.model == "audience.price_lookers"} == {
        "price_interest", "mobile_status",
    }  # fmt: skip


def test_the_commands_show_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_LAYERS", str(root / "layer"))
    monkeypatch.setenv("SIYU_FAMILIES", "audience")
    sql, graph, build = (text for text in blocks("2. Write the segment", "sh") + blocks("3. Build and read it", "sh"))
    result = CliRunner().invoke(app, sql.split()[1:])
    assert result.exit_code == 0, result.output
    assert "from tags.person_profile as p" in result.output and "a.silent_days < 60" in result.output
    result = CliRunner().invoke(app, graph.split()[1:])
    assert result.exit_code == 0, result.output
    assert blocks("2. Write the segment") == [result.output], result.output
    assert build.split() == ["siyu", "build", "--select", "+audience.segment"]


def test_a_threshold_changes_the_version_of_this_segment_alone(own: Project, tmp_path: Path) -> None:
    write_files(tmp_path)
    [row] = blocks("4. Change a threshold")
    header = (tmp_path / THRESHOLDS).read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / THRESHOLDS).write_text(f"{header}\n{row}", encoding="utf-8")
    before, after = versions(own), versions(compiled(tmp_path))
    assert before.keys() == after.keys()
    assert {name for name in before if before[name] != after[name]} == {"price_lookers"}


def replaced(old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / OWN).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (root / OWN).write_text(text.replace(old, new), encoding="utf-8")

    return change


def without_purpose_and_owner(root: Path) -> None:
    lines = (root / OWN).read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("purpose:", "owner:"))]
    assert len(lines) - len(kept) == 2
    (root / OWN).write_text("".join(kept), encoding="utf-8")


def moved(root: Path) -> None:
    (root / OWN).rename(root / "layer/models/audience/price_lookers.sql")


MISTAKES = [
    without_purpose_and_owner,
    replaced("audience: prospects", "audience: prospect"),
    moved,
    replaced("published=false, ", ""),
    replaced("    'Looked at prices, and was active ' || cast(a.silent_days as varchar) || ' days ago.'\n"
             "        as why_en  -- Why they are in, in English.\n", ""),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(MISTAKES)))
def test_mistakes_are_reported_as_the_page_shows(number: int, tmp_path: Path) -> None:
    shown = blocks("6. What siyu checks")
    assert len(shown) == len(MISTAKES)
    write_files(tmp_path)
    MISTAKES[number](tmp_path)
    with pytest.raises(ConfigError) as caught:
        compiled(tmp_path)
    errors = getattr(caught.value, "errors", [caught.value])
    said = [str(error).replace(f"{tmp_path}/", "") + "\n" for error in errors]
    assert shown[number] in said, "\n".join(said)
