"""The rule tables of the journey, checked before anything is built."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from siyu.compile.compiler import compile_project
from siyu.errors import ConfigError, Problems
from siyu.layers import base_layer
from siyu.seeds.identifier_types import IdentifierTypes, load_identifier_types
from siyu.seeds.patterns import pattern_problem
from siyu.seeds.references import load_references, stored
from siyu.seeds.rule_tables import COLUMNS, STAGE_RULES, TABLES
from siyu.seeds.table_checks import table_errors
from siyu.settings import Settings, load_settings
from siyu.simulate.names import OUR_DOMAIN

BASE = base_layer() / "seeds" / "reference"
SAMPLE = base_layer() / "seeds" / "sample" / "reference"
Rows = list[dict[str, str]]
Edit = Callable[[Rows], None]
LAST = -1


def read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(name: str) -> Rows:
    """The sample's own table where it has one: some are empty otherwise."""
    return read(SAMPLE / f"{name}.csv" if (SAMPLE / f"{name}.csv").is_file() else BASE / f"{name}.csv")


@pytest.fixture(scope="module")
def types() -> IdentifierTypes:
    return load_identifier_types(read(BASE / "identifier_types.csv"), "identifier_types.csv")


def put(row: int, **cells: str) -> Edit:
    return lambda rows: rows[row - 2].update(cells)


def drop(row: int) -> Edit:
    return lambda rows: rows.__delitem__(row - 2)


def copy(row: int, **cells: str) -> Edit:
    """A row like another at the end."""
    return lambda rows: rows.append({**rows[row - 2], **cells})


def both(*edits: Edit) -> Edit:
    def edit(rows: Rows) -> None:
        for one in edits:
            one(rows)

    return edit


def put_all(some: Rows, **cells: str) -> None:
    for row in some:
        row.update(cells)


# (table, what is done to it, each problem told: row (None = none, LAST), words of the problem, words of the fix)
Told = tuple[int | None, str, str]
CASES: list[tuple[str, Edit, list[Told]]] = [
    # stages
    ("stages", put(3, stage="potental"), [
        (None, "potential is missing", "add a row"), (3, "stage is 'potental'", "did you mean potential?")]),
    ("stages", put(3, stage_rank="1"), [(3, "potential has the rank '1'", "write 2: only names")]),
    ("stages", both(put(3, stage_rank="3"), put(4, stage_rank="2")), [
        (3, "potential has the rank '3'", "write 2"), (4, "profiled has the rank '2'", "write 3")]),
    ("stages", drop(7), [(None, "won is missing", "add a row with the stage won")]),
    ("stages", copy(2), [(LAST, "visitor is already in row 2", "remove one row")]),
    ("stages", put(2, name_zh=""), [(2, "name_zh is empty", "write a text")]),
    ("stages", put(2, name_en=" Visitor"), [(2, "name_en is ' Visitor'", "without spaces")]),
    # stage_rules
    ("stage_rules", put(4, rule="intent_points"), [
        (None, "intent_score is missing", "add a row with the rule intent_score"),
        (4, "rule is 'intent_points'", "did you mean intent_score?")]),
    ("stage_rules", drop(3), [(None, "potential_days is missing", "add a row with the rule potential_days")]),
    ("stage_rules", copy(4), [(LAST, "intent_score is already in row 4", "remove one row")]),
    ("stage_rules", put(2, value="0"), [(2, "potential_views is '0'", "from 1 to 100000")]),
    ("stage_rules", put(3, value="1.5"), [(3, "potential_days is '1.5'", "whole number")]),
    ("stage_rules", put(4, value=""), [(4, "intent_score is ''", "whole number")]),
    ("stage_rules", put(4, value="1_0"), [(4, "intent_score is '1_0'", "whole number")]),
    ("stage_rules", put(5, value="8"), [(5, "intent_behaviours is '8'", "from 1 to 7")]),
    ("stage_rules", put(6, value="7"), [(6, "back_to_rank is '7'", "from 1 to 6")]),
    ("stage_rules", put(7, value="-1"), [(7, "lead_rank is '-1'", "from 1 to 6")]),
    # thresholds
    ("thresholds", put(2, threshold="Half life"), [(2, "threshold is 'Half life'", "use lower case")]),
    ("thresholds", put(3, max="9"), [(3, "max is 9", "write at most 8")]),
    ("thresholds", put(4, min="5", max="4"), [(4, "min is 5 and max is 4", "the lower limit as min")]),
    ("thresholds", put(4, max="many"), [(4, "max is 'many'", "whole number")]),
    ("thresholds", copy(2), [(LAST, "score_half_life_days is already in row 2", "remove one row")]),
    ("thresholds", put(2, value="0"), [(2, "score_half_life_days is '0'", "from 1 to 3650")]),
    ("thresholds", put(3, value="9"), [(3, "score_halvings is '9'", "from 1 to 8")]),
    ("thresholds", put(4, value="3s"), [(4, "bot_pause_seconds is '3s'", "whole number")]),
    # score_rules
    ("score_rules", copy(3, action="message_open"), [(LAST, "view_nurture is already in row 3", "the same rule")]),
    ("score_rules", put(3, rule=""), [(3, "rule is empty", "write a text")]),
    ("score_rules", put(3, behaviour="veiw"), [(3, "behaviour is 'veiw'", "did you mean view?")]),
    ("score_rules", put(3, behaviour=""), [(3, "behaviour is empty", "expected one of: attend, download")]),
    ("score_rules", put(3, points="-1"), [(3, "points is '-1'", "from 0 to 1000 with at most 2 digits")]),
    ("score_rules", put(3, points="1000.01"), [(3, "points is '1000.01'", "from 0 to 1000")]),
    ("score_rules", put(3, points="3.125"), [(3, "points is '3.125'", "at most 2 digits after the point")]),
    ("score_rules", put(3, points="1e1"), [(3, "points is '1e1'", "write a number")]),
    ("score_rules", put(3, points=""), [(3, "points is empty", "write a number")]),
    ("score_rules", put(3, content_stage="nuture"), [(3, "content_stage is 'nuture'", "did you mean nurture?")]),
    ("score_rules", put(3, channel="WeCom"), [(3, "channel is 'WeCom'", "use lower case")]),
    ("score_rules", drop(2), [(None, "view has no general row", "points 0 if it earns nothing")]),
    ("score_rules", copy(2, rule="view_again"), [(LAST, "view is already in row 2", "behaviour, action")]),
    ("score_rules", copy(3, rule="other"), [(LAST, "view nurture is already in row 3", "content_stage, channel")]),
    ("score_rules", put(2, day_cap=""), [(2, "view has no day_cap", "write how many points a person")]),
    ("score_rules", put(2, points="5", day_cap="4.5"), [(2, "the day_cap 4.5 is less than the points 5", "at least")]),
    ("score_rules", put(2, day_cap="ten"), [(2, "day_cap is 'ten'", "write a number")]),
    ("score_rules", put(3, day_cap="10"), [(3, "day_cap is '10' in a row that covers only a part", "leave it empty")]),
    # sequence_rules
    ("sequence_rules", put(2, sequence="Attend"), [
        (2, "Attend has no step 2", "it needs 2 or more"), (2, "sequence is 'Attend'", "use lower case"),
        (3, "attend_replay has no step 1", "number its steps from 1 without gaps")]),
    ("sequence_rules", both(put(3, step_no="3"), put(4, step_no="3")), [
        (2, "attend_replay has no step 2", "from 1 without gaps")]),
    ("sequence_rules", both(drop(4), drop(3)), [(2, "attend_replay has no step 2", "it needs 2 or more")]),
    ("sequence_rules", put(4, step_no="7"), [
        (2, "attend_replay has no step 3, 4, 5, 6", "from 1 without gaps"), (4, "step_no is '7'", "from 1 to 6")]),
    ("sequence_rules", put(2, step_no="01"), [
        (2, "step_no is '01'", "whole number"), (2, "attend_replay has no step 1", "from 1 without gaps")]),
    ("sequence_rules", put(2, behaviour="", action=""), [(2, "neither behaviour nor action is set", "every touch")]),
    ("sequence_rules", put(2, behaviour="atend"), [(2, "behaviour is 'atend'", "did you mean attend?")]),
    ("sequence_rules", put(3, within_days="8"), [(3, "within_days is '8', but '7' in row 2", "rows of attend_replay")]),
    ("sequence_rules", put(3, points="16"), [(3, "points is '16', but '15' in row 2", "in all rows of attend_")]),
    ("sequence_rules", put(3, name_zh="看"), [(3, "name_zh is '看', but '直播后看回放' in row 2", "in all rows")]),
    ("sequence_rules", lambda rows: put_all(rows[:3], within_days="366"), [
        (row, "within_days is '366'", "from 1 to 365") for row in (2, 3, 4)]),
    ("sequence_rules", lambda rows: put_all(rows[:3], points="0"), [
        (row, "the points are 0", "more than 0") for row in (2, 3, 4)]),
    ("sequence_rules", lambda rows: put_all(rows[:3], points="1.005"), [
        (row, "points is '1.005'", "at most 2 digits") for row in (2, 3, 4)]),
    ("sequence_rules", lambda rows: put_all(rows[:3], name_zh=""), [
        (row, "name_zh is empty", "write a text") for row in (2, 3, 4)]),
    ("sequence_rules", copy(2), [(LAST, "attend_replay 1 attend live is already in row 2", "remove one row")]),
    # ask_levels
    ("ask_levels", drop(4), [(None, "3 is missing", "add a row with the ask_level 3")]),
    ("ask_levels", copy(2), [(LAST, "1 is already in row 2", "remove one row")]),
    ("ask_levels", put(6, ask_level="6"), [
        (None, "5 is missing", "add a row"), (6, "ask_level is '6'", "from 1 to 5")]),
    ("ask_levels", put(2, points="1001"), [
        (2, "points is '1001'", "from 0 to 1000"), (3, "level 2 gives 8 points, level 1 gives 1001", "at least 1001")]),
    ("ask_levels", put(4, points="7.5"), [(4, "level 3 gives 7.5 points, level 2 gives 8", "it asks for more")]),
    # calls_to_action
    ("calls_to_action", put(2, campaign_id=""), [(2, "campaign_id is empty", "write a text")]),
    ("calls_to_action", put(2, action="form_submit "), [(2, "action is 'form_submit '", "without spaces")]),
    ("calls_to_action", put(2, ask_level="0"), [(2, "ask_level is '0'", "from 1 to 5")]),
    ("calls_to_action", copy(2, ask_level="3"), [(LAST, "C-SEARCH form_submit is already in row 2", "remove one")]),
    # exclusion_rules
    ("exclusion_rules", put(2, rule="student mail"), [(2, "rule is 'student mail'", "use lower case")]),
    ("exclusion_rules", copy(2), [(LAST, "student_mail is already in row 2", "remove one row")]),
    ("exclusion_rules", put(2, kind="lerner"), [(2, "kind is 'lerner'", "did you mean learner?")]),
    ("exclusion_rules", put(2, effect="exclud"), [(2, "effect is 'exclud'", "did you mean exclude?")]),
    ("exclusion_rules", put(2, signal="mail_domain"), [(2, "signal is 'mail_domain'", "did you mean email_domain?")]),
    ("exclusion_rules", put(2, value=""), [(2, "the value of student_mail is empty", "compared with")]),
    ("exclusion_rules", put(6, value=" "), [(6, "the value of competitor_account is empty", "account_type")]),
    ("exclusion_rules", put(5, value="x"), [(5, "listed_competitor has the value 'x'", "list is competitors.csv")]),
    ("exclusion_rules", put(10, value="a.cn"), [(10, "own_domain has the value 'a.cn'", "list is own_domains.csv")]),
    ("exclusion_rules", put(2, value="(stu"), [(2, "email_domain is '(stu', which is not a regular", "correct it")]),
    ("exclusion_rules", put(3, value="学(?!校)"), [(3, "title is '学(?!校)', which contains (?", "look-around")]),
    ("exclusion_rules", put(7, value="bot|"), [(7, "user_agent is 'bot|', which matches an empty", "| at the end")]),
    ("exclusion_rules", put(8, value="1"), [(8, "touches_per_minute is '1'", "from 2 to 100000")]),
    ("exclusion_rules", put(8, value="100001"), [(8, "touches_per_minute is '100001'", "from 2 to 100000")]),
    ("exclusion_rules", put(9, value="1"), [(9, "touches_without_pause is '1'", "from 2 to")]),
    ("exclusion_rules", put(4, value="0"), [(4, "free_content is '0'", "from 1 to")]),
    ("exclusion_rules", put(4, value="six"), [(4, "free_content is 'six'", "whole number")]),
    ("exclusion_rules", put(2, signal="identifier", value="mobil:139"), [
        (2, "'mobil' is not a type that identifies", "did you mean mobile?")]),
    ("exclusion_rules", put(2, signal="identifier", value="13912345678"), [
        (2, "'13912345678' is not an identifier", "write id_type:id_value")]),
    *(
        ("exclusion_rules", put(row, effect="allow"), [(row, f"allow and signal {signal}", "use allow only with")])
        for row, signal in ((4, "free_content"), (5, "listed_competitor"), (7, "user_agent"), (8, "touches_per_minute"),
                            (9, "touches_without_pause"), (10, "own_domain"))
    ),
    # scenario_steps
    ("scenario_steps", put(2, scenario="We Chat"), [
        (2, "scenario is 'We Chat'", "use lower case"), (3, "wechat has no step 1", "from 1 without gaps")]),
    ("scenario_steps", put(2, step="关注"), [(2, "step is '关注'", "use lower case")]),
    ("scenario_steps", put(5, step_no="7"), [(2, "wechat has no step 3", "from 1 without gaps")]),
    ("scenario_steps", put(5, step_no="0"), [(2, "wechat has no step 3", "from 1"), (5, "step_no is '0'", "from 1")]),
    ("scenario_steps", put(4, step="reads"), [(4, "step is 'reads', but 'read' in row 3", "rows of wechat 2")]),
    ("scenario_steps", put(4, name_zh="读"), [(4, "name_zh is '读', but '阅读菜单' in row 3", "rows of wechat 2")]),
    ("scenario_steps", put(4, name_en="Reads"), [(4, "name_en is 'Reads', but 'Read' in row 3", "in all rows")]),
    ("scenario_steps", put(4, is_entry="true"), [(4, "is_entry is 'true', but 'false' in row 3", "in all rows")]),
    ("scenario_steps", put(2, is_entry="yes"), [(2, "is_entry is 'yes'", "expected one of: false, true")]),
    ("scenario_steps", lambda rows: put_all(rows[:9], is_entry="false"), [
        (2, "nobody can enter wechat", "set is_entry to true")]),
    ("scenario_steps", put(2, source="links"), [
        (2, "source is 'links'", "did you mean link?"), (2, "touchpoint filled in for source links", "leave empty")]),
    ("scenario_steps", put(3, behaviour="", action=""), [(3, "behaviour, action and scene are empty", "at least one")]),
    ("scenario_steps", put(3, behaviour="red"), [(3, "behaviour is 'red'", "expected one of: attend")]),
    ("scenario_steps", put(3, touchpoint="wecom"), [(3, "but touchpoint is 'wecom'", "leave it empty")]),
    ("scenario_steps", put(2, action="follow"), [(2, "action filled in for source link", "leave empty")]),
    ("scenario_steps", put(2, behaviour="view", scene="x"), [(2, "behaviour, scene filled in for source", "leave")]),
    ("scenario_steps", copy(3), [(LAST, "wechat 2 touch view menu_view is already in row 3", "remove one row")]),
    # The rows of deal, second_deal, opportunity and conversation.
    *(
        ("scenario_steps", put(row, **{field: value}), [
            (row, f"{field} filled in for source {source}", "empty")])
        for row, source in ((9, "deal"), (26, "second_deal"), (19, "opportunity"), (18, "conversation"))
        for field, value in (("behaviour", "view"), ("action", "x"), ("touchpoint", "wecom"), ("scene", "x"))
    ),
    # the small ones
    ("buying_roles", put(2, role_order="0"), [(2, "role_order is '0'", "from 1 to 9")]),
    ("buying_roles", put(2, role_order="10"), [(2, "role_order is '10'", "from 1 to 9")]),
    ("buying_roles", put(3, role_order="1"), [(3, "1 is already in row 2", "the same role_order")]),
    ("buying_roles", put(2, buying_role="decider"), [(2, "buying_role is 'decider'", "decision_maker")]),
    ("buying_roles", put(2, title_regex=""), [(2, "title_regex is empty", "write a regular expression")]),
    ("buying_roles", put(2, title_regex=r"(a)\1"), [(2, r"is '(a)\\1', which contains \1", "back references")]),
    ("buying_roles", put(2, title_regex="x*"), [(2, "title_regex is 'x*', which matches an empty text", "empty part")]),
    ("competitors", put(2, kind="company"), [(2, "kind is 'company'", "did you mean company_name?")]),
    ("competitors", put(2, value=""), [(2, "value is empty", "write a text")]),
    ("competitors", put(3, value="sales@a.cn"), [(3, "'sales@a.cn' is not a mail domain", "such as example.com")]),
    ("content", put(2, content_stage="aware"), [(2, "content_stage is 'aware'", "did you mean awareness?")]),
    ("content", copy(2), [(LAST, "CT-AWA-1 is already in row 2", "the same content_id")]),
    ("own_domains", put(2, email_domain=""), [(2, "email_domain is empty", "write the domain alone")]),
    ("own_domains", put(2, email_domain="siyu"), [(2, "email_domain is 'siyu'", "write the domain alone")]),
    ("own_domains", put(2, email_domain="@siyu.cn"), [(2, "email_domain is '@siyu.cn'", "write the domain alone")]),
    ("sincere_actions", put(2, action=""), [(2, "action is empty", "write a text")]),
    ("sincere_actions", copy(2), [(LAST, "quote_request is already in row 2", "remove one row")]),
]  # fmt: skip


def told(name: str, rows: Rows, types: IdentifierTypes) -> list[tuple[str, str, str]]:
    return [(error.where, error.problem, error.fix) for error in table_errors(name, TABLES[name], rows, types, "t.csv")]


@pytest.mark.parametrize("name", TABLES)
def test_what_is_shipped_holds(name: str, types: IdentifierTypes) -> None:
    assert told(name, read(BASE / f"{name}.csv"), types) == []
    assert told(name, rows_of(name), types) == []


@pytest.mark.parametrize("name", TABLES)
def test_the_columns_are_those_that_are_shipped(name: str) -> None:
    with (BASE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        optional = {"name_zh", "name_en"} if name == "content" else set()
        assert set(COLUMNS[name]) == set(next(csv.reader(file))) - optional


@pytest.mark.parametrize(("name", "edit", "expected"), CASES)
def test_a_broken_row_is_told(name: str, edit: Edit, expected: list[Told], types: IdentifierTypes) -> None:
    """Each problem once and no other, with its row and what to do."""
    rows = rows_of(name)
    edit(rows)
    found = told(name, rows, types)
    left = list(found)
    for row, problem, fix in expected:
        place = "t.csv" if row is None else f"t.csv, row {len(rows) + 1 if row == LAST else row}"
        fitting = [item for item in left if item[0] == place and problem in item[1] and fix in item[2]]
        assert len(fitting) == 1, f"{place}: {problem} / {fix} is not in {found}"
        left.remove(fitting[0])
    assert left == []


def test_every_table_has_a_broken_row() -> None:
    assert {name for name, _, _ in CASES} == set(TABLES)


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("stages", put(2, name_zh="来客", name_en="Guest")),
        ("stage_rules", put(5, value="7")),
        ("thresholds", put(3, value="8")),
        ("score_rules", put(2, points="2.25", day_cap="2.25")),
        ("score_rules", put(3, channel="a_channel_of_a_layer")),
        ("score_rules", put(3, points="1000")),
        ("score_rules", put(2, points="0", day_cap="0")),
        ("score_rules", copy(3, rule="third", channel="wecom", extra="a column more")),
        ("sequence_rules", put(2, behaviour="")),
        ("sequence_rules", lambda rows: put_all(rows[:3], within_days="365", points="0.5")),
        ("ask_levels", put(3, points="4")),
        ("calls_to_action", copy(2, action="live")),
        ("exclusion_rules", put(2, effect="allow")),
        ("exclusion_rules", put(3, effect="allow")),
        ("exclusion_rules", put(6, effect="allow")),
        ("exclusion_rules", put(2, effect="allow", signal="identifier", value="mobile:139 1234 5678")),
        ("exclusion_rules", put(2, effect="allow", signal="identifier", value="company_name:甲公司")),
        ("exclusion_rules", put(8, value="2")),
        ("exclusion_rules", put(4, value="1")),
        ("exclusion_rules", lambda rows: rows.clear()),
        ("scenario_steps", put(2, touchpoint="")),
        ("scenario_steps", put(3, behaviour="", action="", scene="menu")),
        ("scenario_steps", lambda rows: rows.clear()),
        ("buying_roles", copy(2, role_order="9")),
        ("sequence_rules", lambda rows: rows.clear()),
    ],
)
def test_what_a_layer_may_say(name: str, edit: Edit, types: IdentifierTypes) -> None:
    rows = rows_of(name)
    edit(rows)
    assert told(name, rows, types) == []


def test_what_models_read_is_what_must_be_there() -> None:
    """The names that the SQL asks for, and no other."""
    sql = "".join(path.read_text(encoding="utf-8") for path in base_layer().glob("m*s/**/*.sql"))
    assert set(re.findall(r"\bthreshold\('(\w+)'\)", sql)) == {row["threshold"] for row in rows_of("thresholds")}
    assert set(re.findall(r"\bstage_rule\('(\w+)'\)", sql)) == set(STAGE_RULES)


# -- patterns


FOREIGN = [
    "(", "a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P<n>a)(?P=n)", "(?P<n>a)", "(a)?(?(1)b|c)", "(?>a)",
    "a++", "a{2}+", "a{,5}", "(?#note)a", "(?x)a b", r"a\S", r"a\Z", r"\Aa", r"[\D]a", r"\u4e2d", r"\学", "[[:alpha:]]",
    r"[\b]a", r"[\S]", "a{1001}", "a{2,1}", "a**", r"[a-\d]", "(?L)a", "(?a:a)",
]  # fmt: skip


@pytest.mark.parametrize("pattern", FOREIGN)
def test_a_pattern_that_engines_do_not_know_is_told(pattern: str) -> None:
    found = pattern_problem(pattern)
    assert found is not None
    assert "empty text" not in found[0]
    assert all(found)


def test_an_escape_that_lower_case_turns_round_is_told_as_such() -> None:
    for pattern in (r"a\S", r"[\S]"):
        assert r"which contains \S, in lower case \s" in str(pattern_problem(pattern)).replace("\\\\", "\\")


@pytest.mark.parametrize("pattern", ["", "a|", "|a", "a*", "(a|b)?", "^", "$", "^$", ".*", "(?:)", "a{0,3}"])
def test_a_pattern_that_finds_everybody_is_told(pattern: str) -> None:
    found = pattern_problem(pattern)
    assert found is not None and "empty text" in found[0]


KNOWN = [
    "学生|^student$", r"(^|[.])edu[.]cn$", r"a\.b", r"\bcto\b", "(?:a|b)c", "(?i)Bot", "(?i:bot)", "a{2}", "a{2,}b",
    "a{2,5}?", "a+?", r"\d+\s\w", r"[\d.-]x", "[^]a]b", "[]a]", r"\\1", r"[(?=]x", r"\x41", r"C\+\+", "a{",
    "Leiter[in]?", r"\[[:]",
]  # fmt: skip


@pytest.mark.parametrize("pattern", KNOWN)
def test_what_is_said_alike_holds(pattern: str) -> None:
    assert pattern_problem(pattern) is None
    _search(pattern, "a text")


def _search(pattern: str, text: str) -> bool:
    with duckdb.connect() as con:
        found = con.execute("select regexp_matches(?, ?)", [text, pattern.lower()]).fetchall()[0]
    assert found is not None
    return bool(found[0])


PIECES = st.sampled_from([
    "a", "b", "学", ".", "|", "^", "(", ")", "(?:", "(?i)", "(?i:", "(?=", "(?!", "(?<", "(?P<n>", "(?>", "[", "]",
    "[^", "-", "*", "+", "?", "{2}", "{1,2}", "{,2}", "{", "}", ",", "\\", r"\d", r"\w", r"\b", r"\S", r"\1",
    r"\.", r"\_", "1", "[:", "&&",
])  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=7).map("".join), st.text("ab学1_-.", max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])  # most random patterns are not accepted
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_whatever_holds_the_engine_reads_as_python_does(pattern: str, text: str) -> None:
    assume(pattern_problem(pattern) is None)
    found = _search(pattern, text)
    if r"\w" not in pattern and r"\b" not in pattern:  # letters are ASCII there
        assert found == bool(re.search(pattern.lower(), text))


# -- in a project


def _overridden(tmp_path: Path, **tables: Rows) -> Settings:
    folder = tmp_path / "layer" / "seeds" / "reference"
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return load_settings(tmp_path, warehouse=tmp_path / "warehouse", layers=(tmp_path / "layer",))


@pytest.mark.parametrize("is_night", [False, True])
def test_problems_of_all_tables_are_told_at_once(tmp_path: Path, is_night: bool) -> None:
    """At the files that people edit, also where a night reads its copies of them."""
    stages, roles = read(BASE / "stages.csv"), read(BASE / "buying_roles.csv")
    put(3, stage_rank="1")(stages)
    put(2, title_regex="(")(roles)
    decided = {"decision": "exclude", "left_id": "mobile:13912345678", "right_id": "", "decided_at": "then",
               "decided_by": "wang", "reason": "so"}  # fmt: skip
    settings = _overridden(tmp_path, stages=stages, buying_roles=roles, identity_rules=[decided])
    tables = stored(load_references(settings), tmp_path / "warehouse") if is_night else None
    with pytest.raises(Problems) as raised:
        compile_project(settings, tables)
    folder = tmp_path / "layer" / "seeds" / "reference"
    assert [error.where for error in raised.value.errors] == [
        f"{folder / 'identity_rules.csv'}, row 2",
        f"{folder / 'stages.csv'}, row 3",
        f"{folder / 'buying_roles.csv'}, row 2",
    ]
    assert all(error.fix for error in raised.value.errors)


def test_missing_tables_and_columns_are_told_at_once(settings: Settings) -> None:
    tables = load_references(settings)
    del tables["thresholds"], tables["own_domains"]
    for name in ("ask_levels", "identity_rules"):
        table = tables[name]
        tables[name] = type(table)(name, table.path, table.sha256, table.columns[:2])
    with pytest.raises(Problems) as raised:
        compile_project(settings, tables)
    problems = [error.problem for error in raised.value.errors]
    assert len(problems) == 4
    assert {"the reference table thresholds is missing", "the reference table own_domains is missing"} < set(problems)
    assert "the reference table ask_levels has no column name_en, points" in problems
    assert any("identity_rules has no column right_id" in problem for problem in problems)


def test_a_table_that_a_layer_empties_is_told(tmp_path: Path) -> None:
    settings = _overridden(tmp_path, stages=[dict.fromkeys(COLUMNS["stages"], "")])
    (tmp_path / "layer/seeds/reference/stages.csv").write_text("stage,stage_rank,name_zh,name_en\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="visitor is missing"):
        compile_project(settings)


def test_the_sample_tells_our_own_domain() -> None:
    assert read(SAMPLE / "own_domains.csv") == [{"email_domain": OUR_DOMAIN}]
