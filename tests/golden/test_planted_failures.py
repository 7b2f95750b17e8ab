"""A failure planted in each layer of a night: its status, its exit code, one message, and the release before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.release.releases import current
from siyu.report.status import read_status
from siyu.report.summary import TargetLine
from tests.golden.shop import FAILING, Shop
from tests.receiver import ADDRESS, Robot, robot

pytestmark = [pytest.mark.after_first_night, pytest.mark.xdist_group("planted")]


@pytest.fixture
def listener() -> Iterator[Robot]:
    with robot() as found:
        yield found


@dataclass
class Ended:
    """How a run of the command ended."""

    code: int
    output: str
    status: dict[str, Any]
    messages: list[str]


def _run(shop: Shop, robot: Robot, patch: pytest.MonkeyPatch, day: str, **more: str) -> Ended:
    """Run a night by the command, with a robot that listens, and see what `siyu status` says after it."""
    for name, value in {
        "SIYU_WAREHOUSE": str(shop.root / "warehouse"), "SIYU_LAYERS": str(shop.root / "layer"),
        "SIYU_EXPORTS": str(shop.root / "exports"), "SIYU_CHANNELS": "shop", "SIYU_FAMILIES": ",".join(shop.families),
        "SIYU_NOTIFY": ADDRESS, "SIYU_NOTIFY_LANGUAGE": "en", **more,
    }.items():  # fmt: skip
        patch.setenv(name, value)
    patch.chdir(shop.root)
    before = len(robot.got)
    result = CliRunner().invoke(app, ["run", "--as-of", day])
    shown = CliRunner().invoke(app, ["status"])
    assert shown.exit_code == 0, shown.output
    status = read_status(shop.root / "warehouse")
    assert status is not None
    return Ended(result.exit_code, shown.stdout, status, robot.texts[before:])


def test_a_failed_check_sends_one_message(
    shop: Shop, listener: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = current(shop.root / "warehouse")
    shop.write("layer/expectations/identity/person.yml", FAILING)
    ended = _run(shop, listener, monkeypatch, "2026-06-02")
    assert ended.code == 1
    print(ended.messages[0]); print(ended.output)
    assert len(ended.messages) == 1
