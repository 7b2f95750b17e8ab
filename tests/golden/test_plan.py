"""Plans on a shop: what a change of the working copy does, against two whole nights, and what a plan leaves alone."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.ask.release_diff import diff_releases
from siyu.cli import app
from siyu.dev.plan import Plan, make_plan
from siyu.dev.plan_changes import ChangedModel
from siyu.dev.plan_inputs import scratch_folder
from siyu.errors import ChecksFailed, ConfigError, EngineFault, SiyuError, WarehouseBusy
from siyu.warehouse.lock import lock
from tests.golden.shop import DEAL, FAILING, FIRST_DAY, Shop

STAGES = "select one_id, stage from journey.person_stage"
EXTRA = """/*
description: More.
grain: [one_id]
*/
select one_id  -- The person.
from {{ ref('person_stage') }}
"""
# The public file masks the note. The restricted file has it as it is.
NOTED = """/*
description: Remarks.
grain: [one_id]
*/
select
    one_id,  -- The person.
    'call 13900000001' as note  -- A remark.
from {{ ref('person') }}
"""
CALLED = """/*
description: Whom to call.
grain: [one_id]
*/
select
    one_id,  -- The person.
    contains(note, '13900000001') as is_called  -- Whether the note has a number.
from {{ ref('noted') }}
"""
# Not content: `plan` is the scratch folder, `cache` what compilations found out.
SCRATCH = ("plan", "cache")

pytestmark = [pytest.mark.families("journey"), pytest.mark.xdist_group("plan")]


def _plan(shop: Shop, *select: str) -> Plan:
    return make_plan(shop.settings(), select, None, lambda event: None)


def _files(warehouse: Path) -> dict[str, str]:
    """Every file of a warehouse outside the scratch folders, and where its links lead to."""
    found = {}
    for path in sorted(warehouse.rglob("*")):
        name = path.relative_to(warehouse).as_posix()
        if name.split("/")[0] not in SCRATCH and (path.is_file() or path.is_symlink()):
            found[name] = str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _refused(shop: Shop, kind: type[SiyuError], text: str, work: Callable[[Shop], object] = _plan) -> SiyuError:
    """The error of a plan, which leaves the warehouse as it was."""
    before = _files(shop.root / "warehouse")
    with pytest.raises(kind, match=text) as caught:
        work(shop)
    assert _files(shop.root / "warehouse") == before
    return caught.value


@pytest.mark.after_first_night
def test_a_comment_is_no_change(shop: Shop) -> None:
    before = _files(shop.root / "warehouse")
    shop.write("layer/models/staging/shop__deal.sql", DEAL.replace("amount\n", "amount  -- What was paid. -- really\n"))
    found = _plan(shop)
    assert found.changes.is_nothing and found.diff.is_same
    assert (found.runs, found.suites, found.diff.notes) == ((), 0, ())
    assert _files(shop.root / "warehouse") == before
    assert [path.name for path in (shop.root / "warehouse" / "plan").iterdir()] == [".lock"]


@pytest.mark.after_first_night
def test_a_plan_says_what_two_nights_say(shop: Shop) -> None:
    """The sale was cancelled: nobody is won any more. Then the build database is gone, and the plan of a model that
    reads a text with a number in it reads that text from the restricted file."""
    before = _files(shop.root / "warehouse")
    shop.write("layer/models/journey/noted.sql", NOTED)
    called = shop.write("layer/models/journey/called.sql", CALLED)
    shop.write("layer/models/staging/shop__deal.sql", DEAL.replace("'paid'", "'cancelled'"))
    planned = _plan(shop)
    assert _files(shop.root / "warehouse") == before
    deal, *new = planned.changes.changed
    assert deal == ChangedModel("staging.shop__deal", "models/staging/shop__deal.sql", ("its file changed 文件已改",))
    assert [one.model for one in new] == ["journey.noted", "journey.called"]
    built = {run.model for run in planned.runs}
    assert {"staging.shop__deal", "records.deal", "journey.person_stage"} <= built and not planned.again
    assert not built & {"staging.shop__contact", "records.contact"}
    then = dict(shop.rows(STAGES, "siyu.duckdb"))
    shop.run(FIRST_DAY, force=True)
    now = dict(shop.rows(STAGES, "siyu.duckdb"))
    night = diff_releases(shop.settings(), f"{FIRST_DAY}-000001", "current")
    assert planned.diff.tables == night.tables and planned.diff.moves == night.moves
    moved = {(then.get(one), now.get(one)) for one in then | now if then.get(one) != now.get(one)}
    assert {(move.from_value, move.to_value) for move in night.moves if move.kind == "stage"} == moved != set()
    assert _plan(shop).changes.is_nothing, "now it is published"
    assert shop.rows("select note like '%13900000001%' from journey.noted", "siyu.duckdb") == [(False,)]
    shutil.rmtree(shop.root / "warehouse" / "build")
    called.write_text(CALLED.replace("contains(", "not contains("), encoding="utf-8")
    assert [example.values for table in _plan(shop).diff.differing for example in table.examples] == [
        {"is_called": (True, False)}
    ]


@pytest.mark.after_first_night
def test_what_a_layer_may_change(shop: Shop) -> None:
    shop.write("layer/seeds/vars.yml", "dormant_days: 5\n")
    shop.write("layer/seeds/reference/stage_rules.add.csv", "rule,value\nintent_score,45\n")
    shop.write("layer/models/journey/extra.sql", EXTRA)
    found = _plan(shop)
    reasons = {one.model: one.reasons for one in found.changes.changed}
    assert reasons["journey.stage_intent"] == ("rule table stage_rules",)
    assert reasons["journey.extra"] == ("new model 新模型",)
    assert any(why == ("var dormant_days",) for why in reasons.values())
    assert "var dormant_days: 90 → 5" in found.changes.edits
    assert [(table.table, table.status, table.added) for table in found.diff.differing] == [
        ("journey.extra", "added", 1)
    ]
    assert found.same, "models were built whose content does not change"


@pytest.mark.after_first_night
def test_a_mistake_is_reported_and_changes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shop.write("layer/models/staging/shop__deal.sql", DEAL.replace("amount\n", "amuont\n"))
    assert "shop__deal.sql" in _refused(shop, ConfigError, "amuont").where
    path.write_text(DEAL)
    extra = shop.write(
        "layer/models/journey/extra.sql",
        EXTRA.replace("grain: [one_id]", "grain: [number]").replace(
            "one_id  --", "cast(one_id as integer) as number  --"
        ),
    )
    error = _refused(shop, EngineFault, "journey.extra failed on the data")
    assert error.where == "models/journey/extra.sql" and not set(shop.ids().values()) & set(str(error).split("'"))
    extra.unlink()
    held = lock(shop.root / "warehouse")
    _refused(shop, WarehouseBusy, "a run holds the warehouse")
    held.release()
    with scratch_folder(shop.root / "warehouse"):
        _refused(shop, WarehouseBusy, "another plan")
    monkeypatch.setenv("SIYU_SALT", "another salt, long enough")
    _refused(shop, ConfigError, "not the salt")


def test_a_plan_needs_a_release(shop: Shop) -> None:
    _refused(shop, ConfigError, "no release yet to compare with")
    assert not (shop.root / "warehouse").exists()


@pytest.mark.after_first_night
def test_a_check_that_would_fail(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The suite alone has changed: it runs on the table of the release, and personal values are masked."""
    shop.write("layer/expectations/identity/person.yml", FAILING)
    found = _plan(shop)
    assert found.would_fail and found.diff.is_same and found.suites == 1
    assert [(c.change, c.table, c.column, c.severity) for c in found.diff.checks] == [
        ("new", "identity.person", "full_name", "critical"), ("new", "identity.person", "mobile", "critical"),
        ("new", "identity.person", "first_channel", "warning"),
    ]  # fmt: skip
    assert "13900000001" not in str(found) and "王一" not in str(found)
    for name, folder in (("warehouse", "warehouse"), ("layers", "layer"), ("exports", "exports")):
        monkeypatch.setenv(f"SIYU_{name.upper()}", str(shop.root / folder))
    monkeypatch.setenv("SIYU_CHANNELS", "shop")
    monkeypatch.setenv("SIYU_FAMILIES", "identity,journey")
    shown = CliRunner().invoke(app, ["plan", "--markdown"])
    assert shown.exit_code == 1 and "a night would publish nothing" in shown.output
    assert "- critical fails now 新失败: identity.person expect\\_column" in shown.output.replace(
        "expect_column", "expect\\_column"
    )


@pytest.mark.after_first_night
def test_files_that_landed_later_do_not_count(shop: Shop) -> None:
    """A failed night leaves a build database that is not that of the release."""
    suite = shop.write("layer/expectations/identity/person.yml", FAILING)
    shop.write("exports/shop/sales_2.csv", (shop.root / "exports/shop/sales_1.csv").read_text().replace("s1,", "s2,"))
    with pytest.raises(ChecksFailed):
        shop.run("2026-06-02")
    suite.unlink()
    assert _plan(shop).changes.is_nothing
    shop.write("layer/models/staging/shop__deal.sql", DEAL.replace("amount\n", "amount + 1 as amount\n"))
    found = _plan(shop, "records.deal")
    assert [note.split(" files landed")[0] for note in found.diff.notes if "landed after" in note] == ["1"]
    assert [(t.rows_before, t.rows_after, t.changed, dict(t.changed_columns)) for t in found.diff.tables] == [
        (1, 1, 1, {"amount": 1})
    ]
    assert found.again, "working tables of the release are not kept, so they are built again"
