"""The flow as `make run` starts it, on planted canaries: nothing personal in Prefect's home, its output or the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.deployed import checkout
from tests.e2e.test_flow import _make_run
from tests.golden.canaries import Canaries, canaries_in
from tests.golden.canary_files import write_world
from tests.golden.shop import Shop
from tests.golden.test_canaries import CHANNELS, leaks_of
from tests.shared import Shared

pytestmark = pytest.mark.e2e


def test_a_flow_that_fails_and_one_that_publishes_leave_no_identifier_in_the_open(
    tmp_path: Path, shared: Shared
) -> None:
    """The first night breaks a critical expectation. Then the file of deals comes again, without it.

    test_canaries.py looks at the tables of the other families.
    """
    shop, canaries = Shop(tmp_path), Canaries()
    shop.write("exports/exports.yml", "as_of: 2026-06-01\n")
    write_world(shop, canaries, is_stopped=True)
    chosen = {"SIYU_CHANNELS": ",".join(CHANNELS), "SIYU_FAMILIES": "identity"}
    bad = _make_run(shop, checkout(shared), **chosen)
    assert bad.returncode == 1, bad.stderr[-2000:]
    write_world(shop, canaries)
    good = _make_run(shop, checkout(shared), **chosen)
    assert good.returncode == 0, good.stderr[-2000:]
    assert (shop.root / "warehouse" / "prefect" / "prefect.db").is_file()
    assert leaks_of(shop.root / "warehouse", canaries) == []
    assert canaries_in(bad.stdout + bad.stderr + good.stdout + good.stderr) == set()
