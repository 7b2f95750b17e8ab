"""Garbled text is told on the first night, by export, column and rows, and never by its content."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from siyu.landing.comparison import Comparison, comparisons
from siyu.landing.garbled import AS_CP1252, AS_GBK, GBK_AS_LATIN, LATIN, LOST, garbling
from siyu.landing.profile import GARBLED, Profile, profiles_of
from siyu.landing.unusual import Limits, garbled_changes
from siyu.seeds.variables import load_vars
from siyu.settings import load_settings
from tests.engine.test_landing import TEXT, Shop, contract
from tests.engine.test_landing import folder as folder
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop

NAMED = {"id": TEXT, "name": {"type": "text", "pii": "direct"}, "company": TEXT}
TODAY = date(2026, 1, 31)


def _as_cp1252(text: str) -> str:
    return "".join(LATIN.get(byte, chr(byte)) for byte in text.encode())


def _as_gbk(text: str) -> str:
    return text.encode().decode("gbk", "replace")


@pytest.mark.parametrize("text", ["李明", "徐磊", "李涵志", "上海思语科技有限公司"])
def test_chinese_is_recognised_however_it_was_garbled(text: str) -> None:
    assert garbling(_as_cp1252(text)) == AS_CP1252
    assert garbling(_as_gbk(text)) == AS_GBK
    assert garbling(text.encode("gbk").decode("latin-1")) == GBK_AS_LATIN
    assert garbling(text.encode().decode("latin-1")) == AS_CP1252
    assert garbling(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("锟斤拷锟斤拷", LOST), ("name ï¿½ï¿½", LOST), (f"备注：{_as_cp1252('李明')}，已回访", AS_CP1252),
        (_as_cp1252("客户李涵志")[:-1], AS_CP1252), (f"ABC{_as_gbk('科技')}(CN)", AS_GBK),
    ],
)  # fmt: skip
def test_a_part_of_a_text_can_be_garbled_and_its_end_be_cut_off(text: str, expected: str) -> None:
    assert garbling(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "François Lefèvre-Noël", "« Société » et « Qualité\u00a0»", "Santé\u00a0» Beauté™®", "“Café”…",
        "Beauté™®", "Jürgen Groß", "ÄÖÜ äöüß", "São João d’Ávila", "Nguyễn Thị Ánh Nguyệt", "Đặng Ç", "Łódź Øre ÅÆØ",
        "ÀÉÈÇ", "ÁÉ ÍÓ", "Éé", "😀🎉 ok", "ðŸ˜€", "°°°°", "××××", "····", "¿¿¿¿", "résumé_été_2026.csv",
        "订单 (1) — “新”.xlsx", "李明", "琪璐婧", "楠·婧妍", "璐瑶？", "東京都港区", "カタカナ", "한국어",
        "Ελληνικά", "Привет", "",
    ],
)  # fmt: skip
def test_other_texts_are_not_garbled(text: str) -> None:
    assert garbling(text) is None


def _told(shop: Shop, rows: list[tuple[str, str]]) -> str:
    """What the first night tells of these names and companies."""
    lines = "".join(f"{number},{name},{company}\n" for number, (name, company) in enumerate(rows))
    channel = contract(NAMED)
    result = shop.land_folder({"orders_20260131.csv": f"id,name,company\n{lines}".encode()}, channel)
    [profile] = profiles_of(shop.session, channel, "orders", result.files, shop.root)
    limits = Limits.of(load_vars(load_settings(shop.root)))
    profiles = {("shop", "orders"): [profile]}
    [one] = comparisons({"shop": channel}, result.files, profiles, limits, {1: TODAY}, TODAY, ["shop"])
    assert isinstance(one, Comparison)
    return one.told


def test_three_garbled_rows_are_told_on_the_first_night_without_their_names(shop: Shop) -> None:
    garbled = [(_as_cp1252("李涵志"), "思语"), (_as_cp1252("王小明"), ""), ("陈晨", _as_gbk("思语科技"))]
    told = _told(shop, [*[("José Nuñez", "Société « Été »")] * 40, *[("李涵志", "思语科技")] * 7_000, *garbled])
    assert told == (
        "shop.orders: name: garbled text 乱码 in 2 of 7,043 rows (UTF-8 read as cp1252);"
        " company: garbled text 乱码 in 1 of 7,043 rows (UTF-8 read as GBK)"
    )


def test_a_clean_file_tells_nothing(shop: Shop) -> None:
    assert _told(shop, [("李涵志", "思语科技"), ("Zoë Müller", "Café «Noël»"), ("琪璐婧", "a\u00a0b")]) == ""


def test_a_complete_list_tells_only_what_was_not_garbled_in_the_list_before() -> None:
    before = Profile(1, "shop", "orders", "", 9, {"name": {GARBLED: {AS_GBK: 2, "other": 98}}})
    same, more = (replace(before, fields={"name": {GARBLED: {AS_GBK: n, "other": 90}}}) for n in (2, 3))
    assert [one.is_unusual for one in garbled_changes(same, before)] == [False]
    assert [one.is_unusual for one in garbled_changes(more, before)] == [True]
    assert [one.is_unusual for one in garbled_changes(same, None)] == [True]
