"""Names of columns: headers that differ from the contract in spelling, columns that were renamed, keys with blanks."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from typing import Any

import pytest

from siyu.seeds.channels import Channel
from tests.engine.test_landing import TEXT, Shop, contract
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop
from tests.engine.test_xlsx import workbook

MOBILE = {"id": TEXT, "mobile": TEXT}
MAY, JUNE = date(2026, 1, 30), date(2026, 1, 31)


def renamed(**column: Any) -> Channel:
    """A contract with an id and a mobile, and more keys for the mobile."""
    return contract({"id": TEXT, "mobile": {**TEXT, **column}})


# Headers


@pytest.mark.parametrize(
    "header", ["Mobile", "MOBILE", "ｍｏｂｉｌｅ", "mo bile", "\u200bmobile", "mobile\ufeff", " Mobile\u00a0"]
)
def test_a_header_that_is_spelled_another_way_is_the_column(shop: Shop, header: str) -> None:
    csv = f"id,{header}\n1,139\n"
    parquet = shop.parquet(f"select '1' as id, '139' as \"{header}\"")
    for data, kind in ((csv.encode(), "csv"), (parquet, "parquet"), (workbook([["id", header], ["1", "139"]]), "xlsx")):
        done = shop.land(data, contract(MOBILE, format=kind))
        assert (done.rows, done.extra, done.reason) == ([("1", "139")], [None], "")
        assert [kind for kind, _ in done.drift] == ["respelled"]


def test_what_is_invisible_in_a_header_is_shown(shop: Shop) -> None:
    assert shop.land("id,\u200bmobile,no\u200dte\n1,139,x\n", contract(MOBILE)).drift == [
        ("new_column", "note"),
        ("respelled", "\\u200bmobile"),
        ("respelled", "no\\u200dte"),
    ]


@pytest.mark.parametrize(
    ("kind", "invisible"), [*product(("csv", "xlsx"), ("\u200b", "\ufeff", "\u200b\u200d")), ("csv", "\0")]
)
def test_a_header_cell_of_invisible_characters_alone_has_no_name(shop: Shop, kind: str, invisible: str) -> None:
    rows = [["id", invisible, "Mobile"], ["1", "x", "139"]]
    data = workbook(rows) if kind == "xlsx" else "\n".join(map(",".join, rows))
    done = shop.land(data, contract(MOBILE, format=kind))
    assert (done.rows, done.reason) == ([("1", "139")], "")
    assert done.extra == [{"column_2": "x"}]
    assert ("respelled", "Mobile") in done.drift


def test_of_two_headers_the_exact_one_counts(shop: Shop) -> None:
    for header in ("id,Mobile,mobile", "id,mobile ,mobile"):
        done = shop.land(f"{header}\n1,138,139\n", contract(MOBILE))
        assert done.rows == [("1", "139")] and list(done.extra[0].values()) == ["138"]


def test_two_headers_that_fit_equally_well_are_refused_by_name(shop: Shop) -> None:
    done = shop.land("id,Mobile,MOBILE\n1,138,139\n", contract(MOBILE))
    assert "the header has Mobile and MOBILE, which both match the column mobile" in done.reason
    assert (done.file.rows_read, done.file.landed) == (0, False)


def test_columns_whose_names_differ_only_in_case_keep_apart(shop: Shop) -> None:
    channel = contract({"id": TEXT, "lower": {**TEXT, "path": "a"}, "upper": {**TEXT, "path": "A"}})
    assert shop.land("id,A,a\n1,u,l\n", channel).rows == [("1", "l", "u")]
    assert shop.land("id,a,Ａ\n1,l,u\n", channel).rows == [("1", "l", None)]


@pytest.mark.parametrize("kind", ["jsonl", "json"])
@pytest.mark.parametrize("extra", ["keep", "ignore", "reject"])
def test_a_field_of_json_in_another_case_is_the_column(shop: Shop, kind: str, extra: str) -> None:
    records = [{"id": "1", "mobile": "137"}, {"id": "2", "Mobile": "138"}, {"ID": "3", "mobile": "139"}]
    text = json.dumps(records) if kind == "json" else "\n".join(map(json.dumps, records))
    done = shop.land(text, contract(MOBILE, format=kind, extra_columns=extra))
    assert done.rows == [("1", "137"), ("2", "138"), ("3", "139")] and not any(done.extra)
    assert done.drift == [("respelled", "ID"), ("respelled", "Mobile")]


def test_a_large_file_of_json_is_read_again_for_a_field_in_its_last_record(shop: Shop) -> None:
    lines = [json.dumps({"id": str(i), "mobile": "139", "note": "x" * 200}) for i in range(2000)]
    data = "\n".join([*lines, json.dumps({"id": "last", "MOBILE": "138"})])
    done = shop.land(data, contract(MOBILE, format="jsonl"))
    assert len(data) > 256 << 10 and done.rows[-1] == ("last", "138") and done.extra[-1] is None


# Columns that were renamed


def test_an_earlier_name_in_another_spelling_is_found_in_rows_that_landed(shop: Shop) -> None:
    headers = ["Tel. Nr", "TEL. NR", "ｔｅｌ.nr", "\u200btel.Nr", "Tel"]
    csv = {f"orders_{i}": f"id,{header}\n{i},v{i}\n" for i, header in enumerate(headers)}
    files = shop.nights(contract(MOBILE), [(MAY, csv)])
    found = shop.read(renamed(**{"from": ["Tel. Nr"]}), files, "id, mobile")
    assert found == [("0", "v0"), ("1", "v1"), ("2", "v2"), ("3", "v3"), ("4", None)]
    # A name that fits two columns is read only where it is exact.
    both = contract({"id": TEXT, "mobile": {**TEXT, "from": ["Tel. Nr"]}, "phone": {**TEXT, "from": ["TEL.NR"]}})
    assert shop.read(both, files, "mobile, phone")[:2] == [("v0", None), (None, None)]


def test_an_earlier_field_in_another_spelling_is_found_in_records_that_landed(shop: Shop) -> None:
    records = '{"id":"1","Tel/Nr":"a"}\n{"id":"2","TEL/NR":"b"}\n'
    files = shop.nights(contract(MOBILE, format="jsonl"), [(MAY, {"orders_1": records})])
    corrected = contract({"id": TEXT, "mobile": {**TEXT, "from": ["Tel/Nr"]}}, format="jsonl")
    assert shop.read(corrected, files, "id, mobile") == [("1", "a"), ("2", "b")]


def test_a_contract_that_is_corrected_later_finds_the_value_in_rows_that_landed(shop: Shop) -> None:
    nights = [(MAY, {"orders1.csv": "id,mobile\n1,137\n"}), (JUNE, {"orders2.csv": "id,Handy\n2,138\n"})]
    files = shop.nights(contract(MOBILE), nights)
    assert shop.read(contract(MOBILE), files, "id, mobile") == [("1", "137"), ("2", None)]
    corrected = renamed(**{"from": ["mobile", "Handy", "手机号"]})
    assert shop.read(corrected, files, "id, mobile") == [("1", "137"), ("2", "138")]
    again = {"orders2.csv": b"id,Handy\n2,138\n"}
    result = shop.land_folder(again, corrected, 3, JUNE, files)
    assert (result.files, result.skipped) == ([], 1)


def test_a_column_may_get_another_name_in_the_contract(shop: Shop) -> None:
    files = shop.nights(contract(MOBILE), [(MAY, {"orders1.csv": "id,mobile\n1,137\n"})])
    channel = contract({"id": TEXT, "phone": {"type": "integer", "from": ["mobile"]}})
    assert shop.read(channel, files, "id, phone") == [("1", 137)]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_earlier_name_is_read_like_the_current_one(shop: Shop, kind: str) -> None:
    channel = renamed(**{"from": "Handy"})
    channel = channel.model_copy(
        update={"exports": {"orders": channel.exports["orders"].model_copy(update={"format": kind})}}
    )
    text = "id,Handy\n1,138\n" if kind == "csv" else json.dumps({"id": "1", "Handy": "138"})
    done = shop.land(text, channel)
    assert (done.rows, done.extra, done.drift) == ([("1", "138")], [None], [])


def test_a_contract_without_earlier_names_keeps_its_fingerprint() -> None:
    assert contract(MOBILE).exports["orders"].fingerprint != renamed(**{"from": "Handy"}).exports["orders"].fingerprint
    dumped = contract(MOBILE).exports["orders"].model_dump()["columns"]["mobile"]
    assert dumped["former"] == ()


def test_an_earlier_name_that_another_column_has_is_refused() -> None:
    with pytest.raises(ValueError, match="column 'mobile' has the name 'id', which is a name of column 'id', too"):
        renamed(**{"from": ["id"]})
    with pytest.raises(ValueError, match="both from and file_name"):
        contract({"id": TEXT, "day": {**TEXT, "from": ["Day"], "file_name": "_(.*)"}})


# Keys and ids


def test_blanks_around_a_key_make_no_other_row(shop: Shop) -> None:
    nights = [
        (MAY, {"orders1.csv": "id,name\nR11,old\nR12,x\n"}),
        (JUNE, {"orders2.csv": "id,name\nR11\t,new\n\u200b R13\u00a0,y\n"}),
    ]
    files = shop.nights(contract(), nights)
    assert shop.read(contract(), files, "id, name") == [("R11", "new"), ("R12", "x"), ("R13", "y")]


def test_a_key_that_landed_with_blanks_is_the_same_key_today(shop: Shop) -> None:
    files = shop.nights(contract(key=["name"]), [(MAY, {"orders1.csv": "id,name\nR11 ,old\n"})])
    assert shop.landed(files[0], "id") == [("R11 ",)]  # as text landed before keys were trimmed
    new = shop.land_folder({"orders2.csv": b"id,name\nR11,new\n"}, contract(), 2, JUNE, files).files
    assert shop.read(contract(), [*files, *new], "id, name") == [("R11", "new")]


def test_a_key_of_blanks_is_missing(shop: Shop) -> None:
    done = shop.land("id,name\n \t,x\n1,y\n")
    assert done.rows == [("1", "y")] and [row[3] for row in done.rejects] == ["a required value is missing"]


def test_an_id_is_one_value_however_it_is_written(shop: Shop) -> None:
    given = ["10023", "10023.0", " 10023.00\t", "007", "1.5", "A1.0", "-3.0"]
    values, rejects = shop.one_column(given, type="id")
    assert values == ["10023", "10023", "10023", "007", "1.5", "A1.0", "-3"] and not rejects
    assert shop.one_column(["10023.0", " x"], type="text")[0] == ["10023.0", " x"]


def test_numbers_of_workbooks_and_parquet_land_without_a_fraction(shop: Shop) -> None:
    text = {"id": TEXT, "member_id": TEXT}
    sheet = workbook([["id", "member_id"], [1.0, 10023.0]])
    assert shop.land(sheet, contract(text, format="xlsx")).rows == [("1", "10023")]
    table = shop.parquet("select 1.0::double as id, 10023.0::decimal(9,1) as member_id")
    assert shop.land(table, contract(text, format="parquet")).rows == [("1", "10023")]
    records = '{"id": 1, "member_id": 10023.0}'
    assert shop.land(records, contract({"id": TEXT, "member_id": {"type": "id"}}, format="jsonl")).rows == [
        ("1", "10023")
    ]
