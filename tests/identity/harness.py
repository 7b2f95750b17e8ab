"""Records into the real compiled models, on DuckDB in memory, and what comes out."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from pathlib import Path
from typing import Any

from siyu.build.database import prepare, write_previous, write_sources
from siyu.build.materialization import build_model
from siyu.compile.graph import upstream
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.engines.base import RunInputs, Session
from siyu.engines.duckdb import DuckEngine
from siyu.layers import base_layer
from tests.identity.reference import Identifier, Record, Rule, Type

KEY = "test"
# A channel whose rows carry whatever identifiers there are, as contacts and as touches.
CHANNEL = "anything"
MOMENTS = {"contact": "observed_at", "touch": "occurred_at"}
COMPANY_TYPES = ("credit_code", "crm_account_id", "email_domain", "company_name")
# What the tests look at; all they read is built, and nothing else.
LOOKED_AT = (
    "identity.identity_audit", "identity.identity_rule", "identity.identifier", "identity.company_name",
    "identity.record_owner", "identity.record_company",
)  # fmt: skip
OF_COMPANIES = ("identity.account_id", "identity.short_name")
RULE_TEXTS = ("decision", "left_id", "right_id", "decided_by", "reason")


def _rows(table: str = "identifier_types") -> list[dict[str, str]]:
    path = base_layer() / "seeds" / "reference" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def words_for_nothing() -> set[str]:
    """The placeholders, which do not identify a person."""
    return {row["word"] for row in _rows("placeholder_words") if row["scope"] in ("any", "identifier")}


def _limits(max_neighbours: int | None) -> list[dict[str, str]]:
    return [{**row, "max_count": str(max_neighbours or row["max_count"])} for row in _rows("neighbour_limits")]


def identifier_types(max_neighbours: int | None = None) -> dict[str, Type]:
    """The types of a person, from the table itself; the number of neighbours may be another for all."""
    return {
        row["id_type"]: Type(
            int(row["strength"]),
            row["is_unique"] == "true",
            max_neighbours or int(row["max_neighbours"]),
            row["counts_to_size"] == "true",
            row["valid_regex"],
            {r["neighbour"]: int(r["max_count"]) for r in _limits(max_neighbours) if r["id_type"] == row["id_type"]},
        )
        for row in _rows()
        if row["entity"] == "person"
    }


def write_layer(layer: Path, max_size: int, max_neighbours: int | None = None) -> None:
    """The channel, as a layer; and the two numbers that decide what is too much for a person."""
    rows = [{**row, "max_neighbours": str(max_neighbours or row["max_neighbours"])} for row in _rows()]
    for name, cells in (("identifier_types", rows), ("neighbour_limits", _limits(max_neighbours))):
        table = io.StringIO()
        writer = csv.DictWriter(table, cells[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(cells)
        _write(layer / "seeds" / "reference" / f"{name}.csv", table.getvalue())
    columns = "\n".join(f"      {name}: {{type: text}}" for name in identifier_types())
    contract = (
        f"channel: {CHANNEL}\ntitle: 任意 Anything\ndomain: private\nowner: tests\nfreshness_hours: 24\nexports:\n"
        "  rows:\n    files: '*.csv'\n    format: csv\n    key: [id]\n    columns:\n"
        "      id: {type: text, required: true}\n"
        f"      happened_at: {{type: timestamp}}\n{columns}\n"
        "  rules:\n    files: '*.rules'\n    format: csv\n    key: [id]\n    columns:\n"
        "      id: {type: text, required: true}\n      decided_at: {type: timestamp}\n"
        + "".join(f"      {name}: {{type: text}}\n" for name in RULE_TEXTS)
        + "  companies:\n    files: '*.companies'\n    format: csv\n    key: [id]\n    columns:\n"
        "      id: {type: text, required: true}\n      happened_at: {type: timestamp}\n"
        + "".join(f"      {name}: {{type: text}}\n" for name in COMPANY_TYPES)
    )
    _write(layer / "seeds" / "channels" / f"{CHANNEL}.yml", contract)
    _write(layer / "seeds" / "vars.yml", f"max_identifiers_per_person: {max_size}\n")
    for shape, moment in MOMENTS.items():
        listed = ",\n    ".join(identifier_types())
        _write(
            layer / "models" / "staging" / f"{CHANNEL}__{shape}.sql",
            f"/*\ndescription: Rows.\ngrain: [record_id]\n*/\nselect\n    '{CHANNEL}' as channel,\n"
            f"    id as record_id,\n    _landed_seq as landed_seq,\n    {listed},\n    happened_at as {moment}\n"
            f"from {{{{ source('{CHANNEL}', 'rows') }}}}\n",
        )

    _write(
        layer / "models" / "staging" / f"{CHANNEL}__company.sql",
        f"/*\ndescription: Companies.\ngrain: [record_id]\n*/\nselect\n    '{CHANNEL}' as channel,\n"
        f"    id as record_id,\n    _landed_seq as landed_seq,\n    {', '.join(COMPANY_TYPES)},\n"
        f"    happened_at as observed_at\nfrom {{{{ source('{CHANNEL}', 'companies') }}}}\n",
    )
    _write(
        layer / "models" / "staging" / f"{CHANNEL}__rule.sql",
        f"/*\ndescription: Rules.\ngrain: [record_id]\n*/\nselect\n    '{CHANNEL}' as channel,\n"
        f"    id as record_id,\n    _landed_seq as landed_seq,\n    decided_at,\n    {', '.join(RULE_TEXTS)}\n"
        f"from {{{{ source('{CHANNEL}', 'rules') }}}}\n",
    )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _text(identifier: Identifier | None) -> str | None:
    return ":".join(identifier) if identifier else None


class Models:
    """An engine with every staging relation empty but one; build as often as you like."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.engine = DuckEngine(None, RunInputs("2026-06-30", "Asia/Shanghai", KEY))
        prepare(self.engine, project)
        later = [name for name in project.models if not name.startswith("staging.")]
        write_sources(self.engine, project, [], Path(), later)
        self.session: Session = self.engine.session()
        for name in project.models:
            if name.startswith("staging."):
                self._empty(name)
        write_previous(self.engine, project, {})
        needed = upstream(project.graph, LOOKED_AT)
        self.names = [name for name in project.models if name in needed and not name.startswith("staging.")]
        self.of_companies = {name for name in self.names if "company" in name or name in OF_COMPANIES}
        self._had_companies = True
        self._reads = {name: upstream(project.graph, [name]) for name in self.names}
        # What the last build read, by table: models that read nothing else are as they were. Others stay
        # stale until a build asks for them.
        self._staged: dict[str, list[tuple[Any, ...]]] = {}
        self._changed: set[str] = set()
        self._stale = set(self.names)

    def close(self) -> None:
        self.session.close()
        self.engine.close()

    def _empty(self, name: str) -> None:
        self._create(relation(name), {c.name: c.type for c in self.project.binder.columns(relation(name))})

    def _create(self, name: str, columns: dict[str, str]) -> None:
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        self.session.execute(f"create or replace table {name} ({listed})")

    def build(
        self, records: list[Record], rules: list[Rule] | None = None, companies: list[Record] | None = None
    ) -> None:
        """Identity of these records, decisions and records of companies, and nothing else."""
        self._changed = set()
        self._decide(rules or [])
        self._found(companies or [])
        has_companies = companies is not None or self._had_companies
        self._had_companies = companies is not None
        names = list(identifier_types())
        rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
        numbers = {name: number for number, name in enumerate(sorted(record.record_id for record in records))}
        for record in records:
            shape = list(MOMENTS)[numbers[record.record_id] % len(MOMENTS)]
            where = f"staging.{CHANNEL}__{shape}" + ("" if record.is_current else "__superseded")
            values = [record.identifiers.get(name) for name in names]
            rows[where].append((CHANNEL, record.record_id, record.landed_seq, record.seen_at, *values))
        for shape, moment in MOMENTS.items():
            columns = ["channel", "record_id", "landed_seq", moment, *names]
            for name in (f"staging.{CHANNEL}__{shape}", f"staging.{CHANNEL}__{shape}__superseded"):
                self._stage(name, columns, rows[name])
        for name in self.names:
            if self._reads[name] & self._changed:
                self._stale.add(name)
            if name in self._stale and (has_companies or name not in self.of_companies):
                build_model(self.engine, self.project, name)
                self._stale.remove(name)

    def _found(self, companies: list[Record]) -> None:
        rows = [
            (CHANNEL, one.record_id, one.landed_seq, one.seen_at, *(one.identifiers.get(n) for n in COMPANY_TYPES))
            for one in companies
        ]
        columns = ["channel", "record_id", "landed_seq", "observed_at", *COMPANY_TYPES]
        self._stage(f"staging.{CHANNEL}__company", columns, rows)

    def accounts(self) -> dict[str, str | None]:
        """record -> account, of records that name one."""
        return dict(
            self.session.rows(
                "select c.record_id, a.account_id from identity.record_company as c"
                " join identity.account_id as a on c.account_key = a.node"
            )
        )

    def _decide(self, rules: list[Rule]) -> None:
        rows = [
            (CHANNEL, f"d{n}", 1, rule.decided_at, rule.decision, _text(rule.left), _text(rule.right), "wang", "so")
            for n, rule in enumerate(rules)
        ]
        self._stage(f"staging.{CHANNEL}__rule", ["channel", "record_id", "landed_seq", "decided_at", *RULE_TEXTS], rows)

    def _stage(self, name: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        """Write a table, unless it has these rows in this order."""
        if self._staged.get(name) == rows:
            return
        self._staged[name] = rows
        self._changed.add(name)
        self._empty(name)
        if rows:
            one = "(" + ", ".join("?" for _ in columns) + ")"
            self.session.execute(
                f"insert into {name} ({', '.join(columns)}) values {', '.join(one for _ in rows)}",
                [value for row in rows for value in row],
            )

    def status(self) -> dict[Identifier, str]:
        rows = self.session.rows("select id_type, id_value, status from identity.identifier where entity = 'person'")
        return {(kind, value): status for kind, value, status in rows}

    def one_ids(self) -> dict[Identifier, str]:
        rows = self.session.rows("select id_type, id_value, one_id from identity.one_id")
        return {(kind, value): one_id for kind, value, one_id in rows}

    def contested(self) -> set[Identifier]:
        return {
            (a, b) for a, b in self.session.rows("select id_type, id_value from identity.one_id where is_contested")
        }

    def edges(self) -> dict[frozenset[Identifier], str | None]:
        """Edge -> why it was cut; None = kept."""
        rows = self.session.rows(
            "select a.id_type, a.id_value, b.id_type, b.id_value, e.is_kept, e.cut_reason from identity.edge as e"
            " join identity.person_identifier as a on e.node = a.node"
            " join identity.person_identifier as b on e.lesser_node = b.node"
        )
        assert all(is_kept == (reason is None) for *_, is_kept, reason in rows)
        return {frozenset([(a, b), (c, d)]): reason for a, b, c, d, _, reason in rows}

    def owners(self) -> dict[str, str | None]:
        return dict(
            self.session.rows(
                "select r.record_id, p.one_id from identity.record_owner as r"
                " left join identity.one_id as p on r.person_key = p.node"
            )
        )

    def audit(self) -> set[tuple[str, str, str]]:
        """(reason, type, value)"""
        return set(self.session.rows("select reason, id_type, id_value from identity.identity_audit"))
