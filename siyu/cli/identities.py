"""The commands that explain who is who, and that record decisions about it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from siyu import clock
from siyu.cli.app import app, current_settings, handle_errors, json_text, out
from siyu.errors import WrongQuestion

WHAT = (
    "An identifier (id_type:id_value), such as mobile:13912345678, a record (record:<channel>:<record_id>), or an ID."
)
What = Annotated[str, typer.Argument(help="An identifier (id_type:id_value), such as mobile:13912345678, or an ID.")]
Pair = Annotated[list[str] | None, typer.Argument(help=f"Two of: {WHAT} Or candidates, by number or ID (K…).")]
Why = Annotated[str | None, typer.Option(help="The reason, for people who question the decision later.")]
PairWhy = Annotated[
    str | None, typer.Option(help="The reason, for people who question the decision later. Candidates need none.")
]
Again = Annotated[
    bool, typer.Option("--again", help="Replace what was decided about the candidates since the release.")
]
By = Annotated[str | None, typer.Option(help="Who decided. Default: the user who is logged in.")]
Pairs = Annotated[
    Path | None,
    typer.Option(
        "--file",
        help="Decide every pair of a CSV file at once: columns left and right, and optionally why and by. If a row is"
        " wrong, nothing is written.",
    ),
]


@app.command()
def link(named: Pair = None, why: PairWhy = None, by: By = None, file: Pairs = None, again: Again = False) -> None:
    """Decide that two identifiers or records belong to one person (or company). Appends to identity_rules.csv.

    The decision takes effect with the next siyu run, overrides the data, and holds until somebody unlinks the two.
    To link two IDs (P… P…), siyu links the identifiers of which a person can have only one, so that the people become
    one. A record stands for its strongest identifier of the night, and for itself if it carries none. Candidates are
    named by number or ID, as many as you like: siyu link 1 4 7.

    Example: siyu link mobile:13912345678 crm_contact_id:K0001 --why "new number, she told us"

    Example: siyu link --file pairs.csv --why "record linkage of March"
    """
    _decide("link", named or [], why, by, file, again)


@app.command()
def unlink(named: Pair = None, why: PairWhy = None, by: By = None, file: Pairs = None, again: Again = False) -> None:
    """Decide that two identifiers or records never belong to one person (or company). Replaces an earlier link.

    Candidates are named by number or ID, as many as you like: siyu unlink 2 5.

    Example: siyu unlink mobile:13912345678 crm_contact_id:K0001 --why "that is his wife's number"
    """
    _decide("unlink", named or [], why, by, file, again)


@app.command()
def exclude(what: What, why: Why = None, by: By = None) -> None:
    """Decide that an identifier identifies nobody, such as a switchboard's number. A later link overrides this.

    Example: siyu exclude mobile:13912345678 --why "the phone at the front desk"
    """
    with handle_errors():
        _decide_one("exclude", [what], why, by)


def _decide(
    decision: str, named: list[str], why: str | None, by: str | None, file: Path | None, is_again: bool
) -> None:
    """Decide about two identifiers or records, about the pairs of a file, or about candidates."""
    with handle_errors():
        from siyu.ask.candidates import is_candidate

        command, numbered = f"siyu {decision}", [text for text in named if is_candidate(text)]
        if numbered and numbered == named and file is None:
            from siyu.cli.stewardship import VERDICTS, give

            give(named, VERDICTS[decision], why or "", by or getpass.getuser(), command, is_again)
        elif numbered or is_again:
            problem = "candidates are not named alone" if numbered else "--again is for candidates"
            raise WrongQuestion(problem, command, "name candidates by number or ID, and nothing else.")
        elif file is None and len(named) == 2:
            _decide_one(decision, named, why, by)
        elif file is None or named:
            problem = f"{len(named)} arguments are given" if file is None else "a pair and a file are given"
            raise WrongQuestion(problem, command, "name two identifiers or records, or --file pairs.csv.")
        else:
            from siyu.ask.decide_file import decide_file

            decided = decide_file(current_settings(), decision, file, why, by or getpass.getuser(), clock.now())
            out.print(decided.told, soft_wrap=True)


def _decide_one(decision: str, named: list[str], why: str | None, by: str | None) -> None:
    from siyu.ask.decide import decide

    outcome = decide(current_settings(), decision, named, why or "", by or getpass.getuser(), clock.now())
    out.print(outcome.told, soft_wrap=True)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def explain(
    context: typer.Context,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="One or two of: an ID (P…, C…), an identifier (mobile:13912345678), a record"
            " (record:crm:contacts:K0001). --mobile 13912345678 works too, as for every identifier type."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as JSON, including all records. Moments are in UTC.")
    ] = False,
    records: Annotated[int, typer.Option(min=0, help="How many records to list in the text.")] = 20,
) -> None:
    """Show who is behind an identifier, and why: records, evidence, cuts, decisions, history.

    With two arguments, show why they belong to one person (or company), or what keeps them apart. The command reads
    the current release, including the restricted file, and shows personal data: mind who can see your screen.

    Example: siyu explain mobile:13912345678
    """
    with handle_errors():
        from siyu.ask.explain import explain as look
        from siyu.ask.explain_text import explained

        found = look(current_settings(), named_by(what or [], context.args), None if as_json else records)
        if as_json:
            typer.echo(json_text(found))
        else:
            out.print(explained(found), soft_wrap=True)


def named_by(arguments: list[str], options: list[str], command: str = "siyu explain", most: int = 2) -> list[str]:
    """Return one to `most` names. `--<id_type> value` means `id_type:value`, also for the types of a layer."""
    named, rest = [], [*arguments, *options]
    while rest:
        word = rest.pop(0)
        if word.startswith("--") and "=" in word:
            named.append(word[2:].replace("=", ":", 1))
        elif word.startswith("--") and rest:
            named.append(f"{word[2:]}:{rest.pop(0)}")
        elif word.startswith("-"):
            fix = f"write an identifier as --mobile 13912345678; {command} --help lists the options."
            raise WrongQuestion(f"{word} has no value", command, fix)
        else:
            named.append(word)
    if not 1 <= len(named) <= most:
        one = "one" if most == 1 else "one or two"
        raise WrongQuestion(f"{len(named)} arguments are given", command, f"give {one}, such as mobile:13912345678.")
    return named
