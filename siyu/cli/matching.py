"""The command that asks an outside matcher for pairs of people or companies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from siyu.cli.app import app, current_settings, handle_errors, out


@app.command()
def match(
    kind: Annotated[Literal["person", "company"], typer.Option(help="What to compare.")] = "person",
    min_probability: Annotated[
        float, typer.Option(min=0, max=1, help="Write pairs with at least this probability.")
    ] = 0.5,
    train: Annotated[
        bool, typer.Option("--train", help="Train a new model, even if there is one for this kind.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="Use this model. Default: the latest one in reference/matchers, or a new one.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write the pairs even if few are judged or right.")] = False,
) -> None:
    """Ask Splink which people or companies of the current release are probably one.

    The pairs go to reference/matcher_pairs.csv, and the next siyu run makes candidates of them. Nothing is joined.
    Before anything is written, labels and decisions of humans judge the pairs. This needs siyu[splink].

    Example: siyu match --kind company --min-probability 0.8
    """
    with handle_errors():
        from siyu.ask.match import Asked
        from siyu.ask.match import match as ask

        asked = Asked(kind, min_probability, train, model, force)
        out.print(ask(current_settings(), asked).told, soft_wrap=True)
