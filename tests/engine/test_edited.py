"""Files of layers that are newer than the last release."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from siyu.night.edited import edited
from siyu.release.releases import MANIFEST, Release
from siyu.report.failures import after_an_edit, of_check
from tests.engine.test_message import CHECK


def test_only_files_of_layers_that_are_newer_than_the_release_are_named(tmp_path: Path) -> None:
    names = ["models/a.sql", "seeds/vars.yml", "seeds/reference/b.csv", "expectations/kpi/c.yml", "models/d.sql"]
    others = ["tests/models/a.yml", "models/notes.txt"]
    for moment, name in enumerate([*names, *others]):
        path = tmp_path / "layer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (moment, moment))
    released = tmp_path / "2026-06-30-000007"
    released.mkdir()
    release = Release(released, date(2026, 6, 30), 7, {})

    def since(moment: int) -> str:
        (released / MANIFEST).touch()
        os.utime(released / MANIFEST, (moment, moment))
        return edited([tmp_path / "layer"], release)

    assert since(4) == "" and edited([tmp_path / "layer"], None) == ""
    assert since(3) == "edited since 2026-06-30-000007: layer/models/d.sql"
    assert since(-1).endswith(
        ": layer/models/d.sql, layer/expectations/kpi/c.yml, layer/seeds/reference/b.csv and 2 more"
    )


def test_an_edit_is_the_first_suspect_of_a_check() -> None:
    failure = of_check(CHECK)
    assert after_an_edit(failure, "") == failure
    suspected = after_an_edit(failure, "edited since x: layer/models/a.sql")
    assert suspected.where == "edited since x: layer/models/a.sql" and suspected.fix.startswith(
        "if that edit is not meant"
    )
