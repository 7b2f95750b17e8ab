"""The setting families in nights: begin with a part, add the rest, leave it out again for a while."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.report.status import markdown, read_status
from siyu.report.summary import Report
from siyu.settings import FAMILIES
from tests.golden.shop import FEW_SUITES, Shop, only_suites
from tests.shared import Shared

pytestmark = pytest.mark.xdist_group("start_small")

ONE_ID = "crm_contact_id:k1"
# Suites of every family, and of all tables that hold a history.
SUITES = (
    "journey/person_touch",
    "tags/person_*",
    "tags/*_history",
    "audience/*_history",
    "audience/segment",
    "bi/deals",
    "ops/drift",
)


def asked(shop: Shop, monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str]:
    """The exit code and the output of a command."""
    monkeypatch.setenv("SIYU_WAREHOUSE", str(shop.root / "warehouse"))
    monkeypatch.setenv("SIYU_LAYERS", str(shop.root / "layer"))
    monkeypatch.setenv("SIYU_EXPORTS", str(shop.root / "exports"))
    monkeypatch.setenv("SIYU_CHANNELS", "shop")
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def history(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows(
        "select tag_code, entity_id, tag_value, valid_from, valid_to, reason from tags.tag_history order by all",
        "siyu.duckdb",
    )


@pytest.fixture
def small(shop: Shop, shared: Shared) -> tuple[Shop, Report]:
    """A copy of a shop after a night of KPIs alone, and its report."""
    made, report = shared.once("small_night", _small_night)
    return made.copy_to(shop.root / "copy"), report


def _small_night(root: Path) -> tuple[Shop, Report]:
    shop = Shop(root, families=("kpi",))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siyu.check.suites.layer_files", only_suites(*FEW_SUITES, *SUITES))
        return shop, shop.run("2026-06-01")


@pytest.mark.suites(*SUITES)
def test_begin_with_kpis_add_tags_and_leave_them_out_for_a_while(
    small: tuple[Shop, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, report = small
    assert report.status == "published" and shop.revenue() == "100.10"
    built = {model.model.partition(".")[0] for model in report.models}
    assert built == {"staging", "records", "identity", "journey", "tags", "kpi", "bi"}
    assert [m.model for m in report.models if m.model.startswith("tags.")] == ["tags.person_link"]
    assert {result.table_name.partition(".")[0] for result in report.checks} == {*built, "ops"} - {"staging"}
    note = "of identity, journey, tags what these read 仅其所需; not built 未构建: audience (setting families)"
    status = read_status(shop.root / "warehouse")
    assert note in markdown(report) and status and any(note in line for line in status["notes"])
    assert report.manifest["families"] == ["kpi"]
    assert shop.run("2026-06-01").status == "nothing new"

    shop.families = FAMILIES
    full = shop.run("2026-06-01")
    assert full.status == "published", "other families, another release"
    assert {"tags.tag_history", "audience.segment_history"} <= full.manifest["tables"].keys()
    both = report.manifest["tables"].keys()
    about_tags = {"kpi.kpi_value", "kpi.kpi_revenue", "kpi.kpi_member", "kpi.kpi_catalog", "kpi.kpi_restatement"}
    assert {name for name in both if full.manifest["tables"][name] != report.manifest["tables"][name]} <= about_tags
    began = history(shop)
    assert began and {str(row[3]) for row in began} == {"2026-06-01"}

    shop.families = ("identity",)
    without = shop.run("2026-06-02")
    assert without.status == "published" and without.kpis == []
    page = (shop.root / "warehouse" / "status" / "index.html").read_text(encoding="utf-8")
    assert "not built 未构建: journey, tags, audience, kpi (setting families)" in page
    code, output = asked(shop, monkeypatch, "explain", ONE_ID)
    assert code == 0 and "tags 标签  not built 未构建 (setting families)" in output

    shop.families = tuple(name for name in FAMILIES if name != "kpi")
    again = shop.run("2026-06-03")
    assert again.status == "published"
    kept = [row[:4] for row in history(shop)]
    assert {row[:4] for row in began} <= set(kept), "the history goes on from the last night that had it"
    assert again.check_counts()["failed_critical"] == 0


def test_commands_name_the_family_that_is_not_built(
    small: tuple[Shop, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, _ = small
    for words, family in (
        (("explain", ONE_ID), "identity"),
        (("journey", ONE_ID), "journey"),
        (("tags", ONE_ID), "tags"),
        (("tags",), "tags"),
        (("list",), "audience"),
        (("list", "handoff"), "audience"),
    ):
        code, output = asked(shop, monkeypatch, *words)
        told = " ".join(output.split())
        assert code == 2 and f"built without the family {family}" in told, output
        assert f"add {family} to families in siyu.toml or SIYU_FAMILIES" in told
    code, output = asked(shop, monkeypatch, "status")
    assert (
        code == 0
        and "of identity, journey, tags what these read 仅其所需; not built 未构建: audience (setting families)"
        in " ".join(output.split())
    )
