"""The simulator: the same seed gives the same world, and the sample is one of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from siyu.errors import ConfigError
from siyu.settings import base_layer
from siyu.simulate import simulate_exports

SAMPLE = base_layer() / "seeds" / "sample"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world the sample was made of, made again."""
    root = tmp_path_factory.mktemp("world")
    simulate_exports(root, people=600, days=180, seed=7)
    return root


def _content(root: Path) -> dict[str, object]:
    """Texts as they are; Parquet by rows, since its bytes are the writer's."""
    return {
        path.relative_to(root).as_posix(): (
            duckdb.sql(f"select * from '{path}' order by all").fetchall()
            if path.suffix == ".parquet"
            else path.read_bytes()
        )
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_the_sample_is_what_simulate_makes(world: Path) -> None:
    made, kept = _content(world), _content(SAMPLE)
    assert list(made) == list(kept)
    assert [name for name in made if made[name] != kept[name]] == []
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 5_000_000


def test_another_seed_is_another_world(world: Path, tmp_path: Path) -> None:
    simulate_exports(tmp_path, people=600, days=180, seed=8)
    assert (tmp_path / "truth/person.csv").read_bytes() != (world / "truth/person.csv").read_bytes()


def test_a_world_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    simulate_exports(tmp_path / "w", people=200, days=180, seed=7)
    simulate_exports(tmp_path / "w", people=20, days=30, seed=7)
    assert len(list((tmp_path / "w/website").iterdir())) <= 2
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not empty, and no simulated world"):
        simulate_exports(tmp_path / "mine", people=20, days=30, seed=7)
    assert (tmp_path / "mine/thesis.txt").is_file()


def test_returned_counts_are_rows(tmp_path: Path) -> None:
    written = simulate_exports(tmp_path, people=50, days=60, seed=1)
    for name, count in written.items():
        path = tmp_path / name
        if path.suffix == ".parquet":
            assert duckdb.sql(f"select count(*) from '{path}'").fetchall()[0][0] == count
        else:
            header = 1 if path.suffix == ".csv" else 0
            assert len(path.read_text(encoding="utf-8").splitlines()) - header == count


def test_every_record_has_a_truth(world: Path) -> None:
    with (world / "truth/person.csv").open(encoding="utf-8", newline="") as file:
        truth = {(row["channel"], row["record_id"]) for row in csv.DictReader(file)}
    events = set()
    for path in (world / "website").glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.endswith("}"):
                events.add(("website", f"events:{json.loads(line)['event_id']}"))
    contacts = {
        ("crm", f"contacts:{row[0]}")
        for row in duckdb.sql(f"select distinct contact_id from '{world}/crm/contacts_*.parquet'").fetchall()
    }
    assert events <= truth and contacts <= truth
