"""Segments over nights: who came and went, and why. The reference is what the nights published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from siyu.night.request import Request
from tests.engine.segment_page import blocks
from tests.golden.tag_nights import (
    BEFORE_LAST,
    LAST,
    LINKED,
    OWN,
    PUBLISHED,
    THRESHOLDS,
    TWIN,
    UNLINKED,
    Rows,
    TagNights,
    rows,
)  # fmt: skip
from tests.golden.test_tags_in_nights import WORLD, regrouped

pytestmark = pytest.mark.scale

MEMBERS = "select segment, one_id from audience.segment_member"
RULES = "select segment, rule_version from audience.segment"
REASONS = ("data", "rule", "identity")
# Who reads new_contact_days, lapse_days and recency_band.
CHANGED = {
    "event_visitors_without_follow_up", "wecom_without_service", "second_purchase_customers",
    "active_leads_without_progress",
}  # fmt: skip
Counts = dict[str, tuple[int | None, ...]]


def held(day: date) -> str:
    """A query for the members that segment_history gives for a day."""
    return (
        f"select segment, one_id from audience.segment_history where valid_from <= date '{day}'"
        f" and coalesce(valid_to > date '{day}', true)"
    )


def moves(release: Path, day: date) -> dict[tuple[str, str, str], str]:
    """Return (came or went, segment, person) -> reason of every change of a day, by segment_history."""
    came = f"select 'came', segment, one_id, reason from audience.segment_history where valid_from = date '{day}'"
    went = f"select 'went', segment, one_id, end_reason from audience.segment_history where valid_to = date '{day}'"
    return {(way, segment, one_id): why for way, segment, one_id, why in rows(release, f"{came} union all {went}")}


def compared(before: Rows, after: Rows) -> set[tuple[str, str, str]]:
    """Return the same from the members of two releases, without the reasons."""
    return {("came", *row) for row in after - before} | {("went", *row) for row in before - after}


def figures(release: Path) -> Counts:
    """Return what audience.segment says of each segment."""
    counts = ", ".join(f"{way}_{reason}_count" for way in ("came", "went") for reason in REASONS)
    columns = f"segment, person_count, person_count_before, came_count, went_count, {counts}"
    return {segment: tuple(found) for segment, *found in rows(release, f"select {columns} from audience.segment")}


def counted(
    before: Rows | None, after: Rows, reasons: Mapping[tuple[str, str, str], str], segments: set[str]
) -> Counts:
    """Return the same from the members of two releases and the reasons of the moves."""
    size, earlier = Counter(segment for segment, _ in after), Counter(segment for segment, _ in before or ())
    why = Counter((way, segment, reason) for (way, segment, _), reason in reasons.items())
    ways = Counter((way, segment) for way, segment, _ in reasons)
    return {
        name: (
            size[name], None if before is None else earlier[name], ways["came", name], ways["went", name],
            *(why[way, name, reason] for way in ("came", "went") for reason in REASONS),
        )
        for name in segments
    }  # fmt: skip


@pytest.mark.xdist_group(WORLD)
def test_every_published_night_is_in_the_history(nights: TagNights) -> None:
    last = nights.release(LAST)
    for night, day in nights.days.items():
        members = rows(nights.release(night), MEMBERS)
        assert members and members == rows(last, held(day)), day
        since = "select segment, one_id, since_date from audience.segment_member"
        begun = "select segment, one_id, valid_from from audience.segment_history where valid_to is null"
        assert rows(nights.release(night), since) == rows(nights.release(night), begun)


@pytest.mark.xdist_group(WORLD)
def test_who_came_and_went_and_why(nights: TagNights) -> None:
    """Of every night: the moves are those between the two releases, and those of regrouped people are of identity."""
    first, segments = nights.release(1), {name for name, _ in rows(nights.release(1), RULES)}
    members = rows(first, MEMBERS)
    assert figures(first) == counted(None, members, dict.fromkeys(compared(set(), members), "data"), segments)
    seen: Counter[tuple[str, str]] = Counter()
    for before, after in pairwise(PUBLISHED):
        then, now = nights.release(before), nights.release(after)
        assert rows(then, RULES) == rows(now, RULES), "only data change from night to night"
        concerned = {entity for level, entity in regrouped(then, now) if level == "person"}
        expected = {
            move: "identity" if move[2] in concerned else "data"
            for move in compared(rows(then, MEMBERS), rows(now, MEMBERS))
        }
        assert moves(now, nights.days[after]) == expected, nights.days[after]
        assert figures(now) == counted(rows(then, MEMBERS), rows(now, MEMBERS), expected, segments)
        seen.update((way, why) for (way, _, _), why in expected.items())
        if after in (LINKED, UNLINKED):
            assert set(nights.pair) <= concerned
    assert all(seen[way, "data"] > 3 for way in ("came", "went")), seen
    assert sum(seen[way, "identity"] for way in ("came", "went")), seen


def test_changed_rules_move_their_segments_and_nothing_else(nights: TagNights, changed: TagNights) -> None:
    """The last night again, with numbers of a layer changed: one of segments themselves, and some of tags they read."""
    published, before, day = nights.release(LAST), nights.release(BEFORE_LAST), nights.days[LAST]
    again, new = changed.releases(LAST)[-1], {OWN, TWIN}
    assert {segment for segment, _ in rows(again, RULES) ^ rows(published, RULES)} == CHANGED | new
    members = {row for row in rows(again, MEMBERS) if row[0] not in new}
    moved = members ^ rows(published, MEMBERS)
    assert moved and {segment for segment, _ in moved} <= CHANGED
    concerned = {entity for level, entity in regrouped(before, again) if level == "person"}
    known = {one_id for (one_id,) in rows(before, "select one_id from tags.person_profile")}
    expected = {
        move: "identity" if move[2] in concerned else "rule" if move[1] in CHANGED and move[2] in known else "data"
        for move in compared(rows(before, MEMBERS), members)
    }
    assert {move: why for move, why in moves(again, day).items() if move[1] not in new} == expected
    by_rule = {segment for (_, segment, _), why in expected.items() if why == "rule"}
    assert {"event_visitors_without_follow_up", "second_purchase_customers"} <= by_rule, "its own number, that of a tag"
    segments = {name for name, _ in rows(published, RULES)}
    found = figures(again)
    assert found.keys() == segments | new
    assert {name: found[name] for name in segments} == counted(rows(before, MEMBERS), members, expected, segments)


def people_of(release: Path, name: str) -> set[str]:
    return {one_id for segment, one_id in rows(release, MEMBERS) if segment == name}


def test_a_segment_of_a_layer_is_added_as_its_page_says(changed: TagNights) -> None:
    """docs/add-a-segment.md on the last night."""
    new, day = changed.releases(LAST)[-1], changed.days[LAST]
    people = people_of(new, OWN)
    assert people and figures(new)[OWN] == (len(people), None, len(people), 0, len(people), 0, 0, 0, 0, 0)
    size, members = blocks("3. Build and read it", "sql")
    assert rows(new, size) == {(OWN, "近期看价可电联", "inside sales", len(people), None, len(people), 0)}
    assert {(one_id, since, why) for one_id, since, why, *_ in rows(new, members)} == {
        (one_id, day, "data") for one_id in people
    }
    used = f"select tag_code from tags.tag_catalog where contains(used_by, 'audience.{OWN},') and status = 'live'"
    assert rows(new, used) == {("price_interest",), ("mobile_status",)}


def test_a_segment_of_a_layer_is_changed_and_removed_as_its_page_says(changed: TagNights, tmp_path: Path) -> None:
    """docs/add-a-segment.md on the day after the last night: one segment is changed, and its twin is gone."""
    copied, day = changed.copy_to(tmp_path / "copy"), changed.days[LAST]
    new, next_day, layer = copied.releases(LAST)[-1], day + timedelta(days=1), copied.root / "layer"
    [row] = blocks("4. Change a threshold")
    path = layer / "seeds" / "reference" / "thresholds.add.csv"
    path.write_text(f"threshold,value,min,max,unit,why\n{row}{THRESHOLDS}", encoding="utf-8")
    (layer / "models" / "audience" / "segments" / f"{TWIN}.sql").unlink()
    after = copied.run(Request(as_of=next_day), layer="layer")
    people, twins, fewer = people_of(new, OWN), people_of(new, TWIN), people_of(after, OWN)
    assert len(people - fewer) > 0
    why = moves(after, next_day)
    assert {why["went", OWN, one_id] for one_id in people - fewer} == {"rule"}
    assert figures(after)[OWN][1] == len(people)
    assert figures(after)[OWN][8] == len(people - fewer), "went_rule_count"
    [past] = blocks("5. Why somebody came or went", "sql")
    assert {one_id for (one_id,) in rows(after, past.replace("2026-06-30", str(day)))} == people

    assert TWIN not in figures(after)
    left = (
        f"select one_id, end_reason from audience.segment_history where segment = '{TWIN}' and valid_to = '{next_day}'"
    )
    assert twins and rows(after, left) == {(one_id, "rule") for one_id in twins}
