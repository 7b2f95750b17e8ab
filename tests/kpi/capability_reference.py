"""The scores of our capabilities in plain Python: touches from the sample's files, walked one by one.

Who a record belongs to, stages, tags and tickets are read from a build database: they have references of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

import duckdb

from tests.kpi.revenue_reference import Revenue, local

DAYS, HOURS, EVENTS, PARTICIPANTS = 90, 8, 6, 20
Score = tuple[Fraction | None, Fraction | None, Fraction | None]  # the figure, and both shares


class Capabilities:
    """What people saw, learned, asked and attended."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.revenue = Revenue(con)
        self.first_day = self.revenue.as_of - timedelta(DAYS - 1)
        self.end = datetime.combine(self.revenue.as_of, datetime.min.time()) + timedelta(hours=16)
        self.people = {row[0] for row in self.revenue.rows("select person_key from identity.person")}
        self.people -= self.revenue.outsiders

    def touches(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for touch in self.revenue.files.of("touch"):
            person, _ = self.revenue.owned.get((touch["channel"], touch["record_id"]), (None, None))
            if person in self.people:
                yield int(person), touch

    def product(self) -> Score:
        content = dict(self.revenue.files.table("content", "content_id", "content_stage"))
        seen: dict[int, set[str]] = defaultdict(set)
        for person, touch in self.touches():
            is_seen = touch["direction"] == "inbound" and touch["behaviour"] != "register"
            if is_seen and touch["content_id"] in content and local(touch["occurred_at"]) >= self.first_day:
                seen[person].add(content[touch["content_id"]])
        stages: dict[str, list[bool]] = defaultdict(list)
        for person, stage in self.revenue.rows("select person_key, content_stage from journey.person_stage"):
            if person in self.people:
                stages[stage].append(stage in seen[person])
        shares = [Fraction(sum(answers), len(answers)) for answers in stages.values()]
        answers = [answer for one in stages.values() for answer in one]
        names = [row[0] for row in self.revenue.files.table("content_stages", "content_stage")]
        filled = Fraction(sum(name in content.values() for name in names), len(names))
        return Fraction(sum(answers), len(answers)), sum(shares, Fraction(0)) / len(shares), filled

    def tag(self, code: str) -> dict[int, str]:
        rows = self.revenue.rows(
            "select person_key, tag_value from tags.person_tag join identity.person using (one_id)"
            f" where tag_code = '{code}'"
        )
        return {person: value for person, value in rows if person in self.people}

    def training(self) -> Score:
        courses = self.tag("course_progress")
        customers = [person for person, stage in self.tag("journey_stage").items() if stage == "won"]
        learners = [value for value in courses.values() if value != "none"]
        completed = Fraction(learners.count("completed"), len(learners))
        learning = [person for person in customers if courses[person] != "none"]
        return completed, Fraction(len(learning), len(customers)), completed

    def service(self) -> Score:
        hours, in_time = [], []
        for channel, record, opened, replied in self.revenue.rows(
            "select channel, record_id, opened_at, first_reply_at from records.ticket"
        ):
            person, _ = self.revenue.owned.get((channel, record), (None, None))
            if person in self.revenue.outsiders or local(opened) < self.first_day or opened >= self.end:
                continue
            if replied is not None and replied < self.end:
                taken = max(replied.replace(second=0) - opened.replace(second=0), timedelta(0))
                hours.append(Fraction(taken // timedelta(minutes=1), 60))
                in_time.append(replied <= opened + timedelta(hours=HOURS))
            elif opened + timedelta(hours=HOURS) < self.end:
                in_time.append(False)
        marks = list(self.tag("service_satisfaction").values())
        satisfied = Fraction(marks.count("satisfied"), len(marks))
        return Fraction(median(hours)), Fraction(sum(in_time), len(in_time)), satisfied

    def activity(self) -> Score:
        forms = {row[0] for row in self.revenue.files.table("event_forms", "action")}
        events = defaultdict(list)
        for person, touch in self.touches():
            is_there = touch["behaviour"] == "attend" and touch["action"] in forms and touch["outcome"] != "failed"
            if is_there and touch["campaign_id"]:
                events[touch["campaign_id"]].append((local(touch["occurred_at"]), person))
        sizes = [len({person for _, person in one}) for one in events.values() if min(one)[0] >= self.first_day]
        mean = Fraction(sum(sizes), len(sizes))
        one = Fraction(1)
        return Fraction(len(sizes)), min(Fraction(len(sizes), EVENTS), one), min(mean / PARTICIPANTS, one)


def grade(score: Fraction) -> str:
    return next(letter for letter, limit in (("A", 75), ("B", 50), ("C", 25), ("D", 0)) if score >= limit)
