"""A PostgreSQL server as a BI target, from the pip package pgserver. psql reads it, which shares no code with siyu."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

LOADER, PASSWORD = "loader", "p@ss/w0rd:%x"
HBA = f"local all {LOADER} scram-sha-256\nlocal all all trust\n"


@dataclass
class Server:
    """A running server. `loader` is the URL of an ordinary user, without its password."""

    programs: Path
    folder: Path

    def url(self, database: str, user: str = LOADER) -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def psql(self, sql: str, database: str = "postgres", user: str = "postgres") -> str:
        """What psql prints, without headings, with every CR. Raises CalledProcessError."""
        command = [self.programs / "psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]
        return subprocess.run(
            [*command, self.url(database, user)], check=True, capture_output=True,
            env={**os.environ, "PGPASSWORD": PASSWORD},
        ).stdout.decode().strip()  # fmt: skip

    def dump(self, database: str, *options: str) -> str:
        """Rows, comments and definitions of a database, as pg_dump writes them, with | between values."""
        command = [self.programs / "pg_dump", *options, self.url(database, "postgres")]
        return subprocess.check_output(command).decode().replace("\t", "|")

    def log(self) -> str:
        """What the server has logged so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def copy(self, queries: dict[Path, str], database: str) -> None:
        """Let one psql write the rows of each query to a CSV file, with every value in quotes but NULL, as @NULL@."""
        to = "(format csv, null '@NULL@', force_quote *)"
        script = "set timezone = 'UTC';\nset intervalstyle = 'postgres';\n"
        script += "".join(f"\\copy ({query}) to '{file}' {to}\n" for file, query in queries.items())
        command = [self.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url(database, "postgres")]
        subprocess.run(command, input=script.encode(), check=True, capture_output=True)

    def ctl(self, *command: str) -> None:
        """Run pg_ctl, as the user that the server runs as."""
        owner = self.folder.owner() if os.geteuid() == 0 else None
        subprocess.run(
            [self.programs / "pg_ctl", "-w", "-D", self.folder, *command], user=owner, cwd=self.folder, check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def lock_waits(self) -> int:
        """How often a session waited for a lock for more than 100 ms, other than for an advisory one."""
        return sum("still waiting for" in line and "advisory" not in line for line in self.log().splitlines())

    def stop(self) -> None:
        self.ctl("-m", "immediate", "stop")

    def start(self) -> None:
        self.ctl("-o", f"-h '' -k {self.folder} -c fsync=off", "-l", str(self.folder / "log"), "start")

    def database(self, name: str) -> str:
        """Make an empty database in which the loader may create schemas. Returns its name."""
        self.psql(f"drop database if exists {name} with (force)")
        self.psql(f"create database {name} encoding 'UTF8' template template0")
        self.psql(f"grant create on database {name} to {LOADER}")
        return name


@contextmanager
def bi_server() -> Iterator[Server]:
    """A server of the tests' own. Skips if it cannot run here."""
    pgserver = pytest.importorskip("pgserver", reason="the pip package pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="siyu-bi-"))  # not in tmp_path, which another user may not enter
    programs = Path(pgserver.__file__).parent / "pginstall" / "bin"
    try:
        started = pgserver.get_server(folder, cleanup_mode=None)  # initdb, as another user if this is root
    except (OSError, subprocess.CalledProcessError, RuntimeError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"pgserver does not run here: {error}")
    assert started.get_uri()
    server = Server(programs, folder)
    try:
        (folder / "pg_hba.conf").write_text(HBA, encoding="utf-8")
        with (folder / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("log_lock_waits = on\ndeadlock_timeout = 100ms\n")
        server.psql(f"create role {LOADER} login createrole password '{PASSWORD}'")
        server.ctl("reload")
        yield server
    finally:
        server.ctl("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
