"""Start Prefect's temporary server before the flow. A busy machine may need minutes, so users see the progress."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS

from siyu.errors import EngineFault

VARIABLE = "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"
PORT_TAKEN = 3  # after this exit code, Prefect itself tries another port
REPORT_EVERY, POLL_EVERY = 10.0, 0.1  # seconds
# The server stops with the flow. If it is still recording task runs then, it and its libraries log tracebacks. The
# level of the root logger would not stop them, because SQLAlchemy sets its own.
SILENCE = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}


def start_temporary_server(tell: Callable[[str], None]) -> None:
    """Start the server that the flow will use, unless the settings name a server. Raises EngineFault if it fails."""
    if PREFECT_API_URL.value():
        return
    limit = PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value()
    server = SubprocessASGIServer()
    failures: list[Exception] = []
    starter = threading.Thread(target=_start, args=(server, limit, failures), daemon=True)
    tell(f"starting Prefect's temporary server (up to {limit} s)")
    started = reported = time.monotonic()
    with _silent_server():
        starter.start()
        while starter.is_alive():
            starter.join(POLL_EVERY)
            process = server.server_process
            if process is not None and process.poll() not in (None, PORT_TAKEN):
                fix = "set PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL=ERROR to see why; or run without Prefect: siyu run."
                raise EngineFault(f"Prefect's temporary server ended with exit code {process.returncode}", "", fix)
            if time.monotonic() - reported > REPORT_EVERY:
                reported = time.monotonic()
                tell(f"still starting, {reported - started:.0f} s")
    if failures:
        server.stop()
        if time.monotonic() - started < limit:
            problem = f"Prefect's temporary server cannot be started: {failures[0]}"
            raise EngineFault(problem, "", "run without Prefect: siyu run.") from failures[0]
        fix = "give it more time with that variable, in seconds; or run without Prefect: siyu run."
        problem = f"Prefect's temporary server did not answer within {limit} seconds"
        raise EngineFault(problem, VARIABLE, fix) from failures[0]


@contextmanager
def _silent_server() -> Iterator[None]:
    """The server inherits this process's environment. Variables that the user has set stay as they are."""
    added = {name: value for name, value in SILENCE.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _start(server: SubprocessASGIServer, limit: int, failures: list[Exception]) -> None:
    deadline = time.monotonic() + limit
    try:
        server.start(timeout=limit)
    except httpx.TimeoutException:
        # Prefect gives up on the first slow answer; the server is still starting.
        _wait(server, deadline, failures)
    except Exception as error:  # noqa: BLE001 - the main thread reports it
        failures.append(error)


def _wait(server: SubprocessASGIServer, deadline: float, failures: list[Exception]) -> None:
    last: Exception = TimeoutError("no answer")
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{server.api_url}/health").status_code == httpx.codes.OK:
                server.running = True
                return
        except httpx.TransportError as error:
            last = error
        time.sleep(POLL_EVERY)
    failures.append(last)
