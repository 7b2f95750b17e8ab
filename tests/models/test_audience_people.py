"""Who may be on a list and who not, with planted people; and every critical check of the audience, broken once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from siyu.build.materialization import build_model
from siyu.check.suites import Suite, rows_query
from siyu.compile.compiler import compile_project
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import Session
from siyu.settings import load_settings
from tests.models.audience_people import PEOPLE, given
from tests.models.test_models import AS_OF, Engines, fill

MODELS = ("audience_person", "person_way", "sop_position", "action_option", "next_content", "next_action",
          "next_action_gap")  # fmt: skip
CONTACTS = {"send_content", "follow_up", "invite", "win_back", "rebuy", "ask_referral"}
ALL = CONTACTS | {"hand_off", "resolve_ticket"}
ADVERTS = CONTACTS - {"follow_up"}
KEYS = {name: number for number, name in enumerate(PEOPLE, start=1)}


@dataclass(frozen=True)
class World:
    """The planted people in a build database, and how to build the models of the audience from them."""

    session: Session
    build: Callable[[], None]

    def actions(self) -> dict[str, tuple[str, str | None, str | None]]:
        """Return kind, touchpoint and item by person, of whom each has one action."""
        listed = self.session.rows("select one_id, kind, touchpoint, content_id from audience.next_action")
        assert len({name for name, *_ in listed}) == len(listed)
        return {name: (kind, touchpoint, item) for name, kind, touchpoint, item in listed}


@contextmanager
def planted(project: Project, engines: Engines) -> Iterator[World]:
    with engines.at(AS_OF) as (engine, session):

        def build() -> None:
            for model in MODELS:
                session.execute(f"drop table if exists audience.{model}")
                build_model(engine, project, f"audience.{model}")

        rows = given()
        needed = {name for model in MODELS for name in project.models[f"audience.{model}"].refs}
        for name in sorted(needed | rows.keys()):
            if name in rows or not name.startswith("reference."):
                columns = {c.name: c.type for c in project.binder.columns(relation(name))}
                fill(session, relation(name), columns, rows.get(name, []))
        build()
        session.execute("commit")  # a check that is broken and mended has a transaction of its own
        try:
            yield World(session, build)
        finally:
            session.execute("begin")


@pytest.fixture
def world(project: Project) -> Iterator[World]:
    """In an engine of its own: what is planted stays there."""
    engines = Engines(project)
    try:
        with planted(project, engines) as built:
            yield built
    finally:
        engines.close()


def test_who_gets_which_action_and_who_none(world: World) -> None:
    found = world.actions()
    assert found == {
        "partner_with_ticket": ("resolve_ticket", "wecom", None),
        "refused_with_ticket": ("resolve_ticket", None, None),
        "no_consent_to_adverts": ("follow_up", "mobile", None),
        "customer_without_consent": ("follow_up", "mobile", None),
        "customer_with_consent": ("win_back", "mobile", None),
        "over_the_limit_with_lead": ("hand_off", "wecom", None),
        "over_the_limit_with_ticket": ("resolve_ticket", "wecom", None),
        "below_the_limit": ("follow_up", "wecom", None),
        "new_reader": ("send_content", "wecom", "N1"),
        "reader": ("send_content", "wecom", "N2"),
        "well_read": ("follow_up", "wecom", None),
        "starter": ("send_content", "wecom", "N1"),
        "invited": ("invite", "wecom", None),
        "never_heard_of": ("send_content", "group", "N1"),
    }
    gap = dict(world.session.rows("select one_id, reason from audience.next_action_gap"))
    assert gap == {
        "competitor": "competitor", "learner": "learner", "bot": "bot", "staff": "staff", "erased": "erased",
        "partner": "partner", "refused": "no_consent", "unsubscribed": "no_consent", "unreachable": "unreachable",
        "over_the_limit": "fatigued",
    }  # fmt: skip
    # Won, or not silent: nobody misses an action of theirs.
    others = {"erased_customer", "customer_over_the_limit", "talking"}
    assert set(PEOPLE) == found.keys() | gap.keys() | others


def test_planted_people_are_on_no_list_of_that_kind(world: World) -> None:
    """Nor is any such rule an option of theirs."""
    forbidden = {
        ("competitor", "learner", "bot", "staff", "erased", "erased_customer"): ALL,
        ("partner", "partner_with_ticket", "refused", "refused_with_ticket"): {*CONTACTS, "hand_off"},
        ("no_consent_to_adverts", "customer_without_consent"): ADVERTS,
        ("unsubscribed", "unreachable", "over_the_limit", "customer_over_the_limit", "over_the_limit_with_lead",
         "over_the_limit_with_ticket"): CONTACTS,
    }  # fmt: skip
    found = {(name, kind) for name, (kind, *_) in world.actions().items()}
    names = {number: name for name, number in KEYS.items()}
    listed = world.session.rows("select person_key, kind from audience.action_option")
    options = {(names[number], kind) for number, kind in listed}
    for people, kinds in forbidden.items():
        assert not [(name, kind) for name, kind in found | options if name in people and kind in kinds]


HEARD_NOTHING = "delete from journey.person_touch where direction = 'outbound' and person_key = {} --"

# What keeps them from being contacted, and what they get without it.
OBSTACLES = {
    "competitor": ("update tags.person_profile set relationship_type = 'prospect'", "hand_off"),
    "bot": ("update tags.person_profile set relationship_type = 'customer'", "hand_off"),
    "erased": ("update identity.human_decision set is_latest = false --", "hand_off"),
    "partner": ("update tags.person_profile set relationship_type = 'customer'", "hand_off"),
    "refused": ("update tags.person_profile set consent_status = 'unknown'", "hand_off"),
    "no_consent_to_adverts": ("update tags.person_profile set consent_status = 'granted'", "invite"),
    "customer_without_consent": ("update tags.person_profile set consent_status = 'granted'", "win_back"),
    "unsubscribed": ("delete from records.touch --", "invite"),
    "over_the_limit": (HEARD_NOTHING.format(KEYS["over_the_limit"]), "follow_up"),
    "customer_over_the_limit": (HEARD_NOTHING.format(KEYS["customer_over_the_limit"]), "win_back"),
}


def test_without_the_obstacle_they_are_on_the_list(world: World) -> None:
    """Otherwise, the test before this one could not fail."""
    for name, (statement, _) in OBSTACLES.items():
        world.session.execute(f"{statement} where one_id = '{name}'")
    world.build()
    found = world.actions()
    assert {name: found[name][0] for name in OBSTACLES} == {name: kind for name, (_, kind) in OBSTACLES.items()}


def _of(name: str) -> str:
    """The condition that finds one person; both columns, because some relations have no one_id."""
    return f"person_key = {KEYS[name]}"


def _as(name: str, instead_of: str) -> str:
    """The action of one person becomes that of another one."""
    return f"update audience.next_action set one_id = '{name}', {_of(name)} where {_of(instead_of)}"


# (table, description of the check): what breaks it, and whom it tells.
BROKEN: dict[tuple[str, str], tuple[str, set[str]]] = {
    ("audience_person", "everybody"): (f"delete from audience.audience_person where {_of('reader')}", {"reader"}),
    ("audience_person", "learners, competitors, bots and staff are kept out"): (
        f"update audience.audience_person set audience = 'prospect' where {_of('learner')}", {"learner"}),
    ("audience_person", "who asked to be erased is kept out"): (
        f"update audience.audience_person set audience = 'prospect' where {_of('erased')}", {"erased"}),
    ("audience_person", "partners, customers and prospects are not mixed"): (
        f"update audience.audience_person set audience = 'prospect' where {_of('partner')}", {"partner"}),
    ("person_way", "a touchpoint of the list"): (
        f"update audience.person_way set touchpoint = 'fax' where {_of('reader')}", {"reader"}),
    ("person_way", "no is no"): (
        "update audience.person_way set is_personal_allowed = true",
        {"refused", "refused_with_ticket", "unsubscribed"}),
    ("person_way", "advertising with the consent that it needs"): (
        f"update audience.person_way set is_marketing_allowed = true where {_of('no_consent_to_adverts')}",
        {"no_consent_to_adverts"}),
    ("person_way", "an answer with the consent that it needs"): (
        "update reference.consent_rules set personal_basis = 'granted' where touchpoint = 'mobile'",
        {"no_consent_to_adverts", "customer_without_consent", "over_the_limit_with_lead"}),
    ("sop_position", "prospects who are not won"): (
        f"update audience.audience_person set is_won = true where {_of('starter')}", {"starter"}),
    ("sop_position", "a step of the playbook"): (
        f"update audience.sop_position set step_no = 7, sent_count = 6 where {_of('starter')}", {"starter"}),
    ("sop_position", "the step after those that are done"): (
        f"update audience.sop_position set sent_count = 3 where {_of('starter')}", {"starter"}),
    ("sop_position", "due from its day on"): (
        f"update audience.sop_position set is_due = false where {_of('starter')}", {"starter"}),
    ("action_option", "nobody who is kept out"): (
        f"update audience.audience_person set audience = 'kept_out' where {_of('reader')}", {"reader"}),
    ("action_option", "a touchpoint for every contact"): (
        f"update audience.action_option set touchpoint = null where {_of('reader')}", {"reader"}),
    ("next_content", "never had before"): (
        f"update audience.next_content set content_id = 'N1' where {_of('reader')}", {"reader"}),
    ("next_content", "content that fits the stage"): (
        "update reference.content set content_stage = 'selection' where content_id = 'N2'", {"reader"}),
    ("next_action", "a rule of the table"): (
        f"update audience.next_action set priority = 1 where {_of('reader')}", {"reader"}),
    ("next_action", "nobody who is kept out"): (
        f"{_as('competitor', 'reader')}; {_as('erased', 'starter')}", {"competitor", "erased"}),
    ("next_action", "the audience of the rule"): (_as("partner", "reader"), {"partner"}),
    ("next_action", "no contact with people who heard enough"): (_as("over_the_limit", "reader"), {"over_the_limit"}),
    ("next_action", "a touchpoint for every contact"): (
        f"update audience.next_action set touchpoint = null where {_of('reader')}", {"reader"}),
    ("next_action", "a touchpoint that is allowed"): (
        f"update audience.next_action set kind = 'win_back' where {_of('no_consent_to_adverts')}",
        {"no_consent_to_adverts"}),
    ("next_action", "only an answer for people who refused"): (_as("refused", "reader"), {"refused"}),
    ("next_action", "advertising with the consent that it needs"): (
        f"update audience.next_action set kind = 'rebuy' where {_of('no_consent_to_adverts')}",
        {"no_consent_to_adverts"}),
    ("next_action", "content with send_content, and only there"): (
        f"update audience.next_action set content_id = null where {_of('reader')}", {"reader"}),
    ("next_action", "content that they never had"): (
        f"update audience.next_action set content_id = 'N1' where {_of('reader')}", {"reader"}),
    ("next_action", "content that fits the stage"): (
        f"update journey.person_stage set content_stage = 'selection' where {_of('reader')}", {"reader"}),
    ("next_action", "an invitation with an event, and only there"): (
        f"update audience.next_action set event_id = 'E2' where {_of('invited')}", {"invited"}),
    ("next_action", "a hand-off that waits"): (
        "update audience.lead_handoff set status = 'accepted'", {"over_the_limit_with_lead"}),
    ("next_action", "a step with its playbook"): (
        f"update audience.next_action set step_no = null where {_of('starter')}", {"starter"}),
    ("next_action", "a time"): (
        f"update audience.next_action set due_at = timestamp '2026-06-30 15:59:58' where {_of('reader')}", {"reader"}),
    ("next_action_gap", "nobody is forgotten"): (
        f"update audience.next_action_gap set reason = 'other' where {_of('partner')}", {"partner"}),
    ("next_action_gap", "everybody has an action or a reason"): (
        f"delete from audience.next_action_gap where {_of('partner')}; delete from audience.next_action"
        f" where {_of('reader')}", {"partner", "reader"}),
    ("next_action_gap", "nobody has both"): (
        f"update audience.next_action_gap set one_id = 'reader' where {_of('partner')}", {"reader"}),
    ("next_action_gap", "nobody else"): (
        f"update audience.audience_person set is_silent = false where {_of('partner')}", {"partner"}),
}  # fmt: skip


def test_every_critical_check_can_fail(world: World, suites: dict[str, Suite]) -> None:
    """It finds nothing among the planted people, and exactly those whose rows are broken."""
    queries = {
        (table, expectation.kwargs["description"]): rows_query(expectation, f"audience.{table}")
        for table in MODELS
        for expectation in suites[f"audience.{table}"].expectations
        if expectation.severity == "critical" and "unexpected_rows_query" in expectation.kwargs
    }
    assert {check: world.session.rows(query) for check, query in queries.items()} == {check: [] for check in queries}
    assert {check for check in queries if not check[1].startswith("unique: ")} == BROKEN.keys()
    names = {number: name for name, number in KEYS.items()}
    for (table, described), query in queries.items():
        someone = "partner" if table == "next_action_gap" else "starter"
        twice = f"insert into audience.{table} select * from audience.{table} where {_of(someone)}"
        statements, people = BROKEN.get((table, described), (twice, {someone}))
        world.session.execute("begin")
        for statement in statements.split(";"):
            world.session.execute(statement)
        told = world.session.named_rows(query)
        world.session.execute("rollback")
        found = {row["one_id"] if "one_id" in row else names[row["person_key"]] for row in told}
        assert found == people, (table, described, told)


def test_a_layer_adds_rules_changes_rules_and_changes_playbooks(tmp_path: Path) -> None:
    """By its tables alone. A rule that it does not name stays as it is."""
    columns = "rule,kind,priority,audience,stage,is_sop_due,is_invited,touchpoint,due_days,owner_role,why_zh,why_en"
    files = {
        "next_action_rules": f"{columns}\n"
        "ring,follow_up,95,prospect,profiled,,false,wecom|group,2,sales,打电话,Ring them.\n"
        "ticket_open,resolve_ticket,20,prospect|customer|partner,,,,,9,sales,未结,Still open.\n"
        "playbook,send_content,94,prospect,,true,,,1,sdr,剧本,Playbook.\n",
        "sop_steps": "scenario,step_no,name_zh,touchpoint\nmall,1,一,group\n",
        "consent_rules": "touchpoint,marketing_basis\nwecom,granted\n",
    }  # fmt: skip
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.add.csv").write_text(text, encoding="utf-8")
    project = compile_project(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    engines = Engines(project)
    with planted(project, engines) as world:
        found = world.session.rows("select one_id, rule, due_at, owner_staff, why_en from audience.next_action")
        step = world.session.value("select touchpoint from audience.sop_position where one_id = 'starter'")
        listed = {name: rule for name, rule, *_ in found}
        told = {name: (str(due), staff, why) for name, _, due, staff, why in found}
    engines.close()
    assert listed["reader"] == listed["never_heard_of"] == listed["well_read"] == "ring"
    assert told["reader"] == ("2026-07-02 15:59:59", "S1", "Ring them.")
    assert listed["partner_with_ticket"] == "ticket_overdue"
    assert told["refused_with_ticket"] == ("2026-07-09 15:59:59", "S1", "Still open.")
    # Advertising over WeCom needs consent now, and "starter" gave none.
    assert (listed["starter"], step) == ("ring", "group")
    assert listed["invited"] == "under_touched_call"
