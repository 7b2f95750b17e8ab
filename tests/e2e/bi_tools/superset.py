"""Apache Superset on a release: docs/examples/superset imported, its figures read, two more releases published.

    python -m tests.e2e.bi_tools.superset WAREHOUSE [--folder FOLDER] [--postgresql URL]

It installs superset.txt into FOLDER (kept if it is given), reads a copy of the current release, starts a server on a
free port and stops it in the end. With --postgresql, the release is loaded there by `siyu publish` and read from there.
"""

from __future__ import annotations

import argparse
import io
import secrets
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.e2e.bi_tools.commands import environment, free_port, run, virtual_environment, waited
from tests.e2e.bi_tools.releases import PEOPLE, REVENUE, Trial, copied

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "examples" / "superset"
REQUIREMENTS = Path(__file__).with_name("superset.txt")
CONFIG = """
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
DATA_CACHE_CONFIG = {{"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": "{folder}/cache", "CACHE_DEFAULT_TIMEOUT": 86400}}
"""


class Superset:
    """A running server, as its REST API shows it."""

    def __init__(self, url: str, password: str, process: int) -> None:
        self.url, self.password, self.process = url, password, process
        self.client = httpx.Client(base_url=f"{url}/api/v1", timeout=300)
        login = {"username": "admin", "password": password, "provider": "db", "refresh": True}
        self.client.headers["Authorization"] = (
            f"Bearer {self.asked('post', '/security/login', json=login)['access_token']}"
        )

    def asked(self, method: str, path: str, **given: Any) -> Any:
        """What the API answers; anything but success is an error."""
        answer = self.client.request(method, path, **given)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    def imported(self, example: Path, address: str) -> None:
        """Import the example as a person would upload it, with the address of the database."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            for part in sorted(example.rglob("*.yaml")):
                text = part.read_text(encoding="utf-8")
                if part.parent.name == "databases":
                    text = yaml.safe_dump(_at(yaml.safe_load(text), address))
                packed.writestr(f"siyu/{part.relative_to(example)}", text)
        files = {"formData": ("siyu.zip", archive.getvalue(), "application/zip")}
        self.asked("post", "/dashboard/import/", files=files, data={"overwrite": "true"})
        for dataset in self.datasets().values():
            self.asked("put", f"/dataset/{dataset}/refresh")

    def datasets(self) -> dict[str, int]:
        """Datasets by name."""
        return {each["table_name"]: each["id"] for each in self.asked("get", "/dataset/")["result"]}

    def database(self) -> int:
        """The one database."""
        [found] = self.asked("get", "/database/")["result"]
        return int(found["id"])

    def metric(self, table: str, metric: str, *, force: bool = False, **equal: str) -> tuple[Decimal, bool]:
        """A metric of a dataset as a chart reads it, and whether it came from the cache."""
        filters = [{"col": column, "op": "==", "val": value} for column, value in equal.items()]
        query = {"metrics": [metric], "columns": [], "filters": filters, "row_limit": 10}
        body = {
            "datasource": {"id": self.datasets()[table], "type": "table"}, "queries": [query],
            "result_format": "json", "result_type": "full", "force": force,
        }  # fmt: skip
        [result] = self.asked("post", "/chart/data", json=body)["result"]
        assert result["status"] == "success", result
        return Decimal(str(result["data"][0][metric])), bool(result["is_cached"])

    def revenue(self, *, force: bool = False) -> tuple[Decimal, bool]:
        """Net revenue of all days."""
        return self.metric("kpi_daily", "added", force=force, kpi_code="net_revenue", dimension="total")

    def sql(self, query: str) -> httpx.Response:
        """A query in SQL Lab."""
        body = {"database_id": self.database(), "sql": query, "client_id": secrets.token_hex(5), "runAsync": False}
        return self.client.post("/sqllab/execute/", json=body)

    def open_releases(self) -> list[str]:
        """Releases that the server's workers hold open, though nobody asks anything."""
        found = []
        for worker in _children(self.process):
            for handle in Path(f"/proc/{worker}/fd").iterdir():
                try:
                    found.append(str(handle.readlink()))
                except FileNotFoundError:
                    continue
        return [name for name in found if name.endswith(".duckdb")]


def _at(database: dict[str, Any], address: str) -> dict[str, Any]:
    """The example's database at another address. read_only is an argument of DuckDB alone."""
    extra = database["extra"] if address.startswith("duckdb:") else {}
    return database | {"sqlalchemy_uri": address, "extra": extra}


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii")
    return [process, *(int(each) for each in listed.split())]


@contextmanager
def served(folder: Path) -> Iterator[Superset]:
    """A server with an administrator and nothing else."""
    programs = virtual_environment(folder / "superset", REQUIREMENTS)
    with tempfile.TemporaryDirectory() as state:
        password = secrets.token_hex(12)
        config = Path(state) / "superset_config.py"
        config.write_text(CONFIG.format(key=secrets.token_hex(32), folder=state), encoding="utf-8")
        settings = {"SUPERSET_CONFIG_PATH": str(config), "FLASK_APP": "superset", "HOME": state}
        command = programs / "superset"
        run(folder, command, "db", "upgrade", settings=settings)
        admin = ("--username", "admin", "--firstname", "A", "--lastname", "B", "--email", "a@example.com")
        run(folder, command, "fab", "create-admin", *admin, "--password", password, settings=settings)
        run(folder, command, "init", settings=settings)
        port = free_port()
        server = subprocess.Popen(
            [programs / "gunicorn", "-w", "1", "-k", "gthread", "--threads", "8", "-t", "300",
             "-b", f"127.0.0.1:{port}", "superset.app:create_app()"],
            cwd=state, env=environment(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            waited(lambda: _answers(url), 300, "the start of Superset")
            yield Superset(url, password, server.pid)
        finally:
            server.terminate()
            server.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=60).is_success
    except httpx.TransportError:
        return False


def saw(superset: Superset, trial: Trial, postgresql: str | None = None) -> Iterator[str]:
    """What the trial asserts, one line each: the figures of three releases, with no restart of the server."""
    publish = _loads(trial, postgresql) if postgresql else trial.publish_next
    superset.imported(EXAMPLE, postgresql or f"duckdb:///{trial.file}")
    first = trial.figure()
    assert superset.revenue() == (first, False)
    yield f"a chart reads {first}, as DuckDB does"
    people = trial.figure(PEOPLE)
    assert superset.metric("person", "people") == (people, False)
    yield f"bi.person has {people} people, as DuckDB says"
    refused = superset.sql("create table kpi.planted as select 1 as a")
    assert not refused.is_success, refused.text
    yield "SQL Lab refuses to write"
    assert superset.open_releases() == []
    yield "no release is held open between queries"

    second = publish()
    answer = superset.sql(REVENUE.replace("sum(numerator)", "sum(numerator) as revenue"))
    assert Decimal(str(answer.json()["data"][0]["revenue"])) == second, answer.text
    yield f"after a new release, SQL Lab reads {second} at once"
    assert superset.revenue() == (first, True)
    yield f"a chart with a data cache still shows {first}"
    assert superset.revenue(force=True) == (second, False)
    yield f"'Force refresh' shows {second}"

    superset.asked("put", f"/database/{superset.database()}", json={"cache_timeout": -1})
    third = publish()
    assert superset.revenue() == (third, False)
    yield f"with the cache timeout of the database at -1, the chart shows {third} at once"


def _loads(trial: Trial, postgresql: str) -> Callable[[], Decimal]:
    """Load the current release into PostgreSQL; return what publishes the next one and loads it, too."""

    def load() -> None:
        address = postgresql.replace("postgresql+psycopg2:", "postgresql:")
        settings = {
            "SIYU_WAREHOUSE": str(trial.warehouse), "SIYU_TARGETS": "postgresql", "SIYU_POSTGRESQL": address
        }  # fmt: skip
        run(ROOT, sys.executable, "-m", "siyu", "publish", settings=settings)

    def publish() -> Decimal:
        figure = trial.publish_next()
        load()
        return figure

    load()
    return publish


def main() -> None:
    """Try it and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("warehouse", type=Path)
    parser.add_argument("--folder", type=Path, help="keep the environment here for another time")
    parser.add_argument("--postgresql", help="a database that siyu loads: postgresql://user@host/database")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        trial = copied(given.warehouse, Path(root) / "warehouse")
        folder = given.folder or Path(root) / "tools"
        folder.mkdir(parents=True, exist_ok=True)
        with served(folder) as superset:
            for line in saw(superset, trial, given.postgresql):
                print(line, flush=True)


if __name__ == "__main__":
    main()
