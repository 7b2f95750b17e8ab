"""Which channels a run lands, and whether it builds all that have landed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from siyu.compile.project import Project
from siyu.errors import ConfigError, nearest, raise_all
from siyu.night.request import Request
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger


def check_landed(project: Project, ledger: Ledger, known_by: date | None) -> None:
    """Raise ConfigError if a channel has landed that the project does not build. A release without it would lose its
    people, touches and revenue, also those of past days."""
    missing = sorted(ledger.channels(known_by) - project.channels.keys())
    if not missing:
        return
    names, them = ", ".join(missing), "it" if len(missing) == 1 else "them"
    add = f"name {them} in channels (siyu.toml or SIYU_CHANNELS)"
    if not project.settings.channels:
        add = f"restore {', '.join(f'seeds/channels/{name}.yml' for name in missing)} and the staging models"
    raise ConfigError(
        f"the warehouse has landed channels that the settings leave out: {names}. A release without {them} would lose"
        " people, touches and revenue, also of past days",
        str(project.settings.warehouse),
        f"{add}; or, if they no longer deliver, name {them} in retired_channels, which keeps their landed rows."
        f" To land only some channels in one run: siyu run --channels {','.join(sorted(project.channels))}.",
    )


def channels_to_land(request: Request, project: Project, ledger: Ledger) -> list[str]:
    """Return the channels that a run lands: those that it asks for, else all that are not retired.

    A run with known_by lands nothing, nor does a backfill, unless nothing has landed yet: otherwise a file that comes
    in meanwhile would divide its dates. Raises ConfigError for a channel that cannot land.
    """
    retired = set(project.settings.retired_channels)
    active = [name for name in project.channels if name not in retired]
    raise_all([_refusal(name, active, project.settings) for name in request.channels if name not in active])
    if request.known_by or (request.is_backfill and ledger.landings()):
        return []
    return [name for name in active if not request.channels or name in request.channels]


def _refusal(name: str, active: Sequence[str], settings: Settings) -> ConfigError:
    if name in settings.retired_channels:
        return ConfigError(
            f"the channel {name} is retired and does not land", "--channels", "remove it from retired_channels."
        )
    return ConfigError(f"the settings enable no channel {name}", "--channels", nearest(name, active))
