"""Run the commands of a trial, in the environment of the machine without siyu's own settings."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

NO_SETTINGS: Mapping[str, str] = {}


def environment(settings: Mapping[str, str] = NO_SETTINGS) -> dict[str, str]:
    """The environment of a tool: no setting of siyu or of another Python gets into it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SIYU_", "PYTHON", "VIRTUAL_ENV"))
    }
    return kept | settings


def run(folder: Path, *command: object, settings: Mapping[str, str] = NO_SETTINGS, seconds: int = 1800) -> str:
    """Run a command to its end and return what it printed. Where it fails, show that."""
    done = subprocess.run(
        [str(part) for part in command], cwd=folder, env=environment(settings),
        capture_output=True, text=True, check=False, timeout=seconds,
    )  # fmt: skip
    assert done.returncode == 0, (
        f"{command[0]} ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    )
    return done.stdout


def virtual_environment(folder: Path, requirements: Path) -> Path:
    """A virtual environment with these requirements; the folder of its programs. One that is there is used again."""
    programs = folder / "bin"
    done = folder / f".installed-{requirements.stem}"
    if not done.exists() or done.read_bytes() != requirements.read_bytes():
        run(folder.parent, sys.executable, "-m", "venv", folder)
        run(folder, programs / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements)
        done.write_bytes(requirements.read_bytes())
    return programs


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def waited(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until the condition holds."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{what} did not happen in {seconds} seconds"
        time.sleep(0.5)
