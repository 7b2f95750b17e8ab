"""A release that begins as a copy of the last one, when the build went on from the last build.

Of most tables a night changes few rows. To delete these from a copy of the file and to add the new ones takes a tenth
of the time of sorting, masking and writing the whole table. What has changed is known from the build
(siyu/build/differences.py): a table that is not in its pairs has the same rows as in the last build, which are those
of the last release. A table is written whole if its form has changed, if nothing is known about its changes, or if too
many of its rows have been replaced: they leave gaps, and new rows lie behind the others, not in their order.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siyu.build.differences import Pair
from siyu.build.last_build import Released
from siyu.build.restatement import MOST_REPLACED, Restatement
from siyu.compile.model_files import relation
from siyu.engines.base import HASH_VERSION, Engine, Session
from siyu.engines.sql import quoted
from siyu.release.copies import FILES, Copies
from siyu.release.releases import releases

# Tables that are written whole leave their earlier blocks free, for the next night. With more than this share of free
# blocks, all tables are written to a new file.
MOST_FREE = 0.3


@dataclass(frozen=True)
class LastRelease:
    """The release of the last build: its rows and hashes by table, and the tables of the build that have changed."""

    path: Path
    tables: Mapping[str, Mapping[str, Any]]
    released: Released
    pairs: Mapping[str, Pair]

    def copy(self, draft: Path) -> None:
        """Copy both files into the folder of a new release."""
        for file in FILES.values():
            shutil.copyfile(self.path / file, draft / file)

    def begin(self, session: Session, published: Sequence[Copies]) -> None:
        """Drop everything from the attached copies but the tables that are carried on."""
        kept = {relation(copies.model.name) for copies in published if self._has_known_changes(copies)}
        for kind in ("view", "table"):
            found = session.rows(
                f"select database_name, schema_name || '.' || {kind}_name from duckdb_{kind}s()"
                f" where database_name in ({', '.join(map(quoted, FILES))}) and not internal"
            )
            for file, name in found:
                if kind == "view" or relation(name) not in kept:
                    session.execute(f"drop {kind} {file}.{relation(name)}")

    def same(self, copies: Copies) -> Mapping[str, Any] | None:
        """Return the rows and the hash of a table that is that of the last release, None if it is not."""
        if self._has_known_changes(copies) and copies.model.name not in self.pairs:
            return self.tables[copies.model.name]
        return None

    def new_rows(self, copies: Copies) -> str | None:
        """Return the relation of the build that has the rows which the last release does not have in this form: the
        whole table if they are not known, None if there are none."""
        if not self._has_known_changes(copies):
            return copies.model.relation
        pair = self.pairs.get(copies.model.name)
        return pair.after if pair else None

    def carry_on(self, session: Session, copies: Copies) -> int | None:
        """Replace the rows that differ in both copies of a table. Return how many were replaced since it was written
        whole; None if it has to be written whole, and then nothing is left of it.

        Rows are found by their hash. If others have the same, the numbers of rows do not agree.
        """
        replaced = self._replace(session, copies) if self._has_known_changes(copies) else None
        if replaced is None:
            for file in FILES:
                session.execute(f"drop table if exists {file}.{copies.model.relation}")
        return replaced

    def _replace(self, session: Session, copies: Copies) -> int | None:
        name, source = copies.model.name, copies.model.relation
        pair = self.pairs[name]
        gone, rows = _count(session, str(pair.before)), _count(session, source)
        replaced = gone + self.released.replaced.get(name, 0)
        if replaced > MOST_REPLACED * rows:
            return None
        for file, listed in copies.files.items():
            target = f"{file}.{source}"
            hashes = f"select hash(g) from (select {listed} from {pair.before}) as g"
            if gone and session.value(f"delete from {target} as t where hash(t) in ({hashes})") != gone:
                return None
            session.execute(f"insert into {target} select {listed} from {pair.after}{copies.order}")
            if _count(session, target) != rows:
                return None
        return replaced

    def _has_known_changes(self, copies: Copies) -> bool:
        """Whether the last release has the table in this form, and all rows that differ are known."""
        name = copies.model.name
        pair = self.pairs.get(name)
        has_rows = name in self.tables and self.released.forms.get(name) == copies.form
        return has_rows and (pair is None or pair.before is not None)


def last_release(warehouse: Path, restatement: Restatement | None) -> LastRelease | None:
    """Return the release of the last build, None if there is none, or none that a new release can begin with.

    If a program has opened one of its files for writing, nobody knows what the file has now.
    """
    if restatement is None or restatement.released is None:
        return None
    released = restatement.released
    found = next((release for release in releases(warehouse) if release.name == released.name), None)
    if found is None or found.manifest.get("hash_version") != HASH_VERSION:
        return None
    if file_states(found.path) != {name: list(state) for name, state in released.files.items()}:
        return None
    return LastRelease(found.path, found.manifest["tables"], released, restatement.changes.pairs)


def file_states(release: Path) -> dict[str, list[int]]:
    """Return the size of each file of a release, and when it was last written."""
    paths = [path for file in FILES.values() for path in (release / file, release / f"{file}.wal") if path.is_file()]
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in paths}


def has_gaps(engine: Engine) -> bool:
    """Whether too much of an attached copy is free."""
    session = engine.session()
    sizes = session.rows("select database_name, free_blocks, total_blocks from pragma_database_size()")
    session.close()
    return any(name in FILES and free > MOST_FREE * total for name, free, total in sizes)


def _count(session: Session, rows: str) -> int:
    return int(session.value(f"select count(*) from {rows}"))
