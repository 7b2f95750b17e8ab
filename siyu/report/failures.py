"""What stopped a night: the first failure in time, in the words that on-call needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from siyu.errors import ON_CALL, Problems, SiyuError, is_full_disk, runbook
from siyu.masking import masked, one_line, printable

if TYPE_CHECKING:
    from siyu.check.suites import CheckResult

CHECK_RUNBOOK = f"{ON_CALL}#a-check-failed"
DISK_RUNBOOK = f"{ON_CALL}#the-disk-is-full"
TARGET_RUNBOOK = f"{ON_CALL}#a-target-failed"
FULL = "the disk is full: "
SHOWN_PROBLEM = 600  # characters


@dataclass(frozen=True)
class Failure:
    """The first thing that went wrong in a run that failed, or in a run that a target did not take.

    `stage` is start, land, build, check, publish or target. `name` is the channel, model, table or target; '' if it is
    none of these. `keys` are failing keys, masked.
    """

    stage: str
    name: str
    problem: str
    where: str
    fix: str
    runbook: str
    why: str = ""
    rows: int | None = None
    keys: tuple[Mapping[str, object], ...] = field(default=())


def of_error(stage: str, name: str, error: BaseException) -> Failure:
    """Return the failure that an error is. Mobile numbers and mail addresses in it are masked."""
    first = error.errors[0] if isinstance(error, Problems) else error
    if isinstance(first, SiyuError):
        problem, where, fix = first.problem, first.where, first.fix
    elif isinstance(first, OSError):
        problem, where, fix = first.strerror or str(first), str(first.filename or ""), ""
    else:
        problem, where, fix = f"{type(first).__name__}: {first}", "", "keep the log and report it: this is a bug."
    if is_full_disk(first):
        problem, fix = f"{FULL}{problem}", "free some space, then run again."
    count = len(error.errors) - 1 if isinstance(error, Problems) else 0
    more = f" (and {count} more problem{'s' if count > 1 else ''})" if count else ""
    return Failure(stage, name, _shown(problem) + more, _shown(where), _shown(fix), runbook(error))


def _shown(text: str) -> str:
    plain = one_line(printable(masked(text)))
    return plain if len(plain) <= SHOWN_PROBLEM else f"{plain[:SHOWN_PROBLEM]} …"


def of_check(result: CheckResult) -> Failure:
    """Return the failure that a failed expectation is."""
    column = f" ({result.column_name})" if result.column_name else ""
    told = f"{result.expectation}{column}"
    if result.error:
        told += f" could not run: {result.error}"
    return Failure(
        "check", result.table_name, _shown(told), "", "see the rows, then decide whether the export, a model or the "
        "check is wrong.", result.runbook or CHECK_RUNBOOK, result.why or "", result.unexpected_count,
        tuple(json.loads(result.sample_keys)),
    )  # fmt: skip


def after_an_edit(failure: Failure, edited: str) -> Failure:
    """Return the failure of a check with the files that were edited: they are the first suspects."""
    if not edited:
        return failure
    return replace(failure, where=edited, fix=f"if that edit is not meant, undo it and run again; else {failure.fix}")


def of_target(target: str, release: str | None, error: str) -> Failure:
    """Return the failure of a target that did not take the release. `release` is the one that it has."""
    kept = f"it keeps {release}" if release else "it has no release"
    fix = f"siyu publish --target {target} repeats it."
    return Failure("target", target, _shown(error), kept, fix, TARGET_RUNBOOK)
