"""Values of an export that no model expects: they become NULL and are counted, or an error that shows none of them."""

from __future__ import annotations

import pytest

from siyu.compile.compiler import compile_project
from siyu.errors import ConfigError, EngineFault
from tests.golden.shop import CONTACT, CONTRACT, DEAL, FIRST_DAY, Shop

TYPED = CONTRACT.replace('amount:     {type: "decimal(18,2)", required: true}', "amount:     {type: text}").replace(
    "sold_at:    {type: timestamp, required: true}", "sold_at:    {type: text}"
)
SALES = "sale_id,contact_id,amount,sold_at,updated_at\n"


def typed_shop(shop: Shop, amount: str, sold_at: str) -> None:
    """Read amounts and times of the sales as text, and let the model convert them."""
    shop.write("layer/seeds/channels/shop.yml", TYPED)
    deal = DEAL.replace("sold_at as occurred_at", f"{sold_at} as occurred_at").replace(
        "    amount\n", f"    {amount} as amount\n"
    )
    shop.write("layer/models/staging/shop__deal.sql", deal)


def test_a_bad_value_of_a_model_is_null_and_counted(shop: Shop) -> None:
    typed_shop(
        shop, "cast(fn_try_decimal(amount, ',') as decimal(18, 2))", "fn_try_timestamp(sold_at, '%d.%m.%Y %H:%M')"
    )
    rows = [
        's1,k1,"1.100,10",01.06.2026 11:00',
        "s2,k1,viel,01.06.2026 12:00",
        's3,k1,"5,00",gestern',
        "s4,k1,,01.06.2026 13:00",
    ]
    shop.write("exports/shop/sales_1.csv", SALES + "".join(f"{row},2026-06-01 11:00:00\n" for row in rows))
    assert shop.run(FIRST_DAY).status == "published"
    assert shop.sales() == "1100.10"
    rejects = "select string_agg(field || ': ' || reason || ' ' || row_count, '; ' order by field, reason)"
    assert shop.value(f"{rejects} from ops.field_reject where export = 'sales'") == (
        "amount: no number in the expected format 1;"
        " occurred_at: no date or time: the record is left out 1;"
        " sold_at: no date and time in the expected format 1"
    )


def test_a_cast_of_a_text_is_refused_before_anything_is_built(shop: Shop) -> None:
    typed_shop(shop, "cast(amount as decimal(18, 2))", "strptime(sold_at, '%d.%m.%Y')")
    with pytest.raises(ConfigError, match=r"strptime\(\) is outside the portable subset") as error:
        compile_project(shop.settings())
    assert "fn_try_date() or fn_try_timestamp()" in str(error.value)
    typed_shop(shop, "cast(amount as decimal(18, 2))", "updated_at")
    with pytest.raises(ConfigError, match=r"a cast of the text amount to decimal\(18, 2\)") as error:
        compile_project(shop.settings())
    assert "shop__deal.sql" in error.value.where and "fn_try_decimal(amount, '.')" in error.value.fix


def test_an_error_of_a_view_names_its_own_file_and_no_value(shop: Shop) -> None:
    view = "{{ config(materialized='view') }}\nselect\n    'shop' as channel"
    contact = CONTACT.replace("select\n    'shop' as channel", view, 1)
    contact = contact.replace("name as full_name", "cast(cast(reverse(name) as integer) as varchar) as full_name")
    shop.write("layer/models/staging/shop__contact.sql", contact)
    with pytest.raises(EngineFault) as error:
        shop.run(FIRST_DAY)
    assert error.value.problem.startswith("staging.shop__contact failed on the data: Conversion Error")
    assert error.value.where.endswith("shop__contact.sql")
    assert not any(value in str(error.value) for value in ("王一", "一王"))


OWN = """/*
description: People of the shop, as a view that nothing reads.
grain: [one_id]
*/
{{ config(materialized='view') }}
select
    one_id,  -- Person.
    cast(strlen(one_id) * 1000000000 as integer) as size  -- Too large for its type.
from {{ ref('person') }}
"""


def test_an_error_of_a_view_that_only_the_release_reads_names_it(shop: Shop) -> None:
    shop.write("layer/models/identity/own_view.sql", OWN)
    with pytest.raises(EngineFault) as error:
        shop.run(FIRST_DAY)
    assert error.value.problem.startswith("identity.own_view failed on the data: Conversion Error")
    assert error.value.where.endswith("own_view.sql") and "21000000000" not in str(error.value)
