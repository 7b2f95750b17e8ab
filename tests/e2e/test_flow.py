"""The flow in a process of its own, as `make run` starts it: the server, Failed on a critical check, messages.

Its nights on a server that runs are in test_deployed.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from siyu.errors import EngineFault
from siyu.night.conductor import Outcome, Step
from siyu.report.headline import KpiLine
from siyu.report.status import markdown
from siyu.report.summary import Report
from tests.e2e.deployed import checkout, shop_environment
from tests.golden.canaries import Canaries, canaries_in, search
from tests.golden.canary_files import write_world
from tests.golden.shop import Shop
from tests.golden.test_canaries import CHANNELS, leaks_of
from tests.shared import Shared

pytestmark = pytest.mark.e2e


def _make_run(shop: Shop, root: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What `make run` starts in a checkout, with the settings of a shop that builds one family of models."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    environment |= shop_environment(shop) | {"PYTHONPATH": str(root)} | more
    command = [sys.executable, str(root / "flows" / "nightly.py")]
    return subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)


def test_make_run_as_a_process(tmp_path: Path, shared: Shared) -> None:
    """`python flows/nightly.py` starts its own server, has its home in the warehouse, and exits as siyu does.

    The first night breaks a critical expectation. Then the file of deals comes again, without it: a night that goes
    well takes the same way, with the server's database of the night before. Neither leaves an identifier in the open,
    in Prefect's home, its output or the rest; test_canaries.py looks at the tables of the other families.
    """
    shop, canaries = Shop(tmp_path), Canaries()
    warehouse = shop.root / "warehouse"
    shop.write("exports/exports.yml", "as_of: 2026-06-01\n")
    write_world(shop, canaries, is_stopped=True)
    bad = _make_run(shop, checkout(shared), SIYU_CHANNELS=",".join(CHANNELS))
    assert bad.returncode == 1, bad.stderr[-2000:]
    assert (warehouse / "prefect" / "prefect.db").is_file()
    assert "starting Prefect's temporary server" in bad.stderr
    assert "2 critical expectations failed on records.deal" in bad.stderr
    assert "Failed 未发布" in bad.stdout
    assert "Traceback" not in bad.stdout + bad.stderr
    assert not (warehouse / "current").exists()
    write_world(shop, canaries)
    good = _make_run(shop, checkout(shared), SIYU_CHANNELS=",".join(CHANNELS))
    assert good.returncode == 0, good.stderr[-2000:]
    assert "Published 已发布" in good.stdout and "siyu.duckdb" in good.stdout
    assert "Traceback" not in good.stdout + good.stderr
    assert (warehouse / "current" / "siyu.duckdb").exists()
    assert leaks_of(canaries, warehouse, search(warehouse)) == []
    assert canaries_in(bad.stdout + bad.stderr + good.stdout + good.stderr) == set()


def test_the_report_of_a_run_has_its_kpis(tmp_path: Path) -> None:
    kpis = [KpiLine("net_revenue", "净收入", "Net revenue", "amount", "100.10", "100.10")]
    report = Report(as_of=date(2026, 6, 1), warehouse=tmp_path, run_id=1, status="published", kpis=kpis)
    text = markdown(report)
    assert "Published 已发布" in text
    assert [line for line in text.splitlines() if "net_revenue" in line and "100.10" in line]


def test_a_step_that_fails_is_a_failed_task_without_a_traceback() -> None:
    from flows.nightly import _carry_out  # Prefect takes seconds to import

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

    from flows.temporary_server import start_temporary_server

    monkeypatch.setattr("prefect.server.api.server.SubprocessASGIServer.start", fail)
    monkeypatch.setattr("flows.temporary_server.PREFECT_API_URL.value", lambda: None)
    with pytest.raises(EngineFault, match="cannot be started: no free port"):
        start_temporary_server(lambda text: None)


def test_libraries_of_the_temporary_server_are_silent() -> None:
    """What they log when the server stops is no news; whether they log anything is a matter of chance."""
    from flows.temporary_server import SILENCE

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


def test_a_server_that_does_not_answer_ends_with_one_message(tmp_path: Path, shared: Shared) -> None:
    slow = _make_run(Shop(tmp_path), checkout(shared), PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="1")
    assert slow.returncode == 4
    assert "starting Prefect's temporary server (up to 1 s)" in slow.stderr
    assert "error: Prefect's temporary server did not answer within 1 seconds" in slow.stderr
    assert "without Prefect: siyu run" in slow.stderr
    assert "Traceback" not in slow.stderr + slow.stdout
    assert not (tmp_path / "warehouse" / "releases").exists()
