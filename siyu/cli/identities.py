"""Who is who, and why; and what people decide about it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from siyu.cli.app import app, current_settings, json_text, out, told
from siyu.errors import WrongQuestion

What = Annotated[str, typer.Argument(help="An identifier, id_type:id_value, such as mobile:13912345678; or an ID.")]
Why = Annotated[str, typer.Option(help="Why: whoever doubts it later will read this.")]
By = Annotated[str | None, typer.Option(help="Who decided. Default: who is logged in.")]


@app.command()
def link(left: What, right: What, why: Why, by: By = None) -> None:
    """Decide that two identifiers are one person's (or one company's): appends a line to identity_rules.csv.

    It counts from the next siyu run on, comes before everything that data say, and holds until somebody unlinks the
    two. Of two IDs (P… P…) everything that a person has one of is linked, so that the two people become one.

    Example: siyu link mobile:13912345678 crm_contact_id:K0001 --why "new number, she told us"
    """
    _decide("link", [left, right], why, by)


@app.command()
def unlink(left: What, right: What, why: Why, by: By = None) -> None:
    """Decide that two identifiers are never one person's (or one company's); it takes the place of a link of the two.

    Example: siyu unlink mobile:13912345678 crm_contact_id:K0001 --why "that is his wife's number"
    """
    _decide("unlink", [left, right], why, by)


@app.command()
def exclude(what: What, why: Why, by: By = None) -> None:
    """Decide that an identifier identifies nobody, such as a switchboard's number. A later link of it takes that back.

    Example: siyu exclude mobile:13912345678 --why "the phone at the front desk"
    """
    _decide("exclude", [what], why, by)


def _decide(decision: str, named: list[str], why: str, by: str | None) -> None:
    with told():
        from siyu.ask.decide import decide

        outcome = decide(current_settings(), decision, named, why, by or getpass.getuser(), datetime.now(UTC))
        out.print(outcome.told, markup=False, soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def explain(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="One thing, or two: an ID (P…, C…), an identifier (mobile:13912345678), or a record"
            " (record:crm:contacts:K0001). --mobile 13912345678 says the same, for every identifier type."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Everything, all records included, as JSON; moments in UTC.")
    ] = False,
    records: Annotated[int, typer.Option(min=0, help="How many records to list in the text.")] = 20,
) -> None:
    """Who is behind it, and why: records, evidence from the strongest on, what was cut, decisions, history.

    Of two things: why they are one person (or company), or what keeps them apart. It reads the current release, the
    restricted file included, and shows values of people: mind who looks on.

    Example: siyu explain mobile:13912345678
    """
    with told():
        from siyu.ask.explain import explain as look
        from siyu.ask.explain_text import explained

        found = look(current_settings(), named_by(what or [], context.args), None if as_json else records)
        if as_json:
            typer.echo(json_text(found))
        else:
            out.print(explained(found), markup=False, soft_wrap=True)


def named_by(arguments: list[str], options: list[str], command: str = "siyu explain", most: int = 2) -> list[str]:
    """What is asked for, one to `most` things. `--<id_type> value` is `id_type:value`, whatever types a layer has."""
    named, rest = [], [*arguments, *options]
    while rest:
        word = rest.pop(0)
        if word.startswith("--") and "=" in word:
            named.append(word[2:].replace("=", ":", 1))
        elif word.startswith("--") and rest:
            named.append(f"{word[2:]}:{rest.pop(0)}")
        else:
            named.append(word)
    if not 1 <= len(named) <= most:
        one = "one" if most == 1 else "one, or two"
        raise WrongQuestion(f"{len(named)} things are named", command, f"name {one}, such as mobile:13912345678.")
    return named
