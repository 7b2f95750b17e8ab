"""Prefect server, pool, deployment of prefect.yaml and worker: real processes, as docs/deploy.md starts them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psutil

from siyu.report.status import read_status
from siyu.warehouse.lock import is_held
from tests.golden.shop import FEW_FAMILIES, FEW_SUITES, SALT, Shop
from tests.shared import Shared

if TYPE_CHECKING:  # Prefect takes seconds to import, in every process that collects tests
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
DEADLINE = 180  # seconds; only a fault lasts that long, however busy the machine is
ASK_EVERY, LOOK_EVERY = 0.5, 0.1  # seconds: a question costs the server a tenth of the first one
TAIL = 4000
# Commands of Prefect one after the other in one process: to import Prefect takes longer than any of them.
COMMANDS = """
import json, sys
from prefect.cli import app
for words in json.loads(sys.argv[1]):
    sys.argv = ["prefect", *words]
    try:
        app()
    except SystemExit as end:
        if end.code:
            raise
"""


def checkout(shared: Shared, *more: str) -> Path:
    """A checkout with three suites, and more that are named. Every suite is a task of its own, and no test of processes
    is about what the other hundreds find."""
    name = "_".join(["checkout", *more]).replace("/", "_")
    return shared.once(name, lambda root: _copy_checkout(root, (*FEW_SUITES, *more)))


def _copy_checkout(root: Path, suites: tuple[str, ...]) -> Path:
    for name in ("siyu", "flows", "models", "macros", "pages", "seeds", "deploy"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("sample"))
    names = ("prefect.yaml", "pyproject.toml", "docs/on-call.md", *(f"expectations/{name}.yml" for name in suites))
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


@dataclass
class Deployed:
    """What runs, and how to ask it."""

    root: Path
    checkout: Path
    shop: Shop
    port: int
    client: SyncPrefectClient
    environment: dict[str, str]
    server_environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        return self.shop.root / "warehouse"

    def start(self, name: str, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """A process in the checkout and in a group of its own, its output in <name>.log."""
        with (self.root / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(BIN / "prefect"), *command],
                env=self.environment | more,
                cwd=self.checkout,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def prefect(self, *commands: str, **more: str) -> str:
        """Commands that end; from the checkout, as the docs say."""
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS, json.dumps([command.split() for command in commands])],
            env=self.environment | more,
            cwd=self.checkout,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def start_server(self) -> None:
        where = ("--host", "127.0.0.1", "--port", str(self.port))
        self.start("server", "server", "start", *where, **self.server_environment)
        self.until("the server answers", self.is_up)

    def start_worker(self, **more: str) -> None:
        """The worker of the docs; settings and the salt of the shop are in its environment."""
        environment = shop_environment(self.shop, **more)
        self.start("worker", "worker", "start", "--pool", "siyu", "--limit", "1", **environment)

    def trigger(self, as_of: str, **more: object) -> UUID:
        """A run of the deployment, now."""
        return self.trigger_flow("siyu-nightly/nightly", as_of=as_of, force=True, **more)

    def trigger_flow(self, name: str, **parameters: object) -> UUID:
        """A run of any deployment, now."""
        from prefect.states import Scheduled

        deployment = self.client.read_deployment_by_name(name)
        run = self.client.create_flow_run_from_deployment(deployment.id, parameters=parameters, state=Scheduled())
        return run.id

    def run(self, run_id: UUID) -> FlowRun:
        return self.client.read_flow_run(run_id)

    def ended(self, run_id: UUID) -> FlowRun:
        """The run, once it is over."""
        self.until(f"run {run_id} has ended", lambda: _is_final(self.run(run_id)))
        return self.run(run_id)

    def night_in_the_middle(self, as_of: str) -> UUID:
        """Trigger a night, freeze its processes when it is going on, and return its run."""
        before = self._status().get("run_id", 0)
        run_id = self.trigger(as_of)

        def goes_on() -> bool:
            status = self._status()
            return status.get("run_id", 0) > before and status["status"] == "running" and _is_running(self.run(run_id))

        self.until(f"run {run_id} is in the middle of the night", goes_on, LOOK_EVERY)
        night = psutil.Process(self.processes[-1].pid).children(recursive=True)
        for process in night:
            with suppress(psutil.NoSuchProcess):  # a helper that has just ended
                process.suspend()
        assert goes_on() and is_held(self.warehouse), f"the night was over before it could be stopped\n{self.logs()}"
        return run_id

    def _status(self) -> dict[str, Any]:
        return read_status(self.warehouse) or {}

    def kill_worker(self) -> None:
        """SIGKILL to the worker alone; its night is a group of its own."""
        worker = self.processes.pop()
        worker.kill()
        worker.wait()

    def kill_all(self) -> None:
        """SIGKILL to server, worker and night, as if the machine went down."""
        home = self.environment["PREFECT_HOME"]
        kill([process for process in psutil.process_iter() if _lives_in(home, process)])
        for process in self.processes:
            process.wait()
        self.processes.clear()

    def until(self, what: str, condition: Callable[[], object], every: float = ASK_EVERY) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, f"not within {DEADLINE} s: {what}\n{self.logs()}"
            time.sleep(every)

    def logs(self) -> str:
        """The ends of what server and worker said."""
        found = sorted(self.root.glob("*.log"))
        return "\n".join(f"== {path.name}\n{path.read_text(errors='replace')[-TAIL:]}" for path in found)

    def is_up(self) -> bool:
        dead = [process.args for process in self.processes if process.poll() is not None]
        assert not dead, f"ended: {dead}\n{self.logs()}"
        return self.client.api_healthcheck() is None


def _is_final(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_final()


def _is_running(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_running()


def shop_environment(shop: Shop, **more: str) -> dict[str, str]:
    """Settings of the shop, as a worker's environment file would hold them."""
    cache = {name: value for name, value in os.environ.items() if name == "SIYU_CACHE"}
    return {
        "SIYU_WAREHOUSE": str(shop.root / "warehouse"),
        "SIYU_LAYERS": str(shop.root / "layer"),
        "SIYU_EXPORTS": str(shop.root / "exports"),
        "SIYU_CHANNELS": "shop",
        "SIYU_FAMILIES": ",".join(shop.families),
        "SIYU_SALT": SALT,
        "SIYU_PUBLISH_PARQUET": "false",
        **cache,
        **more,
    }


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL, and wait until they are gone."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=DEADLINE)


def _lives_in(home: str, process: psutil.Process) -> bool:
    """Is it of this PREFECT_HOME? So a process is found whose parent is dead."""
    with suppress(psutil.Error):
        return bool(process.environ().get("PREFECT_HOME") == home)
    return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def deployed(root: Path, checkout: Path, **server: str) -> Iterator[Deployed]:
    """Server, pool and deployment, by the commands of the docs; whatever happens, nothing of it is left."""
    from prefect.client.orchestration import SyncPrefectClient

    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SIYU_"))}
    clean |= {
        "PREFECT_HOME": str(root / "prefect"),
        "TMPDIR": str(root / "tmp"),  # what is killed leaves its temporary folders behind
        "PREFECT_API_URL": api,
        "DO_NOT_TRACK": "true",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PYTHONPATH": str(checkout),  # before that in which siyu is installed
    }
    (root / "tmp").mkdir()
    with SyncPrefectClient(api=api) as client:
        world = Deployed(root, checkout, Shop(root / "shop", families=FEW_FAMILIES), port, client, clean, server)
        try:
            world.start_server()
            world.prefect("work-pool create siyu --type process", "--no-prompt deploy --all", SIYU_HOME=str(checkout))
            yield world
        finally:
            world.kill_all()
