"""Whatever happens to a file, it is counted: read = landed + rejected, nothing raised, nothing lost, nothing shown.

MUTATED sets how many mutated files are tried in all.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from siyu.dev.dry_run import look
from siyu.engines.duckdb import DuckSession
from siyu.landing import channel as channel_module
from siyu.landing.channel import ChannelLanding
from siyu.landing.file import Landing, name_label, shown_name
from siyu.landing.readers import reading
from siyu.warehouse.ledger import LandedFile
from tests.engine.bombs import bombs_of
from tests.engine.mutants import (
    CHANGES,
    COLUMNS,
    FORMATS,
    HEADER,
    NAMED,
    NAMES,
    Change,
    Format,
    Found,
    Record,
    Table,
    field_of,
    record,
    table,
    value_of,
)
from tests.engine.test_landing import AS_OF, Shop, contract
from tests.engine.test_landing import folder as folder
from tests.engine.test_landing import session as session

MUTATED = int(os.environ.get("MUTATED", "100"))
COUNT, MANY = 12, 400
# Written differently; a workbook in its parts is one that is only damaged differently.
WRITTEN = [name for name in FORMATS if name != "xlsx in its parts"]
MOBILES = re.compile(r"(?<![0-9])(" + "|".join(record(i)["mobile"] for i in range(MANY)) + ")(?![0-9])")
TRACES = ("Traceback", "0x7f", "panicked", "Error:\n")
EXAMPLES = settings(
    max_examples=max(1, MUTATED // (len(FORMATS) + 1)),
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def _mutated(shop: Shop, kind: Format, count: int, changes: list[Change], name: str = "orders") -> None:
    data, made, is_touched = kind.mutated(count, changes)
    channel = contract(**kind.export)
    result = shop.land_folder({name: data}, channel)
    _tells_nothing(result)
    if not result.files:
        assert result.problems and kind.export["format"] == "parquet"
    for file in result.files:
        _is_counted(shop, file)
        found = kind.found(data)
        if found and found.count is not None:
            assert not file.landed or file.rows_read == found.count
        if (found is None or found.count is not None) and not is_touched:
            found = Found(made.records() if {"id", "amount"} <= set(made.header) else None)
        if found is not None and found.records is not ...:
            _is_right(shop, file, found.records)
    shown = shown_name(name, name_label(shop.session, name))
    assert all(file.file == shown for file in result.files)
    again = shop.land_folder({name: data}, channel, seq=2, known=result.files)
    assert again.skipped == len(result.files) and not again.files
    good = shop.land_folder({"orders": b'{"id":"1"}'}, contract(format="jsonl"))
    assert good.rows_landed == 1 and not good.problems


def _tells_nothing(result: ChannelLanding) -> None:
    told = [*result.problems, *(text for item in result.drift for text in item)]
    for text in [*told, *(file.reason or "" for file in result.files)]:
        assert not MOBILES.search(text) and not any(trace in text for trace in TRACES) and len(text) < 2000, text
        text.encode()


def _is_counted(shop: Shop, file: LandedFile) -> None:
    landed = [line for (line,) in shop.landed(file, "_line")] if file.path else []
    rejects = f"from read_parquet('{shop.root / str(file.rejects)}')"
    refused = shop.session.rows(rejects) if file.rejects else []
    assert all(reason and not MOBILES.search(f"{column} {value} {reason}") for _, column, value, reason in refused)
    lines = {line for line, *_ in refused}
    assert len(landed) == file.rows_landed + file.rows_replaced
    keys = {key for (key,) in shop.landed(file, "id")} if file.path else set()
    assert len(keys) == file.rows_landed and None not in keys and not any("\ufffd" in key for key in keys)
    assert file.rows_read == file.rows_landed + file.rows_rejected + file.rows_replaced
    if file.landed:
        assert sorted([*landed, *lines]) == list(range(1, file.rows_read + 1))
    else:
        assert file.reason and not landed and file.rows_rejected == file.rows_read


def _is_right(shop: Shop, file: LandedFile, expected: list[Record | None] | None) -> None:
    """Every record the other reader finds, in its place, with its values."""
    if expected is None:
        assert not file.landed, "another reader finds no records here"
        return
    assert file.landed, file.reason
    assert file.rows_read == len(expected)
    columns = ", ".join(f'"{column}"' for column in HEADER)
    landed = {line: values for line, *values in shop.landed(file, f"_line, {columns}")}
    for line, item in enumerate(expected, start=1):
        values = landed.get(line)
        if values is None:
            assert not _must_land(item), (line, item)
        else:
            assert item is not None, (line, values)
            wanted = [value_of(column, field_of(item, column)) for column in HEADER]
            assert [w if w is ... else v for v, w in zip(values, wanted, strict=True)] == wanted, line


def _must_land(item: Record | None) -> bool:
    """A record that nothing has happened to, or nothing that breaks the contract."""
    if item is None or not value_of("id", field_of(item, "id")) or not field_of(item, "amount"):
        return False
    if "\0" in "".join(item.values()):
        return False
    if "\ufffd" in str(field_of(item, "id")):
        return False
    return all(value_of(column, field_of(item, column)) is not ... for column in COLUMNS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_mutated_file_is_counted_and_shows_nobody(session: DuckSession, folder: Path, name: str) -> None:
    @given(changes=CHANGES, file=NAMED)
    @EXAMPLES
    def holds(changes: list[Change], file: str) -> None:
        _mutated(Shop(session, folder), FORMATS[name], COUNT, changes, file)

    holds()


def test_a_mutated_csv_of_many_buffers(session: DuckSession, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "STRICT_LINE", 2048)
    monkeypatch.setattr(reading, "STRICT_BUFFER", 8192)

    @given(changes=CHANGES, file=NAMED)
    @EXAMPLES
    def holds(changes: list[Change], file: str) -> None:
        _mutated(Shop(session, folder), FORMATS["csv"], MANY, changes, file)

    holds()


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_that_nothing_happened_to_lands_whole(session: DuckSession, folder: Path, name: str) -> None:
    _mutated(Shop(session, folder), FORMATS[name], COUNT, [])
    shop = Shop(session, folder)
    result = shop.land_folder({"orders": FORMATS[name].write(table(COUNT))}, contract(**FORMATS[name].export))
    assert result.rows_landed == COUNT and not result.problems and not result.drift


@pytest.mark.parametrize("small", [reading.BLOCK, -1], ids=["together", "alone"])
@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_of_any_name_lands_its_own_rows(
    session: DuckSession, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, small: int
) -> None:
    """Read as a pattern, most of these names would match another file, or none."""
    # DuckDB reads the rows of a workbook from a file of another name, and each alone takes a process: fewer names.
    names = NAMES[::3] if (name, small) == ("xlsx", -1) else NAMES
    kind, shop, made = FORMATS[name], Shop(session, folder / "c0=evil"), table(len(names))
    shop.root.mkdir(exist_ok=True)
    monkeypatch.setattr(channel_module, "SMALL", small)
    files = {file: kind.write(Table(made.header, [row])) for file, row in zip(names, made.rows, strict=True)}
    columns = {**kind.export["columns"], "from_name": {"type": "text", "file_name": r"(?s)(orders.*)"}}
    result = shop.land_folder(files, contract(**{**kind.export, "columns": columns}))
    rows = {file.file: shop.landed(file, "id, _file, from_name") for file in result.files}
    expected = dict(zip(names, made.rows, strict=True))
    assert not result.problems and not result.drift
    shown = {file: shown_name(file, name_label(session, file)) for file in expected}
    assert rows == {shown[file]: [(row[0], file, file)] for file, row in expected.items()}


TABULAR = [name for name in WRITTEN if "json" not in name]


@pytest.mark.parametrize("name", TABULAR)
def test_the_header_decides_whose_a_value_is(session: DuckSession, folder: Path, name: str) -> None:
    made, kind = table(COUNT), FORMATS[name]
    shop, channel = Shop(session, folder), contract(**kind.export)
    turned = Table(made.header[::-1], [row[::-1] for row in made.rows])
    (file,) = shop.land_folder({"orders": kind.write(turned)}, channel).files
    _is_right(shop, file, made.records())
    without_amount = Table([*made.header[:4], "sum", *made.header[5:]], made.rows)
    (file,) = shop.land_folder({"orders": kind.write(without_amount)}, channel).files
    assert not file.landed and "the required column amount is missing" in str(file.reason)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_column_renamed_is_one_missing_and_one_new(session: DuckSession, folder: Path, name: str) -> None:
    made, kind = table(COUNT), FORMATS[name]
    renamed = Table([*made.header[:-1], "remark"], made.rows)
    result = Shop(session, folder).land_folder({"orders": kind.write(renamed)}, contract(**kind.export))
    assert result.rows_landed == COUNT
    assert [item[2:] for item in result.drift] == [("new_column", "remark"), ("missing_column", "note")]


# The same files, looked at only


@pytest.mark.parametrize("name", FORMATS)
def test_a_dry_run_says_what_landing_does(session: DuckSession, folder: Path, name: str) -> None:
    kind = FORMATS[name]
    channel = contract(**{**kind.export, "max_reject_rate": 0.2})
    dry = folder / "dry"
    dry.mkdir(exist_ok=True)

    @given(changes=CHANGES, file=NAMED)
    @settings(EXAMPLES, max_examples=max(1, MUTATED // 40))
    def holds(changes: list[Change], file: str) -> None:
        shop = Shop(session, folder)
        result = shop.land_folder({file: kind.mutated(COUNT, changes)[0]}, channel)
        path = shutil.copy(folder / "in" / file, dry / file)
        found = look(session, channel, "orders", path, Landing(0, AS_OF, dry, dry, {}))
        assert found.lands == any(file.landed for file in result.files), (found, result)
        if found.lands:
            assert (found.rows_read, found.rows_rejected) == (result.files[0].rows_read, result.rows_rejected)

    holds()


# Files made to break their reader: a process for each format, 1 GB for the engine

LANDED = {
    "csv_line_of_10_mb": (3, 3),
    "csv_of_300_mb_on_one_line": (3, 2),
    "csv_of_nothing_but_commas": (2, 1),
    "csv_of_nothing_but_newlines": (1, 1),
    "csv_of_nothing_but_nul": (2, 1),
    "csv_of_nothing_but_quotes": (2, 1),
    "csv_quoted_field_of_10_mb": (3, 3),
    "jsonl_arrays_100_000_deep": (3, 3),
    "jsonl_line_of_10_mb": (3, 3),
    "jsonl_line_of_70_mb": (3, 2),
    "jsonl_line_of_300_mb": (3, 2),
    "jsonl_nested_100_000_deep": (3, 3),
    "jsonl_of_50_000_keys": (50_000, 50_000),
    "jsonl_record_of_50_000_keys": (1, 1),
    "json_nested_100_000_deep": (2, 2),
    "xlsx_cell_of_10_mb": (2, 2),
    "xlsx_cell_of_40_mb": (2, 1),
    "xlsx_dimension_of_a_whole_sheet": (1, 1),
    "xlsx_inside_xlsx_inside_xlsx": (1, 1),
    "xlsx_of_30_mb_of_empty_rows": (0, 0),
    "xlsx_of_1_mb_of_cells": (30_000, 30_000),
    "parquet_of_3_million_equal_rows": (3_000_000, 3_000_000),
    "parquet_of_one_long_text_in_many_rows": (1000, 1000),
}
# Whole where the engine finds room for them in its 1 GB, else told as what they are.
AT_THE_LIMIT = {
    "jsonl_arrays_4_million_deep": 3,
    "jsonl_objects_1_million_deep": 3,
    "json_nested_4_million_deep": 2,
    "json_of_5_million_records": 5_000_001,
    "json_string_of_50_mb": 3,
    "parquet_of_a_text_of_200_mb": 1,
}
MOST_MEMORY, LONGEST = 2000, 300


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "xlsx", "parquet"])
def test_no_file_takes_the_night_down_with_it(tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.csv").write_text("id,name\n1,a\n", encoding="utf-8")
    made = bombs_of(kind)
    for name, make in made.items():
        make(tmp_path / "in" / f"{name}.{kind}")
    command = [sys.executable, "-m", "tests.engine.bombs", str(tmp_path), kind]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=True)
    answer = json.loads(done.stdout)
    files = answer["files"]
    assert files.pop("zz_good") == ["landed", 1, 1]
    landed = {name: tuple(counts) for name, (status, *counts) in files.items() if status == "landed"}
    at_the_limit = {name: (count, count) for name, count in AT_THE_LIMIT.items() if name in landed}
    assert landed == {name: counts for name, counts in LANDED.items() if name in made} | at_the_limit
    for name in made.keys() - landed.keys():
        (problem,) = [text for text in answer["problems"] if text.startswith(f"{name}.{kind}: ")]
        assert ("Out of Memory" in problem) == (name in AT_THE_LIMIT) == (name not in files) and len(problem) < 1000
    assert answer["peak"] < MOST_MEMORY
    assert answer["drift"] < 1000
