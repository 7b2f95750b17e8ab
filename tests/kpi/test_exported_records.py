"""The sample: the records of the night are those that plain Python reads from its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from tests.golden.conftest import Ran
from tests.kpi.exported_records import COLUMNS, sample

pytestmark = pytest.mark.xdist_group("assets_on_the_sample")


@pytest.fixture(scope="module")
def con(night: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(night.settings.warehouse / "build" / "build.duckdb"), read_only=True) as con:
        yield con


@pytest.mark.parametrize("shape", COLUMNS)
def test_every_record(con: duckdb.DuckDBPyConnection, shape: str) -> None:
    columns = ", ".join(COLUMNS[shape])
    found = con.execute(f"select channel, record_id, {columns} from records.{shape}").fetchall()
    wanted = list(sample().rows(shape, columns))
    assert Counter(found) == Counter(wanted)
    assert len(wanted) > 40


def test_they_are_records_of_the_same_day(con: duckdb.DuckDBPyConnection) -> None:
    assert con.execute("select fn_as_of()").fetchall() == [(sample().as_of,)]
