"""Nights of a small world: what tests of tags and segments over time read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.compile.project import Project
from siyu.layers import base_layer
from siyu.night.request import Request, default_as_of
from siyu.night.run import run_night
from siyu.seeds.references import Reference
from siyu.settings import SAMPLE_SALT, Settings, load_settings
from siyu.simulate import simulate_exports
from tests.engine.segment_page import write_files
from tests.golden.shop import only_models, only_suites
from tests.shared import fill_cache

PEOPLE, DAYS, SEED = 60, 90, 7
# TAG_NIGHTS=30 lands and publishes each of the thirty, as a deployment does; that takes six times as long. Otherwise
# three of the first twenty run, and each lands what came since the one before.
NIGHTS = 30
PUBLISHED = range(1, NIGHTS + 1) if os.environ.get("TAG_NIGHTS") == "30" else (1, 10, 20)
LAST, BEFORE_LAST = PUBLISHED[-1], PUBLISHED[-2]
# The channel that the first night does not have.
LATE_CHANNEL = "after_sales"
# Night in which two people are linked by a human, and in which they are unlinked again.
LINKED, UNLINKED = 10, 20
BEFORE_LINKED = PUBLISHED[PUBLISHED.index(LINKED) - 1]
LOGINS = ("unionid", "member_id", "crm_contact_id", "external_userid")
RULES = "decision,left_id,right_id,decided_at,decided_by,reason\n"
# What a layer changes: thresholds of a segment and of a tag, and the bands of a tag.
THRESHOLDS = "new_contact_days,90,1,3650,days,Ours.\nlapse_days,20,1,3650,days,Our buyers come weekly.\n"
BANDS = "tag_code,band,from,to,order\nrecency_band,0-7,0,4,1\nrecency_band,8-30,4,31,2\n"
OWN, TWIN = "price_lookers", "price_lookers_too"
CHANGED_TAGS = {"repurchase_status", "recency_band"}
# What the tests read. Models that none of these tables depends on are left out of the nights.
TAG_TABLES = (
    "identity.one_id",
    "identity.account_id",
    "tags.person_profile",
    "tags.account_profile",
    "tags.tag_history",
    "tags.tag_catalog",
)
TABLES = (
    *TAG_TABLES,
    "audience.segment",
    "audience.segment_member",
    "audience.segment_history",
    "audience.segment_rule_history",
)

Rows = set[tuple[Any, ...]]


@dataclass(frozen=True)
class TagNights:
    """A warehouse after some nights.

    `days` has the business dates of the nights that published, by number of the night; `pair` the IDs of the two people
    whom a human linked and unlinked.
    """

    root: Path
    channels: tuple[str, ...]
    days: dict[int, date] = field(default_factory=dict)
    pair: list[str] = field(default_factory=list)

    def settings(self, channels: Sequence[str] = (), layer: str | None = None) -> Settings:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SIYU_SALT", SAMPLE_SALT)
            patch.setenv("SIYU_PUBLISH_PARQUET", "false")
            return load_settings(
                self.root,
                warehouse=self.root / "warehouse",
                cache=self.root / "cache",
                layers=() if layer is None else (self.root / layer,),
                exports=self.root / "exports",
                channels=tuple(channels) or self.channels,
                threads=1,
            )

    def run(
        self, request: Request, channels: Sequence[str] = (), layer: str | None = None, tables: Sequence[str] = TABLES
    ) -> Path:
        """Run a night of the models that TABLES, or other tables, depend on, without suites. Return its release."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("siyu.check.suites.layer_files", only_suites("none"))
            patch.setattr("siyu.night.opening.compile_project", partial(_compile_tags, tables))
            patch.setattr("siyu.night.record.write_status", lambda *_, **__: None)
            patch.setattr("siyu.release.releases.KEPT_DAYS", NIGHTS)  # the tests compare with every release
            report = run_night(self.settings(channels, layer), request)
        assert report.status == "published" and report.release is not None
        return report.release

    def copy_to(self, root: Path) -> TagNights:
        """Return the same world in an empty folder, to be written to."""
        ignored = shutil.ignore_patterns("build", "landing")
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        return replace(self, root=root)

    def releases(self, night: int) -> list[Path]:
        """Return the releases of a night, the first one first."""
        return sorted((self.root / "warehouse" / "releases").glob(f"{self.days[night]}-*"))

    def release(self, night: int) -> Path:
        """Return the first release of a night."""
        return self.releases(night)[0]


def rows(release: Path, sql: str) -> Rows:
    """Return the rows of a query on a release. No two of them may be equal."""
    with duckdb.connect(str(release / "siyu.duckdb"), read_only=True) as con:
        found = con.execute(sql).fetchall()
    assert len(set(found)) == len(found), sql
    return set(found)


def run_nights(root: Path) -> TagNights:
    """Land a first load and later nights. Two people become one in one of them, and two again in another."""
    world = root / "world"
    simulate_exports(world, people=PEOPLE, days=DAYS, seed=SEED, nights=NIGHTS - 1)
    nights = TagNights(root, _all_channels())
    fill_cache(root / "cache")
    for number, delivery in enumerate([world, *sorted(world.glob("night=*"))][:LAST], start=1):
        ignored = shutil.ignore_patterns("night=*", "truth")
        shutil.copytree(delivery, root / "exports", dirs_exist_ok=True, ignore=ignored)
        if number in PUBLISHED:
            _decide(nights, number)
            channels = [name for name in nights.channels if number > 1 or name != LATE_CHANNEL]
            nights.run(Request(), channels)
            nights.days[number] = default_as_of(nights.settings())
    shutil.rmtree(world)
    return nights


def changed_rules(nights: TagNights, root: Path) -> TagNights:
    """The last night again, with a layer: THRESHOLDS, BANDS, and the segment of docs/add-a-segment.md with a twin."""
    copied = nights.copy_to(root)
    write_files(root)
    reference, segments = root / "layer" / "seeds" / "reference", root / "layer" / "models" / "audience" / "segments"
    with (reference / "thresholds.add.csv").open("a", encoding="utf-8") as file:
        file.write(THRESHOLDS)
    (reference / "tag_bands.add.csv").write_text(BANDS, encoding="utf-8")
    [segment] = segments.glob("*.sql")
    shutil.copy(segment, segments / f"{TWIN}.sql")
    copied.run(Request(as_of=copied.days[LAST]), layer="layer")
    return copied


def _all_channels() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in (base_layer() / "seeds" / "channels").glob("*.yml")))


def _decide(nights: TagNights, number: int) -> None:
    """Write what a human has decided by a night: two people of different companies, with many tags each, are one."""
    path = nights.root / "exports" / "reference" / "identity_rules.csv"
    if number == LINKED:
        release = nights.release(max(nights.days))
        nights.pair.extend(_two_people(release))
        ids = _logins(release, nights.pair)
        rules = [f"link,{one},{other},{release.name[:10]},li,one person\n" for one, other in ids]
        path.write_text(RULES + "".join(rules), encoding="utf-8")
    elif number == UNLINKED:
        text = path.read_text(encoding="utf-8")
        links = text.removeprefix(RULES).replace("one person", "two people")
        path.write_text(text + links.replace("link,", "unlink,"), encoding="utf-8")


def _two_people(release: Path) -> list[str]:
    """Return the two people with the most tags who alone have their buying role in their companies, which differ."""
    sql = "select account_id, buying_role, one_id from tags.person_profile where account_id || buying_role is not null"
    roles = rows(release, sql)
    alone = {
        one_id: company
        for company, role, one_id in roles
        if not any(company == other and role == same and one_id != twin for other, same, twin in roles)
    }
    found = rows(release, "select count(*), one_id from tags.person_tag group by one_id")
    ranked = [one_id for _, one_id in sorted(found, reverse=True) if one_id in alone]
    return [ranked[0], next(one_id for one_id in ranked if alone[one_id] != alone[ranked[0]])]


def _logins(release: Path, pair: Sequence[str]) -> list[tuple[str, str]]:
    """Return the pairs of identifiers that a human links so that two whole people become one: one of each login."""
    sql = f"select one_id, id_type, min(id_value) from identity.one_id where id_type in {LOGINS} group by all"
    with duckdb.connect(str(release / "siyu_restricted.duckdb"), read_only=True) as con:
        found = {(one_id, id_type): f"{id_type}:{value}" for one_id, id_type, value in con.execute(sql).fetchall()}
    one, other = pair
    both = [kind for kind in LOGINS if {(one, kind), (other, kind)} <= found.keys()]
    return [(found[one, kind], found[other, kind]) for kind in both]


def _compile_tags(tables: Sequence[str], settings: Settings, references: dict[str, Reference]) -> Project:
    project = only_models(*tables)(settings, references)
    for model in project.models.values():
        model.refused = ()  # what is counted for ops.field_reject
        if model.model.schema != "tags" and model.name not in tables:
            model.config["published"] = False
    return project
