"""Two releases compared: rows by grain, numbers of one release, people, KPIs, checks, and what cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.ask.release_diff import ReleaseDiff, diff_releases
from siyu.ask.table_diff import TableDiff
from siyu.cli import app
from siyu.errors import ConfigError, WrongQuestion
from siyu.settings import Settings, load_settings
from tests.engine.small_releases import values, write_release

OLD, NEW = "2026-06-29-000001", "2026-06-30-000002"
Tables = Mapping[str, str]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path))
    return load_settings(tmp_path)


def _compare(settings: Settings, before: Tables, after: Tables, select: tuple[str, ...] = ()) -> ReleaseDiff:
    write_release(settings.warehouse, OLD, before)
    write_release(settings.warehouse, NEW, after, previous_release=OLD)
    return diff_releases(settings, "previous", "current", select)


def _only(settings: Settings, table: str, before: str, after: str) -> TableDiff:
    return _compare(settings, {table: before}, {table: after}, (table,)).tables[0]


def _counts(found: TableDiff) -> tuple[int, int, int]:
    return found.added, found.removed, found.changed


STAGES = "one_id, stage, days"


def test_rows_are_matched_by_the_grain(settings: Settings) -> None:
    found = _only(
        settings,
        "journey.person_stage",
        values(STAGES, ("'a'", "'won'", 1), ("'b'", "'intent'", 1), ("'c'", "'intent'", 1), ("'d'", "null", 1)),
        values(STAGES, ("'a'", "'won'", 1), ("'b'", "'pending'", 2), ("'c'", "'intent'", 2), ("'e'", "null", 1)),
    )
    assert (found.status, _counts(found), found.key) == ("changed", (1, 1, 2), ("one_id",))
    assert dict(found.changed_columns) == {"stage": 1, "days": 2}
    kinds = {(one.kind, one.key["one_id"]): dict(one.values) for one in found.examples}
    assert kinds[("changed", "b")] == {"stage": ("intent", "pending"), "days": (1, 2)}
    assert kinds[("changed", "c")] == {"days": (1, 2)}
    assert kinds[("added", "e")] == {"stage": None, "days": 1} == kinds[("removed", "d")]
    assert found.examples[0].key == {"one_id": "b"}, "the rarest change comes first"


def test_the_order_of_rows_is_no_difference(settings: Settings) -> None:
    rows = [(f"'p{n}'", "'won'", n) for n in range(50)]
    found = _only(settings, "journey.person_stage", values(STAGES, *rows), values(STAGES, *rows[::-1]))
    assert found.status == "same"


def test_null_keys_match_each_other(settings: Settings) -> None:
    found = _only(
        settings, "tags.person_tag",
        values("one_id, tag_code, tag_value, score", ("'a'", "'t'", "null", 1), ("'b'", "null", "null", 1)),
        values("one_id, tag_code, tag_value, score", ("'a'", "'t'", "null", 2), ("'b'", "null", "null", 1)),
    )  # fmt: skip
    assert _counts(found) == (0, 0, 1)
    assert found.examples[0].values == {"score": (1, 2)}


def test_copies_of_a_key_are_counted_one_by_one(settings: Settings) -> None:
    """a: 3 rows, of which one stays, one changes and one goes. b: one row becomes two equal ones."""
    found = _only(
        settings, "journey.person_stage",
        values(STAGES, ("'a'", "'x'", 1), ("'a'", "'y'", 1), ("'a'", "'z'", 1), ("'b'", "'x'", 1)),
        values(STAGES, ("'a'", "'x'", 1), ("'a'", "'w'", 1), ("'b'", "'x'", 1), ("'b'", "'x'", 1)),
    )  # fmt: skip
    assert _counts(found) == (1, 1, 1)
    assert found.duplicate_keys == 1


def test_a_table_without_a_grain_is_compared_by_whole_rows(settings: Settings) -> None:
    found = _only(settings, "kpi.ungrained", values("a, b", (1, 1), (1, 1), (2, 2)), values("a, b", (1, 1), (2, 3)))
    assert (_counts(found), found.key) == ((1, 2, 0), ())


def test_a_grain_with_personal_columns_is_that_of_their_hashes(settings: Settings) -> None:
    columns = "channel, record_id_hash, amount"
    found = _only(
        settings, "kpi.revenue_line", values(columns, ("'mall'", "'h1'", 1)), values(columns, ("'mall'", "'h1'", 2))
    )
    assert (found.key, _counts(found)) == (("channel", "record_id_hash"), (0, 0, 1))


def test_columns_come_go_and_change_their_type(settings: Settings) -> None:
    found = _only(
        settings, "journey.person_stage",
        "select 'a' as one_id, 1::integer as days, '7' as points, 1 as old",
        "select 'a' as one_id, 1::bigint as days, 8::bigint as points, 1 as new",
    )  # fmt: skip
    assert (found.new_columns, found.lost_columns) == (("new",), ("old",))
    assert dict(found.retyped) == {"days": ("INTEGER", "BIGINT"), "points": ("VARCHAR", "BIGINT")}
    assert (_counts(found), dict(found.changed_columns)) == ((0, 0, 1), {"points": 1})


def test_a_new_column_alone_is_a_difference(settings: Settings) -> None:
    found = _only(settings, "journey.person_stage", "select 'a' as one_id", "select 'a' as one_id, 1 as days")
    assert (found.status, _counts(found)) == ("changed", (0, 0, 0))


def test_tables_of_one_release_only(settings: Settings) -> None:
    same = "select 'a' as one_id"
    found = _compare(
        settings, {"journey.person_stage": same, "journey.deal_hold": same}, {"journey.person_stage": same,
                                                                             "kpi.ungrained": same}
    )  # fmt: skip
    assert {table.table: (table.status, _counts(table)) for table in found.differing} == {
        "journey.deal_hold": ("removed", (0, 1, 0)), "kpi.ungrained": ("added", (1, 0, 0)),
    }  # fmt: skip
    assert "segment" in (found.skipped or {}), "releases without segments say so"


def _identity(keys: Mapping[str, int]) -> Tables:
    """People with the same identifiers, numbered in another way in each release."""
    ids = [("'mobile'", f"'h-{one}'", number * 10, number, f"'{one}'") for one, number in keys.items()]
    companies = [("'email_domain'", f"'{one}.cn'", number * 10, number, f"'C{one}'") for one, number in keys.items()]
    listed = [("'person'", *row[:3]) for row in ids]
    a, b = list(keys.values())[:2]
    return {
        "identity.one_id": values("id_type, id_value_hash, node, person_key, one_id", *ids),
        "identity.account_id": values("id_type, id_value, node, account_key, account_id", *companies),
        "identity.identifier": values("entity, id_type, id_value_hash, node", *listed),
        "identity.edge": values("node, lesser_node, strength", (max(a, b) * 10, min(a, b) * 10, 5)),
        "journey.deal_hold": values("person_key, deal_id, hold", (a, "'d1'", "'won'"), (b, "'d2'", "'won'")),
        "kpi.revenue_line": values("channel, record_id_hash, buyer_key", ("'x'", "'1'", a), ("'x'", "'2'", -b)),
    }


def test_numbers_of_one_release_are_no_difference(settings: Settings) -> None:
    """A new person comes first, and everybody's number goes up by one."""
    found = _compare(settings, _identity({"a": 1, "b": 2}), _identity({"a": 2, "b": 3, "new": 1}))
    assert {table.table: _counts(table) for table in found.differing} == {
        "identity.one_id": (1, 0, 0), "identity.account_id": (1, 0, 0), "identity.identifier": (1, 0, 0),
    }  # fmt: skip


def test_other_people_behind_the_same_numbers_are_a_difference(settings: Settings) -> None:
    """The tables that have only the numbers are the same, byte for byte."""
    found = _compare(settings, _identity({"a": 1, "b": 2}), _identity({"b": 1, "a": 2}))
    tables = {table.table: _counts(table) for table in found.differing}
    assert tables["journey.deal_hold"] == (2, 2, 0), "the deals belong to other people"
    assert tables["kpi.revenue_line"] == (0, 0, 2), "the buyers are others"


def _people(ids: Mapping[str, str], stages: Mapping[str, str], owner: str = "s1") -> Tables:
    """`ids`: identifier -> person."""
    people = dict.fromkeys(ids.values())
    held = [("'m'", f"'{number}'", f"'{one}'") for number, one in ids.items()]
    topics = ("x", "y") if owner == "s1" else ("z",)
    won = [("'hot'", f"'{one}'") for one, stage in stages.items() if stage == "won"]
    return {
        "identity.one_id": values("id_type, id_value_hash, one_id", *held),
        "identity.person": values("one_id, full_name_masked", *((f"'{one}'", f"'{one}**'") for one in people)),
        "journey.person_stage": values("one_id, stage", *((f"'{k}'", f"'{v}'") for k, v in stages.items())),
        "tags.person_profile": values("one_id, owner_staff", *((f"'{one}'", f"'{owner}'") for one in people)),
        "tags.person_tag": values(
            "one_id, tag_code, tag_value",
            *((f"'{k}'", "'stage'", f"'{v}'") for k, v in stages.items()),
            *((f"'{k}'", "'topic'", f"'{t}'") for k in stages for t in topics),
        ),
        "audience.segment_member": values("segment, one_id", *won),
    }  # fmt: skip


def test_people_move_by_from_and_to(settings: Settings) -> None:
    before = _people(
        {"1": "a", "2": "b", "3": "c", "4": "d", "5": "d"}, {"a": "won", "b": "won", "c": "intent", "d": "won"}
    )
    after = _people({"1": "a", "2": "a", "3": "c", "4": "d", "5": "e", "6": "f"},
                    {"a": "intent", "c": "won", "d": "won", "f": "won"}, owner="s2")  # fmt: skip
    moves = _compare(settings, before, after).moves
    listed = {(m.kind, m.item, m.from_value, m.to_value): (m.count, [p.one_id for p in m.people]) for m in moves}
    assert listed["stage", "", "won", "intent"] == (1, ["a"])
    assert listed["stage", "", "won", None] == (1, ["b"])
    assert listed["stage", "", None, "won"] == (1, ["f"])
    assert listed["tag", "stage", "intent", "won"] == (1, ["c"])
    assert listed["tag", "topic", "x", None] == (4, ["a", "b", "c"]), "x and y went, z came: no pair"
    assert listed["tag", "topic", None, "z"][0] == 4
    assert listed["segment", "hot", "member", None] == (2, ["a", "b"])
    assert listed["segment", "hot", None, "member"] == (2, ["c", "f"])
    assert listed["owner", "", "s1", "s2"][0] == 3
    ids = {m.item: [(p.one_id, p.became) for p in m.people] for m in moves if m.kind == "id"}
    assert ids == {"merged": [("b", "a")], "split": [("d", "e")], "new": [("f", None)]}
    assert all(person.name == f"{person.one_id}**" for move in moves for person in move.people)


KPI = "kpi_code, name_zh, name_en, unit, is_core, is_stock, is_additive, window_days"
FIGURE = "as_of_date, kpi_code, dimension, numerator, denominator, value"


def _figures(won: int, people: int) -> Tables:
    days = [(f"date '2026-06-{day}'", "'rate'", "'total'", won if day == 30 else 1, 10, "0.1") for day in (1, 29, 30)]
    days += [
        ("date '2026-05-31'", "'rate'", "'total'", 9, 10, "0.9"),
        ("date '2026-06-30'", "'rate'", "'channel'", 9, 10, "0.9"),
    ]
    days += [("date '2026-06-30'", "'people'", "'total'", people, "null", people)]
    days += [("date '2026-06-29'", "'people'", "'total'", 1, "null", 1)]
    return {
        "kpi.kpi_catalog": values(KPI, ("'rate'", "'率'", "'Rate'", "'rate'", "true", "false", "false", "null"),
                                  ("'people'", "'人'", "'People'", "'count'", "false", "true", "true", "null")),
        "kpi.kpi_value": values(FIGURE, *days),
    }  # fmt: skip


def test_kpis_of_30_days_are_sums_of_numerators_and_denominators(settings: Settings) -> None:
    write_release(settings.warehouse, "2026-06-30-000001", _figures(1, 5))
    write_release(settings.warehouse, NEW, _figures(4, 7))
    rate, people = diff_releases(settings, "2026-06-30-000001", NEW).kpis
    assert (rate.kpi_code, rate.period, rate.before, rate.after) == ("rate", "30 days", 3 / 30, 6 / 30)
    assert (people.kpi_code, people.period, people.before, people.after, people.days) == ("people", "day", 5, 7, 1)


CHECK = "run_id, table_name, expectation, column_name, severity, success, unexpected_count, error, runbook, why"


def _checks(run_id: int, *failed: str) -> Tables:
    rest = [1, "null", "'docs'", "''"]
    rows = [
        (run_id, "'t'", f"'{name}'", "null", "'warning'", str(name not in failed).lower(), *rest)
        for name in ("one", "two", "three")
    ]
    return {
        "ops.check_result": values(CHECK, *rows, (99, "'t'", "'four'", "null", "'critical'", "false", 1, *["null"] * 3))
    }


def test_checks_that_fail_in_one_release_only(settings: Settings) -> None:
    found = _compare(settings, _checks(1, "one", "two"), _checks(2, "two", "three"))
    assert [(check.change, check.expectation) for check in found.checks] == [("new", "three"), ("fixed", "one")]


def test_a_table_with_the_same_hash_is_not_read(settings: Settings) -> None:
    """Their rows differ all the same: nobody looked."""
    write_release(settings.warehouse, OLD, {"journey.person_stage": "select 'a' as one_id"})
    folder = write_release(settings.warehouse, NEW, {"journey.person_stage": "select 'b' as one_id"})
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"] = json.loads((settings.warehouse / "releases" / OLD / "manifest.json").read_text())["tables"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert diff_releases(settings, OLD, NEW).is_same
    manifest["hash_version"] = 2
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert not diff_releases(settings, OLD, NEW).is_same, "hashes of two versions say nothing"


def test_releases_of_another_salt_are_refused(settings: Settings) -> None:
    people = [{f"{n}": f"{salt}{n}" for n in range(12)} for salt in "ab"]
    with pytest.raises(WrongQuestion, match=r"no person of .* \(12\) is in .* \(12\): .* different salts"):
        _compare(settings, _people(people[0], {"x": "won"}), _people(people[1], {"x": "won"}))


def test_what_a_release_may_be_called(settings: Settings) -> None:
    with pytest.raises(ConfigError, match="there is no release yet"):
        diff_releases(settings, "previous", "current")
    first = write_release(settings.warehouse, OLD, {})
    with pytest.raises(WrongQuestion, match="is the first night"):
        diff_releases(settings, "previous", "current")
    write_release(settings.warehouse, "2026-06-29-000003", {}, known_by="2026-06-29")
    write_release(settings.warehouse, NEW, {}, previous_release="2026-06-28-000001", families=["kpi"])
    with pytest.raises(WrongQuestion, match=r"2026-06-28-000001, with which .* is gone"):
        diff_releases(settings, "previous", "current")
    with pytest.raises(WrongQuestion, match="there is no release '2026-06-30-00000'") as caught:
        diff_releases(settings, "2026-06-30-00000", "current")
    assert f"did you mean {NEW}?" in caught.value.fix
    with pytest.raises(WrongQuestion, match="not a release"):
        diff_releases(settings, str(settings.warehouse), "current")
    found = diff_releases(settings, "2026-06-29", str(settings.warehouse / "releases" / NEW))
    assert (found.before, found.after) == (OLD, NEW), "a date is its nightly, not what was known then"
    assert any("families" in note for note in found.notes)
    (first / "siyu.duckdb").unlink()
    with pytest.raises(ConfigError, match=r"has no siyu\.duckdb"):
        diff_releases(settings, OLD, NEW)


def test_the_command(settings: Settings) -> None:
    before = _people({"1": "a"}, {"a": "won", "b": "won"}) | _figures(1, 5)
    write_release(settings.warehouse, OLD, before)
    write_release(
        settings.warehouse, NEW, _people({"1": "a"}, {"a": "intent", "b": "won"}) | _figures(4, 7), previous_release=OLD
    )

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["diff", *arguments])

    shown = run()
    assert shown.exit_code == 0, shown.output
    for text in ("stage 阶段: 1 moves", "won → intent", "a a**", "Rate", "journey.person_stage: 2 → 2 rows, +0 −0 ~1"):
        assert text in shown.output
    data = json.loads(run("--json").output)
    assert data["people"][0]["named"] == [{"one_id": "a", "name": "a**"}]
    assert {table["table"] for table in data["tables"]} == {"journey.person_stage", "tags.person_tag",
                                                            "audience.segment_member", "kpi.kpi_value"}  # fmt: skip
    markdown = run("--markdown").output
    assert "| stage 阶段 | 1 | won → intent | a a\\*\\* |" in markdown
    assert "no content changes" in run(NEW, NEW).output
    selected = run("-s", "person_stage")
    assert "people" not in selected.output and "~ one_id=a: stage won → intent" in selected.output
    assert run("-s", "person_stagee").exit_code == 2
    assert run("--json", "--markdown").exit_code == 2
