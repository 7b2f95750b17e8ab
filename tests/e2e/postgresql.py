"""A PostgreSQL server of the tests' own, from the programs that are installed here."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER, DATABASE = "prefect", "prefect"


def programs() -> Path | None:
    """Where initdb and postgres are, with the extension that Prefect needs; None if they are not here."""
    candidates = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("initdb"):
        candidates.insert(0, Path(found).resolve().parent)
    for folder in candidates:
        if (folder / "initdb").is_file():
            share = subprocess.check_output([folder / "pg_config", "--sharedir"], text=True).strip()
            if (Path(share) / "extension" / "pg_trgm.control").is_file():
                return folder
    return None


def _owner() -> str | None:
    """PostgreSQL refuses to run as root: then as the user that its package made."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"


@contextmanager
def postgresql(folder: Path, port: int) -> Iterator[str]:
    """A running server with an empty database; yields the URL that Prefect wants."""
    owner = _owner()
    data = Path(tempfile.mkdtemp(prefix="siyu-postgresql-"))  # not in tmp_path, which another user may not enter
    if owner:
        shutil.chown(data, owner)

    def run(*command: str) -> None:
        subprocess.run([str(folder / command[0]), *command[1:]], user=owner, cwd=data, check=True, capture_output=True)

    cluster = str(data / "cluster")
    options = f"-p {port} -h 127.0.0.1 -k {data} -c fsync=off"
    try:
        run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--no-sync", "-D", cluster)
        run("pg_ctl", "-w", "-D", cluster, "-l", str(data / "log"), "-o", options, "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE)
            yield f"postgresql+asyncpg://{USER}@127.0.0.1:{port}/{DATABASE}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "-D", cluster, "stop")
    finally:
        shutil.rmtree(data)
