"""The deployment: what dies stands in nobody's way, a failed check is Failed, a night completes, nothing is phoned.

The tests are one story, in this order: each night takes long, so each shows more than one thing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from siyu.release.releases import Release, current
from siyu.warehouse.lock import is_held
from tests.e2e.deployed import BIN, ROOT, Deployed, checkout, deployed, free_port, shop_environment
from tests.e2e.postgresql import postgresql, programs
from tests.golden.shop import CONTRACT, DEAL, FAILING, SALT, Shop
from tests.receiver import robot
from tests.shared import Shared

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("deployed")]

AS_OF = "2026-06-01"
CHANNELS = "shop,fair"


POSTGRESQL = programs()


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Shared
) -> Iterator[Deployed]:
    """On PostgreSQL, as in production; on SQLite where no PostgreSQL is installed. The shop has a release, and a second
    channel since then."""
    with ExitStack() as opened:
        server = {}
        if POSTGRESQL:
            url = opened.enter_context(postgresql(POSTGRESQL, free_port()))
            server["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
        world = opened.enter_context(deployed(tmp_path_factory.mktemp("deployed"), checkout(shared), **server))
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("siyu.settings.base_layer", lambda: world.checkout)
        request.getfixturevalue("compiled")  # not before: the server needs nothing of it
        _first_night(world.shop)
        world.start_worker(SIYU_CHANNELS=CHANNELS)
        yield world


def _first_night(shop: Shop) -> None:
    shop.write("exports/exports.yml", f"as_of: {AS_OF}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SALT)
        shop.run(AS_OF)
    shop.write("layer/seeds/channels/fair.yml", CONTRACT.replace("channel: shop", "channel: fair"))
    shop.write("layer/models/staging/fair__deal.sql", DEAL.replace("'shop'", "'fair'"))


def _state(run: FlowRun) -> tuple[str, str]:
    assert run.state is not None
    return run.state.type.value, str(run.state.message)


def test_a_worker_dies_and_then_the_machine_goes_down(world: Deployed) -> None:
    """While the night of a dead worker lives on, another run is told so. When the night is dead, too, with the server
    and the new worker, a service manager starts these two again, and the next run needs nobody's help: it gets through
    to the checks, of which a critical one fails."""
    before = current(world.warehouse)
    assert before is not None
    dead = world.night_in_the_middle(AS_OF)
    world.kill_worker()
    world.start_worker(SIYU_CHANNELS=CHANNELS)
    kind, message = _state(world.ended(world.trigger(AS_OF)))
    assert kind == "FAILED"
    assert "another run holds the warehouse" in message
    assert current(world.warehouse) == before

    world.kill_all()
    assert not is_held(world.warehouse)
    assert current(world.warehouse) == before
    world.start_server()
    world.start_worker(SIYU_CHANNELS=CHANNELS)
    suite = world.shop.write("layer/expectations/identity/person.yml", FAILING)
    try:
        run = world.ended(world.trigger(AS_OF, channels=["shop"]))
    finally:
        suite.unlink()
    _is_a_failed_check(world, run)
    assert current(world.warehouse) == before
    assert _state(world.run(dead))[0] == "RUNNING"  # nobody was left to tell Prefect: deploy/dead-runs.yaml


def _is_a_failed_check(world: Deployed, run: FlowRun) -> None:
    """Failed, with a summary that shows nobody. The parameter `channels` limits what lands, not what is built."""
    from tests.e2e.recorded import artifact, task_names

    kind, message = _state(run)
    assert kind == "FAILED", world.logs()
    assert "2 critical expectations failed on identity.person" in message
    told = artifact(world.client, run.id)
    shown = told.replace("\\", "")  # Markdown escapes stars and underscores
    assert "Failed 未发布" in shown and "full_name=王**" in shown and "王一" not in shown
    wanted = {"land shop", "build staging.fair__deal", "build identity.person", "check identity.person"}
    found = task_names(world.client, run.id, wanted)
    assert wanted <= found and not found & {"land fair", "publish"}


def test_what_make_run_calls_prints_the_summary(
    world: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here on the server that runs: the next night completes, then nothing is new. With a target that is down: exit
    code 5."""
    from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

    from flows.nightly import main
    from tests.e2e.recorded import last_ended, task_names

    for name, value in shop_environment(world.shop, SIYU_CHANNELS=CHANNELS).items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(ROOT / "flows")
    monkeypatch.chdir(tmp_path)
    before = current(world.warehouse)
    with temporary_settings({PREFECT_API_URL: world.environment["PREFECT_API_URL"], PREFECT_HOME: tmp_path / "home"}):
        assert main() == 0, world.logs()
        published = capsys.readouterr()
        _is_a_night_that_completed(world, before)
        before = current(world.warehouse)
        assert main() == 0
        told = capsys.readouterr()
        monkeypatch.setenv("SIYU_TARGETS", "postgresql")
        monkeypatch.setenv("SIYU_POSTGRESQL", "postgresql://bi:n0t-told@127.0.0.1:1/bi")
        monkeypatch.setattr("siyu.engines.postgresql.PATIENCE", 0.1)
        assert main() == 5
    failed = capsys.readouterr()
    assert "target     postgresql: failed 未同步" in failed.out and "the target postgresql did not take" in failed.err
    assert "n0t-told" not in failed.out + failed.err + world.logs()
    run = last_ended(world.client, "FAILED")
    assert "the target postgresql did not take the release" in _state(run)[1]
    assert "target postgresql" in task_names(world.client, run.id, {"target postgresql"})
    assert "Published 已发布" in published.out and "Nothing is new 无新数据" in told.out and "siyu.duckdb" in told.out
    assert "Traceback" not in published.out + published.err + told.out + told.err
    assert current(world.warehouse) == before
    assert _state(last_ended(world.client, "COMPLETED")) == ("COMPLETED", f"nothing new: as of {AS_OF}")


def _is_a_night_that_completed(world: Deployed, before: Release | None) -> None:
    from tests.e2e.recorded import artifact, last_ended, task_names

    run = last_ended(world.client, "COMPLETED")
    assert _state(run) == ("COMPLETED", f"published: as of {AS_OF}")
    assert "Published 已发布" in artifact(world.client, run.id)
    wanted = {"land shop", "land fair", "build identity.person", "check identity.person", "publish"}
    assert wanted <= task_names(world.client, run.id, wanted)
    release = current(world.warehouse)
    assert release is not None and release != before and release.as_of.isoformat() == AS_OF
    assert world.shop.value("select count(*) from identity.person") == 1
    assert str(world.shop.value("select sum(amount) from records.deal")) == "100.10"


def test_a_run_that_crashed_is_told_by_the_server(world: Deployed) -> None:
    """Nobody else is left to tell it. The command makes no doubles, and removes the messages if nobody wants any."""
    from prefect.states import Crashed, Scheduled

    from flows.automations import marks, messages, put

    every = ["siyu crashed run", "siyu dead run", "siyu late run", "siyu missed night", "siyu run that never began"]
    with robot() as listener:
        address = f"json://127.0.0.1:{listener.port}/"
        _automations(world, address)
        created = world.client.read_automations()
        block = next(found.actions[0] for found in created if found.name == "siyu crashed run").block_document_id
        wanted = marks() + messages(block, "en", "https://git.acme.cn")
        assert put(world.client, wanted) == [f"updated {one.name}" for one in wanted]
        assert sorted(found.name for found in world.client.read_automations()) == every
        deployment = world.client.read_deployment_by_name("siyu-nightly/nightly")
        later = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(days=1))  # the worker does not take it
        run = world.client.create_flow_run_from_deployment(deployment.id, state=later)
        world.client.set_flow_run_state(run.id, Crashed(message="its process is gone"), force=True)
        world.until("the robot is told", lambda: any(run.name in str(got) for got in listener.got))
        (got,) = [got for got in listener.got if run.name in str(got)]
        assert got["title"] == "siyu run crashed" and f"{run.name}: its process is gone" in got["message"]
        assert "https://git.acme.cn/docs/on-call.md#the-run-ended-without-a-message" in got["message"]
    assert len(put(world.client, marks())) == 5
    assert sorted(found.name for found in world.client.read_automations()) == [every[1], every[4]]


def _automations(world: Deployed, address: str) -> None:
    """What docs/deploy.md says to run, with the environment of the worker."""
    given = {"SIYU_NOTIFY": address, "SIYU_NOTIFY_LANGUAGE": "en", "SIYU_NOTIFY_DOCS": "https://git.acme.cn"}
    done = subprocess.run(
        [sys.executable, "flows/automations.py"], cwd=world.checkout, capture_output=True, text=True, check=False,
        env=world.environment | shop_environment(world.shop, **given),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_repository_sets(world: Deployed) -> None:
    """Nobody is phoned by default; no limit that a dead run could hold; the automations are ones that Prefect takes."""
    assert "PREFECT_SERVER_ANALYTICS_ENABLED" not in world.environment | world.server_environment
    told = world.client.request("GET", "/admin/settings").json()
    assert told["server"]["analytics_enabled"] is False, "of pyproject.toml"
    deployment = world.client.read_deployment_by_name("siyu-nightly/nightly")
    assert deployment.job_variables["env"]["DO_NOT_TRACK"] == "1"
    assert deployment.global_concurrency_limit is None
    backfill = world.client.read_deployment_by_name("siyu-backfill/backfill")
    assert backfill.job_variables == deployment.job_variables and backfill.global_concurrency_limit is None
    assert not backfill.schedules
    created = world.prefect("automation create --from-file deploy/dead-runs.yaml")
    assert "Created 2 automation(s)" in created


def test_a_backfill_makes_room_for_the_night(world: Deployed) -> None:
    """The night waits for the only worker: after the first date, another run of the backfill takes over, behind it."""
    from tests.e2e.recorded import artifact, task_names, waiting

    world.shop.write("exports/exports.yml", "as_of: 2026-06-04\n")
    run_id = world.trigger_flow("siyu-backfill/backfill", first="2026-06-02", last="2026-06-04")
    world.until("the backfill is running", lambda: _state(world.run(run_id))[0] == "RUNNING")
    world.trigger("2026-06-04")
    kind, message = _state(world.ended(run_id))
    assert kind == "COMPLETED", world.logs()
    assert "1 published 已发布, 2 not run 未运行. a night is due" in message
    [following] = waiting(world.client, "siyu-backfill")
    assert following.name in message
    assert following.parameters["first"] == "2026-06-03" and following.parameters["last"] == "2026-06-04"
    assert "2026-06-02-" in artifact(world.client, run_id, "siyu-backfill")
    assert float(artifact(world.client, run_id, "siyu-backfill-progress")) == pytest.approx(100 / 3)
    assert task_names(world.client, run_id, {"2026-06-02"}) == {"2026-06-02"}
    release = current(world.warehouse)
    assert release is not None and release.as_of.isoformat() == "2026-06-02"


@pytest.mark.skipif(POSTGRESQL is None, reason="no PostgreSQL with pg_trgm is installed here: the tests ran on SQLite")
def test_prefect_keeps_its_runs_in_postgresql(world: Deployed) -> None:
    assert not list((world.root / "prefect").glob("*.db"))


@pytest.mark.parametrize("unit", sorted((ROOT / "deploy").glob("*.service")), ids=lambda path: path.name)
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_units_are_ones_that_systemd_takes(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    installed = "/srv/siyu/checkout/.venv/bin/prefect"
    assert installed in text
    copy = tmp_path / unit.name
    copy.write_text(text.replace(installed, str(BIN / "prefect")), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
