"""docs/add-a-kpi.md to the letter: its files make a layer that builds, and siyu reports its errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.check.suites import load_suites
from siyu.cli import app
from siyu.compile.compiler import compile_project
from siyu.compile.project import Project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.settings import load_settings
from tests.engine.tag_page import BLOCK, FILE, ROOT

pytestmark = pytest.mark.xdist_group("add_a_kpi_page")

PAGE = (ROOT / "docs" / "add-a-kpi.md").read_text(encoding="utf-8")
OWN = "layer/models/kpi/figures/kpi_small_orders.sql"
ROWS = "layer/seeds/reference/kpis.add.csv"


def files() -> dict[str, str]:
    """Return the files of the page: each is the block after its path."""
    return {
        path[1]: match[2]
        for match in BLOCK.finditer(PAGE)
        if match[1] and (path := FILE.search(PAGE[: match.start()])) is not None
    }


def blocks(section: str, language: str = "") -> list[str]:
    """Return the blocks of a section that are no whole file."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [m[2] for m in BLOCK.finditer(text) if m[1] == language and not (m[1] and FILE.search(text[: m.start()]))]


def write_files(root: Path) -> None:
    """Do what the page says: write its files below a folder."""
    for name, text in files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def compiled(root: Path) -> Project:
    """The layer of the page, the family that it adds to, and the tags that its dimension reads."""
    exports = base_layer() / "seeds" / "sample"
    return compile_project(load_settings(root, layers=(root / "layer",), exports=exports, families=("tags", "kpi")))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reader")
    write_files(folder)
    return folder


@pytest.fixture(scope="module")
def own(root: Path) -> Project:
    return compiled(root)


def test_the_page_has_these_files() -> None:
    assert set(files()) == {
        OWN, ROWS, "layer/seeds/reference/thresholds.add.csv", "layer/expectations/kpi/kpi_small_orders.yml",
        "layer/seeds/reference/kpi_dimensions.add.csv", "layer/models/kpi/members/member_territory.sql",
    }  # fmt: skip


def test_the_files_of_the_page_are_enough(own: Project) -> None:
    assert "kpi.kpi_small_orders" in own.models["kpi.kpi_figure"].refs
    assert "kpi.member_territory" in own.models["kpi.kpi_entity_member"].refs
    assert own.models["kpi.kpi_small_orders"].model.kpis == ("small_orders", "small_order_share")


def test_the_suite_of_the_page_is_valid(own: Project) -> None:
    assert "kpi.kpi_small_orders" in load_suites(own)


def test_the_commands_show_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIYU_LAYERS", str(root / "layer"))
    monkeypatch.setenv("SIYU_FAMILIES", "tags,kpi")
    sql, graph, build = (text for text in blocks("2. Write the KPI", "sh") + blocks("3. Build and read it", "sh"))
    result = CliRunner().invoke(app, sql.split()[1:])
    assert result.exit_code == 0, result.output
    assert "amount < 10000" in result.output and "m.dimension = 'segment'" in result.output
    result = CliRunner().invoke(app, graph.split()[1:])
    assert result.exit_code == 0, result.output
    assert blocks("2. Write the KPI") == [result.output], result.output
    assert build.split() == ["siyu", "build", "--select", "+kpi.kpi_value"]


def replaced(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (root / file).write_text(text.replace(old, new), encoding="utf-8")

    return change


CODES = "kpis: [small_orders, small_order_share]"
MISTAKES = [
    replaced(OWN, CODES, "kpis: [small_orders, small_order_share, small_order_shares]"),
    replaced(OWN, CODES, "kpis: [small_orders]"),
    replaced(ROWS, ",rate,down", ",percent,down"),
    replaced(
        ROWS, 'count,down,true,false,growth,sales,"total, channel', 'count,down,true,false,growth,sales,"total, chanel'
    ),
    replaced(OWN, f"{CODES}\n", ""),
]


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
