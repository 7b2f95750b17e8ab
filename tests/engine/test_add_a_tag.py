"""docs/add-a-tag.md to the letter: its files make a layer, its model tests pass, siyu reports its errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.check.suites import load_suites
from siyu.cli import app
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.dev.model_test_files import case_of
from siyu.dev.model_tests import run_model_tests
from siyu.errors import ConfigError
from siyu.layers import base_layer, read_yaml
from siyu.settings import Settings, load_settings
from tests.engine.tag_page import blocks, files, write_files

pytestmark = pytest.mark.xdist_group("add_a_tag_page")

TAGS = ["+tags.person_profile", "tags.tag_member", "+tags.tag_catalog"]
REFERENCE = "layer/seeds/reference"
HABIT, SHOWS = "layer/models/tags/people/14_activity_rating_habit.sql", "layer/models/tags/people/19_shows.sql"
COPY = "layer/models/tags/people/14_activity_rating.sql"


def settings_of(root: Path) -> Settings:
    """The layer of the page and the family that it adds to, with the exports of the sample: both know the same
    campaigns, staff and products."""
    exports = base_layer() / "seeds" / "sample"
    return load_settings(root, layers=(root / "layer",), exports=exports, families=("tags",))


def compiled(root: Path) -> Project:
    project = compile_project(settings_of(root), selection=TAGS)
    project.binder.close()
    return project


def versions(project: Project) -> dict[tuple[str, str], str]:
    return {(rule.tag_code, rule.level): rule.rule_version for rule in project.tag_rules}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def own(root: Path) -> Project:
    return compile_project(settings_of(root))


def test_the_page_has_these_files() -> None:
    assert len(files()) == 10 and {HABIT, SHOWS} < set(files())


def test_two_models_and_their_rows_are_enough(project: Project, own: Project) -> None:
    before, after = versions(project), versions(own)
    assert {key: after[key] for key in before} == before
    assert after.keys() - before.keys() == {("channel_habit", "person"), ("show_fan", "person")}
    columns = [column.name for column in own.models["tags.person_profile"].columns]
    assert {"channel_habit", "show_fan"} < set(columns)
    for table in ("tags.14_activity_rating_habit", "tags.19_shows"):
        assert table in own.models["tags.person_tag"].refs and table in load_suites(own)


def test_model_tests_of_the_page(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_LAYERS", str(root / "layer"))
    monkeypatch.setenv("SIYU_FAMILIES", "tags")
    result = CliRunner().invoke(app, ["test", "--select", "tags.14_activity_rating_habit,tags.19_shows"])
    assert result.exit_code == 0, result.output
    [shown] = blocks("6. Write model tests")
    assert without_seconds(result.output) == without_seconds(shown)


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d+ s\b", "", text)


def test_the_branch_of_a_union_does_the_same(tmp_path: Path) -> None:
    """The other way of step 2: the copied model with one more branch, tested by the rows of the class's own cases."""
    write_files(tmp_path)
    (tmp_path / HABIT).unlink()
    (tmp_path / "layer/expectations/tags/14_activity_rating_habit.yml").unlink()
    [branch] = [block for block in blocks("2. A tag in an existing class", "sql") if "union all" in block]
    base = (base_layer() / "models/tags/people/14_activity_rating.sql").read_text(encoding="utf-8")
    assert base.count("\n)\n\nselect\n") == 1
    (tmp_path / COPY).write_text(base.replace("\n)\n\nselect\n", f"\n{branch})\n\nselect\n"), encoding="utf-8")
    project = compile_project(settings_of(tmp_path), selection=TAGS)
    assert [rule.model for rule in project.tag_rules if rule.tag_code == "channel_habit"] == ["tags.14_activity_rating"]
    case = read_yaml(files()["layer/tests/models/tags/14_activity_rating_habit.yml"], "page")["cases"][0]
    own = case_of("tags.14_activity_rating", {**case, "where": "tag_code = 'channel_habit'"})
    [outcome] = run_model_tests(project, [own])
    assert outcome.is_ok, outcome


def test_the_graph_is_what_the_page_shows(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [command] = [text for text in blocks("3. A class of its own", "sh") if text.startswith("siyu graph")]
    monkeypatch.setenv("SIYU_LAYERS", str(root / "layer"))
    monkeypatch.setenv("SIYU_FAMILIES", "tags")
    result = CliRunner().invoke(app, command.split()[1:])
    assert result.exit_code == 0, result.output
    assert blocks("3. A class of its own") == [result.output], result.output


def test_a_border_and_a_threshold_change_the_version_of_their_tags_alone(own: Project, tmp_path: Path) -> None:
    write_files(tmp_path)
    bands, threshold = blocks("4. Change a border or a threshold")
    for name, rows in (("tag_bands", bands), ("thresholds", threshold)):
        with (tmp_path / REFERENCE / f"{name}.add.csv").open("a", encoding="utf-8") as file:
            file.write(rows)
    before, after = versions(own), versions(compiled(tmp_path))
    assert before.keys() == after.keys()
    assert {code for code, _ in before if before[code, _] != after[code, _]} == {"customer_tier", "open_ticket"}


def without_shows(root: Path) -> None:
    (root / SHOWS).unlink()
    (root / "layer/expectations/tags/19_shows.yml").unlink()


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / name).read_text(encoding="utf-8")
        assert text.count(old) >= 1
        (root / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


MISTAKES = [
    replaced(f"{REFERENCE}/tag_bands.add.csv", "channel_habit,many", "channel_habit,lots"),
    replaced(f"{REFERENCE}/tag_bands.add.csv", "some,2,4", "some,2,3"),
    replaced(f"{REFERENCE}/tags.add.csv", "active_people", "active_persons"),
    replaced(f"{REFERENCE}/tags.add.csv", "people,touch,Whom to invite", "people,touches,Whom to invite"),
    replaced(SHOWS, "'show_fan' as tag_code", "'show_fans' as tag_code"),
    without_shows,
    replaced(HABIT, "'channel_habit' as tag_code", "'channel_' || 'habit' as tag_code"),
    replaced(SHOWS, "    cast(coalesce(s.day_count, 0) as decimal(18, 4)) as score,  -- Days with a show.\n", ""),
]


def test_the_page_shows_every_mistake() -> None:
    assert len(blocks("8. What siyu checks")) == len(MISTAKES)


@pytest.mark.parametrize("numbers", [(0, 2, 3), (1,), (4, 6), (5,), (7,)])
def test_mistakes_are_reported_as_the_page_shows(numbers: tuple[int, ...], tmp_path: Path) -> None:
    """Those of one step of the compiler are reported together."""
    write_files(tmp_path)
    for number in numbers:
        MISTAKES[number](tmp_path)
    with pytest.raises(ConfigError) as caught:
        compiled(tmp_path)
    errors = getattr(caught.value, "errors", [caught.value])
    said = [str(error).replace(f"{tmp_path}/", "") + "\n" for error in errors]
    for number in numbers:
        assert blocks("8. What siyu checks")[number] in said, "\n".join(said)
