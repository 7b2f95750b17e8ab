"""A layer that knows people by their name and address: spellings of one address meet, other houses and rooms do not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from siyu.compile.compiler import compile_project
from siyu.errors import ConfigError
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.settings import load_settings

pytestmark = pytest.mark.xdist_group("households")

LAYER = Path(__file__).parent / "households"


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of one night."""
    root = tmp_path_factory.mktemp("households")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "households, long enough")
        settings = load_settings(
            root,
            warehouse=root / "warehouse",
            layers=(LAYER,),
            channels=("shop",),
            exports=LAYER / "exports",
            families=("identity",),
        )
        report = run_night(settings, Request())
    assert report.status == "published"
    assert not [result for result in report.checks if result.stops_release]
    return root / "warehouse" / "current"


@pytest.fixture(scope="module")
def people(current: Path) -> dict[int, str | None]:
    """Delivery -> person."""
    with duckdb.connect(str(current / "siyu_restricted.duckdb"), read_only=True) as release:
        rows = release.execute("select record_id, one_id from identity.record_person").fetchall()
    return {int(record_id.split(":")[1]): one_id for record_id, one_id in rows}


def test_one_name_and_one_address_in_two_spellings_are_one_person(people: dict[int, str | None]) -> None:
    assert people[1] == people[2] is not None


def test_another_room_house_or_name_is_somebody_else(people: dict[int, str | None]) -> None:
    others = {people[number] for number in (1, 3, 4, 5)}
    assert len(others) == 4 and None not in others


def test_a_name_or_an_address_alone_is_nobody(people: dict[int, str | None]) -> None:
    assert [people[number] for number in (6, 7, 8)] == [None, None, None]


def test_a_word_that_the_layer_adds_counts(people: dict[int, str | None]) -> None:
    assert people[9] == people[11] is not None
    assert people[10] not in (None, people[9]), "Gew.park is two words, and the layer has no row for them"
    assert people[12] not in (None, people[9])


def test_what_is_no_address_is_counted(current: Path) -> None:
    with duckdb.connect(str(current / "siyu.duckdb"), read_only=True) as release:
        rows = release.execute(
            "select field, reason, row_count from ops.field_reject where field = 'address'"
        ).fetchall()
    assert rows == [("address", "no address", 2)]


def test_a_type_with_the_name_of_a_column_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    header = (LAYER / "seeds/reference/identifier_types.add.csv").read_text(encoding="utf-8").splitlines()[0]
    row = "full_name,person,,false,,true,,,true,Name"
    (folder / "identifier_types.add.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    settings = load_settings(tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",))
    with pytest.raises(ConfigError, match="full_name is an identifier type, but also a column of the shape contact"):
        compile_project(settings)
