"""`siyu link --file` writes a pair again only if no line in force says so, in whatever spelling."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.settings import Settings
from tests.identity.candidate_world import make_world
from tests.shared import Shared

HEADER = "decision,left_id,right_id,decided_at,decided_by,reason"
LINKED = "link,mobile:139 0000 0001,crm_contact_id:K3,2026-06-30 08:00:00,li,so"
BY_SIYU = "link,mobile:+8613900000001,crm_contact_id:K3,2026-06-30 08:00:00,li,so"
PARTED = "unlink,crm_contact_id:K3,mobile:+8613900000001,2026-06-30 09:00:00,li,no"
EXCLUDED = "exclude,mobile:139-0000-0001,,2026-06-30 09:00:00,li,a front desk"
LINKED_AGAIN = "link,crm_contact_id:K3,mobile:13900000001,2026-06-30 10:00:00,li,so"


@pytest.fixture
def world(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A copy of the world of candidates."""
    made = shared.once("candidate_world", make_world)
    for folder in (made.warehouse, made.exports):
        shutil.copytree(str(folder), tmp_path / Path(str(folder)).name, symlinks=True)
    monkeypatch.setenv("SIYU_WAREHOUSE", str(tmp_path / "warehouse"))
    monkeypatch.setenv("SIYU_EXPORTS", str(tmp_path / "exports"))
    monkeypatch.chdir(tmp_path)
    return made.model_copy(update={"warehouse": tmp_path / "warehouse", "exports": tmp_path / "exports"})


@pytest.mark.parametrize(
    ("before", "is_written"),
    [
        ([], True),
        ([LINKED], False),
        ([PARTED], True),
        ([LINKED, PARTED], True),
        ([BY_SIYU, PARTED], True),
        ([LINKED, EXCLUDED], True),
        ([BY_SIYU, EXCLUDED], True),
        ([LINKED, EXCLUDED, LINKED_AGAIN], False),
        ([LINKED, PARTED, LINKED_AGAIN], False),
    ],
)
def test_only_a_link_in_force_is_not_written_again(world: Settings, before: list[str], is_written: bool) -> None:
    assert world.exports is not None
    rules, pairs = world.exports / "reference" / "identity_rules.csv", Path("pairs.csv")
    rules.parent.mkdir(exist_ok=True)
    rules.write_text("\n".join([HEADER, *before, ""]), encoding="utf-8")
    pairs.write_text("left,right\nmobile:13900000001,crm_contact_id:K3\n", encoding="utf-8")
    result = CliRunner().invoke(app, ["link", "--file", "pairs.csv", "--why", "same", "--by", "wang"])
    assert result.exit_code == 0, result.output
    with rules.open(encoding="utf-8", newline="") as file:
        added = list(csv.DictReader(file))[len(before) :]
    ends = [(row["decision"], row["left_id"], row["right_id"]) for row in added]
    assert ends == ([("link", "mobile:+8613900000001", "crm_contact_id:K3")] if is_written else [])
    assert ("1 already decided so" in " ".join(result.output.split())) is not is_written
