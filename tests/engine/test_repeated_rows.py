"""Rows that share a key: counted, compared, and kept apart where the contract says `key: row`."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from siyu.engines.duckdb import DuckSession
from siyu.landing import channel as channel_module
from siyu.landing import repeats
from siyu.landing.repeats import version_ties
from siyu.seeds.channels import Channel
from siyu.warehouse.ledger import LandedFile
from tests.engine.test_landing import AS_OF, TEXT, Shop, contract
from tests.engine.test_landing import folder as folder
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop

LINES = {
    "order_id": {"type": "text", "required": True},
    "product": TEXT,
    "amount": {"type": "decimal(18,2)"},
}
MOBILE = {"id": {"type": "text", "pii": "direct"}, "name": TEXT}


@pytest.fixture(params=["together", "alone", "counted by the engine"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files land together, others alone; very large ones are counted in another way."""
    if request.param != "together":
        monkeypatch.setattr(channel_module, "SMALL", -1)
    if request.param == "counted by the engine":
        monkeypatch.setattr(repeats, "MOST_SORTED", 1)


def _counts(file: LandedFile) -> tuple[Any, ...]:
    return (
        file.rows_read, file.rows_landed, file.rows_rejected, file.rows_replaced, file.differing_keys, file.example_key,
    )  # fmt: skip


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("data", "counts"),
    [
        ("id,name\n1,a\n2,b\n", (2, 2, 0, 0, 0, None)),
        ("id,name\n1,a\n1,a\n2,b\n1,a\n", (4, 2, 0, 2, 0, None)),
        ("id,name\n1,a\n1,b\n2,b\n", (3, 2, 0, 1, 1, "1")),
        ("id,name\n2,a\n2,b\n2,a\n1,\n1,b\n3,x\n3,x\n", (7, 3, 0, 4, 2, "1")),
        ("id,name,more\n1,a,x\n1,a,y\n", (2, 1, 0, 1, 1, "1")),
        ("id,name\n1,a\n,b\n1,a\n,b\n", (4, 1, 2, 1, 0, None)),
    ],
    ids=["no key twice", "equal rows", "different rows", "several keys", "a new column differs", "rejected rows"],
)
def test_rows_of_one_key_are_counted_and_compared(shop: Shop, data: str, counts: tuple[Any, ...]) -> None:
    result = shop.land_folder({"orders_1.csv": data.encode(), "orders_0.csv": b"id,name\n9,z\n"}, contract())
    assert [_counts(file) for file in result.files] == [(1, 1, 0, 0, 0, None), counts]
    assert result.rows_replaced == counts[3]


@pytest.mark.usefixtures("way")
def test_a_version_orders_rows_of_one_key_unless_it_ties(shop: Shop) -> None:
    channel = contract({**{"id": TEXT, "name": TEXT}, "v": {"type": "integer"}}, version="v")
    data = b"id,name,v\n1,a,1\n1,b,2\n2,a,1\n2,b,1\n3,a,1\n3,a,1\n4,a,\n4,b,\n"
    (file,) = shop.land_folder({"orders_1.csv": data}, channel).files
    assert _counts(file) == (8, 4, 0, 4, 2, "2")
    rows = shop.read(channel, [file], "id, name")
    assert rows == [("1", "b"), ("2", "b"), ("3", "a"), ("4", "b")]


def test_an_example_key_shows_nobody(shop: Shop) -> None:
    done = shop.land("id,name\n13912345678,a\n13912345678,b\n", contract(MOBILE))
    assert done.file.example_key == "139****5678"
    composite = contract({**MOBILE, "day": {"type": "date"}}, key=["day", "id"])
    done = shop.land("id,name,day\n王小明先生啊啊,a,2026-01-02\n王小明先生啊啊,b,2026-01-02\n", composite)
    assert done.file.example_key == "2026-01-02|王小明***啊啊"
    done = shop.land("id,name\nmail a.b@firm.cn,a\nmail a.b@firm.cn,b\n", contract())
    assert done.file.example_key == "mail a***@firm.cn"


# Versions in several files


def _nights(shop: Shop, *files: str) -> tuple[Channel, list[LandedFile]]:
    channel = contract({**{"id": TEXT, "name": TEXT}, "v": {"type": "integer"}}, version="v")
    days = [date(2026, 1, 28 + i) for i in range(len(files))]
    exports = [(day, {f"orders_{day:%d}.csv": f"id,name,v\n{text}"}) for day, text in zip(days, files, strict=True)]
    return channel, shop.nights(channel, exports)


@pytest.mark.parametrize(
    ("first", "second", "ties"),
    [
        ("1,a,1\n", "1,b,2\n", (0, None)),
        ("1,a,1\n2,a,1\n", "1,a,1\n2,a,1\n3,a,1\n", (0, None)),
        ("1,a,1\n2,a,1\n5,a,1\n", "1,b,1\n2,a,1\n5,b,1\n", (2, "1")),
        ("1,a,\n", "1,b,\n", (1, "1")),
        ("1,a,2\n", "1,b,1\n", (0, None)),
    ],
    ids=["a later version", "the same list again", "two rows that differ", "no version at all", "an older version"],
)
def test_different_rows_of_one_version_in_two_files_are_told(
    shop: Shop, first: str, second: str, ties: tuple[int, str | None]
) -> None:
    channel, files = _nights(shop, first, second)
    shop.lay_out(channel, files)
    found = version_ties(shop.session, channel.exports["orders"], "is_orders", "was_orders", 2)
    assert (found.differing, found.example) == ties


def test_ties_of_an_older_landing_are_not_told_again(shop: Shop) -> None:
    channel, files = _nights(shop, "1,a,1\n", "1,b,1\n", "7,a,1\n")
    shop.lay_out(channel, files)
    assert version_ties(shop.session, channel.exports["orders"], "is_orders", "was_orders", 3).differing == 0


# key: row


def _lines(**export: Any) -> Channel:
    return contract(LINES, key="row", **export)


@pytest.mark.usefixtures("way")
def test_two_equal_order_lines_both_count(shop: Shop) -> None:
    channel = _lines()
    data = b"order_id,product,amount\nO1,apple,10.00\nO1,apple,10.00\n,pear,1\n"
    (file,) = shop.land_folder({"orders_1.csv": data}, channel).files
    assert _counts(file) == (3, 2, 1, 0, 0, None)
    assert shop.read(channel, [file], "order_id, amount") == [("O1", Decimal("10.00"))] * 2
    rows = shop.read(channel, [file], "_row, _line")
    assert len({row for row, _ in rows}) == 2 and all(row.endswith(f":{line}") for row, line in rows)


def test_the_same_lines_sent_again_count_once(shop: Shop) -> None:
    channel, data = _lines(), "order_id,product,amount\nO1,apple,10.00\n"
    files = shop.nights(
        channel, [(AS_OF, {"orders_1.csv": data}), (AS_OF, {"orders_1.csv": data, "orders (1).csv": data})]
    )
    assert len(files) == 1
    before = shop.read(channel, files, "_row")
    files = shop.nights(channel, [(AS_OF, {"orders_1.csv": data, "orders_2.csv": data + "O1,apple,10.00\n"})])
    assert len(shop.read(channel, files, "_row")) == 3 and before[0] in shop.read(channel, files, "_row")


def test_equal_files_of_two_days_are_two_days(shop: Shop) -> None:
    channel, data = _lines(file_date=r"_(\d{8})"), "order_id,product,amount\nO1,apple,10.00\n"
    files = shop.nights(channel, [(AS_OF, {"orders_20260129.csv": data, "orders_20260130.csv": data})])
    assert len(shop.read(channel, files, "_row")) == 2
    again = shop.nights(channel, [(AS_OF, {"orders_20260129.csv": data, "orders_20260129_v2.csv": data})])
    assert len(shop.read(channel, again, "_row")) == 1


def test_a_column_from_the_name_tells_equal_files_apart(shop: Shop) -> None:
    columns = {**LINES, "shop_no": {"type": "text", "file_name": r"orders_(\w+)"}}
    channel, data = contract(columns, key="row"), "order_id,product,amount\nO1,apple,10.00\n"
    files = shop.nights(channel, [(AS_OF, {"orders_north.csv": data, "orders_south.csv": data})] * 2)
    assert shop.read(channel, files, "shop_no") == [("north",), ("south",)]


def test_a_complete_list_without_a_key_replaces_the_one_before(shop: Shop) -> None:
    channel = _lines(load="snapshot", file_date=r"_(\d{8})")
    lists = ["O1,apple,10.00\nO1,apple,10.00\n", "O1,apple,10.00\nO2,pear,1.00\n"]
    days = [date(2026, 1, 29), date(2026, 1, 30)]
    nights = [
        (day, {f"orders_{day:%Y%m%d}.csv": f"order_id,product,amount\n{text}"})
        for day, text in zip(days, lists, strict=True)
    ]
    rows = shop.read(channel, shop.nights(channel, nights), "order_id, _removed_date")
    assert rows == [("O1", days[1]), ("O1", days[1]), ("O1", None), ("O2", None)]


def test_a_file_that_landed_by_a_key_is_not_counted_twice(shop: Shop) -> None:
    data = "order_id,product,amount\nO1,apple,10.00\nO1,pear,2.00\n"
    keyed = contract(LINES, key=["order_id", "product"])
    files = shop.nights(keyed, [(AS_OF, {"orders_1.csv": data})])
    for name in ("orders_1.csv", "orders_2.csv"):
        again = shop.land_folder({name: data.encode()}, _lines(), 2, AS_OF, files)
        assert again.skipped == 1 and not again.files
    assert len(shop.read(_lines(), files, "_row")) == 2
    assert shop.read(keyed, files, "order_id") == [("O1",), ("O1",)]


def test_an_export_without_files_has_the_column(shop: Shop) -> None:
    assert shop.read(_lines(), [], "_row") == []
    assert shop.read(_lines(), [], "_row", superseded=True) == []


@pytest.mark.parametrize(
    ("export", "message"),
    [
        ({"key": "row", "version": "amount"}, "version requires a key"),
        ({"key": ["order_id", "_row"]}, "write key: row"),
        ({"key": ["row"]}, "'row' is not a column"),
        ({"key": [], "columns": LINES}, "key is empty"),
    ],
)
def test_a_contract_that_does_not_go_with_it_is_refused(export: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        contract(**{"columns": LINES, **export})


def test_a_column_that_is_called_row_needs_a_list() -> None:
    columns = {**LINES, "row": {"type": "integer"}}
    with pytest.raises(ValueError, match=r"write key: \[row\]"):
        contract(columns, key="row")
    assert contract(columns, key=["row"]).exports["orders"].key == ("row",)


# Invalid characters


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "escaped jsonl", "escaped json"])
def test_one_broken_character_costs_no_other_row(shop: Shop, kind: str) -> None:
    names = {"1": "张三", "2": "小\ud83d明", "3": "李四"}
    if "json" in kind:
        text = {
            key: name if "escaped" not in kind else name.replace("\ud83d", "\\ud83d") for key, name in names.items()
        }
        records = [f'{{"id":"{key}","name":"{name}"}}' for key, name in text.items()]
        data = "\n".join(records) if "jsonl" in kind else f'{{"list":[{",".join(records)}]}}'
    else:
        data = "id,name\n" + "".join(f"{key},{name}\n" for key, name in names.items())
    export = {"format": kind.split()[-1], **({"explode": "list"} if kind.endswith("json") else {})}
    done = shop.land(data.encode(errors="surrogatepass"), contract(max_reject_rate=0, **export))
    assert done.rows == [("1", "张三"), ("2", "小�明"), ("3", "李四")] and not done.result.problems
    assert done.file.mended == "name:1" and done.lines == [1, 2, 3]


def test_whole_pairs_and_backslashes_stay_as_they_are(shop: Shop) -> None:
    texts = [
        r"\ud83d\ude00",
        r"\\ud83d",
        r"\\\ud83d",
        r"\ude00\ud83d",
        r"\ud83d\ud83d\ude00",
        r"\u5f20\"\/",
        r"\ud83dx",
    ]
    data = "".join(f'{{"id":"{i}","name":"{text}"}}\n' for i, text in enumerate(texts))
    done = shop.land(data, contract(format="jsonl"))
    assert [row[1] for row in done.rows] == ["😀", "\\ud83d", "\\�", "��", "�😀", '张"/', "�x"]
    assert done.file.mended == "name:4"


@pytest.mark.parametrize("block", [64, 65, 66, 67, 101, 1 << 20])
def test_a_document_is_mended_in_pieces(shop: Shop, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr("siyu.landing.readers.mending.BLOCK", block)
    name = r"\u5f20\u4e09\ud83d\ude00 张三😀\\\\ud83d" * 3
    broken = name + r"\ud83d"
    records = ",".join(f'{{"id":"{i}","name":"{broken if i == 3 else name}"}}' for i in range(5))
    done = shop.land(f"[{records}]", contract(format="json"))
    plain = "张三😀 张三😀\\\\ud83d" * 3
    assert [row[1] for row in done.rows] == [plain, plain, plain, plain + "�", plain]
    assert done.file.mended == "name:1"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_a_file_in_another_encoding_is_not_mended(shop: Shop, kind: str) -> None:
    rows = [(str(i), f"张三李四{i}") for i in range(9)]
    records = [f'{{"id":"{key}","name":"{name}"}}' for key, name in rows]
    texts = {
        "csv": "id,name\n" + "".join(f"{key},{name}\n" for key, name in rows),
        "jsonl": "\n".join(records),
        "json": f"[{','.join(records)}]",
    }
    done = shop.land(texts[kind].encode("gb18030"), contract(format=kind, encoding="utf-8", max_reject_rate=0.5))
    assert not done.file.landed and done.file.rows_landed == 0 and done.file.mended is None
    assert "not a JSON object (9)" in done.reason or "not valid" in done.reason


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "utf-16"])
def test_halves_of_pairs_are_no_sign_of_another_encoding(shop: Shop, kind: str) -> None:
    rows = [(str(i), "plain" if i < 5 else f"a\ud83d{i}") for i in range(9)]
    records = [f'{{"id":"{key}","name":"{name}"}}' for key, name in rows]
    csv = "id,name\n" + "".join(f"{key},{name}\n" for key, name in rows)
    text = {"jsonl": "\n".join(records), "json": f"[{','.join(records)}]"}.get(kind, csv)
    data = text.encode("utf-16" if kind == "utf-16" else "utf-8", "surrogatepass")
    done = shop.land(data, contract(format=kind.replace("utf-16", "csv")))
    assert [row[1] for row in done.rows] == [name.replace("\ud83d", "\ufffd") for _, name in rows]
    assert done.file.mended == "name:4"


def test_a_broken_utf16_value_is_replaced(shop: Shop) -> None:
    data = "id,name\n1,小\ud83d明\n2,a\n".encode("utf-16", "surrogatepass")
    done = shop.land(data)
    assert done.rows == [("1", "小�明"), ("2", "a")] and done.file.mended == "name:1"


def test_a_key_that_lost_a_character_identifies_nothing(shop: Shop) -> None:
    data = "id,name\nk\ud83d,张三丰\nk\ud83e,李四光\nk3,王五\n".encode(errors="surrogatepass")
    done = shop.land(data)
    assert done.rows == [("k3", "王五")]
    assert [item[1:] for item in done.rejects] == [
        ("id", "k�", "U+FFFD in a key: a character of the value was lost")
    ] * 2


def test_a_number_or_choice_that_lost_a_character_is_rejected(shop: Shop) -> None:
    columns = {"id": TEXT, "n": {"type": "integer"}, "s": {"type": "text", "in": ["已付", "未付"]}}
    data = "id,n,s\n1,1\ud83d,已付\n2,2,已\ud83d付\n3,3,未付\n".encode(errors="surrogatepass")
    done = shop.land(data, contract(columns))
    assert done.rows == [("3", 3, "未付")] and [item[1] for item in done.rejects] == ["n", "s"]


@pytest.mark.parametrize("head", [b"\x1f\x8b\x08\0", b"PK\x03\x04", b"\x28\xb5\x2f\xfd"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "json"])
def test_a_compressed_file_is_refused_for_what_it_is(shop: Shop, kind: str, head: bytes) -> None:
    done = shop.land(head + b"\n" * 50, contract(format=kind))
    assert "the file is compressed" in done.reason and not done.file.landed


def test_a_name_of_a_compressed_file_makes_none(session: DuckSession, tmp_path: Path) -> None:
    shop = Shop(session, tmp_path)
    done = shop.land("id,name\n1,a\n", name="orders.csv.gz")
    assert done.rows == [("1", "a")]


@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_characters_are_counted_in_ids_and_in_fields_of_another_spelling(shop: Shop, kind: str) -> None:
    records = [r'{"id":"1","Name":"a\ud83d","code":"A\ud83d"}', '{"id":"2","Name":"b","code":"B"}']
    data = "\n".join(records) if kind == "jsonl" else f"[{','.join(records)}]"
    done = shop.land(data, contract({"id": TEXT, "name": TEXT, "code": {"type": "id"}}, format=kind))
    assert done.rows == [("1", "a�", "A�"), ("2", "b", "B")]
    assert done.file.mended == "name:1;code:1" and ("respelled", "Name") in done.drift


# Names that siyu's own queries use, too

OWN_NAMES = (
    "x", "n", "h", "c", "s", "v", "a", "j", "k", "k0", "c0", "c1", "t", "r", "json", "answer", "value", "line",
    "column_name", "reason", "differs", "landed", "repeated", "replaced", "day", "rows", "records", "items", "keys",
    "order", "select",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "jsonl", "json", "parquet"])
def test_a_column_may_have_any_name(shop: Shop, kind: str) -> None:
    # The path of each column is the name of another one.
    paths = dict(zip(OWN_NAMES, OWN_NAMES[1:] + OWN_NAMES[:1], strict=True))
    columns = {name: {"type": "integer", "path": path} for name, path in paths.items()}
    lines = [[10 + i for i in range(len(OWN_NAMES))] for _ in range(3)]
    lines[1][0], lines[2][5] = 99, 77  # another row of the same keys, and other keys
    texts = [*([str(value) for value in line] for line in lines), ["x"] * len(OWN_NAMES)]
    data: str | bytes = "\n".join(json.dumps(dict(zip(paths.values(), line, strict=True))) for line in texts)
    if kind == "csv":
        data = "\n".join(",".join(line) for line in [list(paths.values()), *texts])
    elif kind == "json":
        data = f"[{','.join(str(data).splitlines())}]"
    elif kind == "parquet":
        rows = ", ".join(f"({', '.join(map(repr, line))})" for line in texts)
        names = ", ".join(f'"{path}"' for path in paths.values())
        data = shop.parquet(f"select * from (values {rows}) as t({names})")
    channel = contract(columns, format=kind, key=list(OWN_NAMES[1:]), max_reject_rate=0.5)
    done = shop.land(data, channel)
    file = done.file
    assert [list(row) for row in done.rows] == lines and {reject[3] for reject in done.rejects} == {
        "not a valid integer"
    }
    assert (file.rows_read, file.rows_landed, file.rows_rejected, file.rows_replaced) == (4, 2, 1, 1)
    assert (file.differing_keys, file.example_key) == (1, "|".join(str(value) for value in lines[0][1:])[:200])
    assert [row[0] for row in shop.read(channel, [file], "x")] == [10, 99]
