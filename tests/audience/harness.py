"""Rows of random worlds into the real compiled models of the audience, on DuckDB in memory, and what comes out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from siyu.build.database import prepare, write_sources
from tests.audience.desk import READ, Desk
from tests.audience.reference import Action, Answers, Position
from tests.loading import load_rows
from tests.tags.harness import BUILT, Models
from tests.tags.harness import READ as READ_BY_TAGS

PEOPLE = ("audience.audience_person", "audience.person_way")
ACTIONS = ("audience.next_action", "audience.next_action_gap", "audience.sop_position")
# What other models of the audience give to next_action. Its own working tables, if it has some, are built.
GIVEN = (
    *PEOPLE, "audience.person_owner", "audience.lead_handoff", "audience.invite_list", "audience.invite_event",
)  # fmt: skip


class PeopleModels(Models):
    """The models of people and ways, over the tags of worlds."""

    looked_at = PEOPLE
    built = (*BUILT, *PEOPLE)
    read = (*READ_BY_TAGS, "identity.identity_rule")


class ActionModels(Models):
    """The models of the next action, over the tables that they read."""

    looked_at = ACTIONS
    built = ("journey.person_touch",)
    read = READ

    def prepare(self) -> None:
        """Without the catalog, which these models do not read."""
        prepare(self.engine, self.project)
        write_sources(self.engine, self.project, [], Path(), [])

    def is_built(self, name: str) -> bool:
        return name in self.built or (name.startswith("audience.") and name not in GIVEN)

    def replace_rules(self, rules: list[dict[str, Any]]) -> None:
        """Build everything again with other rules, over the same people."""
        self.session.execute("delete from reference.next_action_rules")
        load_rows(self.session, self.scratch, "reference.next_action_rules", rules)
        self.build()

    def world(self) -> Desk:
        return Desk(self.tables(), self.settings())

    def answers(self) -> Answers:
        return answers_in(*(self.session.named_rows(f"select * from {name}") for name in ACTIONS))


def answers_in(actions: list[dict[str, Any]], gaps: list[dict[str, Any]], positions: list[dict[str, Any]]) -> Answers:
    """The rows of the three tables, as the reference gives them."""
    return Answers(
        {row["one_id"]: Action(**{name: row[name] for name in Action.__dataclass_fields__}) for row in actions},
        {row["one_id"]: row["reason"] for row in gaps},
        {row["one_id"]: Position(**{name: row[name] for name in Position.__dataclass_fields__}) for row in positions},
    )
