"""Render a plan for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from siyu.ask import diff_words as words
from siyu.ask.diff_text import diff_parts
from siyu.dev.diff_markdown import diff_lines
from siyu.dev.plan import Plan
from siyu.report.markup import markdown

SHOWN = 12  # models of a list


def plan_text(plan: Plan) -> Group:
    """Return a plan for a terminal."""
    head = [title(plan), words.summary(plan.diff)]
    lines = [*(Text(line) for line in head), *(Text(f"note 注意: {note}") for note in plan.diff.notes)]
    lines += [Text(line, style="red" if is_bad else "") for line, is_bad in _verdict(plan)]
    lines += [Text("\nmodels 模型"), *(Text(f"  {line}") for line in model_lines(plan))]
    return Group(*lines, *diff_parts(plan.diff))


def plan_markdown(plan: Plan) -> str:
    """Return a plan for a pull request."""
    lines = [f"### {markdown(title(plan))}", "", f"**{markdown(words.summary(plan.diff))}**", ""]
    lines += [f"- {markdown(note)}" for note in plan.diff.notes]
    lines += [f"- {markdown(line)}" for line, _ in _verdict(plan)]
    lines += ["", "#### Models 模型", "", *(f"- {markdown(line)}" for line in model_lines(plan))]
    return "\n".join([*lines, *diff_lines(plan.diff), ""])


def title(plan: Plan) -> str:
    """Return what is compared."""
    return f"plan 预演: the working copy 工作副本 against {plan.release} (as of {plan.diff.before_date})"


def _verdict(plan: Plan) -> Iterator[tuple[str, bool]]:
    """Yield what would stop a night, and whether that is bad."""
    critical = [result for result in plan.failing if result.stops_release]
    if critical:
        tables = ", ".join(sorted({result.table_name for result in critical}))
        yield f"a night would publish nothing 不会发布: {len(critical)} critical checks fail on {tables}", True
    elif plan.suites:
        yield f"no critical check fails 无严重校验失败 ({plan.suites} suites ran)", False


def model_lines(plan: Plan) -> Iterator[str]:
    """Yield which models changed and why, and what follows from it."""
    changes = plan.changes
    yield from changes.edits
    if not (changes.changed or changes.affected or changes.reformed or changes.gone or changes.suites):
        yield "no model, suite, var or rule table that a model reads has changed 无变化"
        return
    reasons: dict[tuple[str, ...], list[str]] = {}
    for one in changes.changed:
        reasons.setdefault(one.reasons, []).append(one.model)
    for why, models in reasons.items():
        yield f"changed 已改 ({'; '.join(why)}): {_listed(models)}"
    affected = set(changes.affected)
    built = {run.model for run in plan.runs}
    if affected:
        left = len(affected - built)
        yield (
            f"affected 受影响: {len(affected)}; built {len(affected & built)},"
            f" {left} read only tables whose content stays the same 其余内容不变"
        )
    for what, names in (("gone 已删除", changes.gone), ("published in another form 发布形式变化", changes.reformed),
                        ("suites changed 校验已改", changes.suites)):  # fmt: skip
        if names:
            yield f"{what}: {_listed(names)}"
    again = f", {len(plan.again)} of them unchanged, but not kept" if plan.again else ""
    yield f"{len(plan.runs)} models built 已构建 in {plan.seconds:.1f} s{again}"


def _listed(models: Sequence[str]) -> str:
    more = f" and {len(models) - SHOWN} more" if len(models) > SHOWN else ""
    return ", ".join(models[:SHOWN]) + more
