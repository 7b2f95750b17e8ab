"""What a caller asks of a run, and what follows from it: the business date and the reference tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from siyu import clock
from siyu.errors import ConfigError
from siyu.layers import read_yaml
from siyu.masking import masked, one_line
from siyu.seeds.channels import Channel
from siyu.seeds.references import Reference, load_references, read_references, stored
from siyu.settings import Settings
from siyu.warehouse.ledger import Ledger

LONGEST_PAUSE_DAYS = 45
SHOWN_FILES = 5


@dataclass(frozen=True)
class Request:
    """What a caller asks of a run."""

    as_of: date | None = None
    known_by: date | None = None
    force: bool = False
    channels: tuple[str, ...] = ()  # land only these; empty for all
    allow_future: bool = False  # as_of may be after today, as with invented data
    is_backfill: bool = False  # one date of a range: siyu/night/backfill.py says what is different
    max_wait: float = 0.0  # seconds to wait for another run that holds the warehouse


def default_as_of(settings: Settings) -> date:
    """Return the `as_of` of exports.yml in the exports folder, else yesterday in the time zone of the settings."""
    path = _exports_file(settings)
    if path is not None:
        try:
            data = read_yaml(path.read_text(encoding="utf-8"), str(path)) or {}
        except (ConfigError, UnicodeDecodeError) as error:
            where = getattr(error, "where", str(path))
            raise ConfigError(
                f"exports.yml cannot be read: {getattr(error, 'problem', error)}", where, "write as_of: 2026-06-30."
            ) from error
        found = data.get("as_of") if isinstance(data, dict) else None
        if not isinstance(found, date) or isinstance(found, datetime):
            raise ConfigError("exports.yml has no as_of date", str(path), "write as_of: 2026-06-30.")
        return found
    return clock.today(settings.timezone) - timedelta(days=1)


def _exports_file(settings: Settings) -> Path | None:
    root = settings.exports_root
    path = root / "exports.yml" if root else None
    return path if path is not None and path.is_file() else None


def references_in_force(
    settings: Settings, ledger: Ledger, warehouse: Path, known_by: date | None
) -> dict[str, Reference]:
    """Return the reference tables of the layers and the exports, copied to the warehouse.

    With known_by, return those of the last landing up to that date. A table that siyu did not have then is the one of
    the layers, because the models need it.
    """
    if known_by is None:
        return stored(load_references(settings), warehouse)
    first = min(ledger.landings().values(), default=None)
    if first is None or first > known_by:
        raise ConfigError(
            f"nothing had landed by {known_by}",
            "--known-by",
            f"the date of the first landing is {first}." if first else "nothing has landed yet; siyu run lands files.",
        )
    rows = ledger.references(known_by)
    known = {name: warehouse / row["path"] for name, row in rows.items() if row["sha256"]}
    newer = {name: table.path for name, table in load_references(settings).items() if name not in rows}
    return read_references(known | newer)


def check_as_of(settings: Settings, request: Request, as_of: date, ledger: Ledger) -> None:
    """Raise ConfigError for a date that looks like a typo or a wrong clock: a landing cannot be undone."""
    today = clock.today(settings.timezone)
    # The dates of the sample are fixed, and its warehouse can hold nothing else.
    if as_of > today and not (request.allow_future or settings.is_sample):
        raise ConfigError(
            f"as_of {as_of} is in the future: today is {today}",
            "--as-of" if request.as_of else str(_exports_file(settings)),
            "correct the date, or the machine's clock. If it is right, as with invented data, add --allow-future.",
            "a-wrong-clock",
        )
    newest = max(ledger.landings().values(), default=as_of)
    is_checked = request.force or request.known_by or request.is_backfill
    if as_of > newest + timedelta(days=LONGEST_PAUSE_DAYS) and not is_checked:
        raise ConfigError(
            f"as_of {as_of} is {(as_of - newest).days} days after the last landing ({newest})",
            "--as-of, exports.yml, or the machine's clock",
            "if this is intended, add --force.",
        )


def check_exports(settings: Settings, channels: Iterable[Channel], ledger: Ledger) -> None:
    """Raise ConfigError if nothing has landed and no channel has a file that it reads: a first release would be empty.

    Its date would be yesterday, and `current` would not move back to exports that are older.
    """
    root = settings.exports_root
    folders = [(c, folder) for c in channels if (folder := c.source_folder(root)) is not None]
    readable = (
        path for channel, folder in folders for export in channel.exports.values() for path in folder.glob(export.files)
    )
    if ledger.landings() or any(path.is_file() for path in readable):
        return
    others = sorted(path.name for _, folder in folders for path in folder.rglob("*") if path.is_file())
    unread = f". No contract reads {', '.join(map(one_line, map(masked, others[:SHOWN_FILES])))}" if others else ""
    raise ConfigError(
        f"nothing has landed yet, and no channel has an export file{unread}",
        str(root) if root else "the folders of the contracts",
        "put exports into <exports>/<channel>/, named as files: in the contract says, or try invented ones: "
        "siyu simulate --out <exports>.",
    )
