"""The nightly flow on a Prefect server of the tests' own: tasks, artifact, Failed on a critical check."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.artifacts import Artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.sorting import TaskRunSort
from prefect.testing.utilities import prefect_test_harness

from flows.nightly import _carry_out, main, nightly
from flows.temporary_server import SILENCE, start_temporary_server
from siyu.errors import EngineFault
from siyu.night.conductor import Outcome, Step
from tests.golden.shop import CONTRACT, DEAL, FAILING, FEW_FAMILIES, FEW_SUITES, SALT, Shop, only_suites

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("flow")]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server() -> Iterator[None]:
    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop that builds one family of models, unless the test says otherwise. Nights in this process check with few
    suites, those in a process of their own with all."""
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES))
    shop = Shop(tmp_path, families=getattr(request, "param", FEW_FAMILIES))
    for name, value in _environment(shop).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return shop


def _environment(shop: Shop) -> dict[str, str]:
    return {
        "SIYU_WAREHOUSE": str(shop.root / "warehouse"),
        "SIYU_LAYERS": str(shop.root / "layer"),
        "SIYU_EXPORTS": str(shop.root / "exports"),
        "SIYU_CHANNELS": "shop",
        "SIYU_FAMILIES": ",".join(shop.families),
        "SIYU_SALT": SALT,
        "SIYU_PUBLISH_PARQUET": "false",
    }


def _task_names(flow_run_id: object, wanted: set[str]) -> set[str]:
    """The names of the task runs of a flow run. The server records runs a moment after they end: wait for those wanted,
    for a minute at most."""
    filter_ = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))  # type: ignore[list-item]
    deadline = time.monotonic() + 60
    with get_client(sync_client=True) as client:
        while True:
            found: list[str] = []
            while page := client.read_task_runs(
                flow_run_filter=filter_, sort=TaskRunSort.NAME_ASC, limit=100, offset=len(found)
            ):
                found += [run.name for run in page]
            if wanted <= set(found) or time.monotonic() > deadline:
                return set(found)
            time.sleep(0.5)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("shop", [("identity", "kpi")], indirect=True, ids=["KPIs"])
def test_a_night_on_prefect(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameter `channels` limits what lands, not what is built."""
    shop.write("layer/seeds/channels/fair.yml", CONTRACT.replace("channel: shop", "channel: fair"))
    shop.write("layer/models/staging/fair__deal.sql", DEAL.replace("'shop'", "'fair'"))
    monkeypatch.setenv("SIYU_CHANNELS", "shop,fair")
    state = nightly(as_of="2026-06-01", channels=["shop"], return_state=True)
    assert state.is_completed(), state
    wanted = {"land shop", "build staging.fair__deal", "build identity.person", "check identity.person", "publish"}
    found = _task_names(state.state_details.flow_run_id, wanted)
    assert wanted <= found and "land fair" not in found
    assert shop.revenue() == "100.10"
    artifact = Artifact.get("siyu-night")
    assert artifact is not None
    assert "Published 已发布" in str(artifact.data) and "net_revenue" in str(artifact.data)
    again = nightly(as_of="2026-06-01", channels=["shop"], return_state=True)
    assert again.is_completed() and "nothing new" in str(again.message)


@pytest.mark.usefixtures("server")
def test_a_critical_check_makes_the_flow_failed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first night goes well, by what `make run` calls; the second one fails."""
    monkeypatch.syspath_prepend(ROOT / "flows")
    shop.write("exports/exports.yml", "as_of: 2026-06-01\n")
    assert main() == 0
    good = capsys.readouterr()
    assert "Published 已发布" in good.out and "siyu.duckdb" in good.out
    assert "Traceback" not in good.out + good.err
    before = (shop.root / "warehouse" / "current").readlink()
    shop.write("layer/expectations/identity/person.yml", FAILING)
    state = nightly(as_of="2026-06-02", channels=["shop"], return_state=True)
    assert state.is_failed()
    assert "2 critical expectations failed on identity.person" in str(state.message)
    assert (shop.root / "warehouse" / "current").readlink() == before
    artifact = Artifact.get("siyu-night")
    assert artifact is not None
    told = str(artifact.data)
    assert "Failed 未发布" in told and "full_name=王**" in told and "王一" not in told


def test_make_run_as_a_process(shop: Shop) -> None:
    """`python flows/nightly.py` starts its own server, has its home in the warehouse, and exits as siyu does.

    A night that goes well takes the same way: the test before runs one in this process.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= _environment(shop)
    command = [sys.executable, str(ROOT / "flows" / "nightly.py")]
    shop.write("exports/exports.yml", "as_of: 2026-06-01\n")
    shop.write("layer/expectations/identity/person.yml", FAILING)
    bad = subprocess.run(command, env=environment, cwd=shop.root, capture_output=True, text=True, check=False)
    assert bad.returncode == 1, bad.stderr[-2000:]
    assert (shop.root / "warehouse" / "prefect").is_dir()
    assert "2 critical expectations failed" in bad.stderr
    assert "Traceback" not in bad.stdout + bad.stderr


def test_a_step_that_fails_is_a_failed_task_without_a_traceback() -> None:
    def work() -> Outcome:
        try:
            raise OSError("the disk")
        except OSError as error:
            raise EngineFault("kpi.kpi_value failed", "models/kpi/kpi_value.sql", "look at it.") from error

    state = _carry_out(Step("build", "kpi.kpi_value", work))
    assert state.is_failed() and "fix:   look at it." in str(state.message)
    assert isinstance(state.data, EngineFault)
    assert state.data.__traceback__ is None and state.data.__cause__ is None


def test_a_server_that_cannot_be_started_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, timeout: int | None = None) -> None:
        raise RuntimeError("no free port")

    monkeypatch.setattr("prefect.server.api.server.SubprocessASGIServer.start", fail)
    monkeypatch.setattr("flows.temporary_server.PREFECT_API_URL.value", lambda: None)
    with pytest.raises(EngineFault, match="cannot be started: no free port"):
        start_temporary_server(lambda text: None)


def test_libraries_of_the_temporary_server_are_silent() -> None:
    """What they log when the server stops is no news; whether they log anything is a matter of chance."""
    script = (
        "import logging, prefect, sqlalchemy\n"
        "from prefect.logging.configuration import setup_logging\n"
        "setup_logging(incremental=False)\n"
        "for name in ('sqlalchemy.pool.impl', 'prefect.server', 'uvicorn', 'asyncio'):\n"
        "    logging.getLogger(name).error('said by %s', name)\n"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    loud, silent = (
        subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
        for env in (clean, clean | SILENCE)
    )
    assert "said by sqlalchemy.pool.impl" in loud.stderr
    assert "said by" not in silent.stdout + silent.stderr


def test_a_server_that_does_not_answer_ends_with_one_message(shop: Shop) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= _environment(shop) | {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1"}
    command = [sys.executable, str(ROOT / "flows" / "nightly.py")]
    slow = subprocess.run(command, env=environment, cwd=shop.root, capture_output=True, text=True, check=False)
    assert slow.returncode == 4
    assert "starting Prefect's temporary server (up to 1 s)" in slow.stderr
    assert "error: Prefect's temporary server did not answer within 1 seconds" in slow.stderr
    assert "without Prefect: siyu run" in slow.stderr
    assert "Traceback" not in slow.stderr + slow.stdout
    assert not (shop.root / "warehouse" / "releases").exists()
