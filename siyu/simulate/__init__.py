"""Write channel exports of invented people, and the truth about them.

Files are written as a stream: memory use does not grow with the number of people.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

from siyu.errors import ConfigError
from siyu.simulate.convert import finish_drafts
from siyu.simulate.costs import write_costs
from siyu.simulate.crm import write_account
from siyu.simulate.delivery import TRUTH, Delivery
from siyu.simulate.groups import Group, block_of, list_groups, make_groups, staff_talk
from siyu.simulate.knobs import Knobs
from siyu.simulate.life import live
from siyu.simulate.people import make_company, make_person
from siyu.simulate.reach import send_to_groups, write_spend
from siyu.simulate.reference import reference_names, write_reference
from siyu.simulate.staff import write_behavior
from siyu.simulate.world import PEOPLE_A_GROUP_BLOCK, World

LAST_DAY = date(2026, 6, 30)
PEOPLE = "truth/people.csv"
# Folders that the simulation writes, and therefore replaces.
CHANNELS = (
    "ads", "after_sales", "crm", "exhibition", "mall", "official_account", "outreach", "training", "webinar", "website",
    "wecom", "wecom_group",
)  # fmt: skip
MOST_NAMED = 5
Progress = Callable[[int], None]


def simulate_exports(
    folder: Path,
    *,
    people: int,
    days: int,
    seed: int,
    last_day: date = LAST_DAY,
    nights: int = 0,
    knobs: Knobs | None = None,
    progress: Progress = lambda done: None,
) -> dict[str, int]:
    """Write a complete exports folder and return the number of rows per file. Replaces an earlier world in the folder.

    Keeps reference tables that it does not write, such as decisions about identities, and folders of other channels.
    The last `nights` days are delivered in folders of their own (`night=<date>/`). `progress` is called with the number
    of people done. Raises ConfigError if the folder has files that the world would replace, or if there are not more
    days than nights.
    """
    if not 0 <= nights < days:
        raise ConfigError(f"{nights} nights do not fit into {days} days", "--nights", "use fewer nights or more days.")
    world = World(seed, people, days, last_day, nights, knobs or Knobs())
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder, reference_names(world))
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        out = Delivery(world, folder, Path(scratch))
        competitors = _write_companies(world, out)
        _live_all(world, out, progress)
        write_spend(world, out)
        write_behavior(world, out)
        out.close()
        finish_drafts(out)
        _repeat_files(world, out)
        write_costs(world, out)
    write_reference(world, folder, competitors)
    _write_calendar(world, folder)
    return dict(sorted(out.counts.items()))


def exports_of(written: dict[str, int]) -> dict[str, tuple[int, int]]:
    """Return (rows, files) by channel/export, summed over all deliveries."""
    found: dict[str, tuple[int, int]] = {}
    for file, count in written.items():
        channel, name = file.split("/")[-2:]
        export = re.split(r"_(?:msg|\d)|\.", name)[0]
        rows, files = found.get(f"{channel}/{export}", (0, 0))
        found[f"{channel}/{export}"] = (rows + count, files + 1)
    return dict(sorted(found.items()))


def _clear(folder: Path, tables: set[str]) -> None:
    """Remove an earlier world from the folder. `tables` are the reference tables that the new world has.

    Raises ConfigError if no world was made in the folder and it has more than reference tables of other names.
    """
    own = [path for path in (folder / "reference").glob("*.csv") if path.stem in tables]
    if not (folder / TRUTH).is_file():
        found = [path for path in folder.iterdir() if path.name != "reference" and not _is_nothing(path)]
        if found or own:
            named = ", ".join(sorted(path.relative_to(folder).as_posix() for path in [*found, *own])[:MOST_NAMED])
            raise ConfigError(
                f"{folder} is not empty and is not a simulated world: it has {named}",
                str(folder),
                "name an empty folder, or one with only decisions in reference/, such as siyu init creates.",
            )
    for path in own:
        path.unlink()
    for name in (*CHANNELS, "truth", "night=*"):
        for path in folder.glob(name):
            shutil.rmtree(path)


def _is_nothing(path: Path) -> bool:
    """Return whether the path is an empty folder or a hidden file, such as .gitkeep."""
    return not any(path.iterdir()) if path.is_dir() else path.name.startswith(".")


def _write_companies(world: World, out: Delivery) -> list[tuple[str, str]]:
    """Write the accounts. Return the competitors as (kind, value), by company name and by domain."""
    competitors: list[tuple[str, str]] = []
    partners = 0
    for number in range(world.companies):
        company = make_company(world, number)
        write_account(world, company, out, partners)
        partners += company.kind == "partner"
        if company.kind == "competitor":
            competitors += [("company_name", company.name), ("email_domain", company.domain)]
    return competitors


def _live_all(world: World, out: Delivery, progress: Progress) -> None:
    """Simulate all people, in blocks that share groups."""
    for first in range(0, world.people, PEOPLE_A_GROUP_BLOCK):
        block = block_of(first)
        groups = make_groups(world, block)
        for number in range(first, min(first + PEOPLE_A_GROUP_BLOCK, world.people)):
            person = make_person(world, number)
            live(person, groups, out)
            traits = ";".join(sorted(trait for trait in person.traits if not trait.startswith("ck")))
            out.line(PEOPLE, f"{person.key},{person.company.key},{person.kind},{traits}", "person,company,kind,traits")
        _close_groups(world, block, groups, out)
        progress(min(first + PEOPLE_A_GROUP_BLOCK, world.people))


def _close_groups(world: World, block: int, groups: list[Group], out: Delivery) -> None:
    list_groups(world, groups, out)
    send_to_groups(world, groups, out)
    staff_talk(world, groups, out, Random(f"{world.seed} staff talk {block}"))


def _repeat_files(world: World, out: Delivery) -> None:
    """Deliver some files again under another name: at least one if the share is not 0."""
    chance = Random(f"{world.seed} repeated files")
    files = sorted(f for f in out.counts if f.endswith((".csv", ".jsonl")) and not f.startswith("truth/"))
    chosen = [file for file in files if chance.random() < world.knobs.repeated_file]
    for file in chosen or (files[:1] if world.knobs.repeated_file else []):
        out.repeat(file)


def _write_calendar(world: World, folder: Path) -> None:
    """Write exports.yml, with the last business date, for each delivery."""
    first = world.dates[world.days - 1 - world.nights]
    (folder / "exports.yml").write_text(f"as_of: {first}\n", encoding="utf-8")
    for day in world.dates[world.days - world.nights :]:
        night = folder / f"night={day}"
        night.mkdir(exist_ok=True)
        (night / "exports.yml").write_text(f"as_of: {day}\n", encoding="utf-8")
