"""Large tables of a release: their rows are Parquet files, of which the DuckDB files have views.

The engine that made a table writes the files, so that no DuckDB file has to hold what one machine cannot. A view names
its files by the path that the release will have, because DuckDB does not look for files beside a database. So a release
in the making is found under its later name, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from siyu.compile.project import CompiledModel
from siyu.engines.base import ColumnType, Session
from siyu.engines.paths import parquet
from siyu.engines.sql import cast_list, quote_name, quoted
from siyu.release.copies import FILES, RELEASE_FILE, RESTRICTED_FILE, Copies
from siyu.release.releases import PARQUET_FILES, PUBLIC, RESTRICTED, RESTRICTED_PARQUET
from siyu.settings import Settings

DRAFT = ".draft-"  # beginning of the name of a release in the making
PRIVATE_FOLDER = 0o700
FOLDERS = {PUBLIC: PARQUET_FILES, RESTRICTED: RESTRICTED_PARQUET}  # of the rows, for each file with views


@dataclass(frozen=True)
class ParquetTables:
    """The tables of a release with `least` rows or more. `draft` is its folder now, `final` its path later."""

    draft: Path
    final: Path
    least: int

    @contextmanager
    def findable(self) -> Iterator[None]:
        """Let the draft be found under its later name inside."""
        self.final.symlink_to(self.draft.name)
        try:
            yield
        finally:
            self.final.unlink()

    def has(self, session: Session, model: CompiledModel) -> bool:
        """Return whether a table is so large that its rows are Parquet files."""
        return int(session.value(f"select count(*) from {model.relation}")) >= self.least

    def write(self, session: Session, copies: Copies) -> tuple[int, str]:
        """Write the files and the views of a table. Return the number of rows and the content hash of the public one.

        Both copies are read from the table of the model.
        """
        for alias, listed in copies.files.items():
            query = f"select {listed} from {copies.model.relation}{copies.order}"
            columns = session.columns(f"({query})")
            self._write(session, copies, alias, query, columns)
        return session.parquet_hash(self._path(copies.model, PUBLIC), columns)

    def _write(self, session: Session, copies: Copies, alias: str, query: str, columns: Sequence[ColumnType]) -> None:
        """Write one copy, and the view of it in the file that is attached as `alias`."""
        file, model = FILES[alias], copies.model
        if alias == RESTRICTED_FILE:
            (self.draft / RESTRICTED_PARQUET).mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        path = self._path(model, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        session.write_parquet(query, path)
        view = f"{alias}.{model.relation}"
        found = files_of(self.final / file, model.name)
        statements = [f"create view {view} as select {cast_list(columns)} from {found}"]
        if alias == RELEASE_FILE:
            statements.append(f"comment on view {view} is {quoted(model.model.description)}")
            statements += [
                f"comment on column {view}.{quote_name(name)} is {quoted(text)}"
                for name, text in copies.comments.items()
            ]
        session.execute("begin")
        session.execute("; ".join(statements))
        session.execute("commit")

    def _path(self, model: CompiledModel, file: str) -> Path:
        return self.draft / FOLDERS[file] / model.model.schema / f"{model.model.table}.parquet"


def parquet_tables(draft: Path, final: Path, settings: Settings) -> ParquetTables | None:
    """Return which tables of a release are Parquet files; None if the settings ask for none."""
    least = settings.publish_parquet_from
    return ParquetTables(draft, final.parent.resolve() / final.name, least) if least else None


def files_of(file: Path, name: str) -> str | None:
    """Return the Parquet files of a table as SQL, beside the file of a release that has a view of them; None without
    any."""
    schema, _, table = name.partition(".")
    path = file.parent / FOLDERS[file.name] / schema / f"{table}.parquet"
    if not path.exists():
        return None
    return parquet(path / "*.parquet" if path.is_dir() else path)


def remove_links(root: Path) -> None:
    """Remove the links to releases in the making that a run left which died."""
    for path in root.iterdir():
        if path.is_symlink() and path.readlink().name.startswith(DRAFT):
            path.unlink()
