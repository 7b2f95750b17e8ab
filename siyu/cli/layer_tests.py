"""The command that runs model tests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from siyu.cli.app import Select, app, current_settings, err, handle_errors, out
from siyu.errors import FAILED_CHECKS, WRONG_USE, ConfigError, SiyuError

if TYPE_CHECKING:
    from siyu.dev.model_test_files import ModelTest
    from siyu.dev.model_test_plan import Plan
    from siyu.dev.model_test_watch import Watched
    from siyu.dev.model_tests import Outcome

SHOWN_NAMES = 10


@app.command()
def test(
    select: Select = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Run on: after each change of a file, the tests that it concerns.")
    ] = False,
    base: Annotated[
        bool, typer.Option("--base", help="Run the tests of the base layer, too: what does your layer change?")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print failures only.")] = False,
    junit: Annotated[Path | None, typer.Option(help="Also write the results as JUnit XML, for CI.")] = None,
) -> None:
    """Run the model tests of the layers: tests/models/<schema>/<table>.yml. They need no warehouse and no salt.

    Exit codes: 0 all as expected, 1 a test failed, 2 a test, a model or a setting is wrong.

    Example: siyu test --select 'staging.*' --watch
    """
    with handle_errors():
        if watch:
            if junit is not None:
                raise ConfigError("--junit does not fit --watch", "siyu test", "leave one of them out.")
            _watch(select or [], base, quiet)
        else:
            _exit(_once(select or [], base, quiet, junit))


def _once(select: Sequence[str], base: bool, quiet: bool, junit: Path | None) -> list[Outcome]:
    from siyu.dev.model_tests_text import write_junit

    started = time.perf_counter()
    plan = _plan(select, base)
    outcomes = _run(plan, plan.tests, quiet)
    if junit is not None:
        write_junit(junit, outcomes)
    _summary(plan, outcomes, time.perf_counter() - started)
    plan.close()
    return outcomes


def _plan(select: Sequence[str], base: bool) -> Plan:
    from siyu.dev.model_test_plan import plan_tests

    if not out.is_terminal:
        return plan_tests(current_settings(), select, base)
    with out.status("reading models and tests …"):
        return plan_tests(current_settings(), select, base)


def _run(plan: Plan, tests: Sequence[ModelTest], quiet: bool) -> list[Outcome]:
    """Run cases and print a line for each, and the difference of those that fail."""
    from siyu.dev.model_tests import run_model_tests
    from siyu.dev.model_tests_text import failure_text, outcome_line

    with Progress(console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("model tests", total=len(tests))

        def tell(outcome: Outcome) -> None:
            if not (quiet and outcome.is_ok):
                out.print(outcome_line(outcome), soft_wrap=True)
            if not outcome.is_ok:
                out.print(failure_text(outcome, plan.project.models[outcome.test.model].model.grain))
            bar.advance(task)

        return run_model_tests(plan.project, tests, tell)


def _summary(plan: Plan, outcomes: Sequence[Outcome], seconds: float) -> None:
    failed = sum(not outcome.is_ok for outcome in outcomes)
    out.print(f"{len(outcomes) - failed} ok, {failed} failed in {seconds:.1f} s", style="red" if failed else "green")
    left_out = sorted({test.model for test in plan.left_out})
    for names, told in (
        (plan.untested, "without a test"),
        (left_out, "whose tests did not run, because the settings leave them out"),
    ):
        if names:
            more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
            shown = f"{', '.join(names[:SHOWN_NAMES])}{more}"
            models = "model" if len(names) == 1 else "models"
            out.print(f"{len(names)} {models} {told}: {shown}", style="yellow", soft_wrap=True)


def _exit(outcomes: Sequence[Outcome]) -> None:
    if any(outcome.is_wrong for outcome in outcomes):
        raise typer.Exit(WRONG_USE)
    if not all(outcome.is_ok for outcome in outcomes):
        raise typer.Exit(FAILED_CHECKS)


def _watch(select: Sequence[str], base: bool, quiet: bool) -> None:
    """Run the tests, then after each change those that it concerns, until Ctrl-C."""
    from siyu.dev.model_test_watch import Watched, changed, state_of, wait_for_change

    watched, settings = Watched(), Path("siyu.toml").resolve()
    try:
        while True:
            roots = current_settings().roots
            before = state_of(roots, settings)
            _round(watched, select, base, quiet)
            out.print("waiting for a change; Ctrl-C ends", style="dim")
            after = wait_for_change(roots, before, settings)
            out.print(f"\nchanged: {', '.join(_below(path) for path in changed(before, after))}", soft_wrap=True)
    except KeyboardInterrupt:
        _exit(list(watched.outcomes.values()))


def _below(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _round(watched: Watched, select: Sequence[str], base: bool, quiet: bool) -> None:
    """Run the cases that a change concerns. A mistake in a model or a test is printed, and the next change awaited."""
    started = time.perf_counter()
    try:
        plan = _plan(select, base)
    except SiyuError as error:
        err.print(str(error), style="red", soft_wrap=True)
        return
    concerned = watched.concerned(plan)
    outcomes = _run(plan, concerned, quiet)
    watched.note(plan, outcomes)
    _summary(plan, outcomes, time.perf_counter() - started)
    others = len(plan.tests) - len(concerned)
    failing = [outcome.test.title for outcome in watched.failing if outcome.test not in concerned]
    if others:
        out.print(f"{others} others did not change, {len(failing)} of them fail: {', '.join(failing) or 'none'}")
    plan.close()
