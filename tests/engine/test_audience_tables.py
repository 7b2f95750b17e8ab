"""The tables that audiences are written in, checked before anything is built; and rules that a layer adds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.errors import Problems
from siyu.layers import base_layer
from siyu.seeds.audience_tables import AUDIENCE_TABLES, COLUMNS, audience_errors
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.references import load_references, reference_rows
from siyu.seeds.table_checks import errors_of
from siyu.settings import load_settings

BASE = base_layer() / "seeds" / "reference"
RULE = (
    "rule,kind,priority,audience,stage,need_status,open_ticket,churn_risk,renewal_due,repurchase_status,advocacy,"
    "has_cross_sell_gap,handoff_status,is_invited,is_sop_due,is_dormant,silent_days_from,our_touches_to,touchpoint,"
    "due_days,owner_role,why_zh,why_en\n"
)
STEP = "scenario,step_no,day,touchpoint,content_format,name_zh,name_en\n"
CONSENT = "touchpoint,marketing_basis,personal_basis,why\n"


def a_rule(**cells: str) -> str:
    """A row of a layer, with these cells and otherwise a plain follow-up."""
    plain = {"rule": "own", "kind": "follow_up", "priority": "95", "audience": "prospect|customer", "due_days": "1",
             "owner_role": "sdr", "why_zh": "因", "why_en": "Why."}  # fmt: skip
    assert cells.keys() <= set(COLUMNS["next_action_rules"])
    return RULE + ",".join((plain | cells).get(column, "") for column in COLUMNS["next_action_rules"]) + "\n"


def problems(tmp_path: Path, files: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return (problem, where, fix) for a layer with these files: `sop_steps.add` is sop_steps.add.csv."""
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    found = load_references(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    types = load_identifier_types(reference_rows(found["identifier_types"]), "identifier_types.csv")
    errors = [*errors_of(found, AUDIENCE_TABLES, types), *audience_errors(found)]
    return [(error.problem, error.where.rpartition("/")[2], error.fix) for error in errors]


ADDED = "next_action_rules.add.csv, row 2"
# (file, its text, each problem told: where it is, how the problem begins, words of the fix)
Told = tuple[str, str, str]
CASES: list[tuple[str, str, list[Told]]] = [
    ("next_action_rules.add", a_rule(kind="folow_up"), [
        (ADDED, "next_action_rules: kind is 'folow_up'", "did you mean follow_up?")]),
    ("next_action_rules.add", a_rule(rule="Own rule"), [
        (ADDED, "next_action_rules: rule is 'Own rule'", "use lower case")]),
    ("next_action_rules.add", a_rule(priority="0"), [(ADDED, "next_action_rules: priority is '0'", "from 1 to 9999")]),
    ("next_action_rules.add", a_rule(priority="9.5"), [
        (ADDED, "next_action_rules: priority is '9.5'", "whole number")]),
    ("next_action_rules.add", a_rule(priority=""), [(ADDED, "next_action_rules: priority is empty", "whole number")]),
    ("next_action_rules.add", a_rule(audience="prospect|partners"), [
        (ADDED, "next_action_rules: audience names 'partners'", "did you mean partner?")]),
    ("next_action_rules.add", a_rule(audience="kept_out"), [
        (ADDED, "next_action_rules: audience names 'kept_out'", "expected one of: customer, partner, prospect")]),
    ("next_action_rules.add", a_rule(stage="intent|profield"), [
        (ADDED, "next_action_rules: stage names 'profield'", "did you mean profiled?")]),
    ("next_action_rules.add", a_rule(need_status="urgent/active"), [
        (ADDED, "next_action_rules: need_status names 'urgent/active'", "did you mean urgent? Separate several")]),
    ("next_action_rules.add", a_rule(need_status="urgent||active"), [
        (ADDED, "next_action_rules: need_status names ''", "expected one of: active")]),
    ("next_action_rules.add", a_rule(open_ticket="late"), [
        (ADDED, "next_action_rules: open_ticket names 'late'", "expected one of: none, open, overdue")]),
    ("next_action_rules.add", a_rule(churn_risk="hgih"), [
        (ADDED, "next_action_rules: churn_risk names 'hgih'", "did you mean high?")]),
    ("next_action_rules.add", a_rule(renewal_due="soon", repurchase_status="lapse", advocacy="fan"), [
        (ADDED, "next_action_rules: renewal_due names 'soon'", "expected one of"),
        (ADDED, "next_action_rules: repurchase_status names 'lapse'", "did you mean lapsed?"),
        (ADDED, "next_action_rules: advocacy names 'fan'", "expected one of")]),
    ("next_action_rules.add", a_rule(handoff_status="opened"), [
        (ADDED, "next_action_rules: handoff_status names 'opened'", "did you mean open?")]),
    ("next_action_rules.add", a_rule(has_cross_sell_gap="yes", is_invited="1", is_dormant="no"), [
        (ADDED, "next_action_rules: has_cross_sell_gap is 'yes'", "expected one of: false, true"),
        (ADDED, "next_action_rules: is_invited is '1'", "expected one of: false, true"),
        (ADDED, "next_action_rules: is_dormant is 'no'", "expected one of: false, true")]),
    ("next_action_rules.add", a_rule(is_sop_due="due"), [
        (ADDED, "next_action_rules: is_sop_due is 'due'", "expected one of: false, true")]),
    ("next_action_rules.add", a_rule(silent_days_from="-1", our_touches_to="few"), [
        (ADDED, "next_action_rules: silent_days_from is '-1'", "from 0 to 3650"),
        (ADDED, "next_action_rules: our_touches_to is 'few'", "from 0 to 1000")]),
    ("next_action_rules.add", a_rule(touchpoint="wecom|fax"), [
        (ADDED, "next_action_rules: touchpoint names 'fax'", "expected one of: douyin, email")]),
    ("next_action_rules.add", a_rule(due_days="", owner_role="boss"), [
        (ADDED, "next_action_rules: due_days is empty", "from 0 to 3650"),
        (ADDED, "next_action_rules: owner_role is 'boss'", "expected one of: sales, sdr, service")]),
    ("next_action_rules.add", a_rule(why_zh="", why_en=""), [
        (ADDED, "next_action_rules: why_zh is empty", "write a text"),
        (ADDED, "next_action_rules: why_en is empty", "write a text")]),
    ("next_action_rules.add", a_rule(kind="hand_off"), [
        (ADDED, "next_action_rules: kind is hand_off and handoff_status is ''", "write open")]),
    ("next_action_rules.add", a_rule(kind="hand_off", handoff_status="open|returned"), [
        (ADDED, "next_action_rules: kind is hand_off and handoff_status is 'open|returned'", "write open")]),
    ("next_action_rules.add", a_rule(kind="invite"), [
        (ADDED, "next_action_rules: kind is invite, but is_invited is not true", "write true")]),
    ("next_action_rules.add", a_rule(kind="invite", is_invited="true", touchpoint="wecom"), [
        (ADDED, "next_action_rules: touchpoint is 'wecom'", "the invitation names the touchpoint")]),
    ("next_action_rules.add", a_rule(kind="invite", is_invited="true", is_sop_due="true"), [
        (ADDED, "next_action_rules: kind is invite and is_sop_due is 'true'", "a rule of its own")]),
    ("next_action_rules.add", a_rule(is_sop_due="true", touchpoint="wecom"), [
        (ADDED, "next_action_rules: touchpoint is 'wecom'", "the step in sop_steps.csv names the touchpoint")]),
    ("next_action_rules", a_rule() + a_rule(audience="customer").splitlines()[1] + "\n", [
        ("next_action_rules.csv, row 3", "next_action_rules: own is already in row 2", "the same rule")]),
    ("next_action_rules", a_rule().replace("why_en\n", "why_en,industri\n").replace("Why.\n", "Why.,robot\n"), [
        ("next_action_rules.csv", "next_action_rules has the column industri", "expected one of: advocacy")]),
    ("sop_steps", STEP.replace("name_en\n", "name_en,toucpoint\n"), [
        ("sop_steps.csv", "sop_steps has the column toucpoint", "did you mean touchpoint?")]),
    # Nobody may be forgotten: one rule has to find every silent prospect, or the gap had people without a reason.
    *(
        ("next_action_rules.add", "rule,priority," + column + f"\nunder_touched_call,150,{value}\n", [
            ("next_action_rules.add.csv", "next_action_rules: no rule finds everybody", "under_touched_call")])
        for column, value in (
            ("audience", "customer|partner"), ("audience", "prospect"), ("kind", "send_content"), ("stage", "intent"),
            ("need_status", "active"),
            ("is_dormant", "true"), ("silent_days_from", "8"), ("our_touches_to", "4"), ("touchpoint", "mobile"))
    ),
    ("thresholds.add", "threshold,value\nunder_touches,6\n", [
        ("next_action_rules.csv", "next_action_rules: no rule finds everybody who is silent for 7 days and got at"
         " most 6", "our_touches_to 6 or more")]),
    ("thresholds.add", "threshold,value\nsilent_days,6\n", [
        ("next_action_rules.csv", "next_action_rules: no rule finds everybody who is silent for 6 days",
         "silent_days_from 6 or less")]),
    ("sop_steps.add", STEP + "wechats,1,0,wecom,video,一,One\n", [
        ("sop_steps.add.csv, row 2", "sop_steps: wechats is not a scenario", "did you mean wechat?")]),
    ("sop_steps.add", STEP + "wechat,7,40,wecom,video,七,Seven\n", [
        ("sop_steps.add.csv, row 2", "sop_steps: step_no is '7'", "from 1 to 6")]),
    ("sop_steps", STEP + "mall,1,0,,,一,One\nmall,3,5,,,三,Three\n", [
        ("sop_steps.csv, row 2", "sop_steps: mall has no step 2", "from 1 without gaps")]),
    ("sop_steps", STEP + "mall,1,0,,,一,One\nmall,1,1,,,一,One\n", [
        ("sop_steps.csv, row 3", "sop_steps: mall 1 is already in row 2", "the same scenario, step_no")]),
    ("sop_steps.add", STEP + "mall,3,0,fax|wecom,,,Three\n", [
        ("sop_steps.add.csv, row 2", "sop_steps: step 3 of mall is on day 0, step 2 on day 1", "write 1 or a later"),
        ("sop_steps.add.csv, row 2", "sop_steps: touchpoint names 'fax'", "expected one of"),
        ("sop_steps.add.csv, row 2", "sop_steps: name_zh is empty", "write a text")]),
    ("sop_steps.add", STEP + "mall,3,soon,,,三,Three\n", [
        ("sop_steps.add.csv, row 2", "sop_steps: day is 'soon'", "whole number")]),
    ("consent_rules.add", CONSENT + "fax,link,link,\n", [
        ("consent_rules.add.csv, row 2", "consent_rules: fax is not a touchpoint", "expected one of")]),
    ("consent_rules.add", CONSENT + "email,grant,,\n", [
        ("consent_rules.add.csv, row 2", "consent_rules: marketing_basis is 'grant'", "did you mean granted?"),
        ("consent_rules.add.csv, row 2", "consent_rules: personal_basis is empty", "expected one of: granted, link")]),
    ("consent_rules", "".join((BASE / "consent_rules.csv").read_text(encoding="utf-8").splitlines(True)[:-1]), [
        ("consent_rules.csv", "consent_rules: email of touchpoints.csv is missing", "nobody is contacted over it")]),
    ("consent_rules", (BASE / "consent_rules.csv").read_text(encoding="utf-8") + "email,link,link,\n", [
        ("consent_rules.csv, row 11", "consent_rules: email is already in row 10", "the same touchpoint")]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "expected"), CASES, ids=[case[2][0][1] for case in CASES])
def test_a_wrong_row_is_told_where_it_was_written(tmp_path: Path, file: str, text: str, expected: list[Told]) -> None:
    """Every problem at once, and no other."""
    found = problems(tmp_path, {file: text})
    assert len(found) == len(expected), found
    for place, problem, fix in expected:
        assert any(where.startswith(place) and said.startswith(problem) and fix in do for said, where, do in found), (
            f"{place}: {problem} / {fix} is not in {found}"
        )


def test_every_table_has_a_wrong_row() -> None:
    assert {file.removesuffix(".add") for file, _, _ in CASES} - {"thresholds"} == set(AUDIENCE_TABLES)


@pytest.mark.parametrize("name", AUDIENCE_TABLES)
def test_the_columns_are_those_that_are_shipped(name: str) -> None:
    with (BASE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS[name]


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"next_action_rules.add": a_rule(audience="", priority="9999", stage="won|intent", touchpoint="wecom|email")},
        {"next_action_rules.add": a_rule(kind="rebuy", audience="partner", silent_days_from="0", our_touches_to="0")},
        {"next_action_rules.add": a_rule(priority="100")},  # the same as another rule: the name decides
        {"thresholds.add": "threshold,value\nunder_touches,4\nsilent_days,8\n"},
        {"sop_steps": STEP},
        {"sop_steps.add": STEP + "mall,2,0,,,二,Two\nmall,6,30,mall|wecom,白皮书,六,Six\n"},
        {"consent_rules.add": CONSENT + "email,never,granted,\n"},
    ],
)
def test_what_a_layer_may_say(tmp_path: Path, files: dict[str, str]) -> None:
    assert problems(tmp_path, files) == []


def test_a_playbook_has_six_steps_in_six_forms() -> None:
    with (BASE / "sop_steps.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scenarios = {row["scenario"] for row in reference_rows(load_references(load_settings(BASE))["scenario_steps"])}
    assert {row["scenario"] for row in rows} == scenarios
    for scenario in scenarios:
        steps = [row for row in rows if row["scenario"] == scenario]
        assert len(steps) == 6 == len({row["content_format"] for row in steps}), scenario


def test_a_run_stops_with_the_problems_of_all_tables(tmp_path: Path) -> None:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    (folder / "next_action_rules.add.csv").write_text(a_rule(kind="call"), encoding="utf-8")
    (folder / "sop_steps.add.csv").write_text(STEP + "moll,1,0,,,一,One\n", encoding="utf-8")
    with pytest.raises(Problems) as told:
        compile_project(load_settings(tmp_path, layers=(tmp_path / "layer",)))
    assert [error.problem for error in told.value.errors] == [
        "next_action_rules: kind is 'call'", "sop_steps: moll is not a scenario of scenario_steps.csv"]  # fmt: skip
