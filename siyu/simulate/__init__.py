"""Channel exports of invented people whose truth is known. Streams: memory does not grow with the number of people.

Each person is drawn from a generator of their own (seed and number), so that the same seed gives the same files,
and a larger world holds the smaller one.
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path

from siyu.errors import ConfigError
from siyu.simulate.crm import enter_crm, to_parquet, write_company
from siyu.simulate.reference import write_reference
from siyu.simulate.website import visit_website
from siyu.simulate.world import PEOPLE_A_COMPANY, Exports, Person, make_company, make_person

LAST_DAY = date(2026, 6, 30)
TRUTH = "truth/person.csv"
VISITS = {"passer_by": (1, 2), "researcher": (3, 8), "buyer": (5, 12), "bot": (6, 10)}


def simulate_exports(folder: Path, *, people: int, days: int, seed: int, last_day: date = LAST_DAY) -> dict[str, int]:
    """Write a whole exports folder and return rows by file. An earlier world in the folder is replaced whole.

    Raises ConfigError where the folder holds something else.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch, ExitStack() as stack:
        exports = Exports(folder, stack)
        drafts = Exports(Path(scratch), stack)
        exports.line(TRUTH, "channel,record_id,person,company")
        companies = max(people // PEOPLE_A_COMPANY, 1)
        for number in range(companies):
            write_company(drafts, make_company(seed, number, companies), days, last_day)
        for number in range(people):
            _live(make_person(seed, number, companies, days), exports, drafts, days, last_day)
        for handle in (*exports.handles.values(), *drafts.handles.values()):
            handle.flush()
        counts = dict(exports.counts)
        counts[TRUTH] -= 1
        counts.update(to_parquet(drafts, folder))
    write_reference(folder)
    (folder / "exports.yml").write_text(f"as_of: {last_day}\n", encoding="utf-8")
    return counts


def _clear(folder: Path) -> None:
    """Two worlds in one folder would be neither."""
    present = sorted(path.name for path in folder.iterdir())
    if present and not (folder / TRUTH).is_file():
        raise ConfigError(f"{folder} is not empty, and no simulated world", str(folder), "name an empty folder.")
    for name in ("website", "crm", "reference", "truth"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _live(person: Person, exports: Exports, drafts: Exports, days: int, last_day: date) -> None:
    """The whole life of one person, written as it goes."""
    chance = person.chance
    start = datetime.combine(last_day - timedelta(days=days - 1), datetime.min.time())
    day, formed_at = person.first_day, None
    for visit in range(chance.randint(*VISITS[person.kind])):
        if day >= days:
            break
        moment = start + timedelta(days=day, hours=chance.randint(8, 20), minutes=chance.randrange(60))
        wants_form = (
            formed_at is None and person.kind in ("researcher", "buyer") and visit > 0 and chance.random() < 0.5
        )
        visit_website(person, exports, moment, wants_form)
        formed_at = moment if wants_form and formed_at is None else formed_at
        day += 0 if person.kind == "bot" else chance.randint(1, 12)
    in_crm = formed_at is not None and chance.random() < (0.95 if person.kind == "buyer" else 0.5)
    if in_crm and formed_at is not None:
        enter_crm(person, drafts, exports, formed_at, start + timedelta(days=days))
