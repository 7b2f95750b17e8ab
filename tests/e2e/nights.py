"""Nights in processes of their own, which may be killed at any moment.

Each is a fork of a process that has imported siyu and Great Expectations. That takes a third of the processor time of a
small night, and no test of kills or disks is about it. A night begins where `siyu run` reads its settings.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["siyu.cli", "siyu.night.run", "siyu.check.runner"])


def start(
    folder: Path,
    *options: str,
    command: str = "run",
    settings: Mapping[str, str],
    suites: tuple[str, ...] = ("*",),
    out: str = os.devnull,
    err: str = os.devnull,
) -> ForkServerProcess:
    """Start `siyu run`, or another command, in a folder. Its settings are these and no others; what it says goes to the
    files. It runs these suites of the base layer."""
    night = _CONTEXT.Process(target=_run, args=(str(folder), (command, *options), dict(settings), suites, out, err))
    night.start()
    return night


def exit_code(night: ForkServerProcess) -> int:
    """Wait for the end of a night."""
    night.join()
    assert night.exitcode is not None
    return night.exitcode


def _run(
    folder: str, words: tuple[str, ...], settings: dict[str, str], wanted: tuple[str, ...], out: str, err: str
) -> None:
    from siyu.check import suites
    from siyu.cli import main
    from tests.golden.shop import only_suites

    suites.layer_files = only_suites(*wanted)  # type: ignore[attr-defined]
    for name in [name for name in os.environ if name.startswith("SIYU_")]:
        del os.environ[name]
    os.environ |= settings
    os.chdir(folder)
    for number, name in ((1, out), (2, err)):
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
        os.close(handle)
    sys.argv = ["siyu", *words]
    main()
