"""What is unusual in a landing: rows, forms, magnitudes, ages, hours, values, repeats; and what is not."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from siyu.landing.comparison import bucket_told, reference_comparisons
from siyu.landing.profile import FORM, HOUR, Profile, form
from siyu.landing.unusual import FieldChange, Limits, field_changes, volume
from siyu.seeds.variables import load_vars
from siyu.settings import load_settings
from siyu.warehouse.ledger import Ledger


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Limits:
    return Limits.of(load_vars(load_settings(tmp_path_factory.mktemp("settings"))))


def _profile(counts: dict[str, int], aspect: str = FORM) -> Profile:
    return Profile(1, "mall", "orders", "", sum(counts.values()), {"amount": {aspect: counts}})


def _drawn(chance: random.Random, rows: int, shares: dict[str, float]) -> Profile:
    return _profile(dict(Counter(chance.choices(list(shares), list(shares.values()), k=rows))))


def _change(now: Profile, before: list[Profile], limits: Limits) -> FieldChange:
    [found] = field_changes(now, before, limits, limits.min_history)
    return found


def test_rows_are_unusual_outside_a_band_that_the_landings_before_set(limits: Limits) -> None:
    regular = [100, 104, 97, 99, 101, 103, 98, 100, 96, 102, 100, 101, 99, 105]
    assert not volume(90, regular, limits, 14).is_unusual
    assert volume(45, regular, limits, 14).is_unusual
    assert volume(0, regular, limits, 14).is_unusual
    assert not volume(400, regular, limits, 14).is_unusual
    assert volume(2000, regular, limits, 14).is_unusual


def test_an_irregular_export_has_a_wide_band_and_a_rare_one_none_that_zero_leaves(limits: Limits) -> None:
    irregular = [20, 250, 35, 12, 180, 60, 33, 300, 28, 41, 210, 16, 90, 50]
    assert not volume(12, irregular, limits, 14).is_unusual
    assert not volume(0, [2, 0, 3, 1, 0, 0, 2, 1, 4, 2, 0, 1, 2, 3], limits, 14).is_unusual
    assert not volume(0, [100] * 13, limits, 14).is_unusual, "13 landings are too few"


def test_amounts_a_hundred_times_as_large_are_unusual_and_those_of_a_good_day_are_not(limits: Limits) -> None:
    chance = random.Random(3)
    usual = {"e5": 0.1, "e6": 0.3, "e7": 0.4, "e8": 0.2}
    before = [_drawn(chance, 40, usual) for _ in range(20)]
    fen = _change(_drawn(chance, 40, {"e9": 0.1, "e10": 0.3, "e11": 0.4, "e12": 0.2}), before, limits)
    assert fen.is_unusual
    assert (fen.bucket, fen.usual_share) == ("e7", pytest.approx(0.4, abs=0.1))
    assert not _change(_drawn(chance, 40, {"e5": 0.05, "e6": 0.2, "e7": 0.45, "e8": 0.3}), before, limits).is_unusual


def test_chance_alone_is_not_unusual(limits: Limits) -> None:
    """500 deliveries of 10 to 60 rows from distributions of 2 to 12 buckets: nothing has changed, and none warns."""
    chance, alarms = random.Random(11), 0
    for _ in range(500):
        weights = {str(n): chance.random() ** 2 for n in range(chance.randint(2, 12))}
        rows = [chance.randint(10, 60) for _ in range(17)]
        before = [_drawn(chance, n, weights) for n in rows[1:]]
        alarms += _change(_drawn(chance, rows[0], weights), before, limits).is_unusual
    assert alarms == 0


def test_what_differs_from_delivery_to_delivery_by_itself_may_differ_again(limits: Limits) -> None:
    calm, show = {"empty": 90, "full": 10}, {"empty": 20, "full": 80}
    before = [_profile(show if n % 7 == 3 else calm) for n in range(20)]
    assert not _change(_profile(show), before, limits).is_unusual
    assert _change(_profile(show), [_profile(calm) for _ in range(20)], limits).is_unusual


def test_few_rows_and_short_histories_are_not_compared(limits: Limits) -> None:
    before = [_profile({"a": 20}) for _ in range(20)]
    assert field_changes(_profile({"b": 9}), before, limits, limits.min_history) == []
    assert field_changes(_profile({"b": 20}), before[:13], limits, limits.min_history) == []
    assert field_changes(_profile({"b": 20}), [replace(one, rows=9) for one in before], limits, 14) == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "empty"), ("", "empty"), (0, "zero"), (150, "e4"), (-150, "-e4"), (0.05, "e-3"), (True, "true"),
        ("13912345678", "digits 11"), ("SH-1", "mixed 4"), ("李涵志", "han 2+"), ("a@b.cn", "mail 4+"),
        ("test", "letters 4+"), ("æŽæ¶µ", "odd 4+"), ("M" + "0" * 40, "mixed 32+"),
    ],
)  # fmt: skip
def test_forms(value: object, expected: str) -> None:
    assert form(value) == expected


def test_buckets_are_told_as_people_read_them() -> None:
    assert bucket_told(FORM, "e4") == "100 to 316.2"
    assert bucket_told(FORM, "-e4") == "-100 to -316.2"
    assert bucket_told(FORM, "digits 11") == "digits of 11 characters"
    assert bucket_told(HOUR, "8") == "8:00 to 11:59"
    assert bucket_told("value", "yes") == "yes"


def test_a_reference_table_is_compared_whatever_its_cells_are(limits: Limits, tmp_path: Path) -> None:
    """Nan is a name, inf a word, and a row may end early."""
    (tmp_path / "before.csv").write_text("product_id,price\nNan,10\ninf,20\nP3,30\nP4,40\n", encoding="utf-8")
    (tmp_path / "now.csv").write_text("product_id,price\nNan,1000\ninf,nan\nP3\nP4,4000\n", encoding="utf-8")
    versions = [
        {"name": "products", "landed_seq": seq, "path": f"{name}.csv"} for seq, name in ((1, "before"), (2, "now"))
    ]
    [found] = reference_comparisons(versions, tmp_path, 2, limits)
    assert {one.field: one.is_unusual for one in found.fields[""]} == {"product_id": False, "price": True}
    assert form(float("nan")) == "nan" and form(float("-inf")) == "-inf"


def test_the_ledger_keeps_profiles_of_the_newest_landings_of_each_export(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "ledger.sqlite")) as ledger:
        for seq in range(1, 8):
            ledger.add_profiles([(seq, "mall", "orders", day, 1, "{}") for day in ("a", "b")], kept=3)
        ledger.add_profiles([(1, "crm", "deals", "", 1, "{}")], kept=3)
        kept = {(one["channel"], one["landed_seq"]) for one in ledger.profiled()}
    assert kept == {("mall", 5), ("mall", 6), ("mall", 7), ("crm", 1)}
