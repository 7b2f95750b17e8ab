"""Paths that the engine reads. DuckDB reads `[ ] * ?` in a path as a pattern, even for one file, and `name=value/` as a
Hive partition. siyu always means exactly one file.

Escaping does not work in every case: DuckDB lists a folder to find an escaped name, and fails if the folder contains
certain other names. So a file with such a path is read through a link with a plain name.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from siyu.engines.sql import quoted
from siyu.errors import ConfigError

# Only some versions of DuckDB read `{` and `\` as patterns. ATTACH reads `\` as `/` and cuts a path at `?`.
UNSAFE = re.compile(r"[*?\[\]{}\\\x00-\x1f\x7f]")
# Options of every reader of csv and JSON: a name that ends in .gz does not make a file a compressed one.
PLAIN_FILE = "hive_partitioning = false, compression = 'none'"


def is_literal(path: Path) -> bool:
    """Return whether the engine reads an absolute path as the path of one file."""
    return path.is_absolute() and not UNSAFE.search(str(path))


def literal(path: Path, folder: Path) -> Path:
    """Return the path itself, or a link to it in `folder` if the engine would read the path as a pattern."""
    whole = path.absolute()
    if is_literal(whole):
        return whole
    link = link_in(folder)
    link.unlink(missing_ok=True)
    link.symlink_to(whole)
    return link


def link_in(folder: Path) -> Path:
    """Return where `literal` makes its link: `folder` is for one file."""
    return folder.absolute() / "export"


def new_file(folder: Path) -> Path:
    """Return the path of a new Parquet file below `folder`. A statement that fails removes what it wrote, and may do so
    when the next one has begun: each attempt needs a path of its own."""
    return Path(tempfile.mkdtemp(dir=folder)) / "interim.parquet"


@contextmanager
def literal_for_now(path: Path) -> Iterator[Path]:
    """Yield what `literal` returns; a link is in a temporary folder, and is removed at the end."""
    if is_literal(path.absolute()):
        yield path.absolute()
        return
    with tempfile.TemporaryDirectory() as folder:
        checked_folder(Path(folder), "the folder for temporary files", "TMPDIR")
        yield literal(path, Path(folder))


def checked_folder(folder: Path, what: str, where: str) -> Path:
    """Return a folder in which siyu writes files for the engine, unchanged. Raises ConfigError if the engine would read
    the path of such a file as something else."""
    for path in (folder.absolute(), folder.resolve()):
        found = sorted(set(UNSAFE.findall(str(path))))
        if found:
            shown = " ".join(item if item.isprintable() else repr(item) for item in found)
            raise ConfigError(
                f"the path of {what} contains {shown}: {path}",
                where,
                "choose a path without * ? [ ] { } \\ and control characters; DuckDB would read other files, too.",
            )
    return folder


def parquet(paths: Path | Iterable[Path], options: str = "") -> str:
    """Return the relation of one or more Parquet files that siyu wrote. `options` is SQL that begins with a comma."""
    files = quoted(paths) if isinstance(paths, Path) else f"[{', '.join(quoted(path) for path in paths)}]"
    return f"read_parquet({files}, hive_partitioning = false{options})"
