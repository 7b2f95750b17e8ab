"""The command that opens the site of the current release, or writes it from the pages of the working copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from siyu.cli.app import app, current_settings, err, handle_errors, out
from siyu.errors import WRONG_USE, ConfigError


@app.command()
def site(
    build: Annotated[
        Path | None,
        typer.Option(help="Write the site of the current release into this folder, with the pages as they are now."),
    ] = None,
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the site in a browser.")] = True,
) -> None:
    """Open the site of the current release in a browser, and print where it is.

    Every release has its site in site/: static pages that need no server and no network. With --build, you see pages
    that you are working on before the next night publishes them. Exit code 2 if the query of a block cannot run.

    Example: siyu site --build /tmp/site
    """
    with handle_errors():
        from siyu.release.releases import INDEX, SITE, current
        from siyu.report.site.writing import SiteFacts, write_site

        settings = current_settings()
        release = current(settings.warehouse)
        if release is None:
            raise ConfigError("there is no release yet", str(settings.warehouse), "siyu run builds the first one.")
        folder, problems = settings.warehouse / "current" / SITE, []
        if build is not None:
            folder = build
            problems = write_site(release.path, folder, SiteFacts(release.name, release.as_of), settings)
            for told in problems:
                err.print(told, style="red", soft_wrap=True)
        page = folder / INDEX
        if not page.is_file():
            fix = "siyu site --build SITE writes it; the setting site = true lets every night write it."
            raise ConfigError("the release has no site", str(page), fix)
        # Not resolved: behind the link `current`, a bookmark shows the next release, too.
        out.print(str(page.absolute()), soft_wrap=True)
        if show:
            typer.launch(page.absolute().as_uri())
        if build is not None and problems:
            raise typer.Exit(WRONG_USE)
