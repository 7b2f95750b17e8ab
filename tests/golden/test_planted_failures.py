"""A failure planted in each layer of a night: its status, its exit code, one message, and the release before it."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.errors import ConfigError, EngineFault, SiyuError, TargetFailed, exit_code
from siyu.night.building import Checks
from siyu.night.opening import Night
from siyu.night.publication import Checked
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.release.releases import Release, current
from siyu.report.events import Event
from siyu.report.status import read_status, status_text
from siyu.report.summary import TargetLine
from siyu.warehouse.ledger import Ledger
from tests.golden.shop import CONTACT, CONTRACT, RECORDS, SALT, Shop, only_suites
from tests.receiver import ADDRESS, Robot, robot
from tests.shared import Shared

pytestmark = pytest.mark.xdist_group("planted")

BAD_CHECK = """table: records.contact
expectations:
  - type: expect_column_values_to_be_in_set
    kwargs: {column: full_name, value_set: [nobody]}
    severity: critical
    meta: {why: To see it fail., runbook: docs/on-call.md#an-unknown-value}
"""
BAD_SQL = CONTACT.replace("name as full_name", "cast(cast(reverse(name) as integer) as varchar) as full_name")
BAD_FILE = 'sale_id,contact_id,amount,sold_at,updated_at\ns3,"k1,1.00,2026-06-02 11:00:00,2026-06-02 11:00:00\n'
Plant = Callable[[Shop, pytest.MonkeyPatch], None]


def _write(name: str, text: str) -> Plant:
    return lambda shop, patch: shop.write(name, text) and None


def _in_the_way(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """A folder has the name of the release that the next run writes."""
    status = read_status(shop.root / "warehouse")
    assert status is not None
    folder = shop.root / "warehouse" / "releases" / f"2026-06-02-{status['run_id'] + 1:06d}"
    folder.mkdir()


def _full_disk(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    patch.setattr("siyu.release.publish.fsync", full)


def _full_from_the_start(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    def full(self: Ledger, started_at: str) -> int:
        raise EngineFault("the run ledger cannot be written: database or disk is full")

    patch.setattr(Ledger, "begin_run", full)


def _postgresql_is_down(shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """What a target does that fails: a line in the report, and TargetFailed when the release is current."""
    publish = Checked.publish

    def and_fail(self: Checked) -> Release:
        publish(self)
        line = TargetLine("postgresql", "2026-06-01-000001", 0, 0.1, "connection refused by db.acme.cn")
        self.record.report.targets.append(line)
        raise TargetFailed("postgresql: connection refused by db.acme.cn", "SIYU_POSTGRESQL", "start it.")

    patch.setattr(Checked, "publish", and_fail)


@dataclass(frozen=True)
class Planted:
    """A failure, and what must come of it. `first` is in the message and in the output of siyu status."""

    plant: Plant
    code: int
    status: str
    first: str
    runbook: str
    is_new_release: bool = False


PLANTED = {
    "file": Planted(
        _write("exports/shop/sales_3.csv", BAD_FILE), 0, "published",
        "shop (owner tests, data until 2026-06-01): sales_3.csv: a quote opens",
        "a-channel-is-stale", is_new_release=True,
    ),
    "contract": Planted(
        _write("layer/seeds/channels/shop.yml", CONTRACT.replace("type: timestamp", "type: moment")), 2, "failed",
        "start: ", "wrong-use-or-configuration",
    ),
    "sql": Planted(
        _write("layer/models/staging/shop__contact.sql", BAD_SQL), 4, "failed",
        "build staging.shop__contact: staging.shop__contact failed on the data", "a-model-failed",
    ),
    "check": Planted(
        _write("layer/expectations/records/contact.yml", BAD_CHECK), 1, "failed",
        "check records.contact: expect_column_values_to_be_in_set (full_name), 1 rows", "an-unknown-value",
    ),
    "publish": Planted(_in_the_way, 4, "failed", "publish: there is a release 2026-06-02-", "an-engine-fault"),
    "disk": Planted(_full_disk, 4, "failed", "publish: the disk is full: No space left on device", "the-disk-is-full"),
    "ledger": Planted(_full_from_the_start, 4, "failed", "start: the disk is full: the run ledger", "the-disk-is-full"),
    "postgresql": Planted(
        _postgresql_is_down, 5, "published", "target postgresql: connection refused", "a-target-failed",
        is_new_release=True,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ward(shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shop, Robot]]:
    """A shop after its first night, and a robot that is told of its nights."""
    first = shared.once("planted", _one_night)
    shop = first.copy_to(tmp_path_factory.mktemp("planted"))
    shop.only = RECORDS
    with pytest.MonkeyPatch.context() as patch, robot() as found:
        patch.setenv("SIYU_SALT", SALT)
        patch.setenv("SIYU_NOTIFY", ADDRESS)
        patch.setenv("SIYU_NOTIFY_LANGUAGE", "en")
        patch.setattr("siyu.check.suites.layer_files", only_suites("none"))
        yield shop, found


def _one_night(root: Path) -> Shop:
    shop = Shop(root)
    shop.only = RECORDS
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        patch.setattr("siyu.check.suites.layer_files", only_suites("none"))
        shop.run("2026-06-01")
    return shop


def _run(shop: Shop) -> int:
    try:
        shop.run("2026-06-02", force=True)
    except (SiyuError, OSError) as error:
        return exit_code(error)
    return 0


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_failure(
    ward: tuple[Shop, Robot], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy, listener = ward
    planted = PLANTED[name]
    shop = healthy.copy_to(tmp_path / "shop")
    shop.only = RECORDS
    warehouse = shop.root / "warehouse"
    before, sent = current(warehouse), len(listener.got)
    planted.plant(shop, monkeypatch)
    assert _run(shop) == planted.code
    status = read_status(warehouse)
    assert status is not None
    assert (status["status"], status["exit_code"]) == (planted.status, planted.code)
    after = current(warehouse)
    assert after is not None and (after == before) is not planted.is_new_release
    assert shop.sales() == "100.10", "the last good data stays"
    is_space_kept = (warehouse / ".reserve").exists()
    assert is_space_kept is (planted.runbook != "the-disk-is-full"), "a full disk gets the space back"

    (text,) = listener.texts[sent:]
    monkeypatch.setenv("SIYU_WAREHOUSE", str(warehouse))
    shown = CliRunner().invoke(app, ["status"]).stdout
    assert planted.first in text and planted.first in " ".join(shown.split())
    runbook = f"docs/on-call.md#{planted.runbook}"
    assert runbook in text and runbook in shown
    assert after.name in text and len(text.encode()) < 2048


def test_a_bug_in_messages_changes_nothing_else(
    ward: tuple[Shop, Robot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise RuntimeError("no message for li@acme.cn")

    shop = ward[0].copy_to(tmp_path / "shop")
    shop.write("layer/seeds/channels/shop.yml", "channel: shop\n")
    monkeypatch.setattr("siyu.night.record.notify", fail)
    events: list[Event] = []
    with pytest.raises(ConfigError):
        run_night(shop.settings(), Request(as_of=date(2026, 6, 2)), events.append)
    assert [(event.kind, event.detail) for event in events] == [("notify", "RuntimeError: no message for l***@acme.cn")]


def test_a_week_of_messages(ward: tuple[Shop, Robot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night that was killed is told by the next. A message that the robot refuses changes nothing else, and is sent
    again. What stands is told once, and once more when it is over."""
    healthy, listener = ward
    shop = healthy.copy_to(tmp_path / "shop")
    shop.only = RECORDS
    sent = len(listener.got)
    killed = Night(shop.settings(), Request(as_of=date(2026, 6, 2)))
    killed.__enter__()
    killed._record.resources.close()  # what is left of a process that was killed: no word, no lock
    assert _run(shop) == 0
    (interrupted,) = listener.texts[sent:]
    assert "recovered: the run before was interrupted" in interrupted

    bad = shop.write("exports/shop/sales_3.csv", BAD_FILE)
    monkeypatch.setattr(listener, "errcode", 93000)
    assert _run(shop) == 0
    status = read_status(shop.root / "warehouse")
    assert status is not None and (status["status"], status["notification"]["state"]) == ("published", "failed")
    (problem,) = status["notification"]["problems"]
    assert problem == "WeCom Bot (1): not sent: refused with code 93000: invalid webhook url, hint: [1]"
    assert problem in "\n".join(map(str, status_text(status).renderables))

    monkeypatch.setattr(listener, "errcode", 0)
    sent = len(listener.got)
    for _ in range(2):
        assert _run(shop) == 0
    (stale,) = listener.texts[sent:]  # the second night has nothing new to tell
    assert "stale channel (new): shop" in stale
    bad.unlink()
    assert _run(shop) == 0
    assert listener.texts[-1].splitlines()[:2] == [
        "siyu published 2026-06-02: recovered", "recovered: stale channel shop",
    ]  # fmt: skip


def test_the_first_failure_is_the_first_in_time(
    ward: tuple[Shop, Robot], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check fails, and then the build does: the exit code is that of the fault, the cause is the check."""
    healthy, listener = ward
    shop = healthy.copy_to(tmp_path / "shop")
    shop.only = RECORDS
    shop.write("layer/expectations/records/contact.yml", BAD_CHECK)

    def fault(self: Checks) -> list[str]:
        raise EngineFault("the disk is gone")

    monkeypatch.setattr(Checks, "end_build", fault)
    sent = len(listener.got)
    assert _run(shop) == 4
    status = read_status(shop.root / "warehouse")
    assert status is not None and status["first_failure"]["name"] == "records.contact"
    assert "failed first: check records.contact" in listener.texts[sent]
    shown = "\n".join(map(str, status_text(status).renderables))
    assert "the disk is gone" in shown and shown.index("records.contact") < shown.index("the disk is gone")
