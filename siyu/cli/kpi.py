"""The command that shows KPIs, and what a figure rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from siyu.cli.app import app, current_settings, day, handle_errors, json_text, out
from siyu.errors import WrongQuestion

if TYPE_CHECKING:
    from siyu.ask.kpi_lookup import KpiQuestion

_Answer = tuple[dict[str, Any], Callable[[dict[str, Any]], Any]]


@app.command()
def kpi(
    code: Annotated[
        str | None, typer.Argument(help="The KPI, by code or name. Without one, the catalog by family is shown.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", help="A dimension, by code or name: a line for each of its members.")
    ] = None,
    member: Annotated[
        str | None, typer.Option(help="Only this member of the dimension, by code or name; 'unknown' is one, too.")
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="Show what one figure rests on: records, what moved, and the exports.")
    ] = False,
    last: Annotated[int, typer.Option(min=1, max=400, help="The number of days of a series.")] = 30,
    on: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="The last day to show. Default: the last business date."),
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            "--what-if", help="A driver of revenue with a change or a value, such as buyers=+10%. Repeatable."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all days.")] = False,
) -> None:
    """Show the KPIs 指标 with their status, one KPI day by day with its usual band, or why a figure is what it is.

    The days of a KPI with a window end with the last one whose window has closed; --date shows younger ones. People are
    masked. --what-if shows net revenue of the month with other drivers, by both formulas.

    Example: siyu kpi net_revenue --by channel --last 60
    """
    with handle_errors():
        from siyu.ask.kpi_lookup import KpiQuestion

        question = KpiQuestion(code or "", by, member, last, day(on))
        told, text = _answer(question, why, what_if or [])
        if as_json:
            typer.echo(json_text(told))
        else:
            out.print(text(told), soft_wrap=True)


def _answer(question: KpiQuestion, why: bool, what_if: list[str]) -> _Answer:
    if (what_if or not question.code) and (question.dimension or question.member or why):
        raise WrongQuestion("--by, --member and --why are for one KPI", "siyu kpi", "name it, or leave them out.")
    if what_if:
        return _what_if(what_if, question)
    return _one(question, why) if question.code else _catalog(question.on)


def _catalog(on: date | None) -> _Answer:
    from siyu.ask.kpi_lookup import kpi_catalog
    from siyu.ask.kpi_text import catalog_text

    return kpi_catalog(current_settings(), on), catalog_text


def _what_if(asked: list[str], question: KpiQuestion) -> _Answer:
    from siyu.ask.kpi_what_if import kpi_what_if
    from siyu.ask.kpi_what_if_text import what_if_text

    if question.code:
        fix = "leave the KPI out: the drivers say what is counted."
        raise WrongQuestion("--what-if is about net revenue, not about one KPI", "siyu kpi", fix)
    return kpi_what_if(current_settings(), asked, question.on), what_if_text


def _one(question: KpiQuestion, is_why: bool) -> _Answer:
    from siyu.ask.kpi_lookup import kpi_series
    from siyu.ask.kpi_text import series_text
    from siyu.ask.kpi_why import kpi_why
    from siyu.ask.kpi_why_text import why_text

    if is_why:
        return kpi_why(current_settings(), question), why_text
    return kpi_series(current_settings(), question), series_text
