"""Landings, and identity built over them: what tests of many people need of a night."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from siyu.build.database import open_engine
from siyu.dev.selection import build_selected
from siyu.engines.sql import quoted
from siyu.landing.channel import commit_landing, land_channel
from siyu.landing.file import Landing
from siyu.night.request import default_as_of, references_in_force
from siyu.seeds.channels import enabled_channels, load_channels
from siyu.settings import Settings, load_settings
from siyu.warehouse.ledger import Ledger


@dataclass(frozen=True)
class Built:
    """A warehouse whose identity was built."""

    settings: Settings

    def connect(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect()
        con.execute(f"attach {quoted(self.settings.warehouse / 'build' / 'build.duckdb')} as built (read_only)")
        con.execute("use built")
        return con


def settings_of(root: Path, exports: Path) -> Settings:
    """A warehouse of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "identity, long enough to be one")
        return load_settings(root, warehouse=root / "warehouse", exports=exports)


def land(settings: Settings) -> None:
    """One landing of all channels, as a night makes it, but for the models: compiling them would take longer."""
    warehouse = settings.warehouse
    scratch = warehouse / "landing"
    scratch.mkdir(parents=True, exist_ok=True)
    day = default_as_of(settings)
    ledger = Ledger(warehouse / "ledger.sqlite")
    engine = open_engine(settings, day, scratch, in_memory=True)
    session = engine.session()
    number, landed = ledger.next_landing(day)
    landing = Landing(number, landed, warehouse, scratch, {file.identity: file for file in ledger.files()})
    channels = enabled_channels(settings, load_channels(settings)).values()
    results = [land_channel(session, c, c.source_folder(settings.exports_root), landing) for c in channels]
    commit_landing(ledger, landing, results, references_in_force(settings, ledger, warehouse, None))
    session.close()
    engine.close()
    ledger.close()


def build(settings: Settings, *more: str) -> Built:
    """Every model of identity, and more that are selected, over what has landed."""
    build_selected(settings, ["+identity.*", *more], None, lambda event: None)
    return Built(settings)
