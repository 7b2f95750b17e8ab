"""Tags over nights: the past again, merges and splits, changed rules, lost releases, a channel that was missing.

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
from siyu.night.request import Request, references_in_force
from siyu.seeds.references import reference_rows
from siyu.warehouse.ledger import Ledger
from tests.golden.tag_nights import (
    BEFORE_LAST,
    BEFORE_LINKED,
    CHANGED_TAGS,
    LAST,
    LINKED,
    PUBLISHED,
    TAG_TABLES,
    UNLINKED,
    Rows,
    TagNights,
    rows,
)  # fmt: skip

pytestmark = pytest.mark.scale
# Tests that only read. One worker makes the world for them; the others run the last night again, wherever they are.
WORLD = "tags_in_nights"

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
    """The night with the link, which was taken back later."""
    then, last, day = copied.release(LINKED), copied.release(LAST), copied.days[LINKED]
    again = copied.run(Request(as_of=day, known_by=day), tables=TAG_TABLES)
    assert rows(again, TAGS) == rows(last, held(day))
    assert rows(again, WITH_EVIDENCE) == rows(then, WITH_EVIDENCE)
    assert rows(again, HISTORY) == rows(then, HISTORY)


@pytest.mark.xdist_group(WORLD)
def test_decisions_are_in_force_from_the_night_that_read_them(nights: TagNights) -> None:
    settings = nights.settings()
    ledger = Ledger(settings.warehouse / "ledger.sqlite")
    for night, expected in ((1, set()), (BEFORE_LINKED, set()), (LINKED, {"link"}), (UNLINKED, {"link", "unlink"})):
        found = references_in_force(settings, ledger, settings.warehouse, nights.days[night])["identity_rules"]
        assert {row["decision"] for row in reference_rows(found)} == expected, night
    ledger.close()


@pytest.mark.xdist_group(WORLD)
def test_every_published_night_is_in_the_history(nights: TagNights) -> None:
    last = nights.release(LAST)
    seen: list[Rows] = []
    for night, day in nights.days.items():
        seen.append(rows(nights.release(night), TAGS))
        assert seen[-1] == rows(last, held(day)), day
    assert all(one != other for one, other in pairwise(seen)), "tags change from night to night"
    assert {code for tags in seen for _, _, code, _ in tags} >= _codes() - {"cross_sell_gap"}


@pytest.mark.xdist_group(WORLD)
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


@pytest.mark.xdist_group(WORLD)
def test_a_merge_and_a_split_restate_people_and_companies(nights: TagNights) -> None:
    before, merged, split = (nights.release(night) for night in (BEFORE_LINKED, LINKED, UNLINKED))
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


def test_a_link_changes_only_those_it_concerns(copied: TagNights) -> None:
    """The last night again, with the link alone, which was not yet taken back."""
    published, day = copied.release(LAST), copied.days[LAST]
    rules = copied.root / "exports" / "reference" / "identity_rules.csv"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(text[: text.index("unlink,")], encoding="utf-8")
    linked = copied.run(Request(as_of=day), tables=TAG_TABLES)
    concerned = regrouped(copied.release(BEFORE_LAST), linked)
    assert {("person", one_id) for one_id in copied.pair} <= regrouped(published, linked)
    moved = {(level, entity) for level, entity, *_ in rows(linked, TAGS) ^ rows(published, TAGS)}
    either = concerned | regrouped(copied.release(BEFORE_LAST), published)
    assert {entity for entity in moved if entity[0] == "person"} <= either
    assert any(level == "account" for level, _ in moved), "tags of companies follow"
    for level, entity, code, reason in changes(linked, day):
        assert reason == ("identity" if (level, entity) in concerned else "data"), (level, entity, code)


def test_changed_rules_move_their_tags_and_nothing_else(nights: TagNights, changed: TagNights) -> None:
    """The last night again, with two numbers of a layer changed: a threshold of one tag, the bands of another."""
    published, before, day = nights.release(LAST), nights.release(BEFORE_LAST), nights.days[LAST]
    again = changed.releases(LAST)[-1]
    assert {tag for tag, *_ in rows(again, RULES) ^ rows(published, RULES)} == CHANGED_TAGS
    other = f"where tag_code not in {tuple(CHANGED_TAGS)}"
    for query in (TAGS, WITH_EVIDENCE, HISTORY):
        rest = f"select t.* from ({query}) as t {other}"
        assert rows(again, rest) == rows(published, rest)
    assert "rule" not in {reason for *_, reason in changes(published, day)}
    moves = {(entity, code) for _, entity, code, _ in rows(again, TAGS) ^ rows(published, TAGS)}
    known = {entity for _, entity, *_ in rows(before, TAGS)}
    concerned = {entity for _, entity in regrouped(before, again)}
    reasons = {(entity, code): reason for _, entity, code, reason in changes(again, day)}
    told = {move for move, reason in reasons.items() if reason == "rule"}
    by_rule = {(entity, code) for entity, code in moves if entity in known - concerned}
    assert all(reasons.get(move, "rule") == "rule" for move in by_rule)
    assert {entity for entity, _ in told} <= known - concerned
    assert {code for _, code in told} == {code for _, code in told & by_rule} == CHANGED_TAGS


def test_without_releases_and_decisions_taken_back_the_last_night_is_the_same(copied: TagNights) -> None:
    """It still knows drift and reasons, and the link that was taken back has left no trace."""
    published, day = copied.release(LAST), copied.days[LAST]
    expected = {table: content(published, table) for table in TABLES_OF_TAGS}
    shutil.rmtree(copied.root / "warehouse" / "releases")
    (copied.root / "warehouse" / "current").unlink()
    (copied.root / "exports" / "reference" / "identity_rules.csv").unlink()
    again = copied.run(Request(as_of=day, force=True))
    for table in TABLES_OF_TAGS:
        assert content(again, table) == expected[table], table
    assert rows(again, "select tag_code from tags.tag_catalog where drift > 0")
    assert {reason for *_, reason in changes(again, day)} == {"data", "identity"}


@pytest.mark.xdist_group(WORLD)
def test_tags_of_a_missing_channel_are_uncomputable_until_it_is_there(nights: TagNights) -> None:
    without, complete = nights.release(1), nights.release(PUBLISHED[1])
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
