"""Segments over thirty nights: who came and went, and why. The reference is what the nights published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from siyu.night.request import Request
from tests.engine.segment_page import blocks, write_files
from tests.golden.tag_nights import LINKED, PUBLISHED, UNLINKED, Rows, TagNights, rows, thirty_nights
from tests.golden.test_tags_in_nights import regrouped
from tests.shared import Shared

pytestmark = [pytest.mark.scale, pytest.mark.xdist_group("tags_in_nights")]

LAST, BEFORE_LAST = PUBLISHED[-1], PUBLISHED[-2]
MEMBERS = "select segment, one_id from audience.segment_member"
RULES = "select segment, rule_version from audience.segment"
REASONS = ("data", "rule", "identity")
Counts = dict[str, tuple[int | None, ...]]


@pytest.fixture(scope="module")
def nights(shared: Shared) -> TagNights:
    return shared.once("tag_nights", thirty_nights)


@pytest.fixture
def copied(nights: TagNights, tmp_path: Path) -> TagNights:
    return nights.copy_to(tmp_path / "copy")


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


def test_every_published_night_is_in_the_history(nights: TagNights) -> None:
    last = nights.release(LAST)
    for night, day in nights.days.items():
        members = rows(nights.release(night), MEMBERS)
        assert members and members == rows(last, held(day)), day
        since = "select segment, one_id, since_date from audience.segment_member"
        begun = "select segment, one_id, valid_from from audience.segment_history where valid_to is null"
        assert rows(nights.release(night), since) == rows(nights.release(night), begun)


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


@pytest.mark.parametrize(
    ("file", "text", "changed"),
    [
        ("seeds/reference/thresholds.add.csv",
         "threshold,value,min,max,unit,why\nnew_contact_days,90,1,3650,days,Ours.\n",
         {"event_visitors_without_follow_up", "wecom_without_service"}),
        ("seeds/vars.yml", "activity_days: 5\n",
         {"dormant_decision_makers", "silent_customers", "customers_at_risk", "thorough_viewers", "voices_in_groups"}),
    ],
    ids=["threshold", "tag"],
)  # fmt: skip
def test_a_changed_rule_moves_its_segments_and_nothing_else(
    copied: TagNights, file: str, text: str, changed: set[str]
) -> None:
    """The last night again, with a number of a layer changed: one of the segment itself, or one of a tag it reads."""
    published, day = copied.release(LAST), copied.days[LAST]
    before = copied.release(BEFORE_LAST)
    path = copied.root / "layer" / file
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    again = copied.run(Request(as_of=day), layer="layer")
    assert {segment for segment, _ in rows(again, RULES) ^ rows(published, RULES)} == changed
    members = rows(again, MEMBERS)
    moved = members ^ rows(published, MEMBERS)
    assert moved and {segment for segment, _ in moved} <= changed
    concerned = {entity for level, entity in regrouped(before, again) if level == "person"}
    known = {one_id for (one_id,) in rows(before, "select one_id from tags.person_profile")}
    expected = {
        move: "identity" if move[2] in concerned else "rule" if move[1] in changed and move[2] in known else "data"
        for move in compared(rows(before, MEMBERS), members)
    }
    assert moves(again, day) == expected
    assert "rule" in expected.values()
    segments = {name for name, _ in rows(again, RULES)}
    assert figures(again) == counted(rows(before, MEMBERS), members, expected, segments)


def next_day(day: date) -> date:
    return day + timedelta(days=1)


def test_a_segment_of_a_layer_is_added_changed_and_removed_as_its_page_says(copied: TagNights) -> None:
    """docs/add-a-segment.md on the last night, and on the two days after it."""
    write_files(copied.root)
    name, day = "price_lookers", copied.days[LAST]
    new = copied.run(Request(as_of=day), layer="layer")
    people = {one_id for segment, one_id in rows(new, MEMBERS) if segment == name}
    assert people and figures(new)[name] == (len(people), None, len(people), 0, len(people), 0, 0, 0, 0, 0)
    size, members = blocks("3. Build and read it", "sql")
    assert rows(new, size) == {(name, "近期看价可电联", "inside sales", len(people), None, len(people), 0)}
    assert {(one_id, since, why) for one_id, since, why, *_ in rows(new, members)} == {
        (one_id, day, "data") for one_id in people
    }
    used = f"select tag_code from tags.tag_catalog where contains(used_by, 'audience.{name}') and status = 'live'"
    assert rows(new, used) == {("price_interest",), ("mobile_status",)}

    [row] = blocks("4. Change a threshold")
    path = copied.root / "layer" / "seeds" / "reference" / "thresholds.add.csv"
    path.write_text(f"threshold,value,min,max,unit,why\n{row}", encoding="utf-8")
    changed = copied.run(Request(as_of=next_day(day)), layer="layer")
    fewer = {one_id for segment, one_id in rows(changed, MEMBERS) if segment == name}
    assert len(people - fewer) > 0
    why = moves(changed, next_day(day))
    assert {why["went", name, one_id] for one_id in people - fewer} == {"rule"}
    assert figures(changed)[name][1] == len(people)
    assert figures(changed)[name][8] == len(people - fewer), "went_rule_count"
    [past] = blocks("5. Why somebody came or went", "sql")
    assert {one_id for (one_id,) in rows(changed, past.replace("2026-06-30", str(day)))} == people

    (copied.root / "layer" / "models" / "audience" / "segments" / f"{name}.sql").unlink()
    gone = copied.run(Request(as_of=next_day(next_day(day))), layer="layer")
    assert name not in figures(gone)
    left = (
        f"select one_id, end_reason from audience.segment_history where segment = '{name}'"
        f" and valid_to is distinct from date '{next_day(day)}'"
    )
    assert rows(gone, left) == {(one_id, "rule") for one_id in fewer}
