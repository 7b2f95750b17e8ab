"""Evidence on a release: docs/examples/evidence installed from npm, built, and built again after a new release.

    python -m tests.e2e.bi_tools.evidence WAREHOUSE [--folder FOLDER]

The project is copied into FOLDER (kept if it is given, with its packages), and reads a copy of the current release.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb

from tests.e2e.bi_tools.commands import run
from tests.e2e.bi_tools.releases import PEOPLE, Trial, copied

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "evidence"
PAGES = ("index.html", "journey/index.html", "revenue/index.html")


def installed(folder: Path) -> Path:
    """A copy of the example with its packages."""
    project = folder / "evidence"
    shutil.copytree(EXAMPLE, project, dirs_exist_ok=True)
    run(project, "npm", "install", "--no-audit", "--no-fund", "--loglevel=error")
    return project


def built(project: Path, trial: Trial) -> None:
    """Build the site as docs/bi.md says: `current` is resolved once, so that all queries read one release."""
    release = trial.file.resolve()
    file = os.path.relpath(release, project / "sources" / "siyu")
    for name in ("build", ".evidence/template/static/data"):
        shutil.rmtree(project / name, ignore_errors=True)
    for step in ("sources", "build"):
        run(project, "npm", "run", step, settings={"EVIDENCE_SOURCE__siyu__filename": file})


def extracted(project: Path, query: str) -> Decimal:
    """A figure from the Parquet files that the pages ask."""
    row = duckdb.execute(query.format(folder=project / "build" / "data" / "siyu")).fetchone()
    assert row is not None
    return Decimal(str(row[0]))


def shown(project: Path, page: str) -> str:
    """The text of a page as it was built, before any script runs."""
    return re.sub(r"<[^>]*>", " ", (project / "build" / page).read_text(encoding="utf-8"))


def saw(project: Path, trial: Trial) -> Iterator[str]:
    """What the trial asserts, one line each: the figures of two releases."""
    for build in ("first build", "build after a new release"):
        if build != "first build":
            trial.publish_next()
        built(project, trial)
        revenue = trial.figure()
        kpi = "select sum(numerator)::decimal(38, 2) from '{folder}/kpi/kpi.parquet' where kpi_code = 'net_revenue'"
        assert extracted(project, kpi) == revenue
        stages = "select sum(people)::bigint from '{folder}/stages/stages.parquet'"
        assert extracted(project, stages) == trial.figure(f"{PEOPLE} where stage is not null")
        for page in PAGES:
            assert (project / "build" / page).exists(), page
        assert f"{revenue:,.2f}" in shown(project, "revenue/index.html")
        yield f"{build}: the page Revenue shows {revenue:,.2f}, as DuckDB does; {len(PAGES)} pages"
    old = shown(project, "revenue/index.html")
    trial.publish_next()
    assert shown(project, "revenue/index.html") == old
    yield "a site that is not built again keeps the figures of its release"


def main() -> None:
    """Try it and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--folder", type=Path, help="keep the project here for another time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        trial = copied(given.warehouse, Path(root) / "warehouse")
        folder = given.folder or Path(root) / "tools"
        folder.mkdir(parents=True, exist_ok=True)
        for line in saw(installed(folder), trial):
            print(line, flush=True)


if __name__ == "__main__":
    main()
