"""A shop of one channel: the smallest world that a night can run on."""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.check import suites
from siyu.compile.compiler import compile_project
from siyu.compile.graph import upstream
from siyu.compile.project import Project
from siyu.layers import LayerFile, base_layer, layer_files
from siyu.night.request import Request
from siyu.night.run import run_night
from siyu.report.summary import Report
from siyu.seeds.references import Reference
from siyu.settings import Settings, load_settings

SALT = "shop, long enough to be one"
FIRST_DAY = "2026-06-01"
# Suites of three stages of a night. A test that needs others says so.
FEW_SUITES = ("records/deal", "identity/person", "kpi/kpi_value")
# The families of most tests: a night takes all of its steps with one. A test that looks at KPIs or tags says so.
FEW_FAMILIES = ("identity",)
# What a night must build for tests of what lands and of rows. See Shop.only.
RECORDS = ("records.contact", "records.deal")
CONTRACT = """
channel: shop
title: 小店 Shop
domain: private
owner: tests
freshness_hours: 30
exports:
  contacts:
    files: "contacts*.csv"
    format: csv
    file_date: "contacts_(\\\\d{8})"
    key: [contact_id]
    version: updated_at
    max_reject_rate: 0.5
    columns:
      contact_id: {type: text, required: true}
      name:       {type: text, pii: direct}
      mobile:     {type: text, pii: direct}
      updated_at: {type: timestamp, required: true}
  sales:
    files: "sales*.csv"
    format: csv
    key: [sale_id]
    version: updated_at
    columns:
      sale_id:    {type: text, required: true}
      contact_id: {type: text}
      amount:     {type: "decimal(18,2)", required: true}
      sold_at:    {type: timestamp, required: true}
      updated_at: {type: timestamp, required: true}
"""
CONTACT = """/*
description: Contacts of the shop.
grain: [record_id]
*/
select
    'shop' as channel,
    'contacts:' || contact_id as record_id,
    _landed_seq as landed_seq,
    contact_id as crm_contact_id,
    {{ normal_mobile('mobile') }} as mobile,
    updated_at as observed_at,
    name as full_name
from {{ source('shop', 'contacts') }}
"""
DEAL = """/*
description: Sales of the shop.
grain: [record_id]
*/
select
    'shop' as channel,
    'sales:' || sale_id as record_id,
    _landed_seq as landed_seq,
    contact_id as crm_contact_id,
    sale_id as deal_id,
    1 as line_no,
    'order' as kind,
    sold_at as occurred_at,
    'paid' as status,
    amount
from {{ source('shop', 'sales') }}
"""
FAILING = """table: identity.person
expectations:
  - type: expect_column_values_to_be_in_set
    kwargs: {column: full_name, value_set: [nobody]}
    severity: critical
    meta: {why: To see it fail., runbook: docs/on-call.md#one-id}
  - type: expect_column_values_to_be_in_set
    kwargs: {column: mobile, value_set: [nothing]}
    severity: critical
  - type: expect_column_values_to_be_in_set
    kwargs: {column: first_channel, value_set: [nowhere]}
    severity: warning
"""


FindFiles = Callable[[tuple[Path, ...], str, str], list[LayerFile]]


def only_suites(*names: str) -> FindFiles:
    """Return a layer_files() that finds these suites of the base layer alone, and every suite of other layers.

    A suite takes about as long as a model, and there are a hundred. `*` in a name stands for any text.
    """

    def found(roots: tuple[Path, ...], folder: str, pattern: str) -> list[LayerFile]:
        files = layer_files(roots, folder, pattern)
        if folder != "expectations":
            return files
        base = base_layer()
        return [
            file
            for file in files
            if any(fnmatch.fnmatch(file.name, f"expectations/{name}.yml") for name in names)
            or not file.path.is_relative_to(base)
        ]

    return found


def or_every(*names: str) -> tuple[str, ...]:
    """Return these names of suites, or at full size the name of all."""
    return ("*",) if "EVERY_SUITE" in os.environ else names


def _suites_of(tables: tuple[str, ...], files: FindFiles) -> FindFiles:
    """Return a layer_files() that leaves out suites of models that are not among these tables."""

    def found(roots: tuple[Path, ...], folder: str, pattern: str) -> list[LayerFile]:
        listed = [f"expectations/{table.replace('.', '/')}.yml" for table in tables]
        return [
            file
            for file in files(roots, folder, pattern)
            if folder != "expectations" or file.name in listed or file.name.startswith("expectations/ops/")
        ]

    return found


def only_models(*tables: str) -> Callable[[Settings, dict[str, Reference]], Project]:
    """Return a compile_project() that leaves out the models that none of these tables depends on."""

    def compiled(settings: Settings, references: dict[str, Reference]) -> Project:
        project = compile_project(settings, references)
        needed = upstream(project.graph, tables)
        project.models = {name: model for name, model in project.models.items() if name in needed}
        return project

    return compiled


class Shop:
    """One channel, one layer, one warehouse, in a folder of its own."""

    # Where it names tables, a night leaves out models that none of them depends on, and suites of models not named.
    only: tuple[str, ...] = ()

    def __init__(self, root: Path, *, is_new: bool = True, families: tuple[str, ...] = FEW_FAMILIES) -> None:
        self.root = root
        self.families = families
        if is_new:
            self._write_first_files()

    def _write_first_files(self) -> None:
        self.write("layer/seeds/channels/shop.yml", CONTRACT)
        self.write("layer/models/staging/shop__contact.sql", CONTACT)
        self.write("layer/models/staging/shop__deal.sql", DEAL)
        self.write(
            "exports/shop/contacts_20260601.csv",
            "contact_id,name,mobile,updated_at\nk1,王一,13900000001,2026-06-01 10:00:00\n",
        )
        self.write(
            "exports/shop/sales_1.csv",
            "sale_id,contact_id,amount,sold_at,updated_at\ns1,k1,100.10,2026-06-01 11:00:00,2026-06-01 11:00:00\n",
        )

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def copy_to(self, root: Path) -> Shop:
        """Return the same shop in an empty folder. What a warehouse holds names no path outside it."""
        shutil.copytree(self.root, root, symlinks=True, dirs_exist_ok=True)
        return Shop(root, is_new=False, families=self.families)

    def settings(self, channels: tuple[str, ...] = ("shop",)) -> Settings:
        return load_settings(
            self.root,
            warehouse=self.root / "warehouse",
            layers=(self.root / "layer",),
            exports=self.root / "exports",
            channels=channels,
            families=self.families,
        )

    def run(
        self, day: str, channels: tuple[str, ...] = ("shop",), only: tuple[str, ...] = (), **options: object
    ) -> Report:
        """Run a night that builds `channels` and lands `only` these, or all."""
        request = Request(as_of=date.fromisoformat(day), channels=only, **options)  # type: ignore[arg-type]
        with self.building_only():
            return run_night(self.settings(channels), request)

    @contextmanager
    def building_only(self) -> Iterator[None]:
        """Nights inside build what `only` names."""
        with pytest.MonkeyPatch.context() as patch:
            if self.only:
                patch.setattr("siyu.night.opening.compile_project", only_models(*self.only))
                patch.setattr(suites, "layer_files", _suites_of(self.only, suites.layer_files))
            yield

    def deliver(self, day: str) -> None:
        """Write exports of a day: a new contact who buys, and the first contact with another mobile."""
        compact = day.replace("-", "")
        contacts = [f"k{compact},王{compact},138{compact},{day} 10:00:00", f"k1,王一,137{compact},{day} 10:00:00"]
        header = "contact_id,name,mobile,updated_at"
        self.write(f"exports/shop/contacts_{compact}.csv", "\n".join([header, *contacts, ""]))
        self.write(
            f"exports/shop/sales_{compact}.csv",
            "sale_id,contact_id,amount,sold_at,updated_at\n"
            f"s{compact},k{compact},{compact[-2:]}.10,{day} 11:00:00,{day} 11:00:00\n",
        )

    def rows(self, sql: str, file: str = "siyu_restricted.duckdb") -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.root / "warehouse" / "current" / file), read_only=True) as con:
            return con.execute(sql).fetchall()

    def value(self, sql: str) -> object:
        return self.rows(sql, "siyu.duckdb")[0][0]

    def ids(self) -> dict[str, str]:
        """The OneID of each identifier."""
        return dict(self.rows("select id_value, one_id from identity.one_id"))

    def aliases(self) -> set[tuple[Any, ...]]:
        sql = "select former_one_id, one_id, reason, is_primary from identity.one_id_alias"
        return set(self.rows(sql, "siyu.duckdb"))

    def sales(self) -> str:
        """The sum of all deals, whichever KPIs are built."""
        return str(self.value("select sum(amount) from records.deal"))

    def revenue(self) -> str:
        return str(
            self.value(
                "select sum(numerator) from kpi.kpi_value where kpi_code = 'net_revenue' and dimension = 'total'"
            )
        )


# A shop after three nights, with the OneIDs and the aliases of each night.
ThreeNights = tuple[Shop, list[dict[str, str]], list[set[tuple[Any, ...]]]]
