"""Small files of one export land together: with the same result as one by one, and alone where anything is unusual."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siyu.engines.duckdb import DuckSession
from siyu.errors import StatementFault
from siyu.landing import channel as landing_module
from siyu.landing import together
from siyu.landing.file import Outcome
from siyu.seeds.channels import Channel
from tests.engine.mutants import CHANGES, FORMATS, Change, table
from tests.engine.test_landing import TEXT, Shop, contract
from tests.engine.test_landing import folder as folder
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop
from tests.engine.test_mutated_files import EXAMPLES, MUTATED
from tests.engine.test_xlsx import workbook

FILES = 4
ROWS = 8


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that land alone."""
    names: list[str] = []
    attempt = landing_module.attempt

    def watch(session: DuckSession, job: Any, *arguments: Any) -> Outcome:
        names.append(job.file)
        return attempt(session, job, *arguments)

    monkeypatch.setattr(landing_module, "attempt", watch)
    return names


def _everything(shop: Shop, channel: Channel, files: dict[str, bytes]) -> list[Any]:
    """All that landing the files leaves behind, but for where it is."""
    shutil.rmtree(shop.root / "landed", ignore_errors=True)
    result = shop.land_folder(files, channel)
    columns = ", ".join(f'"{column}"' for column in channel.exports["orders"].columns)
    hidden = "_extra, _file, _line, _landed_seq, _landed_date, _file_date"
    left: list[Any] = [result.problems, result.drift, result.skipped]
    for file in result.files:
        rows = shop.landed(file, f"{columns}, {hidden}") if file.path else []
        types = shop.session.columns(f"select * from '{shop.root / str(file.path)}'") if file.path else []
        rejects = f"from read_parquet('{shop.root / str(file.rejects)}') order by all"
        left.append([file, rows, types, shop.session.rows(rejects) if file.rejects else []])
    return left


@pytest.mark.parametrize("name", FORMATS)
def test_files_that_land_together_land_as_they_do_alone(
    session: DuckSession, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    kind = FORMATS[name]
    channel = contract(**kind.export)
    mutated = st.lists(st.just([]) | CHANGES, min_size=FILES, max_size=FILES)

    @given(changes=mutated)
    @settings(EXAMPLES, max_examples=max(1, MUTATED // 40))
    def holds(changes: list[list[Change]]) -> None:
        shop = Shop(session, folder)
        files = {f"orders_{i}": kind.mutated(ROWS + i, change)[0] for i, change in enumerate(changes)}
        with monkeypatch.context() as patch:
            patch.setattr(landing_module, "SMALL", -1)
            expected = _everything(shop, channel, files)
        assert _everything(shop, channel, files) == expected

    holds()


# The csv files have line breaks in values, or bytes that are not utf-8 under a header that is.
ALONE = ("csv", "csv with a mark", "csv in gb18030, untold", "csv below a title")


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ALONE])
def test_files_in_order_need_no_query_of_their_own(
    session: DuckSession, folder: Path, alone: list[str], name: str
) -> None:
    kind = FORMATS[name]
    files = {f"orders_{i}": kind.write(table(ROWS + i)) for i in range(FILES)}
    result = Shop(session, folder).land_folder(files, contract(**kind.export))
    assert [file.rows_landed for file in result.files] == [ROWS + i for i in range(FILES)]
    assert not alone and not result.problems


def test_one_broken_file_does_not_touch_the_others(shop: Shop, alone: list[str]) -> None:
    good = {f"orders_{i}.csv": f"id,name\n{i},a\n".encode() for i in range(3)}
    broken = {"orders_x.csv": b'id,name\n1,"a\n', "orders_y.csv": b"name\na\n", "orders_z.csv": b""}
    result = shop.land_folder(good | broken, contract())
    assert [file.rows_landed for file in result.files] == [1, 1, 1, 0, 0, 0]
    assert [problem[:12] for problem in result.problems] == list(broken)
    assert set(broken) <= set(alone)


def test_a_row_that_breaks_the_contract_sends_its_file_alone(shop: Shop, alone: list[str]) -> None:
    files = {
        "orders_1.csv": b"id,name\n1,a\n",
        "orders_2.csv": b"id,name\n2,b\n,c\n",
        "orders_3.csv": b"id,name\n3,d\n",
    }
    result = shop.land_folder(files, contract())
    assert [(file.rows_landed, file.rows_rejected) for file in result.files] == [(1, 0), (1, 1), (1, 0)]
    assert alone == ["orders_2.csv"]


def test_headers_in_another_order_and_new_columns(shop: Shop, alone: list[str]) -> None:
    files = {
        "orders_1.csv": b"id,name\n1,a\n",
        "orders_2.csv": b"name,id\nb,2\n",
        "orders_3.csv": b"id,name,more\n3,c,m\n",
        "orders_4.csv": b"id,more\n4,n\n",
    }
    result = shop.land_folder(files, contract())
    rows = [shop.landed(file, "id, name, _extra::json ->> 'more'")[0] for file in result.files]
    assert rows == [("1", "a", None), ("2", "b", None), ("3", "c", "m"), ("4", None, "n")]
    assert [item[2:] for item in result.drift] == [
        ("new_column", "more"), ("new_column", "more"), ("missing_column", "name")
    ]  # fmt: skip
    assert not alone


def test_unknown_and_missing_fields_belong_to_their_file(shop: Shop, alone: list[str]) -> None:
    records = [{"id": "1", "name": "a"}, {"id": "2", "more": 5}, {"id": "3", "name": None, "other": "x"}]
    files = {f"orders_{i}": json.dumps(record).encode() for i, record in enumerate(records)}
    result = shop.land_folder(files, contract(format="jsonl"))
    assert [item[2:] for item in result.drift] == [
        ("new_column", "more"), ("missing_column", "name"), ("new_column", "other")
    ]  # fmt: skip
    assert not alone


def test_each_name_tells_the_values_of_its_own_file(shop: Shop, alone: list[str]) -> None:
    columns = {"id": TEXT, "shop_no": {"type": "integer", "file_name": r"orders_(\d+)"}}
    files = {"orders_1's.csv": b"id,x\n1,\n", "orders_22.csv": b"id,x\n2,\n", "orders_.csv": b"id,x\n3,\n"}
    result = shop.land_folder(files, contract(columns))
    assert [shop.landed(file, "id, shop_no, _file")[0] for file in result.files] == [
        ("3", None, "orders_.csv"), ("1", 1, "orders_1's.csv"), ("2", 22, "orders_22.csv")
    ]  # fmt: skip
    assert not alone


@pytest.mark.parametrize("character", "*?[]{}\\")
def test_a_path_that_could_be_a_pattern_is_read_with_others_and_means_itself(
    session: DuckSession, tmp_path: Path, alone: list[str], character: str
) -> None:
    name = f"orders_1{character}.csv"
    shop = Shop(session, tmp_path)
    result = shop.land_folder({name: b"id,name\n1,a\n", "orders_12.csv": b"id,name\n2,b\n"}, contract())
    assert not alone
    rows = {file.file: shop.landed(file, "id, name, _file") for file in result.files}
    assert rows == {name: [("1", "a", name)], "orders_12.csv": [("2", "b", "orders_12.csv")]}


def test_the_same_content_twice_lands_once(shop: Shop, alone: list[str]) -> None:
    data = b"id,name\n1,a\n"
    files = {"orders_20260101_1.csv": data, "orders_20260101_2.csv": data}
    result = shop.land_folder(files, contract(file_date=r"_(\d{8})_"))
    assert len(result.files) == 1 and result.skipped == 1 and not alone


def test_a_parquet_file_that_unpacks_to_more_than_a_batch_lands_alone(shop: Shop, alone: list[str]) -> None:
    many = shop.parquet(f"select i as id, 'a' as name from range({together.MOST_ROWS + 1}) as r(i)")
    long = shop.parquet(f"select i as id, repeat('a', {together.LONGEST}) as name from range(10) as r(i)")
    small = shop.parquet("select 1 as id, 'a' as name")
    assert len(long) < together.SMALL
    for other in (many, long):
        alone.clear()
        result = shop.land_folder({"orders_1": other, "orders_2": small}, contract(format="parquet"))
        assert not result.problems and result.files[1].rows_landed == 1
        assert "orders_1" in alone or len(other) > together.SMALL


def test_a_parquet_file_with_a_column_of_the_landing_itself(shop: Shop) -> None:
    data = shop.parquet("select 1 as id, 'a' as name, 's' as _source, 'f' as filename")
    done = shop.land(data, contract(format="parquet"), name="orders")
    assert done.rows == [("1", "a")] and done.extra == [{"_source": "s", "filename": "f"}]


def test_an_engine_that_fails_on_many_files_is_asked_for_each(
    shop: Shop, alone: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise StatementFault("DuckDB: Out of Memory Error", "", "")

    monkeypatch.setattr(together, "_write", refuse)
    files = {f"orders_{i}.csv": f"id,name\n{i},a\n".encode() for i in range(3)}
    result = shop.land_folder(files, contract())
    assert [file.rows_landed for file in result.files] == [1, 1, 1] and sorted(files) == alone


def test_workbooks_with_other_sheets_and_headers(shop: Shop, alone: list[str]) -> None:
    files = {
        "orders_1.xlsx": workbook([["id", "name"], [1, "a"], [2, "b"]]),
        "orders_2.xlsx": workbook([["name", "id"], ["c", 3]]),
        "orders_3.xlsx": workbook([["id", "name"], [None, "d"]]),
    }
    result = shop.land_folder(files, contract(format="xlsx"))
    assert [(file.rows_landed, file.rows_rejected) for file in result.files] == [(2, 0), (1, 0), (0, 1)]
    assert alone == ["orders_3.xlsx"]


def test_more_files_than_one_query_takes(shop: Shop, alone: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "MOST_FILES", 2)
    monkeypatch.setattr(together, "MOST_BYTES", 30)
    files = {f"orders_{i}.csv": f"id,name\n{i},{'a' * i}\n".encode() for i in range(9)}
    result = shop.land_folder(files, contract())
    assert [shop.landed(file, "id")[0][0] for file in result.files] == [str(i) for i in range(9)]
    assert not alone
    assert not list((shop.root / "scratch").iterdir())


def test_small_files_below_a_title_are_read_in_one_query(shop: Shop, alone: list[str]) -> None:
    files = {f"orders_{i}": f"客户表 {i}\n\nid,name\n{i},a\n".encode() for i in range(FILES)}
    result = shop.land_folder(files, contract(header_row=3))
    assert [file.rows_landed for file in result.files] == [1] * FILES
    assert not alone and not result.problems
