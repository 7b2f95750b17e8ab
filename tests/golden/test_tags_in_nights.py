"""Tags over thirty nights: the past again, merges and splits, changed rules, lost releases, a channel that was missing.

The reference is what the nights published, and reruns of the last night with one thing changed.
"""

from __future__ import annotations

import csv
import shutil
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from siyu.layers import base_layer
from siyu.night.request import Request
from tests.golden.tag_nights import LINKED, PUBLISHED, UNLINKED, Rows, TagNights, rows, thirty_nights
from tests.shared import Shared

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("tags_in_nights")]

LAST = PUBLISHED[-1]
BEFORE_LAST = PUBLISHED[-2]
PAST = (2, 5, LINKED, 15, UNLINKED)
TAGS = (
    "select 'person', one_id, tag_code, tag_value from tags.person_tag union all"
    " select 'account', account_id, tag_code, tag_value from tags.account_tag"
)
EVIDENCE = "score, evidence_at, evidence_channel, source_count, rule_version"
WITH_EVIDENCE = (
    f"select one_id, tag_code, tag_value, {EVIDENCE} from tags.person_tag union all"
    f" select account_id, tag_code, tag_value, {EVIDENCE} from tags.account_tag"
)
OWNERS = (
    "select 'person', id_type, id_value_hash, one_id from identity.one_id union all"
    " select 'account', id_type, id_value, account_id from identity.account_id"
)
RULES = "select tag_code, level, rule_version from ops.tag_rule"
HISTORY = "select level, entity_id, tag_code, tag_value, valid_from, valid_to, reason, end_reason from tags.tag_history"
TABLES_OF_TAGS = ("person_tag", "account_tag", "person_profile", "account_profile", "tag_history", "tag_catalog")


@pytest.fixture(scope="module")
def nights(shared: Shared) -> TagNights:
    return shared.once("tag_nights", thirty_nights)


@pytest.fixture
def copied(nights: TagNights, tmp_path: Path) -> TagNights:
    return nights.copy_to(tmp_path / "copy")


def held(day: date) -> str:
    """A query for the tags that tag_history gives for a day."""
    return (
        "select level, entity_id, tag_code, tag_value from tags.tag_history"
        f" where valid_from <= date '{day}' and coalesce(valid_to > date '{day}', true)"
    )


def changes(release: Path, day: date) -> list[tuple[str, str, str, str]]:
    """Return (level, entity, tag, reason) of everything that began or ended on a day."""
    found = rows(release, f"{HISTORY} where date '{day}' in (valid_from, valid_to)")
    return [
        (level, entity, code, str(reason if begins == day else end_reason))
        for level, entity, code, _, begins, _, reason, end_reason in found
    ]


def regrouped(before: Path, after: Path) -> set[tuple[str, str]]:
    """Return the people and companies that lost an identifier to another one, or got one from another one."""
    then, now = (
        {(level, kind, value): owner for level, kind, value, owner in rows(release, OWNERS)}
        for release in (before, after)
    )
    moved = [key for key in then.keys() & now.keys() if then[key] != now[key]]
    return {(key[0], owners[key]) for key in moved for owners in (then, now)}


def test_the_past_as_it_was_known_equals_the_history(copied: TagNights) -> None:
    last = copied.release(LAST)
    days = [copied.days[night] for night in PAST]
    seen: list[Rows] = []
    for night, day in zip(PAST, days, strict=True):
        then = copied.release(night)
        again = copied.run(Request(as_of=day, known_by=day))
        tags = rows(again, TAGS)
        assert tags == rows(last, held(day)), day
        assert rows(again, WITH_EVIDENCE) == rows(then, WITH_EVIDENCE), day
        assert rows(again, HISTORY) == rows(then, HISTORY), day
        seen.append(tags)
    assert all(one != other for one, other in pairwise(seen)), "tags change from night to night"
    assert {code for tags in seen for _, _, code, _ in tags} >= _codes() - {"cross_sell_gap"}


def test_every_published_night_is_in_the_history(nights: TagNights) -> None:
    last = nights.release(LAST)
    for night, day in nights.days.items():
        assert rows(nights.release(night), TAGS) == rows(last, held(day)), day


def test_the_reason_is_identity_for_exactly_those_who_were_regrouped(nights: TagNights) -> None:
    last = nights.release(LAST)
    assert {reason for *_, reason in changes(last, nights.days[1])} == {"data"}
    reasons: set[str] = set()
    for before, after in pairwise(PUBLISHED):
        concerned = regrouped(nights.release(before), nights.release(after))
        for level, entity, code, reason in changes(last, nights.days[after]):
            expected = "identity" if (level, entity) in concerned else "data"
            assert reason == expected, (nights.days[after], level, entity, code)
            reasons.add(reason)
        if after in (LINKED, UNLINKED):
            assert {("person", one_id) for one_id in nights.pair} <= concerned
    assert reasons == {"identity", "data"}


def test_a_merge_and_a_split_restate_people_and_companies(nights: TagNights) -> None:
    before, merged, split = (nights.release(night) for night in (LINKED - 1, LINKED, UNLINKED))
    one, other = nights.pair
    for table in ("person_tag", "person_profile"):
        found = [
            {one_id for (one_id,) in rows(r, f"select distinct one_id from tags.{table}")} for r in (before, split)
        ]
        assert all({one, other} <= people for people in found), table
        left = {one_id for (one_id,) in rows(merged, f"select distinct one_id from tags.{table}")} & {one, other}
        assert len(left) == 1, table
    first = f"select first_seen_at, first_channel from tags.person_profile where one_id in ('{one}', '{other}')"
    both = rows(before, first)
    assert len(both) == 2 and rows(merged, first) == {min(both)}
    assert rows(split, first) == both


def test_a_link_changes_only_those_it_concerns_and_its_taking_back_leaves_no_trace(copied: TagNights) -> None:
    """The last night again: with the link alone, then without any decision."""
    published, day = copied.release(LAST), copied.days[LAST]
    rules = copied.root / "exports" / "reference" / "identity_rules.csv"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text[: text.index("unlink,")], encoding="utf-8")
    linked = copied.run(Request(as_of=day))
    concerned = regrouped(copied.release(BEFORE_LAST), linked)
    assert {("person", one_id) for one_id in copied.pair} <= concerned
    moved = {(level, entity) for level, entity, *_ in rows(linked, TAGS) ^ rows(published, TAGS)}
    either = concerned | regrouped(copied.release(BEFORE_LAST), published)
    assert {entity for entity in moved if entity[0] == "person"} <= either
    assert any(level == "account" for level, _ in moved), "tags of companies follow"
    for level, entity, code, reason in changes(linked, day):
        assert reason == ("identity" if (level, entity) in concerned else "data"), (level, entity, code)
    rules.unlink()
    untouched = copied.run(Request(as_of=day))
    for table in TABLES_OF_TAGS:
        assert content(untouched, table) == content(published, table), table


@pytest.mark.parametrize(
    ("table", "added", "code"),
    [
        ("thresholds", "threshold,value,min,max,unit,why\nlapse_days,20,1,3650,days,Our buyers come weekly.\n",
         "repurchase_status"),
        ("tag_bands", 'tag_code,band,from,to,order\nrecency_band,0-7,0,4,1\nrecency_band,8-30,4,31,2\n',
         "recency_band"),
    ],
)  # fmt: skip
def test_a_changed_rule_moves_its_tag_and_nothing_else(copied: TagNights, table: str, added: str, code: str) -> None:
    """The last night again, with one number of a layer changed."""
    published, day = copied.release(LAST), copied.days[LAST]
    layer = copied.root / "layer" / "seeds" / "reference"
    layer.mkdir(parents=True)
    (layer / f"{table}.add.csv").write_text(added, encoding="utf-8")
    changed = copied.run(Request(as_of=day), layer="layer")
    assert {tag for tag, *_ in rows(changed, RULES) ^ rows(published, RULES)} == {code}
    assert {tag for _, _, tag, _ in rows(changed, TAGS) ^ rows(published, TAGS)} == {code}
    other = f"where tag_code <> '{code}'"
    assert rows(changed, f"select t.* from ({WITH_EVIDENCE}) as t {other}") == rows(
        published, f"select t.* from ({WITH_EVIDENCE}) as t {other}"
    )
    assert rows(changed, f"{HISTORY} {other}") == rows(published, f"{HISTORY} {other}")
    assert "rule" not in {reason for *_, reason in changes(published, day)}
    moved = {entity for _, entity, *_ in rows(changed, TAGS) ^ rows(published, TAGS)}
    known = {entity for _, entity, *_ in rows(copied.release(BEFORE_LAST), TAGS)}
    concerned = {entity for _, entity in regrouped(copied.release(BEFORE_LAST), changed)}
    reasons = {entity: reason for _, entity, tag, reason in changes(changed, day) if tag == code}
    by_rule = moved & known - concerned
    assert by_rule
    for entity in by_rule:
        assert reasons.get(entity, "rule") == "rule", entity
    assert {entity for entity, reason in reasons.items() if reason == "rule"} <= known - concerned
    assert any(reasons.get(entity) == "rule" for entity in by_rule)


def test_without_any_release_the_night_still_knows_drift_and_reasons(copied: TagNights) -> None:
    published, day = copied.release(LAST), copied.days[LAST]
    expected = {table: content(published, table) for table in TABLES_OF_TAGS}
    shutil.rmtree(copied.root / "warehouse" / "releases")
    (copied.root / "warehouse" / "current").unlink()
    again = copied.run(Request(as_of=day, force=True))
    for table in TABLES_OF_TAGS:
        assert content(again, table) == expected[table], table
    assert rows(again, "select tag_code from tags.tag_catalog where drift > 0")
    assert {reason for *_, reason in changes(again, day)} == {"data", "identity"}


def test_tags_of_a_missing_channel_are_uncomputable_until_it_is_there(nights: TagNights) -> None:
    without, complete = nights.release(1), nights.release(2)
    uncomputable = "select tag_code, missing from tags.tag_catalog where status = 'uncomputable'"
    missing: dict[str, str] = dict(rows(without, uncomputable))
    needs = {
        row["tag_code"]: inputs
        for row in _tags()
        if (inputs := [name for name in row["requires"].split(", ") if name.split(".")[0] in ("ticket", "device")])
    }
    assert len(needs) >= 6
    for code, inputs in needs.items():
        assert missing.pop(code) == "; ".join(f"no channel fills {name}" for name in inputs)
    assert set(missing) <= {"cross_sell_gap"}, "every other tag can be computed"
    before, after = ({code for _, _, code, _ in rows(release, TAGS)} for release in (without, complete))
    assert not before & needs.keys() and needs.keys() <= after
    for code in needs:
        status = f"select status = 'uncomputable', missing from tags.tag_catalog where tag_code = '{code}'"
        assert rows(complete, status) == {(False, None)}


def content(release: Path, table: str) -> Rows:
    return rows(release, f"select to_json(t) from tags.{table} as t")


def _tags() -> list[dict[str, str]]:
    with (base_layer() / "seeds" / "reference" / "tags.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _codes() -> set[str]:
    return {row["tag_code"] for row in _tags()}
