"""The engine reads every path as one file, or siyu refuses the path."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from siyu.build.database import _write_reference
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.engines.paths import UNSAFE, literal, literal_for_now, parquet
from siyu.errors import WRONG_USE, ConfigError, exit_code
from siyu.seeds.references import read_references
from siyu.settings import load_settings
from tests.engine.mutants import NAMES

PACKAGE = Path(__file__).resolve().parents[2] / "siyu"


@pytest.mark.parametrize("name", ["w*", "w?", "w[1]", "w\\x", "a{b}/w", "x\ny"])
def test_a_warehouse_that_the_engine_would_read_as_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="the path of the warehouse contains") as error:
        load_settings(tmp_path, warehouse=tmp_path / name)
    assert exit_code(error.value) == WRONG_USE and error.value.where == "SIYU_WAREHOUSE"
    (tmp_path / "link").symlink_to(tmp_path / name)
    with pytest.raises(ConfigError, match="the path of the warehouse contains"):
        load_settings(tmp_path, warehouse=tmp_path / "link")


def test_a_relative_warehouse_is_refused_for_the_folder_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data [2026]").mkdir()
    monkeypatch.chdir(tmp_path / "data [2026]")
    with pytest.raises(ConfigError, match=r"contains \[ \]"):
        load_settings(tmp_path, warehouse=Path("warehouse"))


@pytest.mark.parametrize("name", ["w", "day=1", "my warehouse", "仓库", "a'b", "100%", "#;~"])
def test_any_other_warehouse_is_used_as_it_is_named(tmp_path: Path, name: str) -> None:
    folder = load_settings(tmp_path, warehouse=tmp_path / name).warehouse
    (folder / "x=2").mkdir(parents=True)
    engine = DuckEngine(folder / "build.duckdb", RunInputs("2026-01-31", "UTC", "k"))
    session = engine.session()
    engine.attach(folder / "siyu.duckdb", "release", writable=True)
    session.execute("create table release.t as select 1 as a")
    file = folder / "x=2" / "t.parquet"
    session.execute(f"copy release.t to '{str(file).replace(chr(39), chr(39) * 2)}' (format parquet)")
    engine.detach("release")
    assert session.rows(f"select * from {parquet(file)}") == session.rows(f"select * from {parquet([file])}") == [(1,)]
    session.close()
    engine.close()
    assert {path.name for path in tmp_path.iterdir()} == {name}


@pytest.mark.parametrize("name", NAMES)
def test_a_reference_table_is_read_from_any_folder(tmp_path: Path, name: str) -> None:
    for folder, text in ((name, "mine"), ("orders_1", "other"), ("orders_x", "other")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "colours.csv").write_text(f"colour\n{text}\n", encoding="utf-8")
    (tmp_path / name / "colours.csv").write_text("colour\nmine\n", encoding="utf-8")
    engine = DuckEngine(None, RunInputs("2026-01-31", "UTC", "k"))
    session = engine.session()
    session.execute("create schema reference")
    (reference,) = read_references({"colours": tmp_path / name / "colours.csv"}).values()
    _write_reference(session, reference)
    assert session.rows("select * from reference.colours") == [("mine",)]
    engine.close()


def test_a_link_is_made_only_where_a_path_needs_it(tmp_path: Path) -> None:
    assert literal(tmp_path / "a=1.csv", tmp_path) == tmp_path / "a=1.csv"
    for name in ("a[1].csv", "b*.csv"):
        (tmp_path / name).write_text(name, encoding="utf-8")
        link = literal(tmp_path / name, tmp_path)
        assert not UNSAFE.search(str(link)) and link.read_text(encoding="utf-8") == name
    with literal_for_now(tmp_path / "a[1].csv") as path:
        assert path.read_text(encoding="utf-8") == "a[1].csv"
    assert not path.is_symlink()


def test_every_reader_of_the_engine_is_called_with_the_options_that_make_a_path_literal() -> None:
    called = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for found in re.finditer(r"read_(parquet|csv|json|json_objects|ndjson|text|blob)\(\{", text):
            # The options follow, or stand in a variable just above.
            around = text[max(0, found.start() - 400) : found.start() + 500]
            called[f"{path.name}:{found[0]}"] = "PLAIN_FILE" in around or "hive_partitioning = false" in around
    assert len(called) > 5 and all(called.values()), called
