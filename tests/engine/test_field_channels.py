"""Files of the channels land by their own contracts, and what staging cannot use of them is counted."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from siyu.build.database import prepare, write_sources
from siyu.build.materialization import build_model
from siyu.compile.project import Project
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine
from siyu.seeds.channels import Channel
from tests.engine.test_landing import Shop
from tests.engine.test_landing import session as session
from tests.engine.test_landing import shop as shop
from tests.engine.test_xlsx import workbook

COUPONS = """优惠券号,会员号,手机号,名称,面额,状态,发放时间,使用时间,订单号,活动,更新时间
Q-1,m-88,13900000001,满1000减100,100.00,已使用,2026-01-02 08:00:00,2026/1/5 9:30,SO-1,C-618,2026-01-05 09:30:00
Q-2,,13900000002,新人券,20,未使用,2026-01-02 08:00:00,,,,2026-01-02 08:00:00
Q-3,m-90,,新人券,20,作废,2026-01-02 08:00:00,,,,2026-01-02 08:00:00
"""
ORDERS = "order_id,member_id,buyer_name,mobile,ordered_at,status,amount,currency,updated_at\n"
VISITORS = ["编号", "展会", "姓名", "公司", "职位", "手机", "邮箱", "展位", "感兴趣的产品", "签到时间", "活动"]


@pytest.fixture
def mall(project: Project) -> Channel:
    return project.channels["mall"]


def test_coupons_of_the_old_system_in_gb18030_with_chinese_headers(shop: Shop, mall: Channel) -> None:
    lenient = {"coupons": mall.exports["coupons"].model_copy(update={"max_reject_rate": 0.5})}
    channel = mall.model_copy(update={"exports": {**mall.exports, **lenient}})
    result = shop.land_folder({"coupons_20260105.csv": COUPONS.encode("gb18030")}, channel)
    (file,) = [item for item in result.files if item.export == "coupons"]
    assert (file.status, file.rows_read, file.rows_rejected) == ("landed", 3, 1)
    assert shop.landed(file, "coupon_id, member_id, mobile, coupon_name, value, status, used_at") == [
        ("Q-1", "m-88", "13900000001", "满1000减100", Decimal("100.00"), "已使用", datetime(2026, 1, 5, 1, 30)),
        ("Q-2", None, "13900000002", "新人券", Decimal("20.00"), "未使用", None),
    ]
    assert shop.session.rows(f"select line, column_name from read_parquet('{shop.root / str(file.rejects)}')") == [
        (3, "status")
    ]


def test_a_workbook_of_visitors_with_times_as_cells_numbers_and_texts(shop: Shop, project: Project) -> None:
    day = "上海工博会"
    data = workbook(
        [
            VISITORS,
            [
                "0001",
                day,
                "王芳",
                "华阳机电",
                "采购",
                13900000001,
                "w@firm.cn",
                "B12",
                "P-SERVO",
                datetime(2026, 1, 20, 9, 12),
            ],
            [2, day, "李伟", None, None, "139 0000 0002", None, "B12", None, 46042.5],
            ["0003", day, None, None, None, None, "z@firm.cn", "B12", None, "2026/1/20 9:12", "C-EXPO"],
        ]
    )
    result = shop.land_folder({"visitors_2026.xlsx": data}, project.channels["exhibition"])
    (file,) = result.files
    assert (file.status, file.rows_read, file.rows_rejected) == ("landed", 3, 0)
    assert shop.landed(file, "visitor_no, mobile, signed_in_at, campaign_id") == [
        ("0001", "13900000001", datetime(2026, 1, 20, 1, 12), None),
        ("2", "139 0000 0002", datetime(2026, 1, 20, 4), None),
        ("0003", None, datetime(2026, 1, 20, 1, 12), "C-EXPO"),
    ]


def test_of_an_order_in_two_exports_the_later_update_counts_whichever_came_first(shop: Shop, mall: Channel) -> None:
    newer = "SO-1,m-1,王芳,13900000001,2026-01-10 10:00:00,cancelled,100,,2026-01-12 10:00:00\n"
    older = "SO-1,m-1,王芳,13900000001,2026-01-10 10:00:00,paid,100,,2026-01-10 10:00:00\n"
    other = "SO-2,m-2,李伟,13900000002,2026-01-11 10:00:00,paid,50,,2026-01-11 10:00:00\n"
    nights = [
        (date(2026, 1, 12), {"orders_new.csv": ORDERS + newer}),
        (date(2026, 1, 13), {"orders_old.csv": ORDERS + older + other}),
    ]
    only_orders = mall.model_copy(update={"exports": {"orders": mall.exports["orders"]}})
    files = shop.nights(only_orders, nights)
    assert shop.read(only_orders, files, "order_id, status") == [("SO-1", "cancelled"), ("SO-2", "paid")]
    assert shop.read(only_orders, files, "order_id, status", superseded=True) == [("SO-1", "paid")]


def test_money_without_a_rate_and_lines_without_their_order_are_counted(
    shop: Shop, mall: Channel, project: Project
) -> None:
    orders = "SO-1,m-1,王芳,13900000001,2026-01-10 10:00:00,paid,100,JPY,2026-01-10 10:00:00\n"
    orders += "SO-2,m-2,李伟,12345,2026-01-11 10:00:00,paid,50,CNY,2026-01-11 10:00:00\n"
    items = "order_id,line_no,product_id,item_count,amount,updated_at\n"
    items += "SO-9,1,P-SERVO,1,70,2026-01-11 10:00:00\n"
    content = {"orders.csv": (ORDERS + orders).encode(), "order_items.csv": items.encode()}
    files = shop.land_folder(content, mall).files
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"))
    try:
        prepare(engine, project)
        write_sources(engine, project, files, shop.root, ["staging.mall__deal"])
        build_model(engine, project, "staging.mall__deal")
        session = engine.session()
        told = {
            (export, item.field, item.reason, rows)
            for item in project.models["staging.mall__deal"].refused
            for export, rows in session.rows(item.sql)
        }
        session.close()
    finally:
        engine.close()
    assert told == {
        ("orders", "amount", "no exchange rate of that day", 1),
        ("orders", "mobile", "no mobile number", 1),
        ("order_items", "occurred_at", "no date or time: the record is left out", 1),
    }
