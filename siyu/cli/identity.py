"""Who is who, and why; and what people decide about it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import Annotated

import typer

from siyu.cli.base import app, current_settings, out, told

What = Annotated[str, typer.Argument(help="An identifier, id_type:id_value, such as mobile:13912345678; or an ID.")]
Why = Annotated[str, typer.Option(help="Why: whoever doubts it later will read this.")]
By = Annotated[str | None, typer.Option(help="Who decided. Default: who is logged in.")]


@app.command()
def link(left: What, right: What, why: Why, by: By = None) -> None:
    """Decide that two identifiers are one person's (or one company's): appends a line to identity_rules.csv.

    It counts from the next siyu run on, comes before everything that data say, and holds until somebody unlinks the
    two. IDs, too, can be linked: P… means the identifier that the ID is made of.

    Example: siyu link mobile:13912345678 crm_contact_id:K0001 --why "new number, she told us"
    """
    _decide("link", [left, right], why, by)


@app.command()
def unlink(left: What, right: What, why: Why, by: By = None) -> None:
    """Decide that two identifiers are never one person's (or one company's), and take back a link of the two.

    Example: siyu unlink mobile:13912345678 crm_contact_id:K0001 --why "that is his wife's number"
    """
    _decide("unlink", [left, right], why, by)


@app.command()
def exclude(what: What, why: Why, by: By = None) -> None:
    """Decide that an identifier identifies nobody, such as the number of a switchboard. A later link takes it back.

    Example: siyu exclude mobile:13912345678 --why "the phone at the front desk"
    """
    _decide("exclude", [what], why, by)


def _decide(decision: str, named: list[str], why: str, by: str | None) -> None:
    with told():
        from siyu.decide import decide

        outcome = decide(current_settings(), decision, named, why, by or getpass.getuser(), datetime.now(UTC))
        out.print(outcome.told, markup=False, soft_wrap=True)
