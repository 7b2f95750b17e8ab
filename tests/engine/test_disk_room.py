"""Amounts in settings, what a night needs of the disk, and the errors when disk or spill are too small."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from siyu.build.database import open_engine
from siyu.engines.amounts import in_bytes, part, told
from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.errors import ConfigError, EngineFault, StatementFault, exit_code, runbook
from siyu.night import disk_room
from siyu.night.disk_room import Room, Sizes, is_one_disk, require_room, room
from siyu.release.releases import MANIFEST, Release
from siyu.settings import FAMILIES, Settings, load_settings
from siyu.warehouse.ledger import LandedFile

MB = 1_000_000


def _file(path: Path, size: int, rows: int) -> LandedFile:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)
    return LandedFile(
        1, "crm", "contacts", path.name, None, "i", "s", "c", rows, rows, 0, "landed", None,
        path.relative_to(path.parents[1]).as_posix(), None, "",
    )  # fmt: skip


def _release(folder: Path, size: int, families: tuple[str, ...] = FAMILIES) -> Release:
    folder.mkdir(parents=True)
    with (folder / "siyu.duckdb").open("wb") as file:
        file.truncate(size)
    (folder / MANIFEST).write_text("{}", encoding="utf-8")
    manifest = {"families": list(families), "tables": {"records.touch": {}}}
    return Release(folder, date(2026, 6, 30), 1, manifest)


def _with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(disk_room.shutil, "disk_usage", lambda path: type("Usage", (), {"free": free}))


@pytest.mark.parametrize(
    ("amount", "size"),
    [("50%", 500), ("8GB", 8_000_000_000), ("1.5 GiB", 1_610_612_736), ("512mb", 512_000_000), ("2KB", 2000)],
)
def test_amounts_in_bytes(amount: str, size: int) -> None:
    assert in_bytes(amount, 1000) == size


def test_parts_of_an_amount_are_what_duckdb_understands() -> None:
    assert in_bytes(part("55%", 4), 1000) == 137
    assert in_bytes(part("1.5 GiB", 4), 0) == 402_653_184
    DuckEngine(None, ANY_INPUTS, memory_limit=part("55%", 4)).close()


def test_sizes_for_people() -> None:
    assert [told(size) for size in (999, 1234, 56 * MB, 1_234_567_890_123)] == [
        "999 bytes", "1.2 KB", "56 MB", "1,235 GB",
    ]  # fmt: skip


@pytest.mark.parametrize("amount", ["much", "0GB", "120%"])
def test_a_wrong_spill_limit_is_told_where_it_is_set(tmp_path: Path, amount: str) -> None:
    (tmp_path / "siyu.toml").write_text(f'spill_limit = "{amount}"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="is not an amount") as error:
        load_settings(tmp_path)
    assert error.value.where == f"{tmp_path / 'siyu.toml'}, spill_limit"


def test_little_data_always_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first night of a small shop, on a small disk."""
    files = [_file(tmp_path / "landed" / "f.parquet", 400_000, 5_000)]
    _with_free(monkeypatch, 200 * MB)
    found = room(files, tmp_path, Settings(), None)
    assert require_room(found, tmp_path, is_forced=False) == ""
    assert found.spill == 0 and found.least == 5_000 * (250 + 100)
    assert room(files, tmp_path, Settings(families=("identity",)), None).least == 5_000 * (150 + 20)
    _with_free(monkeypatch, 50 * MB)
    warning = require_room(room(files, tmp_path, Settings(), None), tmp_path, is_forced=False)
    assert warning.startswith("the disk may be too small for this night: it needs about 134 MB")


def test_a_first_night_that_cannot_fit_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [_file(tmp_path / "landed" / "f.parquet", 4_000 * MB, 110_000_000)]
    settings = Settings(memory_limit="6GB")
    _with_free(monkeypatch, 20_000 * MB)
    with pytest.raises(EngineFault, match="the disk cannot hold this night: it needs about 199 GB") as error:
        require_room(room(files, tmp_path, settings, None), tmp_path, is_forced=False)
    assert "92 GB for the build, 55 GB for its spill, 52 GB for the release" in error.value.problem
    assert error.value.problem.endswith("20 GB are free") and error.value.where == str(tmp_path)
    assert "Nothing was built" in error.value.fix and runbook(error.value).endswith("#the-disk-is-full")
    assert exit_code(error.value) == 4
    told_once = require_room(room(files, tmp_path, settings, None), tmp_path, is_forced=True)
    assert told_once.startswith("the disk may be too small for this night: it needs about 199 GB")
    _with_free(monkeypatch, 198_000 * MB)
    assert require_room(room(files, tmp_path, settings, None), tmp_path, is_forced=False) == told_once.replace(
        "20 GB are", "198 GB are"
    )
    _with_free(monkeypatch, 200_000 * MB)
    assert require_room(room(files, tmp_path, settings, None), tmp_path, is_forced=False) == ""


def test_wide_rows_that_no_model_reads_stop_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large texts that are landed and not built from: the rows say that little will be written."""
    _with_free(monkeypatch, 20_000 * MB)
    found = room([_file(tmp_path / "landed" / "f.parquet", 50_000 * MB, 1_000_000)], tmp_path, Settings(), None)
    assert not found.is_too_little and found.is_tight


def test_the_last_night_says_what_the_next_one_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its build database is removed first, so it counts as free. With other families, it says nothing."""
    files = [_file(tmp_path / "landed" / "f.parquet", MB, 1_000)]
    _file(tmp_path / "build" / "build.duckdb", 1_000 * MB, 0)
    last = _release(tmp_path / "releases" / "2026-06-30-000001", 500 * MB)
    _with_free(monkeypatch, 100 * MB)
    found = room(files, tmp_path, Settings(memory_limit="8GB"), last)
    assert found.expected == Sizes(1_000 * MB, disk_room.size_of(last.path))
    assert found.free == 1_100 * MB and found.is_too_little
    _with_free(monkeypatch, 250 * MB)
    assert not room(files, tmp_path, Settings(), last).is_too_little
    assert room(files, tmp_path, Settings(memory_limit="500MB"), last).spill == 600 * MB
    _with_free(monkeypatch, 100 * MB)
    for changed in ({"families": ("identity",)}, {"publish_records": False}, {"publish_parquet": True}):
        assert not room(files, tmp_path, Settings().model_copy(update=changed), last).is_too_little


def test_a_build_folder_on_another_disk_is_seen(tmp_path: Path) -> None:
    assert is_one_disk(tmp_path)
    (tmp_path / "build").symlink_to("/proc")
    assert not is_one_disk(tmp_path)


def test_forcing_never_stops() -> None:
    assert require_room(Room(Sizes(9, 9), 0, 10, 1), Path("w"), is_forced=True)


def test_a_spill_that_reaches_its_limit_names_the_setting_and_the_folder(tmp_path: Path) -> None:
    """DuckDB 2.0 does not keep to a limit that it got when the database was opened."""
    settings = Settings(memory_limit="60MB", spill_limit="5MB", threads=1, warehouse=tmp_path)
    engine = open_engine(settings, date(2026, 6, 30), tmp_path / "build")
    try:
        with pytest.raises(StatementFault) as error:
            engine.session().execute(
                "create table big as select md5(i::varchar) as a, md5((i * 7)::varchar) as b from range(900000) as r(i)"
                " order by a"
            )
    finally:
        engine.close()
    assert error.value.problem == "DuckDB: the spill has reached its limit"
    spill = tmp_path / "build" / "spill"
    assert error.value.fix.startswith(f"raise SIYU_SPILL_LIMIT: {spill} may take 5.0 MB. With more SIYU_MEMORY_LIMIT")
    assert runbook(error.value).endswith("#the-disk-is-full") and exit_code(error.value) == 4
