"""How long "why?" takes: `siyu explain` on a release of 1,000,000 people, beside SQL that asks the edges.

The release is that of the sample, many times over: every copy with identifiers, people, companies and records of its
own. Measured are whole processes, start and imports included: a person by mobile (text and JSON), two identifiers, a
company by a spelling of its name. The peer is a bare DuckDB script that knows no ID map: it follows the kept edges from
the mobile on by a recursive CTE and lists the identifiers it reaches, and no record. The target: less than 2 s.

    python benchmarks/explain.py
    python benchmarks/explain.py --people 100000 --runs 3
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import duckdb
from measuring import KEY, measure

from siyu.engines.sql import quoted
from siyu.layers import base_layer
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.release.releases import MANIFEST, PUBLIC, RESTRICTED
from siyu.settings import load_settings

PEOPLE = 1_000_000
APART = 100_000  # between the numbers of two copies; the sample has fewer
NUMBERS = ("node", "lesser_node", "person_key", "account_key")
IDS = ("one_id", "account_id", "former_one_id", "former_account_id", "other_one_id")
VALUES = ("id_value", "other_id_value", "left_value", "right_value", "record_id", "name_key", "company_name")
COMMON = ("identity.identity_metric",)  # one for all
PEER = """
import sys, duckdb
con = duckdb.connect()
con.execute(f"attach '{sys.argv[1]}/siyu.duckdb' as p (read_only)")
con.execute(f"attach '{sys.argv[1]}/siyu_restricted.duckdb' as r (read_only)")
rows = con.execute('''
with recursive reached(node) as (
    select node from r.identity.one_id where id_type = 'mobile' and id_value = ?
    union
    select case when e.node = reached.node then e.lesser_node else e.node end
    from reached join p.identity.edge as e on e.is_kept and (e.node = reached.node or e.lesser_node = reached.node)
)
select id_type, id_value from reached join r.identity.one_id using (node)
''', [sys.argv[2]]).fetchall()
print(len(rows))
"""


def multiply(source: Path, target: Path, copies: int) -> None:
    """A release with every identity table `copies` times over."""
    target.mkdir(parents=True)
    for file in (PUBLIC, RESTRICTED):
        con = duckdb.connect(str(target / file))
        con.execute(f"attach {quoted(source / file)} as sample (read_only)")
        con.execute("create schema identity")
        tables = con.execute(
            "select table_name from duckdb_tables() where database_name = 'sample' and schema_name = 'identity'"
        ).fetchall()
        for (table,) in tables:
            columns = con.execute(f"describe sample.identity.{table}").fetchall()
            listed = ", ".join(_copied(name) for name, *_ in columns)
            count = 1 if f"identity.{table}" in COMMON else copies
            con.execute(f"create table identity.{table} as select {listed} from range({count}) as c(k),"
                        f" sample.identity.{table} as t order by k")  # fmt: skip
        con.close()


def _copied(name: str) -> str:
    if name in NUMBERS:
        return f"t.{name} + k * {APART} as {name}"
    if name in IDS:
        return f"case when k = 0 then t.{name} else left(t.{name}, 1) || left(md5(t.{name} || k), 20) end as {name}"
    return f"t.{name} || case when k = 0 then '' else '~' || k end as {name}" if name in VALUES else f't."{name}"'


def release(root: Path, people: int) -> Path:
    """A warehouse whose current release has so many people; the copy that stands in the middle keeps its values."""
    os.environ["SIYU_SALT"] = KEY
    settings = load_settings(root, warehouse=root / "sample", exports=base_layer() / "seeds" / "sample")
    night = run_night(settings, Request())
    source = night.release
    if source is None:
        raise SystemExit("the sample was not published")
    with duckdb.connect(str(source / PUBLIC), read_only=True) as con:
        known = con.execute("select count(*) from identity.person").fetchone()
    copies = -(-people // known[0]) if known else 1
    warehouse = root / "warehouse"
    target = warehouse / "releases" / source.name
    multiply(source, target, copies)
    (target / MANIFEST).write_text((source / MANIFEST).read_text(encoding="utf-8"), encoding="utf-8")
    (warehouse / "current").symlink_to(Path("releases") / source.name)
    return warehouse


def asked(warehouse: Path) -> tuple[str, str, str]:
    """A mobile and a contact of one person with many records, and a spelling of a company's name."""
    current = warehouse / "current"
    with duckdb.connect(str(current / RESTRICTED), read_only=True) as con:
        con.execute(f"attach {quoted(current / PUBLIC)} as p (read_only)")
        mobile, contact = con.execute(
            "select max(a.id_value), max(b.id_value) from identity.one_id as a join identity.one_id as b"
            " using (person_key) join p.identity.person as g using (person_key) where a.id_type = 'mobile'"
            " and b.id_type = 'crm_contact_id' and a.id_value not like '%~%' group by person_key, g.record_count"
            " order by g.record_count desc, person_key limit 1"
        ).fetchall()[0]
        name = con.execute(
            "select min(company_name) from p.identity.company_name where resolution = 'short'"
            " and company_name not like '%~%'"
        ).fetchall()[0][0]
    return mobile, contact, name


def main() -> None:
    """Run and print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        warehouse = release(root, options.people)
        mobile, contact, name = asked(warehouse)
        peer = root / "peer.py"
        peer.write_text(PEER, encoding="utf-8")
        explain = [sys.executable, "-m", "siyu", "explain"]
        commands = {
            "peer: its identifiers, by a recursive CTE": [
                sys.executable,
                str(peer),
                str(warehouse / "current"),
                mobile,
            ],
            "siyu explain, a person by mobile": [*explain, f"mobile:{mobile}"],
            "siyu explain --json, the same": [*explain, f"mobile:{mobile}", "--json"],
            "siyu explain, two identifiers": [*explain, f"mobile:{mobile}", f"crm_contact_id:{contact}"],
            "siyu explain, a company by a short name": [*explain, f"company_name:{name}"],
        }
        environment = os.environ | {"SIYU_WAREHOUSE": str(warehouse), "SIYU_SALT": KEY}
        taken: dict[str, list[tuple[float, float]]] = {title: [] for title in commands}
        for _ in range(options.runs):
            for title, command in commands.items():
                taken[title].append(measure(command, environment))
        with duckdb.connect(str(warehouse / "current" / PUBLIC), read_only=True) as con:
            counts = {
                table: con.execute(f"select count(*) from identity.{table}").fetchall()[0][0]
                for table in ("person", "account", "record_person", "edge")
            }
        print(json.dumps(counts))
        for title, rows in taken.items():
            seconds = statistics.median(second for second, _ in rows)
            print(f"  {title:<44} {seconds:6.2f} s   {max(memory for _, memory in rows):6.0f} MiB peak")


if __name__ == "__main__":
    main()
