"""The deployment: a night completes, a failed check is Failed, and what died stands in nobody's way."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId, ArtifactFilterKey
from prefect.client.schemas.objects import FlowRun

from siyu.release.releases import Release, current
from siyu.warehouse.lock import is_held
from tests.e2e.deployed import BIN, ROOT, Deployed, deployed, free_port, kill
from tests.e2e.postgresql import postgresql, programs
from tests.golden.shop import FAILING

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("deployed")]

AS_OF = "2026-06-01"


POSTGRESQL = programs()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """On PostgreSQL, as in production; on SQLite where no PostgreSQL is installed."""
    with ExitStack() as opened:
        server = {}
        if POSTGRESQL:
            url = opened.enter_context(postgresql(POSTGRESQL, free_port()))
            server["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = url
        yield opened.enter_context(deployed(tmp_path_factory.mktemp("deployed"), **server))


@pytest.fixture(scope="module")
def first_night(world: Deployed) -> tuple[FlowRun, Release]:
    """One night that went well, for all tests."""
    run = world.ended(world.trigger(AS_OF))
    release = current(world.warehouse)
    assert run.state is not None and run.state.is_completed(), f"{run.state}\n{world.logs()}"
    assert release is not None
    return run, release


def _artifact(world: Deployed, run_id: UUID) -> str:
    [found] = world.client.read_artifacts(
        artifact_filter=ArtifactFilter(
            flow_run_id=ArtifactFilterFlowRunId(any_=[run_id]), key=ArtifactFilterKey(any_=["siyu-night"])
        )
    )
    return str(found.data)


def _state(run: FlowRun) -> tuple[str, str]:
    assert run.state is not None
    return run.state.type.value, str(run.state.message)


def test_a_night_completes(world: Deployed, first_night: tuple[FlowRun, Release]) -> None:
    run, release = first_night
    assert _state(run) == ("COMPLETED", f"published: as of {AS_OF}")
    assert "Published 已发布" in _artifact(world, run.id)
    assert release.as_of.isoformat() == AS_OF
    assert world.shop.value("select count(*) from identity.person") == 1


def test_a_critical_check_makes_the_run_failed(world: Deployed, first_night: tuple[FlowRun, Release]) -> None:
    before = (world.warehouse / "current").readlink()
    suite = world.shop.write("layer/expectations/identity/person.yml", FAILING)
    try:
        run = world.ended(world.trigger(AS_OF))
    finally:
        suite.unlink()
    kind, message = _state(run)
    assert kind == "FAILED"
    assert "2 critical expectations failed on identity.person" in message
    assert "Failed 未发布" in _artifact(world, run.id)
    assert (world.warehouse / "current").readlink() == before


def test_a_worker_dies_and_then_its_night(world: Deployed, first_night: tuple[FlowRun, Release]) -> None:
    """While the night lives on, another run is told so. When it is dead, too, the next one needs nobody's help."""
    before = current(world.warehouse)
    dead, night = world.night_in_the_middle(AS_OF)
    world.kill_worker()
    world.start_worker()
    kind, message = _state(world.ended(world.trigger(AS_OF)))
    assert kind == "FAILED"
    assert "another run holds the warehouse" in message
    assert current(world.warehouse) == before

    kill(night)
    assert _state(world.ended(world.trigger(AS_OF))) == ("COMPLETED", f"published: as of {AS_OF}"), world.logs()
    assert current(world.warehouse) != before
    assert _state(world.run(dead))[0] == "RUNNING"  # nobody was left to tell Prefect: deploy/dead-runs.yaml


def test_the_machine_goes_down(world: Deployed, first_night: tuple[FlowRun, Release]) -> None:
    """Server, worker and night die at once. A service manager starts the two again; the next run gets through."""
    before = current(world.warehouse)
    world.night_in_the_middle(AS_OF)
    world.kill_all()
    assert not is_held(world.warehouse)
    assert current(world.warehouse) == before
    world.start_server()
    world.start_worker()
    assert _state(world.ended(world.trigger(AS_OF))) == ("COMPLETED", f"published: as of {AS_OF}"), world.logs()
    assert current(world.warehouse) != before


def test_what_the_repository_sets(world: Deployed) -> None:
    """Nobody is phoned by default; no limit that a dead run could hold; the automations are ones that Prefect takes."""
    clean = {name: value for name, value in world.environment.items() if name != "PREFECT_SERVER_ANALYTICS_ENABLED"}
    told = subprocess.check_output([BIN / "prefect", "config", "view"], env=clean, cwd=ROOT, text=True)
    assert "PREFECT_SERVER_ANALYTICS_ENABLED='False' (from pyproject.toml)" in told
    deployment = world.client.read_deployment_by_name("siyu-nightly/nightly")
    assert deployment.job_variables["env"]["DO_NOT_TRACK"] == "1"
    assert deployment.global_concurrency_limit is None
    created = world.prefect("automation", "create", "--from-file", "deploy/dead-runs.yaml")
    assert "Created 2 automation(s)" in created


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
