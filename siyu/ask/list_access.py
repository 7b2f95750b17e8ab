"""The line in the access log that every output of personal values, and every file, has before the data leave."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from siyu import clock
from siyu.ask.work_list import WorkList
from siyu.errors import ConfigError, EngineFault
from siyu.masking import printable
from siyu.settings import Settings
from siyu.warehouse.access import LEDGER, Access, read_access_log
from siyu.warehouse.ledger import Ledger, Row

MOMENT = "%Y-%m-%d %H:%M:%S"


def user() -> str:
    """Return who runs the command: the account, and who logged in if that is somebody else, as with sudo.

    Both come from the operating system, because anybody can set the environment.
    """
    try:
        import pwd

        account = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        account = f"uid {os.getuid()}" if hasattr(os, "getuid") else os.getlogin()
    login = account
    with suppress(OSError):
        login = os.getlogin()
    return account if login == account else f"{account} (login {login})"


@contextmanager
def logged(
    settings: Settings, found: WorkList, form: str, rows: int, people: int, file: Path | None = None
) -> Iterator[int]:
    """Write the line of an output, yield its number, and note the end. Raises EngineFault if it cannot be written."""
    entry = Access(
        accessed_at=access_moment(), who=user(), list=found.question.list, parameters=found.question.parameters,
        release=found.release, row_count=rows, person_count=people, is_raw=found.question.is_raw, form=form,
        file=printable(str(file.absolute())) if file else None,
    )  # fmt: skip
    with log_access(settings, entry) as number:
        yield number


@contextmanager
def log_access(settings: Settings, entry: Access) -> Iterator[int]:
    """Write a line of the log, yield its number, and note the end. Raises EngineFault if it cannot be written."""
    path = settings.warehouse / LEDGER
    number = _written(path, entry)
    yield number
    with suppress(EngineFault):  # the line says who took what; without its end it looks interrupted
        _finish(path, number)


def access_moment() -> str:
    """Return the moment of a line, in UTC."""
    return clock.now().strftime(MOMENT)


def _written(path: Path, entry: Access) -> int:
    if not path.is_file():
        raise ConfigError(
            "the warehouse has no run ledger, so the access log cannot be written and nothing left the release",
            str(path),
            "run the command on the warehouse itself; a copy of a release is for reading on the screen.",
        )
    try:
        ledger = Ledger(path)
        try:
            return ledger.add_access(entry)
        finally:
            ledger.close()
    except (EngineFault, sqlite3.Error) as error:
        raise EngineFault(
            f"the access log cannot be written, so nothing left the release: {getattr(error, 'problem', error)}",
            str(path),
            "run the command as a user who may write the warehouse, or look at the masked list on the screen.",
        ) from error


def _finish(path: Path, number: int) -> None:
    ledger = Ledger(path)
    try:
        ledger.finish_access(number, access_moment())
    finally:
        ledger.close()


def access_log(settings: Settings) -> list[Row]:
    """Return the access log of the warehouse, oldest first. The warehouse may be read-only."""
    path = settings.warehouse / LEDGER
    return read_access_log(path) if path.is_file() else []
