"""Answers of an API as exports: several paths, paths from the document, lists of answers; what a file's name tells."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from siyu.dev.dry_run import look
from siyu.landing.file import Landing
from siyu.landing.readers import reading
from siyu.seeds.channels import Export
from siyu.warehouse.ledger import LandedFile
from tests.engine.test_landing import AS_OF, TEXT, Landed, Row, Shop, contract
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop

GROUPS = {
    "group": {"type": "text", "path": "$.group_chat.chat_id"},
    "owner": {"type": "text", "path": "$.group_chat.owner"},
    "asked": {"type": "integer", "path": "$.asked"},
    "member": {"type": "text", "path": "userid"},
}
EXPLODED: dict[str, Any] = {"format": "json", "explode": "group_chat.member_list", "key": ["group", "member"]}


def answer(chat_id: str, *members: str, **more: Any) -> dict[str, Any]:
    listed = [{"userid": member} for member in members]
    return {"errcode": 0, **more, "group_chat": {"chat_id": chat_id, "owner": f"of {chat_id}", "member_list": listed}}


def land(shop: Shop, document: Any, columns: dict[str, Any] | None = None, **export: Any) -> Landed:
    return shop.land(json.dumps(document), contract(columns or GROUPS, **{**EXPLODED, **export}))


# Paths from the document


def test_a_path_from_the_document_stands_beside_every_record(shop: Shop) -> None:
    done = land(shop, answer("g1", "a", "b", asked=7))
    assert done.rows == [("g1", "of g1", 7, "a"), ("g1", "of g1", 7, "b")] and done.lines == [1, 2]
    assert not done.drift and done.extra == [None, None]


def test_every_record_of_a_list_of_answers_has_its_own_answer(shop: Shop) -> None:
    done = land(shop, [answer("g1", "a", "b", asked=1), answer("g2", "a", asked=2)])
    assert done.rows == [("g1", "of g1", 1, "a"), ("g1", "of g1", 1, "b"), ("g2", "of g2", 2, "a")]
    assert done.lines == [1, 2, 3] and not done.drift


def test_many_answers_keep_their_order_and_their_records(shop: Shop) -> None:
    """More answers, and more records in one, than the engine takes at a time."""
    long = answer("long", *(f"m{i}" for i in range(5000)))
    answers = [answer(f"g{i}", "x", "y") for i in range(4999)]
    done = land(shop, [*answers[:2500], long, *answers[2500:]])
    wanted = [(a["group_chat"]["chat_id"], m["userid"]) for a in [*answers[:2500], long, *answers[2500:]]
              for m in a["group_chat"]["member_list"]]  # fmt: skip
    assert [(row[0], row[3]) for row in done.rows] == wanted and done.lines == list(range(1, len(wanted) + 1))


def test_answers_without_records_have_none(shop: Shop) -> None:
    nothing = [{"errcode": 40001}, None, 5, [], {"group_chat": None}, {"group_chat": {"member_list": 5}}, answer("g2")]
    done = land(shop, [*nothing, answer("g1", "a"), {}])
    assert [(row[0], row[3]) for row in done.rows] == [("g1", "a")] and not done.rejects


def test_an_answer_that_says_it_is_none_rejects_the_file(shop: Shop) -> None:
    """Whoever it would have listed has not been removed."""
    accepted = {"answers": {"errcode": ["0", "49008"]}}
    dissolved, refused = {"errcode": 49008}, {"errcode": 45009, "errmsg": "api freq out of limit"}
    done = land(shop, [answer("g1", "a"), dissolved, {"group_chat": None}], **accepted)
    assert [(row[0], row[3]) for row in done.rows] == [("g1", "a")]
    refusal = land(shop, [answer("g1", "a"), refused, refused], **accepted)
    assert not refusal.rows and "2 of the answers have errcode 45009" in str(refusal.reason)


@pytest.mark.parametrize("page", [{"errcode": 84061}, {"errcode": 0, "group_chat": {"member_list": []}}])
def test_a_page_of_nobody_is_part_of_a_list_and_a_list_of_nobody_is_none(shop: Shop, page: Any) -> None:
    """Pages of one day are one list. Where every page is empty, nobody has been removed: the list is wrong."""
    told = {"load": "snapshot", "file_date": r"(\d{8})", "files": "*.json", "answers": {"errcode": ["0", "84061"]}}
    channel = contract(GROUPS, **EXPLODED, **told)
    files: list[LandedFile] = []
    for seq, pages in enumerate(
        [
            {"20260128_0.json": answer("g1", "a", "b"), "20260128_1.json": page},
            {"20260129_0.json": answer("g1", "a"), "20260129_1.json": page},
            {"20260130_0.json": page, "20260130_1.json": page | {"next": ""}},
        ],
        start=1,
    ):
        texts = {name: json.dumps(one).encode() for name, one in pages.items()}
        result = shop.land_folder(texts, channel, seq, AS_OF, files)
        assert not result.problems and len(result.files) == 2
        files += result.files
    assert shop.read(channel, files, "member, _removed_date") == [("a", None), ("b", date(2026, 1, 29))]


def test_answers_of_which_one_has_an_object_for_its_list(shop: Shop) -> None:
    one = {"group_chat": {"chat_id": "g1", "member_list": {"userid": "a"}}}
    assert [(row[0], row[3]) for row in land(shop, [one, answer("g2", "b")]).rows] == [("g1", "a"), ("g2", "b")]


@pytest.mark.parametrize("document", [[{"errcode": 40001}], [], [[]], [{"group_chat": {"member_list": 5}}]])
def test_a_document_without_any_list_of_records_is_rejected(shop: Shop, document: Any) -> None:
    done = land(shop, document)
    assert done.reason.startswith('no list of records at $."group_chat"."member_list"')


def test_no_answer_at_all_is_an_empty_list_where_the_contract_allows_one(shop: Shop) -> None:
    done = land(shop, [], allow_empty=True)
    assert done.file.landed and done.file.rows_read == 0 and not done.drift
    assert not land(shop, [{"errcode": 40001}], allow_empty=True).file.landed


def test_an_empty_list_in_every_answer_is_a_list_without_rows(shop: Shop) -> None:
    assert land(shop, [answer("g1"), answer("g2")]).file.landed
    snapshot = {**EXPLODED, "load": "snapshot", "file_date": r"_(\d{8})"}
    done = shop.land(json.dumps([answer("g1")]), contract(GROUPS, **snapshot), "orders_20260130.json")
    assert "the file contains no records" in done.reason


def test_a_list_without_explode_is_still_a_list_of_records(shop: Shop) -> None:
    assert shop.land('[{"id":"1"},{"id":"2"}]', contract(format="json")).rows == [("1", None), ("2", None)]


def test_records_of_a_list_of_answers_that_are_no_objects(shop: Shop) -> None:
    document = [{"group_chat": {"chat_id": "g1", "member_list": [5, {"userid": "a"}, None]}}]
    done = land(shop, document)
    assert [row[3] for row in done.rows] == ["a"] and done.lines == [2]
    assert done.rejects == [(line, "", None, "not a JSON object") for line in (1, 3)]


def test_a_required_value_that_one_answer_lacks_rejects_its_records(shop: Shop) -> None:
    done = land(shop, [{"group_chat": {"member_list": [{"userid": "a"}]}}, answer("g2", "b")])
    assert [row[3] for row in done.rows] == ["b"]
    assert done.rejects == [(1, "group", None, "a required value is missing")]


# Unknown and missing fields


def test_fields_of_the_document_are_not_those_of_a_record(shop: Shop) -> None:
    """A record's own field of the same name is unknown, and kept; the document's are nobody's drift."""
    document = answer("g1", "a")
    document["group_chat"]["member_list"][0] |= {"group_chat": "its own", "nick": "n"}
    done = land(shop, {**document, "next_cursor": "c", "errmsg": "ok"})
    assert done.extra == [{"group_chat": "its own", "nick": "n"}]
    assert done.drift == [("new_column", "group_chat"), ("new_column", "nick"), ("missing_column", "asked")]


@pytest.mark.parametrize(
    ("answers", "missing"),
    [
        ([answer("g1", "a"), answer("g2", "b")], ["asked"]),
        ([answer("g1", "a"), answer("g2", "b", asked=None)], []),
        ([answer("g1", "a", asked=""), answer("g2", "b")], []),
        ([answer("g1", "a", asked=1), answer("g2", "b")], []),
    ],
)
def test_a_field_that_no_answer_has_is_missing(shop: Shop, answers: list[Any], missing: list[str]) -> None:
    assert land(shop, answers).drift == [("missing_column", column) for column in missing]
    if len(missing) == 1:
        assert land(shop, answers[0]).drift == [("missing_column", "asked")]


@pytest.mark.parametrize("choice", ["ignore", "reject"])
def test_unknown_fields_of_records_by_contract(shop: Shop, choice: str) -> None:
    document = answer("g1", "a", "b")
    document["group_chat"]["member_list"][1]["nick"] = "n"
    done = land(shop, [document], extra_columns=choice)
    assert done.extra == [None] * len(done.rows)
    assert done.rejects == ([(2, "", None, "unknown field")] if choice == "reject" else [])


# Several paths

SEVERAL: dict[str, Any] = {"id": TEXT, "who": {"type": "text", "path": ["user.id", "group_id", "user.name"]}}


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_the_first_path_that_has_a_value_counts(shop: Shop, kind: str) -> None:
    records = [
        {"id": "1", "user": {"id": "u", "name": "n"}, "group_id": "g"},
        {"id": "2", "user": {"id": "", "name": "n"}, "group_id": "g"},
        {"id": "3", "user": {"id": None, "name": "n"}, "group_id": ""},
        {"id": "4", "group_id": 0},
        {"id": "5", "user": "u"},
    ]
    text = json.dumps(records) if kind == "json" else "\n".join(map(json.dumps, records))
    done = shop.land(text, contract(SEVERAL, format=kind))
    assert done.rows == [("1", "u"), ("2", "g"), ("3", "n"), ("4", "0"), ("5", None)]
    assert not done.drift and done.extra == [None] * 5


def test_a_path_in_the_record_and_one_in_the_document(shop: Shop) -> None:
    columns = {"member": {"type": "text", "path": "userid"}, "asked": {"type": "text", "path": ["asked", "$.asked"]}}
    document = answer("g1", "a", "b", asked="by all")
    document["group_chat"]["member_list"][1]["asked"] = "by b"
    assert land(shop, document, columns, key=["member"]).rows == [("a", "by all"), ("b", "by b")]


@pytest.mark.parametrize(
    ("record", "missing"),
    [({"id": "1"}, ["who"]), ({"id": "1", "group_id": None}, []), ({"id": "1", "user": {}}, [])],
)
def test_a_column_is_missing_where_none_of_its_paths_begins(shop: Shop, record: Any, missing: list[str]) -> None:
    done = shop.land(json.dumps(record), contract(SEVERAL, format="jsonl"))
    assert done.drift == [("missing_column", column) for column in missing]


def test_paths_of_a_column_that_is_filled_do_not_hide_a_missing_one(shop: Shop) -> None:
    columns = {**SEVERAL, "user_mail": {"type": "text", "path": "user.mail"}}
    done = shop.land('{"id":"1","group_id":"g"}', contract(columns, format="jsonl"))
    assert done.rows == [("1", "g", None)] and done.drift == [("missing_column", "user_mail")]


def test_fields_that_are_known_by_a_second_path_are_no_drift(shop: Shop) -> None:
    """Whether the first records have them or later ones do."""
    usual = '{"id":"1","group_id":"g"}\n' * (reading.FIRST_RECORDS + 5)
    done = shop.land(usual + '{"id":"2","user":{"name":"n"}}\n', contract(SEVERAL, format="jsonl"))
    assert not done.drift and done.rows[-1] == ("2", "n")


# What a file's name tells

NAMED: dict[str, Any] = {
    "id": TEXT,
    "shop_no": {"type": "integer", "file_name": r"orders_(\d+)_"},
    "day": {"type": "date", "file_name": r"_(\d{8})"},
}
FORMATS = {"csv": "id,note\n1,a\n", "jsonl": '{"id":"1","note":"a"}', "json": '[{"id":"1","note":"a"}]'}


def write(shop: Shop, kind: str) -> bytes:
    if kind != "parquet":
        return FORMATS[kind].encode()
    path = shop.root / "made.parquet"
    shop.session.execute(f"copy (select '1' as id, 'a' as note) to '{path}' (format parquet)")
    return path.read_bytes()


@pytest.mark.parametrize("kind", [*FORMATS, "parquet"])
def test_a_column_is_read_from_the_name(shop: Shop, kind: str) -> None:
    done = shop.land(write(shop, kind), contract(NAMED, format=kind), "orders_12_20260131.x")
    assert done.rows == [("1", 12, date(2026, 1, 31))]
    assert done.extra == [{"note": "a"}] and done.drift == [("new_column", "note")]


@pytest.mark.parametrize("kind", [*FORMATS, "parquet"])
def test_a_name_that_does_not_match_tells_nothing(shop: Shop, kind: str) -> None:
    done = shop.land(write(shop, kind), contract(NAMED, format=kind), "orders_x")
    assert done.rows == [("1", None, None)] and done.drift == [("new_column", "note")]


@pytest.mark.parametrize("how", [{"key": ["shop_no", "id"]}, {"columns": {"required": True}}])
def test_a_name_that_has_to_match_and_does_not(shop: Shop, how: dict[str, Any]) -> None:
    columns = {**NAMED, "shop_no": {**NAMED["shop_no"], **how.get("columns", {})}}
    done = shop.land("id\n1\n", contract(columns, key=how.get("key", ["id"])), "orders_x")
    assert done.rejects == [(1, "shop_no", None, r"the file's name does not match orders_(\d+)_")]


def test_a_value_in_a_name_is_tested_like_any_other(shop: Shop) -> None:
    columns = {**NAMED, "day": {**NAMED["day"], "file_name": r"_(\d+)$"}}
    done = shop.land("id\n1\n", contract(columns), "orders_1_20261345")
    assert done.rejects == [(1, "day", "20261345", "not a valid date")]


def test_a_field_of_the_file_that_is_called_like_one_of_the_name(shop: Shop) -> None:
    done = shop.land("id,shop_no\n1,99\n", contract(NAMED), "orders_12_20260131")
    assert done.rows == [("1", 12, date(2026, 1, 31))] and done.extra == [{"shop_no": "99"}]


def test_the_name_begins_in_the_channels_folder(shop: Shop) -> None:
    columns = {"id": TEXT, "shop_name": {"type": "text", "file_name": "^([^/]+)/"}}
    channel = contract(columns, files="*/orders.csv")
    (shop.root / "in").mkdir()
    for folder in ("北京", "O'Hara"):
        (shop.root / "in" / folder).mkdir()
        (shop.root / "in" / folder / "orders.csv").write_text(f"id\n{folder}\n", encoding="utf-8")
        path = shop.root / "in" / folder / "orders.csv"
        scratch = shop.root / "scratch"
        scratch.mkdir(exist_ok=True)
        tried = look(shop.session, channel, "orders", path, Landing(0, AS_OF, shop.root, scratch, {}))
        assert tried.file == f"{folder}/orders.csv" and tried.rows_read == 1 and not tried.rows and not tried.problems


def test_a_dry_run_tells_what_the_name_lacks(shop: Shop) -> None:
    columns = {**NAMED, "shop_no": {**NAMED["shop_no"], "required": True}}
    path = shop.root / "orders_x"
    path.write_text("id\n1\n", encoding="utf-8")
    tried = look(shop.session, contract(columns), "orders", path, Landing(0, AS_OF, shop.root, shop.root, {}))
    assert [(r.column, r.reason) for r in tried.rows] == [("shop_no", r"the file's name does not match orders_(\d+)_")]
    assert tried.problems == () and tried.lands


def test_the_same_content_under_two_names_is_two_files_where_the_name_counts(shop: Shop) -> None:
    """Two messages to the same people on one day: answers that do not differ in a byte."""
    dated = {"file_date": r"_(\d{8})", "key": ["shop_no", "id"]}
    two = {"orders_1_20260131": b"id\n1\n", "orders_2_20260131": b"id\n1\n"}
    channel = contract({"id": TEXT, "shop_no": NAMED["shop_no"]}, **dated)
    first = shop.land_folder(two, channel)
    assert [file.rows_landed for file in first.files] == [1, 1] and not first.skipped
    again = shop.land_folder(two, channel, seq=2, known=first.files)
    assert not again.files and again.skipped == 2
    assert shop.read(channel, first.files, "shop_no, id") == [(1, "1"), (2, "1")]
    unnamed = shop.land_folder(two, contract({"id": TEXT}, file_date=r"_(\d{8})"))
    assert len(unnamed.files) == 1 and unnamed.skipped == 1


# Columns that a contract gets later


def read_later(
    shop: Shop, before: dict[str, Any], after: dict[str, Any], text: str, name: str, **how: Any
) -> list[Row]:
    files = shop.nights(contract(before, **how), [(AS_OF, {name: text})])
    channel = contract(after, **how)
    again = shop.land_folder({name: text.encode()}, channel, seq=2, known=files)
    assert again.skipped == 1 and not again.files, "the file is the one that landed"
    return shop.read(channel, files, ", ".join(f'"{column}"' for column in after))


def test_a_column_of_the_name_that_came_later(shop: Shop) -> None:
    rows = read_later(shop, {"id": TEXT}, NAMED, "id\n1\n", "orders_12_20260131", file_date=r"_(\d{8})")
    assert rows == [("1", 12, date(2026, 1, 31))]
    assert read_later(shop, {"id": TEXT}, NAMED, "id\n1\n", "orders_x") == [("1", None, None)]


@pytest.mark.parametrize(
    ("record", "found"),
    [
        ({"user": {"id": "u"}}, "u"),
        ({"user": {"id": ""}, "group_id": "g"}, "g"),
        ({"user": {"name": "n"}}, "n"),
        ({}, None),
    ],
)
def test_a_column_of_several_paths_that_came_later(shop: Shop, record: Any, found: str | None) -> None:
    text = json.dumps({"id": "1", **record})
    assert read_later(shop, {"id": TEXT}, SEVERAL, text, "orders", format="jsonl") == [("1", found)]


def test_a_column_of_the_document_that_came_later_was_not_kept(shop: Shop) -> None:
    """A record's `_extra` has its own unknown fields, and one of the same name is another field."""
    document = answer("g1", "a", asked=7)
    document["group_chat"]["member_list"][0] |= {"asked": "8", "group_chat": {"owner": "another"}}
    before = {column: GROUPS[column] for column in ("group", "member")}
    assert read_later(shop, before, GROUPS, json.dumps(document), "orders", **EXPLODED) == [("g1", None, None, "a")]


# What a contract may say


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"id": {"type": "text", "file_name": r"(\d+)(?=_)"}}, "must not use look-around or back references"),
        ({"id": {"type": "text", "file_name": r"(\d)\1"}}, "must not use look-around or back references"),
        ({"id": {"type": "text", "file_name": r"\d+"}}, "must have one group"),
        ({"id": {"type": "text", "file_name": r"(\d+)"}}, "at least one must be read from the file itself"),
        ({"id": {"type": "text", "path": "$.id"}}, "requires explode"),
    ],
)
def test_what_no_contract_may_say(columns: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Export.model_validate({"files": "a", "format": "json", "key": "id", "columns": columns})
