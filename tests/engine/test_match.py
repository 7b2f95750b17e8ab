"""`siyu match`: pairs of Splink, and the gate before them, on a release in which the duplicates were planted."""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.ask.match import Asked, match
from siyu.ask.match_files import read_model
from siyu.ask.match_gate import Judged, NotWritten, by_decisions, check, decided_pairs, interval, together
from siyu.ask.match_rows import PERSON_FIELDS as FIELDS
from siyu.ask.match_rows import ROWS, Rule, counted, rules_of
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError
from siyu.settings import Settings, load_settings
from tests.engine.small_releases import values, write_release

PEOPLE, DOUBLED = 1200, 200
FAMILY = "王李张刘陈杨赵黄周吴徐孙"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英华玉萍红梅"
CITIES = ("上海", "苏州", "杭州", "宁波", "南京", "无锡", "合肥", "济南")
TITLES = ("工程师", "采购经理", "总经理", "车间主任", "设备经理")
OTHERS = "own,crm:contacts:1,web:w:7,0.5,person\n"


def text(value: str | None) -> str:
    return "null" if value is None else "'" + value.replace("'", "''") + "'"


def people() -> list[dict[str, Any]]:
    """People with records 1 … n; the last DOUBLED are the first ones again, with another mobile, some with a slip."""
    draw = random.Random(3)
    found = []
    for key in range(1, PEOPLE + 1):
        name = draw.choice(FAMILY) + draw.choice(GIVEN) + draw.choice(GIVEN)
        found.append({
            "key": key, "owner": key, "full_name": name, "mobile": f"+8613{draw.randrange(10**9):09}",
            "email": f"u{draw.randrange(10**6)}@f{draw.randrange(40)}.cn", "company": draw.randrange(80),
            "city": draw.choice(CITIES), "title": draw.choice(TITLES),
        })  # fmt: skip
    for key in range(PEOPLE + 1, PEOPLE + DOUBLED + 1):
        one = dict(found[key - PEOPLE - 1], key=key, mobile=f"+8613{draw.randrange(10**9):09}", email=None)
        if draw.random() < 0.2:
            one["full_name"] = one["full_name"][:2] + draw.choice(GIVEN)
        found.append(one)
    return found


def release(root: Path, rows: list[dict[str, Any]]) -> None:
    """Write a release with what siyu match reads. Each person has two contact records."""
    ids = {row["key"]: f"P{row['key']:020x}" for row in rows}
    person = values(
        "one_id, person_key, full_name, mobile, email, city, title",
        *(
            (text(ids[r["key"]]), r["key"], *(text(r[c]) for c in ("full_name", "mobile", "email", "city", "title")))
            for r in rows
        ),
    )
    records = [
        (r, channel, f"{export}:{r['key']}") for r in rows for channel, export in (("crm", "contacts"), ("web", "w"))
    ]
    contact = values(
        "channel, record_id, observed_at, full_name, mobile, email, company_name, city, title, province,"
        " crm_account_id, email_domain",
        *(
            (text(c), text(i), "timestamp '2026-01-01'", text(r["full_name"]), text(r["mobile"]), text(r["email"]),
             text(f"公司{r['company']}"), text(r["city"]), text(r["title"]), "null", "null", "null")
            for r, c, i in records
        ),
    )  # fmt: skip
    owners = values(
        "channel, record_id, person_key, one_id, account_key, account_id, account_basis",
        *(
            (text(c), text(i), r["key"], text(ids[r["key"]]), r["company"] + 1, "'C1'", "'record'")
            for r, c, i in records
        ),
    )
    works = values("person_key, account_key, is_current", *((r["key"], r["company"] + 1, "true") for r in rows))
    candidate = "select 'P1' as left_id, 'P2' as right_id, 'same_company' as generators where false"
    folder = write_release(root / "warehouse", "2026-06-30-000001", {"identity.person_account": works})
    with duckdb.connect(str(folder / "siyu_restricted.duckdb")) as connection:
        connection.execute("create schema identity; create schema records")
        for table, query in {
            "identity.person": person, "records.contact": contact, "identity.record_person": owners,
            "identity.candidate": candidate,
        }.items():  # fmt: skip
            connection.execute(f"create table {table} as {query}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    release(tmp_path, people())
    (tmp_path / "salt").write_text("match, long enough to be one", encoding="utf-8")
    reference = tmp_path / "exports" / "reference"
    reference.mkdir(parents=True)
    (reference / "matcher_pairs.csv").write_text(
        f"matcher,left_record,right_record,probability,entity\n{OTHERS}splink,crm:contacts:5,crm:contacts:6,1.0,person\n",
        encoding="utf-8",
    )
    return load_settings(
        tmp_path, warehouse=tmp_path / "warehouse", exports=tmp_path / "exports", salt_file=tmp_path / "salt"
    )


def labels(root: Path, owner: dict[int, int]) -> None:
    lines = [f"crm,contacts:{key},{one}\n" for key, one in owner.items()]
    path = root / "exports" / "reference" / "identity_labels.csv"
    path.write_text("channel,record_id,person\n" + "".join(lines), encoding="utf-8")


def written(root: Path) -> dict[str, str]:
    """The files beside the exports, by name."""
    folder = root / "exports" / "reference"
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != "identity_labels.csv"]
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def own_pairs(root: Path) -> set[frozenset[int]]:
    """The pairs of people that Splink has written."""
    with (root / "exports" / "reference" / "matcher_pairs.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["matcher"] == "splink"]
    assert all(row["entity"] == "person" and 0.5 <= float(row["probability"]) <= 1 for row in rows)
    return {frozenset(int(row[side].rpartition(":")[2]) for side in ("left_record", "right_record")) for row in rows}


def test_without_splink_the_command_says_what_to_install(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "splink", None)
    before = written(tmp_path)
    with pytest.raises(ConfigError, match="Splink is not installed") as raised:
        match(settings, Asked("person", 0.5, is_forced=True))
    assert "siyu[splink]" in raised.value.fix and written(tmp_path) == before


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked("person", 0.0), "--min-probability is 0"),
        (Asked("person", 1.5), "--min-probability is 1.5"),
        (Asked("person", 0.5, is_new=True, model=Path("m.json")), "both --train and --model are given"),
    ],
)
def test_wrong_arguments(settings: Settings, asked: Asked, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        match(settings, asked)
    assert raised.value.problem == problem


def test_pairs_are_written_with_the_model_and_other_rows_stay(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="siyu[splink] is not installed")
    labels(tmp_path, {row["key"]: row["owner"] for row in people()})
    told = match(settings, Asked("person", 0.5))
    found, true = own_pairs(tmp_path), {frozenset((key, key + PEOPLE)) for key in range(1, DOUBLED + 1)}
    assert len(found) == told.pair_count and len(found & true) > 0.75 * len(true)
    assert len(found & true) > 0.9 * len(found)
    whole, new, decisions = told.judged
    assert (whole.right, whole.wrong, whole.missed) == (len(found & true), len(found - true), len(true - found))
    assert (new.right, new.wrong) == (whole.right, whole.wrong) and decisions.count == 0
    assert OTHERS in written(tmp_path)["matcher_pairs.csv"] and frozenset((5, 6)) not in found
    model = read_model(tmp_path / "exports/reference/matchers/splink-person-2026-06-30.json", "person")
    assert model["manifest"]["row_count"] == PEOPLE + DOUBLED
    assert model["manifest"]["release"] == "2026-06-30-000001" and "splink" in model["manifest"]["versions"]
    assert "王" not in json.dumps(model, ensure_ascii=False)  # a model has no values of people


def test_the_same_release_gives_the_same_pairs(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="siyu[splink] is not installed")
    match(settings, Asked("person", 0.5, is_forced=True))
    first = written(tmp_path)
    match(settings, Asked("person", 0.5, is_new=True, is_forced=True))
    assert written(tmp_path) == first
    told = match(settings.model_copy(update={"threads": 1}), Asked("person", 0.5, is_forced=True))
    assert written(tmp_path) == first and not told.is_trained


def test_without_labels_nothing_is_written(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="siyu[splink] is not installed")
    before = written(tmp_path)
    with pytest.raises(NotWritten, match="only 0 pairs of the matcher are judged, 50 are needed"):
        match(settings, Asked("person", 0.5))
    assert written(tmp_path) == before


def test_wrong_pairs_are_not_written(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="siyu[splink] is not installed")
    before = written(tmp_path)
    labels(tmp_path, {row["key"]: row["key"] for row in people()})  # nobody is doubled: each pair is wrong
    with pytest.raises(NotWritten, match=r"the precision of the matcher is 0\.000, 0\.8 is needed") as raised:
        match(settings, Asked("person", 0.5))
    assert "labels: 0 of " in raised.value.where and written(tmp_path) == before


def test_decisions_count_accepted_pairs_although_they_are_one_by_now(settings: Settings, tmp_path: Path) -> None:
    """Records crm and web of a person are one person; as accepted pairs they count like refused ones."""
    pytest.importorskip("splink", reason="siyu[splink] is not installed")
    lines = [
        "candidate_id,entity,verdict,score,generators,left_id,right_id,left_record,right_record,decided_at,decided_by"
    ]
    lines += [
        f"K{key},person,accept,0.9,x,a:{key},b:{key},crm:contacts:{key},web:w:{key},2026-06-01 08:00:00,li"
        for key in range(1, 61)
    ]
    lines += [
        f"K{key},person,refuse,0.9,x,a:{key},b:{key},crm:contacts:{key},web:w:{key + 1},2026-06-01 08:00:00,li"
        for key in range(61, 101)
    ]
    path = tmp_path / "exports" / "reference" / "candidate_decisions.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    told = match(settings, Asked("person", 0.5))
    decisions = told.judged[-1]
    assert (decisions.right, decisions.wrong, decisions.missed) == (60, 0, 0)


def test_a_model_of_another_kind_is_refused(settings: Settings, tmp_path: Path) -> None:
    pytest.importorskip("splink", reason="siyu[splink] is not installed")
    for content, problem in (
        ('{"manifest": {"kind": "company"}, "model": {"comparisons": []}}', "the model is about kind company"),
        ('{"comparisons": []}', "the file is not a model"),
        ("no json", "the file is not a model"),
    ):
        (tmp_path / "m.json").write_text(content, encoding="utf-8")
        with pytest.raises(ConfigError, match=problem):
            match(settings, Asked("person", 0.5, model=tmp_path / "m.json"))
    with pytest.raises(ConfigError, match="the model cannot be read"):
        match(settings, Asked("person", 0.5, model=tmp_path / "absent.json"))


def test_a_rule_that_compares_too_much_is_left_out_and_named() -> None:
    engine = DuckEngine(None, RunInputs("2026-06-30", "UTC", ""))
    session = engine.session()
    rows = [(key, "王伟" if key < 40 else f"王{key}", f"c{key % 4}") for key in range(60)]
    session.execute(
        f"create table {ROWS} as {values('key, full_name, city', *((k, text(n), text(c)) for k, n, c in rows))}"
    )
    fields = [field for field in FIELDS if field.name in ("full_name", "city")]
    blocking = counted(session, rules_of("person", fields, ()), most=500)
    assert blocking.left_out == (Rule(("full_name",), 40 * 39 // 2),)
    assert blocking.used == (Rule(("full_name", "city"), 4 * (10 * 9 // 2)),)
    assert counted(session, rules_of("person", fields, ()), most=10_000).used == (Rule(("full_name",), 780),)
    engine.close()


def test_the_gate() -> None:
    good, few = Judged("labels", 40, 10, 3), Judged("labels", 49, 0, 3)
    check([good])
    check([few, Judged("decisions", 1, 0, 0)])
    with pytest.raises(NotWritten, match="only 49 pairs"):
        check([few, Judged("a part of the labels", 49, 0, 3, is_part=True)])
    with pytest.raises(NotWritten, match=r"precision of the matcher is 0\.784") as raised:
        check([Judged("labels", 40, 11, 0)])
    assert "40 of 51 proposed pairs are right" in raised.value.where and "--force" in raised.value.fix
    assert together([good, few]) == Judged("together", 89, 10, 6)


def test_the_interval_of_a_share() -> None:
    assert [round(limit, 4) for limit in interval(40, 50)] == [0.6696, 0.8876]  # Wilson's, as in R: binom.confint
    assert interval(50, 50)[1] == pytest.approx(1.0) and interval(0, 50)[0] == pytest.approx(0.0)


def test_decided_pairs_are_judged_by_the_latest_verdict() -> None:
    class Known:
        def reference(self, name: str) -> list[dict[str, str]]:
            assert name == "candidate_decisions"
            columns = ("entity", "verdict", "left_record", "right_record", "decided_at")
            rows = [
                ("person", "accept", "a:1", "b:2", "2026-01-01"), ("person", "refuse", "b:2", "a:1", "2026-02-01"),
                ("person", "unsure", "a:3", "b:4", "2026-01-01"), ("company", "accept", "a:5", "b:6", "2026-01-01"),
                ("person", "accept", "a:7", "", "2026-01-01"), ("person", "accept", "a:9", "a:8", "2026-01-01"),
            ]  # fmt: skip
            return [dict(zip(columns, row, strict=True)) for row in rows]

    pairs = decided_pairs(Known(), "person")  # type: ignore[arg-type]
    assert pairs == [("a:1", "b:2", "refuse"), ("a:8", "a:9", "accept")]
    assert by_decisions(pairs, [(0, 0.9), (1, 0.4)], 0.5) == Judged("decisions", 0, 1, 1)
    assert by_decisions(pairs, [(1, 0.5)], 0.5) == Judged("decisions", 1, 0, 0)
