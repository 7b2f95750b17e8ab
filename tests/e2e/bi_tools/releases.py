"""A warehouse for a trial: a copy of a release, the figures that a tool has to show, and the next release."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from siyu.release.releases import MANIFEST, PUBLIC, current, releases, swap

REVENUE = "select sum(numerator) from bi.kpi_daily where kpi_code = 'net_revenue' and dimension = 'total'"
PEOPLE = "select count(*) from bi.person"


@dataclass(frozen=True)
class Trial:
    """A warehouse of a trial's own."""

    warehouse: Path

    @property
    def file(self) -> Path:
        """The file that tools are told to read."""
        return self.warehouse / "current" / PUBLIC

    def figure(self, query: str = REVENUE) -> Decimal:
        """What DuckDB itself reads from the current release."""
        with duckdb.connect(str(self.file), read_only=True) as con:
            row = con.execute(query).fetchone()
        assert row is not None
        return Decimal(row[0])

    def publish_next(self) -> Decimal:
        """Publish a release in which the revenue of every day is 1000 more. Return the revenue that it has.

        It is written beside the others and becomes current in the same rename as after a night.
        """
        before = self.figure()
        now = current(self.warehouse)
        assert now is not None
        folder = now.path.with_name(f"{now.as_of}-{now.run_id + 1:06d}")
        shutil.copytree(now.path, folder)
        with duckdb.connect(str(folder / PUBLIC)) as con:
            con.execute("update kpi.kpi_value set numerator = numerator + 1000 where kpi_code = 'net_revenue'")
        changed = {
            "kpi.kpi_value": {"rows": now.manifest["tables"]["kpi.kpi_value"]["rows"], "content_hash": folder.name}
        }
        manifest = now.manifest | {
            "run_id": now.run_id + 1, "previous_release": now.name, "tables": now.manifest["tables"] | changed
        }  # fmt: skip
        (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
        published = next(release for release in releases(self.warehouse) if release.path == folder)
        assert swap(self.warehouse, published)
        after = self.figure()
        assert after > before
        return after


def copied(warehouse: Path, folder: Path) -> Trial:
    """Copy the current release into a warehouse of its own, so that a trial changes nobody's."""
    now = current(warehouse)
    assert now is not None, f"{warehouse} has no release"
    copy = folder / "releases" / now.name
    copy.mkdir(parents=True)
    for name in (PUBLIC, MANIFEST):
        shutil.copy(now.path / name, copy / name)
    (folder / "current").symlink_to(f"releases/{now.name}")
    return Trial(folder)
