"""What candidates cost beside the rest of identity: a dirty simulated world, many times over.

A world of 3,000 people is simulated and landed as in candidates.py. Its records are copied: every copy has identifiers,
mobiles, mail domains and companies of its own, but the same names of people, as in a large country. Then every model of
schema identity is built, one after the other. Printed are seconds and CPU seconds of the candidates and of all others,
the slowest models, blocks that were too large to be searched, and the peak of the process. The target: candidates in at
most half of the others' time, in less than 4 GB.

    python benchmarks/candidates_at_scale.py
    python benchmarks/candidates_at_scale.py --people 60000
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path

from building import build_timed, open_build
from candidates import DAYS, DIRT, PEOPLE, SEED
from measuring import KEY

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from siyu.engines.base import Session
from siyu.engines.sql import quote_name, quoted
from siyu.layers import base_layer
from siyu.simulate import simulate_exports
from tests.golden.identity import build, land, settings_of

MEMORY_LIMIT = "3000MB"  # of DuckDB's buffers; a process takes some more
COPIED = ("reference", "ops", "previous")
WECHAT = ("unionid", "openid", "external_userid")  # their patterns limit the length
NUMBERED = ("member_id", "crm_contact_id", "crm_account_id", "device_serial", "cookie_id", "deal_id", "record_id")
FREE = "('163.com', 'qq.com', '126.com')"
MADE = {
    "mobile": "'+86' || substr(t.mobile, 4, 3) || lpad(((substr(t.mobile, 7, 8)::bigint + k * 7919171) % 100000000)"
    "::varchar, 8, '0')",
    "email": "split_part(t.email, '@', 1) || k || '@' || case when split_part(t.email, '@', 2) in " + FREE + " then"
    " split_part(t.email, '@', 2) else 'k' || k || split_part(t.email, '@', 2) end",
    "email_domain": "'k' || k || t.email_domain",
    "credit_code": "left(t.credit_code, 10) || lpad(k::varchar, 8, '0')",
    # Two characters of its own after the region, so that no two copies are a letter apart.
    "company_name": "left(t.company_name, 2) || chr((20013 + k)::int) || chr((21013 + k)::int)"
    " || substr(t.company_name, 3)",
}  # fmt: skip


def copied(column: str) -> str:
    """The column of copy k; copy 0 is the world as it is."""
    if column in WECHAT:
        made = f"left(t.{column}, length(t.{column}) - 4) || lpad(k::varchar, 4, '0')"
    elif column in NUMBERED:
        made = f"t.{column} || '_' || k"
    elif column in MADE:
        made = MADE[column]
    else:
        return f"t.{quote_name(column)}"
    return f"case when k = 0 then t.{column} else {made} end as {column}"


def multiply(session: Session, source: Path, copies: int) -> None:
    """Write the records of a built world `copies` times, and what models of identity read besides."""
    session.execute(f"attach {quoted(source)} as source (read_only)")
    tables = session.rows(
        "select schema_name, table_name, string_agg(column_name, ',' order by column_index) from duckdb_columns()"
        " where database_name = 'source' and schema_name in ('records', 'staging', 'reference', 'ops', 'previous')"
        " group by all"
    )
    # With statistics of columns that are always NULL, DuckDB 2.0 fails on some of these expressions.
    session.execute("set disabled_optimizers = 'statistics_propagation'")
    for schema, table, columns in tables:
        session.execute(f"create schema if not exists {schema}")
        listed = ", ".join(copied(column) for column in columns.split(","))
        query = {
            "records": f"select {listed} from range({copies}) as c(k), source.records.{table} as t",
            "staging": f"select * from source.staging.{table} where false",  # records after as_of
        }.get(schema, f"select * from source.{schema}.{table}")
        session.execute(f"create or replace table {schema}.{table} as {query}")
    session.execute("set disabled_optimizers = ''")


def main() -> None:
    """Simulate, copy, build, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    options = parser.parse_args()
    os.environ["SIYU_SALT"] = KEY
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        simulate_exports(root / "exports", people=PEOPLE, days=DAYS, seed=SEED, knobs=DIRT)
        settings = settings_of(root, root / "exports")
        land(settings)
        source = build(settings).settings.warehouse / "build" / "build.duckdb"
        engine, project = open_build(root / "many.duckdb", root, root / "exports")
        session = engine.session()
        session.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        multiply(session, source, -(-options.people // PEOPLE))
        figures = build_timed(engine, project, [name for name in project.graph if name.startswith("identity.")])
        own = {f"identity.{path.stem}" for path in (base_layer() / "models/identity/candidates").glob("*.sql")}
        for title, chosen in (("candidates", True), ("all others", False)):
            part = [figure for figure in figures if (figure[0] in own) == chosen]
            print(f"{title:<12}{sum(one[1] for one in part):>8.1f} s{sum(one[2] for one in part):>8.1f} CPU s")
        for name, seconds, used, rows in sorted(figures, key=lambda figure: -figure[1])[:15]:
            print(f"  {name:<36}{seconds:>8.1f} s{used:>8.1f} CPU s{rows or 0:>14,} rows")
        cut = session.rows("select generator, cut_count, cut_member_count from identity.candidate_block order by all")
        for generator, blocks, members in cut:
            if blocks:
                print(f"  {generator:<16}{blocks:>8,} blocks of {members:,} members are too large")
        print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.1f} GiB")
        session.close()
        engine.close()


if __name__ == "__main__":
    main()
