"""What the rules of the next action look at: people, ways to them, their touches, hand-offs, invitations, owners."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from tests.tags.world import Row, Settings, Tables, World, grouped

# The tables that next_action, next_action_gap and sop_position look at, beside reference tables.
READ = (
    "audience.audience_person", "audience.person_way", "audience.person_owner", "audience.lead_handoff",
    "audience.invite_list", "audience.invite_event", "tags.person_profile", "journey.scenario_step", "records.touch",
    "identity.person", "identity.record_person",
)  # fmt: skip


class Desk(World):
    """A world with the tables of the audience. Those of records and identities give the touches of each person."""

    def __init__(self, tables: Tables, settings: Settings) -> None:
        super().__init__(tables, settings)
        self.persons = {row["one_id"]: row for row in self._rows("audience.audience_person")}
        self.profiles = {row["one_id"]: row for row in self._rows("tags.person_profile")}
        self.ways = self._of_person("audience.person_way")
        self.handoffs = self._of_person("audience.lead_handoff")
        self.invitations = self._of_person("audience.invite_list")
        self.runs = self._of_person("journey.scenario_step")
        self.owner_of = {(row["one_id"], row["role"]): row["staff_id"] for row in self._rows("audience.person_owner")}

    def _of_person(self, name: str) -> dict[Any, list[dict[str, Any]]]:
        return grouped(self._rows(name), lambda row: row["one_id"])

    @cached_property
    def rules(self) -> list[Row]:
        return sorted(self.reference("next_action_rules"), key=lambda row: (int(row["priority"]), row["rule"]))

    @cached_property
    def steps(self) -> dict[tuple[str, int], Row]:
        """(scenario, step_no) -> step of the playbook"""
        return {(row["scenario"], int(row["step_no"])): row for row in self.reference("sop_steps")}

    @cached_property
    def event_dates(self) -> dict[str, date]:
        return {row["event_id"]: row["event_date"] for row in self._rows("audience.invite_event")}

    @cached_property
    def content_of_stage(self) -> dict[Any, list[Row]]:
        return grouped(self.reference("content"), lambda row: row["content_stage"])

    def end_of(self, day: date) -> datetime:
        """The last second of a business date (UTC)."""
        midnight = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return midnight.astimezone(UTC).replace(tzinfo=None) - timedelta(seconds=1)


def listed(text: str | None, separator: str = "|") -> list[str]:
    """The values of a list in one text; an empty text lists nothing."""
    return [value.strip() for value in (text or "").split(separator) if value.strip()]
