"""Errors that a user can act on (problem, where, fix), and the exit code of each kind."""

from __future__ import annotations

import difflib
import errno
import re
from collections.abc import Iterable, Sequence
from typing import Any

PUBLISHED, FAILED_CHECKS, WRONG_USE, WAREHOUSE_BUSY, FAULT, TARGET_FAILED = range(6)


class SiyuError(Exception):
    """A problem that a user can act on.

    `untouched` says what the error left unchanged. `report` is the report of the run up to the error, or None.
    `runbook` is the anchor of docs/on-call.md that says what to do.
    """

    untouched = "The last release is untouched."
    runbook = "an-engine-fault"
    report: Any = None

    def __init__(self, problem: str, where: str = "", fix: str = "", runbook: str = "") -> None:
        super().__init__(problem)
        self.problem, self.where, self.fix = problem, where, fix
        self.runbook = runbook or type(self).runbook

    def __str__(self) -> str:
        lines = [f"error: {self.problem}"]
        if self.where:
            lines.append(f"  where: {self.where}")
        lines.append(f"  fix:   {' '.join(part for part in (self.fix, self.untouched) if part)}")
        return "\n".join(lines)


class ConfigError(SiyuError):
    """Invalid settings, contracts, models or suites, or wrong use of a command."""

    untouched = "Nothing was built or published."
    runbook = "wrong-use-or-configuration"


class WrongQuestion(ConfigError):
    """A command names something that does not exist or that does not fit the command."""

    untouched = "Nothing was changed."


class Problems(ConfigError):
    """Several problems, reported together."""

    def __init__(self, errors: Sequence[SiyuError]) -> None:
        first = errors[0]
        super().__init__(first.problem, first.where, first.fix)
        self.errors = list(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


class ChecksFailed(SiyuError):
    """A critical expectation failed; nothing was published."""

    runbook = "a-check-failed"


class WarehouseBusy(SiyuError):
    """Another run holds the warehouse."""

    untouched = "Nothing was started."
    runbook = "another-run-holds-the-warehouse"


class EngineFault(SiyuError):
    """The engine or the file system failed; nothing was published."""


class StatementFault(EngineFault):
    """The engine failed on one statement: it ran out of memory or hit a bug. Other statements may succeed."""


class OutOfMemory(StatementFault):
    """A statement needs more memory, or more spill, than the settings allow. It may succeed when nothing else runs."""


class TargetFailed(SiyuError):
    """The release is published, but a BI target did not take it."""

    untouched = "The release is published; the target keeps the release that it had."
    runbook = "a-target-failed"
    state = ""  # the code of the server's error, if it has one


class FileRejected(SiyuError):
    """An export file cannot be landed. Its channel becomes stale; the other channels continue."""

    untouched = "Nothing of this file was landed; other channels are not affected."
    runbook = "a-channel-is-stale"


EXIT_CODES: dict[type[BaseException], int] = {
    ChecksFailed: FAILED_CHECKS,
    ConfigError: WRONG_USE,
    Problems: WRONG_USE,
    WarehouseBusy: WAREHOUSE_BUSY,
    EngineFault: FAULT,
    FileRejected: FAULT,
    TargetFailed: TARGET_FAILED,
    OSError: FAULT,
}


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error. An unexpected error counts as a fault."""
    for kind in type(error).__mro__:
        if kind in EXIT_CODES:
            return EXIT_CODES[kind]
    return FAULT


ON_CALL = "docs/on-call.md"
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
SAID_OF_A_FULL_DISK = re.compile("no space left|disk (is )?full|disk quota|max_temp_directory_size", re.IGNORECASE)


def runbook(error: BaseException) -> str:
    """Return the place in docs/on-call.md that says what to do about an error."""
    if is_full_disk(error):
        return f"{ON_CALL}#the-disk-is-full"
    if isinstance(error, SiyuError):
        return f"{ON_CALL}#{error.runbook}"
    return f"{ON_CALL}#{'a-file-fault' if isinstance(error, OSError) else 'an-unexpected-error'}"


def is_full_disk(error: BaseException) -> bool:
    """Whether a full disk caused an error."""
    if isinstance(error, OSError):
        return error.errno in FULL_DISK
    if not isinstance(error, EngineFault):
        return False
    cause = error.__cause__
    return bool(SAID_OF_A_FULL_DISK.search(str(error))) or (cause is not None and is_full_disk(cause))


def nearest(name: str, options: Iterable[str]) -> str:
    """Return 'did you mean x?' for the closest option, else the list of up to 40 options, else ''."""
    names = sorted(set(options))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    if 0 < len(names) <= 40:
        return f"expected one of: {', '.join(names)}."
    return ""


def raise_all(errors: Sequence[SiyuError]) -> None:
    """Raise the only error, or all of them as `Problems`, each text once. Do nothing if the list is empty."""
    told = list({str(error): error for error in errors}.values())
    if len(told) == 1:
        raise told[0]
    if told:
        raise Problems(told)


class SqlProblem(SiyuError):
    """The engine rejected a statement. The caller knows which model or file it came from."""
