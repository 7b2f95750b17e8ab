"""The tables that invitations are made by, checked before anything is built."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from siyu.compile.compiler import compile_project
from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.seeds.identifier_types import load_identifier_types
from siyu.seeds.invite_tables import COLUMNS, CONDITIONS, INVITE_TABLES, REASONS, invite_errors
from siyu.seeds.placeholders import load_placeholders
from siyu.seeds.references import load_references, reference_rows
from siyu.seeds.table_checks import errors_of
from siyu.settings import SAMPLE_SALT, load_settings

BASE = base_layer() / "seeds" / "reference"
SAMPLE = base_layer() / "seeds" / "sample" / "reference"
Rows = list[dict[str, str]]
EVENT = {
    "event_id": "E1", "event_date": "2026-07-15", "form": "offline", "place": "江苏", "topic": "price",
    "product_line": "Servo", "seats": "20", "inviting_role": "sales", "audience": "people", "campaign_id": "C-LIVE-13",
    "name_zh": "沙龙", "name_en": "Salon",
}  # fmt: skip


def rows_of(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def exports_with(tmp_path: Path, tables: dict[str, Rows]) -> Path:
    """Exports with the reference tables of the sample, and these in place of its own."""
    folder = tmp_path / "exports" / "reference"
    shutil.copytree(SAMPLE, folder)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return tmp_path / "exports"


def problems(tmp_path: Path, **tables: Rows) -> list[tuple[str, str, str]]:
    """Return (problem, file and row, fix)."""
    found = load_references(load_settings(tmp_path, exports=exports_with(tmp_path, tables)))
    words, types = found["placeholder_words"], found["identifier_types"]
    placeholders = load_placeholders(reference_rows(words), words.edited, words.place)
    identifiers = load_identifier_types(reference_rows(types), types.edited, placeholders, types.place)
    errors = [*errors_of(found, INVITE_TABLES, identifiers), *invite_errors(found)]
    return [(error.problem, error.where.rpartition("/")[2], error.fix) for error in errors]


def test_the_tables_of_the_base_layer_and_of_the_sample_are_valid(tmp_path: Path) -> None:
    assert problems(tmp_path) == []
    for name in INVITE_TABLES:
        header = (BASE / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
        assert set(COLUMNS[name]) <= set(header), name
    assert rows_of(BASE / "events.csv") == []
    assert [row["reason"] for row in rows_of(BASE / "invite_reasons.csv")] == list(REASONS)


def test_events_of_all_kinds_are_accepted(tmp_path: Path) -> None:
    online = EVENT | {"event_id": "E2", "form": "online", "place": "", "audience": "", "campaign_id": ""}
    about_a_topic = EVENT | {"event_id": "E3", "product_line": "", "name_zh": "", "name_en": ""}
    about_a_line = EVENT | {"event_id": "E4", "topic": "", "event_date": "2020-02-29", "seats": "1"}
    assert problems(tmp_path, events=[EVENT, online, about_a_topic, about_a_line]) == []


def test_the_campaign_may_be_left_out_of_the_table(tmp_path: Path) -> None:
    without = {name: value for name, value in EVENT.items() if name != "campaign_id"}
    exports = exports_with(tmp_path, {"events": [without]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SAMPLE_SALT)
        project = compile_project(load_settings(tmp_path, warehouse=tmp_path / "warehouse", exports=exports))
    assert "cast(null as varchar)" in project.models["audience.coming_event"].sql


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"event_id": ""}, ["event_id is empty"]),
        ({"event_date": "15.07.2026"}, ["event_date is '15.07.2026'"]),
        ({"event_date": "2026-7-15"}, ["event_date is '2026-7-15'"]),
        ({"event_date": "2026-02-30"}, ["event_date is '2026-02-30'"]),
        ({"event_date": ""}, ["event_date is empty"]),
        ({"form": "hybrid"}, ["form is 'hybrid'"]),
        ({"place": ""}, ["place is empty"]),
        ({"form": "online"}, ["form is online, but place is '江苏'"]),
        ({"place": "苏州"}, ["place is '苏州', which territories.csv does not have"]),
        ({"topic": "prices"}, ["topic is 'prices', which content.csv does not have"]),
        ({"product_line": "servo"}, ["product_line is 'servo', which products.csv does not have"]),
        ({"topic": "", "product_line": ""}, ["topic and product_line are empty"]),
        ({"inviting_role": "boss"}, ["inviting_role is 'boss', which staff.csv does not have"]),
        ({"inviting_role": ""}, ["inviting_role is empty"]),
        ({"campaign_id": "C-LIVE-99"}, ["campaign_id is 'C-LIVE-99', which campaigns.csv does not have"]),
        ({"audience": "everybody"}, ["audience is 'everybody'"]),
        ({"seats": "0"}, ["seats is '0'"]),
        ({"seats": "many"}, ["seats is 'many'"]),
        ({"seats": ""}, ["seats is empty"]),
        ({"seats": "-3", "form": "", "topic": "x"}, ["seats is '-3'", "form is empty", "topic is 'x'"]),
    ],
)
def test_a_wrong_event_is_told_with_every_problem(tmp_path: Path, change: dict[str, str], expected: list[str]) -> None:
    found = problems(tmp_path, events=[EVENT, EVENT | {"event_id": "E2"} | change])
    assert len(found) == len(expected), found
    for wanted in expected:
        assert any(problem.startswith(f"events: {wanted}") for problem, *_ in found), (wanted, found)
    assert {where for _, where, _ in found} == {"events.csv, row 3"} and all(fix for *_, fix in found)


def test_an_event_stands_once(tmp_path: Path) -> None:
    found = problems(tmp_path, events=[EVENT, EVENT | {"event_date": "2026-08-01"}])
    assert [(problem, where) for problem, where, _ in found] == [
        ("events: E1 is already in row 2", "events.csv, row 3")
    ]


def _changed(part: str, condition: str, /, **change: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row | change if (row["part"], row["condition"]) == (part, condition) else row for row in rows]


def _without(part: str, condition: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row for row in rows if (row["part"], row["condition"]) != (part, condition)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_changed("topic", "top_topic", points="-1"), ["points is '-1'"]),
        (_changed("topic", "top_topic", points="7.5"), ["points is '7.5'"]),
        (_changed("topic", "top_topic", part="theme"), ["part is 'theme'", "no row for topic top_topic"]),
        (_changed("form", "both", condition="all"),
         ["all is not a condition of form", "no row for form both"]),
        (_changed("activity", "A", condition="AA"),
         ["AA is not a condition of activity", "no row for activity A"]),
        (_without("stage", "won"), ["no row for stage won"]),
        (_changed("place", "elsewhere", leaves_out="yes"), ["leaves_out is 'yes'"]),
        (_changed("place", "unknown", leaves_out="true"), ["leaves_out is true for place unknown"]),
        (_changed("form", "other", leaves_out="true"), ["leaves_out is true for form other"]),
        (_changed("stage", "won", why_zh="{stage}"), ["why_zh is '{stage}'"]),
        (_changed("place", "online", why_en="at {value}"), ["why_en is 'at {value}'"]),
        (_changed("stage", "won", why_en=""), ["why_en is empty"]),
        (_changed("stage", "won", condition="intent"), ["stage intent is already in row", "no row for stage won"]),
        (lambda rows: [row | {"points": "6"} for row in rows],
         ["nobody can have more than 36 points, but invite_points_min is 40"]),
    ],
)  # fmt: skip
def test_wrong_points_are_told(tmp_path: Path, change: Callable[[Rows], Rows], expected: list[str]) -> None:
    found = [problem for problem, *_ in problems(tmp_path, invite_points=change(rows_of(BASE / "invite_points.csv")))]
    assert len(found) == len(expected), found
    for wanted in expected:
        assert any(problem.startswith(f"invite_points: {wanted}") for problem in found), (wanted, found)


@pytest.mark.parametrize("condition", ["same_territory", "elsewhere"])
def test_places_may_leave_people_out(tmp_path: Path, condition: str) -> None:
    change = _changed("place", condition, leaves_out="true")
    assert problems(tmp_path, invite_points=change(rows_of(BASE / "invite_points.csv"))) == []


def test_reasons_may_be_named_but_not_changed(tmp_path: Path) -> None:
    rows = rows_of(BASE / "invite_reasons.csv")
    assert problems(tmp_path / "named", invite_reasons=[rows[0] | {"name_zh": "已注销"}, *rows[1:]]) == []
    found = problems(tmp_path / "changed", invite_reasons=[rows[0] | {"reason": "deleted"}, *rows[1:]])
    assert [problem for problem, *_ in found] == [
        "invite_reasons: erased is missing",
        "invite_reasons: reason is 'deleted'",
    ]


def test_the_conditions_are_those_of_the_models() -> None:
    sql = (base_layer() / "models" / "audience" / "invitations" / "invite_score.sql").read_text(encoding="utf-8")
    for conditions in CONDITIONS.values():
        assert all(f"'{condition}'" in sql for condition in conditions)


def test_wrong_events_stop_the_compilation_together(tmp_path: Path) -> None:
    wrong = [EVENT | {"event_id": "E1", "seats": "0"}, EVENT | {"event_id": "E2", "topic": "x"}]
    settings = load_settings(
        tmp_path, warehouse=tmp_path / "warehouse", exports=exports_with(tmp_path, {"events": wrong})
    )
    with pytest.raises(ConfigError) as raised:
        compile_project(settings)
    found = [error.problem for error in getattr(raised.value, "errors", [raised.value])]
    assert found == ["events: seats is '0'", "events: topic is 'x', which content.csv does not have"]
