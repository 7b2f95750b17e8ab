"""A run that lands some channels builds all of them. No run leaves out a landed channel silently."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from typer.testing import CliRunner

from siyu.cli import app
from siyu.compile.project import Project
from siyu.errors import ConfigError, exit_code
from siyu.night.channel_list import check_landed
from siyu.night.request import Request
from siyu.release.releases import current
from siyu.report.status import markdown, read_status
from siyu.report.summary import ChannelLine, Report
from siyu.settings import Settings, load_settings
from siyu.warehouse.ledger import Ledger
from tests.golden.shop import CONTRACT, DEAL, RECORDS, Shop
from tests.shared import Shared

BOTH = ("shop", "fair")
SALES = "sale_id,contact_id,amount,sold_at,updated_at\n"


pytestmark = pytest.mark.xdist_group("part_of_the_channels")


@pytest.fixture
def two(shop: Shop, shared: Shared, tmp_path: Path) -> Shop:
    """The shop, and a fair that sells, too, after their first night."""
    made = shared.once("two_channels", _first_night).copy_to(tmp_path / "two")
    made.only = RECORDS
    return made


def _first_night(root: Path) -> Shop:
    shop = Shop(root)
    shop.only = RECORDS
    shop.write("layer/seeds/channels/fair.yml", CONTRACT.replace("channel: shop", "channel: fair"))
    shop.write("layer/models/staging/fair__deal.sql", DEAL.replace("'shop'", "'fair'"))
    shop.write("exports/fair/contacts_20260601.csv", "contact_id,name,mobile,updated_at\n")
    shop.write("exports/fair/sales_1.csv", f"{SALES}f1,k1,50.00,2026-06-01 11:00:00,2026-06-01 11:00:00\n")
    shop.run("2026-06-01", channels=BOTH)
    return shop


def sold(shop: Shop) -> str:
    return str(shop.value("select sum(amount) from records.deal"))


def _line(report: Report, channel: str) -> ChannelLine:
    return next(line for line in report.channels if line.channel == channel)


def test_channels_of_a_run_limit_what_lands(two: Shop) -> None:
    assert sold(two) == "150.10"
    two.write("exports/shop/sales_2.csv", f"{SALES}s2,k1,1.00,2026-06-02 11:00:00,2026-06-02 11:00:00\n")
    two.write("exports/fair/sales_2.csv", f"{SALES}f2,k1,5.00,2026-06-02 11:00:00,2026-06-02 11:00:00\n")

    part = two.run("2026-06-02", channels=BOTH, only=("shop",))
    assert part.status == "published" and sold(two) == "151.10"
    assert (_line(part, "shop").files, _line(part, "fair").files) == (1, 0)
    assert _line(part, "fair").state == "ok, not landed 未入库" and "landed only 仅入库: shop" in markdown(part)
    assert two.run("2026-06-02", channels=BOTH, only=("shop",)).status == "nothing new"

    assert two.run("2026-06-02", channels=BOTH).status == "published"
    assert sold(two) == "156.10"

    with pytest.raises(ConfigError, match="the settings enable no channel fiar") as wrong:
        two.run("2026-06-02", channels=BOTH, only=("fiar",))
    assert wrong.value.fix == "did you mean fair?"


def test_a_landed_channel_is_not_left_out_but_may_retire(two: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    before = current(two.root / "warehouse")
    with pytest.raises(ConfigError, match="channels that the settings leave out: fair") as left_out:
        two.run("2026-06-02", channels=("shop",))
    assert exit_code(left_out.value) == 2
    assert "SIYU_CHANNELS" in left_out.value.fix and "retired_channels" in left_out.value.fix
    assert current(two.root / "warehouse") == before

    monkeypatch.setenv("SIYU_RETIRED_CHANNELS", "fair")
    two.write("exports/fair/sales_2.csv", f"{SALES}f2,k1,5.00,2026-06-02 11:00:00,2026-06-02 11:00:00\n")
    report = two.run("2026-06-10", channels=("shop",))
    assert sold(two) == "150.10", "what had landed stays in force, and nothing more lands"
    assert (_line(report, "shop").is_stale, _line(report, "fair").is_stale) == (True, False)
    assert two.value("select channel from ops.channel_status where is_retired and not is_stale") == "fair"
    status = read_status(two.root / "warehouse")
    notes = [line for line in status["notes"] if not line.startswith("families")] if status else []
    assert notes == ["retired 已停用: fair; no longer delivers, its rows still count"]
    with pytest.raises(ConfigError, match="the channel fair is retired"):
        two.run("2026-06-10", channels=("shop",), only=("fair",))


def test_a_channel_whose_contract_is_gone_stops_the_run(two: Shop) -> None:
    ledger = Ledger(two.root / "warehouse" / "ledger.sqlite")
    for channels, fix in (((), "restore seeds/channels/fair.yml"), (("shop",), "name it in channels")):
        project = SimpleNamespace(settings=two.settings(channels), channels={"shop": None})
        with pytest.raises(ConfigError, match="leave out: fair") as error:
            check_landed(cast("Project", project), ledger, None)
        assert fix in error.value.fix
    ledger.close()


def test_a_channel_is_either_retired_or_not(tmp_path: Path) -> None:
    (tmp_path / "siyu.toml").write_text('channels = ["crm", "mall"]\nretired_channels = ["mall"]\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="channels and retired_channels both name mall"):
        load_settings(tmp_path)


def test_the_command_line_asks_for_channels_and_for_a_future_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Request] = []

    def run(settings: Settings, request: Request, tell: object) -> Report:
        asked.append(request)
        return Report(as_of=None, warehouse=tmp_path)

    monkeypatch.setattr("siyu.night.run.run_night", run)
    monkeypatch.chdir(tmp_path)
    for arguments in (["--channels", "crm, mall", "--allow-future"], []):
        assert CliRunner().invoke(app, ["run", *arguments]).exit_code == 0
    assert asked == [Request(channels=("crm", "mall"), allow_future=True), Request()]
