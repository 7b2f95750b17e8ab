"""Nights on the sample and on a shop, run once for all tests that look at them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.layers import base_layer, layer_files
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.report.summary import Report
from siyu.settings import FAMILIES, SAMPLE_SALT, Settings, load_settings
from tests.golden.shop import FEW_FAMILIES, FEW_SUITES, FIRST_DAY, SALT, Shop, ThreeNights, only_suites, or_every
from tests.golden.tag_nights import RULES, TagNights, changed_rules, run_nights
from tests.shared import Shared

SAMPLE = base_layer() / "seeds" / "sample"
# Suites of what changes when people become one: who they are, and every table that remembers something.
SUITES_OF_A_MERGE = ("identity/*", "*/*_history", "*/*_log", "records/deal", "kpi/kpi_value")


@dataclass(frozen=True)
class Ran:
    """A night that was run."""

    settings: Settings
    report: Report

    def connect(self, file: str = "siyu.duckdb") -> duckdb.DuckDBPyConnection:
        return duckdb.connect(str(self.settings.warehouse / "current" / file), read_only=True)

    def connect_raw(self) -> duckdb.DuckDBPyConnection:
        """Every table with raw values: from the restricted file, or from the public file by way of its hashes."""
        con = duckdb.connect()
        for alias, file in (("public", "siyu.duckdb"), ("restricted", "siyu_restricted.duckdb")):
            con.execute(f"attach '{self.settings.warehouse / 'current' / file}' as {alias} (read_only)")
        listed = (
            "select schema_name, table_name, max(database_name) = 'restricted' from duckdb_tables()"
            " where database_name in ('public', 'restricted') group by schema_name, table_name"
        )
        for schema, table, is_restricted in con.execute(listed).fetchall():
            con.execute(f"create schema if not exists {schema}")
            query = f"select * from restricted.{schema}.{table}" if is_restricted else _raw(con, f"{schema}.{table}")
            con.execute(f"create view {schema}.{table} as {query}")
        return con


def _raw(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """The query of a public table with raw values in place of hashes and masks."""
    columns = [row[0] for row in con.execute(f"describe public.{table}").fetchall()]
    personal = [name.removesuffix("_hash") for name in columns if name.endswith("_hash")]
    raw = {
        name: "select id_value from restricted.identity.identifier as i"
        f" where i.id_type = '{name}' and i.id_value_hash = t.{name}_hash"
        for name in personal
    }
    for name in ("record_id", "touch_record_id"):
        raw[name] = (
            "select record_id from restricted.identity.record_person as r"
            f" where r.channel = t.{name.replace('record_id', 'channel')} and r.record_id_hash = t.{name}_hash"
        )
    own = [name for name in columns if not name.endswith(("_hash", "_masked"))]
    return f"select {', '.join([*own, *(f'({raw[name]}) as {name}' for name in personal)])} from public.{table} as t"


def run_on(root: Path, exports: Path, threads: int, *, publish_parquet: bool = True) -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", SAMPLE_SALT)
        # So few rows would give each query one thread, and then no test would see that threads decide nothing.
        patch.setattr("siyu.build.database.ROW_GROUP", 0)
        settings = load_settings(
            root, warehouse=root / "warehouse", exports=exports, threads=threads, publish_parquet=publish_parquet
        )
        return Ran(settings, run_night(settings, Request()))


@pytest.fixture(scope="session")
def night(shared: Shared) -> Ran:
    """The sample as it is, on two threads. Every suite runs. Tests read it; one that runs again takes a copy."""
    return shared.once("night", lambda root: run_on(root, SAMPLE, threads=2))


@pytest.fixture(scope="session")
def linked_and_shuffled(shared: Shared, night: Ran) -> tuple[Report, Ran]:
    """The same rows in other files, in another order, on one thread: first with a link of two buyers by a human, for
    which the suites of a merge run; then the same business date without it, and without suites."""
    return shared.once("shuffled_night", lambda root: _run_shuffled(root, night))


@pytest.fixture(scope="session")
def shuffled_night(linked_and_shuffled: tuple[Report, Ran]) -> Ran:
    """The second of these nights."""
    return linked_and_shuffled[1]


def _run_shuffled(root: Path, night: Ran) -> tuple[Report, Ran]:
    exports = root / "exports"
    shutil.copytree(SAMPLE, exports)
    shuffle_exports(exports, random.Random(11))
    rules = exports / "reference" / "identity_rules.csv"
    one, other = _two_buyers(night)
    rules.write_text(f"{RULES}link,unionid:{one},unionid:{other},2026-06-30,li,one\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siyu.check.suites.layer_files", only_suites(*or_every(*SUITES_OF_A_MERGE)))
        linked = run_on(root, exports, threads=1, publish_parquet=False)
        rules.unlink()
        patch.setattr("siyu.check.suites.layer_files", only_suites("none"))
        return linked.report, run_on(root, exports, threads=1, publish_parquet=False)


def _two_buyers(night: Ran) -> tuple[str, str]:
    """Return the unionids of two people who bought on one day: only a human may say that they are one."""
    with night.connect_raw() as con:
        [pair] = con.execute(
            "with buyers as (select distinct o.person_key, o.id_value, r.revenue_date from identity.one_id as o"
            " join kpi.revenue_line as r using (person_key) where o.id_type = 'unionid' and r.kind = 'order')"
            " select a.id_value, b.id_value from buyers as a join buyers as b using (revenue_date)"
            " where a.person_key < b.person_key order by 1, 2 limit 1"
        ).fetchall()
    return pair


@pytest.fixture
def copied_night(night: Ran, tmp_path: Path) -> Settings:
    """The warehouse of the sample's night, to be written to."""
    warehouse = tmp_path / "warehouse"
    shutil.copytree(night.settings.warehouse, warehouse, symlinks=True, ignore=shutil.ignore_patterns("build"))
    return night.settings.model_copy(update={"warehouse": warehouse})


@pytest.fixture
def shop(request: pytest.FixtureRequest, shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop before its first night. Its nights build few families, and run few suites.

    Marks change that: after_first_night copies a shop whose night of FIRST_DAY is over; suites("ops/*") adds suites;
    families("tags") adds families; families(only=()) builds no model, for tests of what lands.
    """
    monkeypatch.setenv("SIYU_SALT", SALT)
    families = _families(request.node)
    more = [name for mark in request.node.iter_markers("suites") for name in mark.args]
    monkeypatch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES, *more))
    if request.node.get_closest_marker("after_first_night"):
        name = "_".join(["first_night", *families])
        return shared.once(name, lambda root: _run_first_day(root, families)).copy_to(tmp_path)
    return Shop(tmp_path, families=families)


def _families(test: pytest.Item) -> tuple[str, ...]:
    for mark in test.iter_markers("families"):
        if "only" in mark.kwargs:
            return tuple(mark.kwargs["only"])
    return (*FEW_FAMILIES, *(name for mark in test.iter_markers("families") for name in mark.args))


def _run_first_day(root: Path, families: tuple[str, ...]) -> Shop:
    shop = Shop(root, families=families)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES))
        shop.run(FIRST_DAY)
    return shop


@pytest.fixture
def three_nights(shop: Shop, shared: Shared) -> ThreeNights:
    """A copy of a shop in which k2 gets the mobile of k1, and then its own again. Its nights build people, stages and
    KPIs; merges and tags are those of the fixture `nights`. With EVERY_SUITE they build every family.

    The suites of a merge ran in the second, and every suite in the third, whichever test asks first. Suites enter no
    table that a manifest lists.
    """
    made, ids, aliases = shared.once("three_nights", _run_three_nights)
    return made.copy_to(shop.root), ids, aliases


def _run_three_nights(root: Path) -> ThreeNights:
    ids: list[dict[str, str]] = []
    aliases: list[set[tuple[Any, ...]]] = []
    shop = Shop(root, families=FAMILIES if "EVERY_SUITE" in os.environ else ("identity", "journey", "kpi"))
    suites = iter([only_suites(*FEW_SUITES), only_suites(*or_every(*SUITES_OF_A_MERGE)), layer_files])
    for day, mobile in (("2026-06-01", "13900000002"), ("2026-06-02", "13900000001"), ("2026-06-03", "13900000002")):
        lines = [f"{key},王,{number},{day} 10:00:00\n" for key, number in (("k1", "13900000001"), ("k2", mobile))]
        name = f"exports/shop/contacts_{day.replace('-', '')}.csv"
        shop.write(name, "contact_id,name,mobile,updated_at\n" + "".join(lines))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("siyu.check.suites.layer_files", next(suites))
            shop.run(day)
        ids.append(shop.ids())
        aliases.append(shop.aliases())
    return shop, ids, aliases


@pytest.fixture(scope="session")
def nights(shared: Shared) -> TagNights:
    """Nights of tags and segments. Tests read them."""
    return shared.once("tag_nights", run_nights)


@pytest.fixture
def copied(nights: TagNights, tmp_path: Path) -> TagNights:
    """The same, to be written to."""
    return nights.copy_to(tmp_path / "copy")


@pytest.fixture(scope="session")
def changed(shared: Shared, nights: TagNights) -> TagNights:
    """The last of these nights again, with changed rules of a layer."""
    return shared.once("changed_rules", lambda root: changed_rules(nights, root))


def shuffle_exports(exports: Path, chance: random.Random) -> None:
    """Every channel: rows in another order and in other files, but for a date in a file's name, which says of when its
    rows are; workbooks stay as they are."""
    by_export: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path in sorted(exports.glob("*/*")):
        if path.parent.name not in ("reference", "truth") and path.suffix != ".xlsx":
            by_export[path.parent, _dated_name(path)].append(path)
    for (folder, name), paths in by_export.items():
        SHUFFLES[paths[0].suffix](folder / name, paths, chance)


def _dated_name(path: Path) -> str:
    """contacts_20260302_000.json -> contacts_20260302; orders_2026-01.csv -> orders"""
    dated = re.match(r".*_\d{8}(?=_|$)", path.stem)
    return dated[0] if dated else re.sub(r"_\d{4}-\d{2}(_again)?$", "", path.stem)


def _shuffle_csv(target: Path, paths: list[Path], chance: random.Random) -> None:
    _write_lines(target, ".csv", *_lines(paths, has_header=True), chance)


def _shuffle_jsonl(target: Path, paths: list[Path], chance: random.Random) -> None:
    _write_lines(target, ".jsonl", *_lines(paths, has_header=False), chance)


def _lines(paths: list[Path], *, has_header: bool) -> tuple[list[bytes], list[bytes]]:
    """As bytes, since one system writes gb18030."""
    files = [path.read_bytes().splitlines(keepends=True) for path in paths]
    for path in paths:
        path.unlink()
    header = files[0][:1] if has_header else []
    assert all(lines[:1] == header or not has_header for lines in files)
    return header, [line for lines in files for line in lines[len(header) :]]


def _write_lines(target: Path, suffix: str, header: list[bytes], lines: list[bytes], chance: random.Random) -> None:
    for name, part in _parts(lines, chance):
        target.with_name(f"{target.name}_{name}{suffix}").write_bytes(b"".join([*header, *part]))


def _parts(rows: list[Any], chance: random.Random) -> list[tuple[str, list[Any]]]:
    """Shuffled, in up to three parts, none of them empty."""
    chance.shuffle(rows)
    third = len(rows) // 3 + 1
    parts = [("z", rows[:third]), ("a", rows[third : 2 * third]), ("m", rows[2 * third :])]
    return [(name, part) for name, part in parts if part]


def _shuffle_json(target: Path, paths: list[Path], chance: random.Random) -> None:
    """Documents with one array, or lists of answers; the members of a group are an array in an answer."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    for path in paths:
        path.unlink()
    if isinstance(documents[0], list):
        answers = [answer for document in documents for answer in document]
        for answer in answers:
            chance.shuffle(answer.get("group_chat", {}).get("member_list", []))
            chance.shuffle(answer.get("follow_user", []))
        made: list[tuple[str, Any]] = list(_parts(answers, chance))
    else:
        array = next(name for name, value in documents[0].items() if isinstance(value, list))
        elements = [element for document in documents for element in document[array]]
        made = [(name, {**documents[0], array: part}) for name, part in _parts(elements, chance)]
    for name, document in made:
        text = json.dumps(document, ensure_ascii=False)
        target.with_name(f"{target.name}_{name}.json").write_text(text, encoding="utf-8")


def _shuffle_parquet(target: Path, paths: list[Path], _chance: random.Random) -> None:
    """Two files, rows in the order of a hash; what came twice comes twice."""
    files = [str(path) for path in paths]
    with duckdb.connect() as con:
        con.execute("create table t as select * from read_parquet(?)", [files])
        for path in paths:
            path.unlink()
        for part in (0, 1):
            file = target.with_name(f"{target.name}_{1 - part}.parquet")
            con.execute(
                f"copy (select t.* from t where hash(t) % 2 = {part} order by hash(t)) to '{file}' (format parquet)"
            )


SHUFFLES: dict[str, Callable[[Path, list[Path], random.Random], None]] = {
    ".csv": _shuffle_csv, ".jsonl": _shuffle_jsonl, ".json": _shuffle_json, ".parquet": _shuffle_parquet,
}  # fmt: skip
