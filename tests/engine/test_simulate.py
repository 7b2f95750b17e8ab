"""The simulator: the same seed gives the same world, the sample is one of them, and a world is plausible.

What each knob turns is in test_simulate_knobs.py.
"""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from pathlib import Path

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from siyu.errors import ConfigError
from siyu.layers import base_layer
from siyu.simulate import simulate_exports
from siyu.simulate.knobs import Knobs
from tests.golden.exported import Exported, local_day, utc

SAMPLE = base_layer() / "seeds" / "sample"
ROOT = Path(__file__).resolve().parents[2]
LAST_DAY, NIGHTS = date(2026, 6, 30), 5
MEASURED = """
import sys, threading, psutil
from pathlib import Path
from siyu.simulate import simulate_exports
peak, me = 0, psutil.Process()
done = threading.Event()
def watch():
    global peak
    while not done.wait(0.005):
        peak = max(peak, me.memory_info().rss)
thread = threading.Thread(target=watch)
thread.start()
simulate_exports(Path(sys.argv[1]), people=int(sys.argv[2]), days=90, seed=7)
done.set()
thread.join()
sys.stdout.write(str(peak))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world the sample was made of, made again."""
    root = tmp_path_factory.mktemp("world")
    simulate_exports(root, people=600, days=180, seed=7)
    return root


def _content(root: Path) -> dict[str, object]:
    """Texts as they are; Parquet and workbooks by rows, since their bytes are the writers'."""
    return {
        path.relative_to(root).as_posix(): _rows(path) if path.suffix in (".parquet", ".xlsx") else path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def _rows(path: Path) -> object:
    if path.suffix == ".parquet":
        return duckdb.sql(f"select * from '{path}'").fetchall()
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def _assert_equal(made: Path, kept: Path) -> None:
    one, other = _content(made), _content(kept)
    assert list(one) == list(other)
    assert [name for name in one if one[name] != other[name]] == []


def test_the_sample_is_what_simulate_makes(world: Path) -> None:
    _assert_equal(world, SAMPLE)
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 5_000_000


def test_the_same_world_in_another_process(world: Path, tmp_path: Path) -> None:
    """No order of a set or a dict may get into the files."""
    made = "from pathlib import Path; from siyu.simulate import simulate_exports as s; import sys"
    call = "s(Path(sys.argv[1]), people=600, days=180, seed=7)"
    env = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", f"{made}; {call}", str(tmp_path / "w")], check=True, env=env)
    _assert_equal(tmp_path / "w", world)


def test_another_seed_is_another_world(world: Path, tmp_path: Path) -> None:
    simulate_exports(tmp_path, people=600, days=180, seed=8)
    made, kept = _content(tmp_path), _content(world)
    again = {name for name in made.keys() & kept.keys() if made[name] == kept[name]}
    # What does not depend on chance: dates, and lists that the company keeps of itself.
    assert {name for name in again if not name.startswith(("reference/", "wecom/behavior_"))} == {"exports.yml"}


def test_a_larger_world_has_the_same_first_companies(tmp_path: Path) -> None:
    """Of companies the beginning is the same; people meet other companies, other staff and other groups."""
    for people in (200, 400):
        simulate_exports(tmp_path / str(people), people=people, days=60, seed=7)
    small, large = (Exported(tmp_path / str(people)).rows("crm/accounts") for people in (200, 400))
    same = ("account_id", "credit_code", "email_domain", "industry", "province", "account_type")
    assert len(small) == 40 and len(large) == 80
    assert [[row[name] for name in same] for row in small] == [[row[name] for name in same] for row in large[:40]]


def test_a_world_replaces_the_one_before_and_nothing_else(tmp_path: Path) -> None:
    simulate_exports(tmp_path / "w", people=200, days=90, seed=7, nights=3)
    simulate_exports(tmp_path / "w", people=60, days=60, seed=7)
    simulate_exports(tmp_path / "new", people=60, days=60, seed=7)
    _assert_equal(tmp_path / "w", tmp_path / "new")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not empty and is not a simulated world"):
        simulate_exports(tmp_path / "mine", people=20, days=30, seed=7)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(("people", "days"), [(1, 1), (1, 180), (3, 2), (30, 20)])
def test_the_smallest_worlds(people: int, days: int, tmp_path: Path) -> None:
    simulate_exports(tmp_path, people=people, days=days, seed=3)
    files = Exported(tmp_path)
    assert len((tmp_path / "truth/people.csv").read_text(encoding="utf-8").splitlines()) == people + 1
    assert (tmp_path / "exports.yml").read_text(encoding="utf-8") == f"as_of: {LAST_DAY}\n"
    assert files.rows("crm/accounts") and files.rows("ads/spend")


def test_returned_counts_are_rows(tmp_path: Path) -> None:
    written = simulate_exports(tmp_path, people=300, days=90, seed=1, nights=2)
    files = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert written.keys() == {
        file for file in files if "reference/" not in file and not file.endswith(("exports.yml", "person.csv"))
    } | {"truth/person.csv"}
    found = {name: _count(tmp_path / name) for name in written}
    assert found == written
    assert {Path(name).suffix for name in written} == {".csv", ".jsonl", ".json", ".parquet", ".xlsx"}


def _count(path: Path) -> int:
    if path.suffix == ".parquet":
        return int(duckdb.sql(f"select count(*) from '{path}'").fetchall()[0][0])
    if path.suffix == ".xlsx":
        return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) - 1
    if path.suffix == ".json":
        folder = Exported(path.parents[1])
        export = re.split(r"_(?:msg|\d)", path.stem)[0]
        return sum(1 for row in folder.rows(f"{path.parent.name}/{export}", path))
    lines = path.read_bytes().split(b"\n")
    return len(lines) - 1 - (path.suffix == ".csv")


def test_every_record_has_a_truth(world: Path) -> None:
    """Every row that is of a person, in every channel, and each truth once."""
    files = Exported(world)
    with (world / "truth/person.csv").open(encoding="utf-8", newline="") as file:
        lines = [(row["channel"], row["record_id"]) for row in csv.DictReader(file)]
    assert [line for line, count in Counter(lines).items() if count > 1] == []
    untold = {(channel, record.partition(":")[0]) for channel, record in files.delivered - files.truth.keys()}
    # Money, decisions and staff are of nobody; what staff write into groups and who they are in them.
    assert untold == {
        ("ads", "costs"), ("ads", "spend"), ("crm", "decisions"), ("wecom", "behavior"), ("wecom_group", "groups"),
        ("wecom_group", "group_messages"),
    }  # fmt: skip
    for channel, record in files.delivered - files.truth.keys():
        if channel == "wecom_group":
            assert re.search(r"\|S\d{3}$", record), record


def test_nothing_happens_outside_the_days(world: Path) -> None:
    files = Exported(world)
    moments = [utc(row["event_time"]) for row in files.rows("website/events")]
    moments += [utc(row["updated_at"]) for row in files.rows("mall/orders") + files.rows("outreach/sends")]
    moments += [utc(row["CreateTime"]) for row in files.rows("wecom/events") + files.rows("official_account/events")]
    days = {local_day(moment) for moment in moments}
    assert min(days) >= date(2026, 1, 2) and max(days) == LAST_DAY
    assert len(days) > 170


def test_costs_are_of_every_step_and_of_a_campaign_that_brings_nobody(world: Path) -> None:
    files = Exported(world)
    costs = files.rows("ads/costs")
    listed = {row["campaign_id"] for row in files.reference("campaigns")}
    assert {row["step"] or None for row in costs} == {"acquire", "nurture", "convert", "serve", None}
    assert {row["campaign_id"] for row in costs} - listed == {None, "C-MAGAZINE"}
    assert {row["currency"] for row in costs} == {None, "CNY", "EUR"}
    assert "C-MAGAZINE" not in "".join(
        path.read_text(encoding="utf-8") for path in world.rglob("*.csv")
        if path.parent.name not in ("reference", "mall") and not path.name.startswith("costs")
    )  # fmt: skip


# Nights.


@pytest.fixture(scope="module")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A world in one piece, and the same world as a first load and nights. A file sent again is of its delivery."""
    root = tmp_path_factory.mktemp("deliveries")
    for name, nights in (("whole", 0), ("nightly", NIGHTS)):
        simulate_exports(root / name, people=500, days=120, seed=9, nights=nights, knobs=Knobs(repeated_file=0.0))
    return root / "whole", root / "nightly"


def _folders(root: Path) -> list[Path]:
    return [root, *sorted(root.glob("night=*"))]


APPENDED = (
    "ads/costs", "ads/leads", "ads/spend", "after_sales/devices", "after_sales/tickets", "crm/accounts",
    "crm/activities", "crm/contacts", "crm/decisions", "crm/opportunities", "exhibition/visitors", "mall/coupons",
    "mall/order_items", "mall/orders", "mall/refunds", "official_account/events", "outreach/sends",
    "training/enrolments", "webinar/attendance", "website/events", "wecom/events", "wecom/messages",
    "wecom_group/group_messages", "wecom/group_sends",
)  # fmt: skip


@pytest.mark.parametrize("name", APPENDED)
def test_every_row_is_delivered_once(name: str, deliveries: tuple[Path, Path]) -> None:
    """What a world without nights has, first load and nights have together, no row more and none less."""
    whole, nightly = deliveries

    def told(folder: Path) -> Counter[str]:
        return Counter(str({**row, "_date": ""}) for row in Exported(folder).rows(name))

    parts = [told(folder) for folder in _folders(nightly)]
    assert sum(parts, Counter()) == told(whole)
    # Things seldom happen every night; what is written all the time does.
    if name in ("website/events", "ads/spend", "outreach/sends", "mall/orders"):
        assert sum(bool(part) for part in parts[1:]) >= (NIGHTS if name in ("website/events", "ads/spend") else 1)


def test_each_delivery_says_its_date_and_holds_nothing_later(deliveries: tuple[Path, Path]) -> None:
    _, nightly = deliveries
    folders = _folders(nightly)
    dates = [date(2026, 6, 25 + number) for number in range(NIGHTS + 1)]
    assert [folder.name for folder in folders[1:]] == [f"night={day}" for day in dates[1:]]
    for folder, as_of in zip(folders, dates, strict=True):
        assert (folder / "exports.yml").read_text(encoding="utf-8") == f"as_of: {as_of}\n"
        files = Exported(folder)
        days = {local_day(utc(row["event_time"])) for row in files.rows("website/events")}
        days |= {local_day(utc(row["updated_at"])) for row in files.rows("webinar/attendance")}
        assert max(days) <= as_of
        if folder != nightly:
            # Late rows come some days after they happened.
            assert as_of in days and (as_of - min(days)).days <= 5


def test_some_rows_come_nights_late(deliveries: tuple[Path, Path]) -> None:
    _, nightly = deliveries
    late = [
        row for folder in _folders(nightly)[1:] for row in Exported(folder).rows("website/events")
        if str(local_day(utc(row["event_time"]))) < folder.name.removeprefix("night=")
    ]  # fmt: skip
    assert late


def test_lists_and_statistics_come_again_by_night(deliveries: tuple[Path, Path]) -> None:
    """The last night has complete lists; every night asks for the last three days of every member of staff."""
    _, nightly = deliveries
    last = Exported(_folders(nightly)[-1])
    assert last.rows("wecom/contacts") and last.rows("official_account/users") and last.rows("wecom_group/groups")
    for folder in _folders(nightly)[1:]:
        asked = defaultdict(set)
        for row in Exported(folder).rows("wecom/behavior"):
            asked[row["userid"]].add(local_day(utc(row["stat_time"])))
        as_of = date.fromisoformat(folder.name.removeprefix("night="))
        assert len(asked) == 8
        assert all(max(days) == as_of and len(days) == 3 for days in asked.values())


@pytest.mark.parametrize("nights", [30, 31, -1])
def test_more_nights_than_days_are_refused(nights: int, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{nights} nights do not fit into 30 days"):
        simulate_exports(tmp_path / "w", people=5, days=30, seed=7, nights=nights)
    assert not (tmp_path / "w").exists()


# Causes.


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """5,000 people, so that shares are more than chance."""
    root = tmp_path_factory.mktemp("town")
    simulate_exports(root, people=5000, days=180, seed=11, knobs=Knobs(buyer=0.4))
    return Exported(root)


@pytest.mark.xdist_group("town")
def test_people_of_a_campaign_come_while_it_runs(town: Exported) -> None:
    """A fair is open four days, a live show one; visitors and viewers give that campaign on no other day."""
    fairs: dict[str, set[date]] = defaultdict(set)
    for row in town.things("exhibition/visitors"):
        fairs[row["活动"]].add(local_day(utc(row["签到时间"])))
    assert len(fairs) == 3
    assert all((max(days) - min(days)).days < 4 for days in fairs.values())
    shows: dict[str, set[date]] = defaultdict(set)
    for row in town.things("webinar/attendance"):
        if row["joined_at"]:
            shows[row["live_id"]].add(local_day(utc(row["joined_at"])))
    assert len(shows) > 10
    assert all(len(days) == 1 for days in shows.values())
    leads = {row["campaign_id"] for row in town.things("ads/leads")}
    assert leads == {"C-WECHAT-ADS"}


@pytest.mark.xdist_group("town")
def test_what_people_did_before_makes_them_buy(town: Exported) -> None:
    """Of opportunities that were decided, those of people with many touches before are won more often."""
    touched: dict[str, list[object]] = defaultdict(list)
    for row in town.things("website/events"):
        touched[town.truth["website", f"events:{row['event_id']}"][0]].append(utc(row["event_time"]))
    for row in town.things("webinar/attendance"):
        record = f"attendance:{row['live_id']}|{row['viewer_id']}"
        moment = utc(row["joined_at"] or row["registered_at"] or row["replayed_at"])
        touched[town.truth["webinar", record][0]].append(moment)
    decided = []
    for row in town.things("crm/opportunities"):
        if row["stage"] in ("won", "lost"):
            person = town.truth["crm", f"opportunities:{row['opportunity_id']}"][0]
            before = sum(moment < utc(row["created_at"]) for moment in touched[person])  # type: ignore[operator]
            decided.append((before, row["stage"] == "won"))
    decided.sort()
    third = len(decided) // 3
    assert third > 100
    cold, warm = decided[:third], decided[-third:]
    assert sum(won for _, won in warm) / third > sum(won for _, won in cold) / third + 0.05


@pytest.mark.xdist_group("town")
def test_only_who_has_met_us_has_an_opportunity(town: Exported) -> None:
    """An opportunity is of a contact of the CRM that was there before it."""
    known: dict[str, object] = {}
    for row in town.rows("crm/contacts"):
        known[row["contact_id"]] = min(known.get(row["contact_id"], row["created_at"]), row["created_at"])  # type: ignore[type-var]
    opportunities = town.things("crm/opportunities")
    late = [row for row in opportunities if row["contact_id"] not in known]
    assert len(late) < 0.02 * len(opportunities)  # contacts that come too late to be seen
    for row in opportunities:
        assert known.get(row["contact_id"], row["created_at"]) <= row["created_at"]  # type: ignore[operator]
        assert row["closed_at"] is None or row["created_at"] < row["closed_at"]


def test_a_larger_world_takes_no_more_memory(tmp_path: Path) -> None:
    """It streams: what grows with the people is written, not kept."""

    def peak(people: int) -> int:
        command = [sys.executable, "-c", MEASURED, str(tmp_path / str(people)), str(people)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        return int(subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout)

    small, large = peak(500), peak(4000)
    assert large < 1.25 * small
