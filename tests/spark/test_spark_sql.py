"""What the translation for Spark changes in a query, and what it leaves alone. Nothing is run."""

from __future__ import annotations

import pytest

from siyu.compile.spark_sql import spark_query
from siyu.engines.base import RunInputs

INPUTS = RunInputs("2026-06-30", "Asia/Shanghai", "secret")


def translated(sql: str) -> str:
    """Return the SQL for Spark in lower case, on one line, without quotes around names."""
    return " ".join(spark_query(sql, INPUTS).sql.lower().replace("`", "").split())


def of(expression: str) -> str:
    """Return the SQL for Spark of one expression."""
    return translated(f"select {expression} as x from t").removeprefix("select ").removesuffix(" as x from t")


# ---- tables ----


def test_a_table_has_one_name_and_keeps_its_own_as_its_alias() -> None:
    query = spark_query("select one_id.id_type from identity.one_id", INPUTS)
    assert query.sql == "SELECT `one_id`.`id_type` FROM `identity__one_id` AS `one_id`"
    assert query.relations == {"identity__one_id": 'identity."one_id"'}


def test_an_alias_stays() -> None:
    query = spark_query("select a.x from records.contact as a join records.contact b on a.x = b.x", INPUTS)
    assert "`records__contact` AS `a`" in query.sql and "`records__contact` AS `b`" in query.sql
    assert list(query.relations) == ["records__contact"]


@pytest.mark.parametrize(
    ("relation", "name"),
    [
        ('ops."Big Table"', "ops__big_20_table"),
        ('identity."客户"', "identity___5ba2__6237_"),
        ('identity."x-y"', "identity__x_2d_y"),
        ('identity."MADE"', "identity__made"),
    ],
)
def test_a_table_has_a_name_in_spark_of_small_letters_and_numbers_of_others(relation: str, name: str) -> None:
    query = spark_query(f"select x from {relation}", INPUTS)
    assert query.relations == {name: relation}
    assert f"FROM `{name}` AS `" in query.sql


@pytest.mark.parametrize(
    "sql",
    [
        "with kind as (select 1 as x) select x from kind",
        "with kind as (select x from records.kind) select k.x from kind as k semi join kind as o on k.x = o.x",
        "select x from (select 1 as x) as kind",
        "select v.x from (values (1)) as v (x)",
    ],
)
def test_names_of_ctes_and_subqueries_are_no_tables(sql: str) -> None:
    query = spark_query(sql, INPUTS)
    assert set(query.relations) <= {"records__kind"}
    assert "from kind" not in sql or "FROM `kind`" in query.sql


def test_tables_are_found_wherever_a_query_has_them() -> None:
    query = spark_query(
        "with a as (select x from s.one) select x, (select max(x) from s.two) as m from a"
        " where x in (select x from s.three) and exists (select 1 from s.four as f where f.x = a.x)"
        " union all select x, 1 from s.five anti join s.six using (x)",
        INPUTS,
    )
    assert set(query.relations) == {f"s__{name}" for name in ("one", "two", "three", "four", "five", "six")}
    assert "s." not in query.sql


def test_a_query_without_a_run_keeps_its_names_and_dates() -> None:
    query = spark_query("select fn_as_of() as d from identity.one_id")
    assert query.relations == {} and "identity.one_id" in query.sql and "fn_as_of()" in query.sql.lower()
    assert "`" not in query.sql


def test_with_a_run_every_name_is_quoted() -> None:
    sql = spark_query("select t.a as b, max(c) over (partition by d) as e from s.t as t", INPUTS).sql
    assert all(f"`{name}`" in sql for name in ("t", "a", "b", "c", "d", "e", "s__t"))


# ---- dates of the run ----


def test_the_dates_of_a_run_are_literals() -> None:
    assert of("fn_as_of()") == "cast('2026-06-30' as date)"
    end = of("fn_as_of_end()")
    assert "'2026-06-30 00:00:00'" in end and "'asia/shanghai'" in end and "'utc'" in end and "interval '1' day" in end
    assert "fn_as_of" not in translated("select FN_AS_OF() as a, d < fn_as_of_end() as b from t where d = fn_as_of()")


def test_the_key_of_a_run_is_in_no_query() -> None:
    assert "secret" not in translated("select fn_keyed_hash(x) as h, fn_as_of() as d from t")


# ---- clauses that stay ----


def test_qualify_stays() -> None:
    sql = translated("select t.x from s.t qualify row_number() over (partition by t.x order by t.y) = 1")
    assert sql.count("select") == 1 and "qualify row_number() over (partition by t.x order by t.y" in sql


def test_nulls_stay_where_duckdb_puts_them() -> None:
    assert "order by x nulls last" in of("row_number() over (order by x)")
    assert of("row_number() over (order by x desc)").endswith("(order by x desc)")  # Spark puts them last, too
    assert "order by x desc nulls first" in of("row_number() over (order by x desc nulls first)")
    assert "nulls last" not in of("row_number() over (order by x nulls first)")


# ---- aggregates ----


def test_a_mean_is_a_double() -> None:
    assert of("avg(x)") == "(cast(sum(x) as double) / count(x))"


@pytest.mark.parametrize(
    "around", ["filter (where ok)", "over (partition by y)", "filter (where ok) over (order by y)"]
)
def test_a_filter_or_window_of_a_mean_belongs_to_its_aggregates(around: str) -> None:
    around_each = around.replace("filter (", "filter(").replace("order by y", "order by y nulls last")
    assert of(f"avg(x) {around}") == f"(cast(sum(x) {around_each} as double) / count(x) {around_each})"


def test_a_count_of_conditions_is_a_sum() -> None:
    assert of("count_if(x > 1)") == "sum(cast((x > 1) as bigint))"
    assert of("count_if(ok) over (order by y)").startswith("sum(cast(ok as bigint)) over (order by y")
    assert of("count_if(ok) filter (where y)") == "sum(cast(ok as bigint)) filter(where y)"


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("median(x)", "collect_list(cast(x as double))"),
        ("median(x) filter (where ok)", "collect_list(cast(x as double)) filter(where ok)"),
        ("median(x) over (partition by y)", "collect_list(cast(x as double)) over (partition by y)"),
        (
            "median(x) over (order by y range between interval 56 day preceding and interval 1 day preceding)",
            "collect_list(cast(x as double)) over (order by y nulls last"
            " range between interval '56' day preceding and interval '1' day preceding)",
        ),
        (
            "median(x) filter (where ok) over (order by y rows between 2 preceding and current row)",
            "collect_list(cast(x as double)) filter(where ok) over (order by y nulls last"
            " rows between 2 preceding and current row)",
        ),
    ],
)
def test_a_median_is_the_middle_of_a_sorted_list(call: str, values: str) -> None:
    """A FILTER or OVER belongs to the list, which the query has once."""
    found = of(call)
    assert f"array_sort({values})" in found and found.count("collect_list") == 1
    assert not found.endswith(")" + values.removeprefix("collect_list(cast(x as double))")) or "over" not in call
    assert "median" not in found


def test_a_median_inside_of_a_cast_and_a_sum_stays_inside() -> None:
    found = of("1 + cast(median(x) over (partition by y) as decimal(24, 6))")
    assert (
        found.startswith("1 + cast(") and "array_sort(collect_list(cast(x as double)) over (partition by y))" in found
    )
    assert found.endswith("as decimal(24, 6))")


# ---- doubles that become decimals ----

DOUBLES = (
    "a / b", "(a / b)", "-(a / b)", "1 - a / b", "cast(a as double)", "cast(a as double) * b", "ln(a)", "sqrt(a)",
    "exp(a)",
    "power(2, a)", "case when a then b / c end", "case when a then 0 else b / c end",
    "case when a then case when b then 1 else c / d end end", "coalesce(a / b, 0)", "coalesce(a, b / c)",
    "nullif(a / b, 0)", "greatest(a / b, 0)", "least(0, a / b)", "abs(a / b)", "round(a / b, 2)", "avg(a)", "median(a)",
    "sum(a / b)", "max(a / b) over (order by c)", "max(a / b) filter (where c)",
    "coalesce(case when a then b / c end, 0)",
)  # fmt: skip
NO_DOUBLES = (
    "1", "0.5", "'12'", "null", "cast(1 as decimal(18, 2))", "cast(a as bigint)", "cast(a as bigint) * 2", "count(*)",
    "cast('1' as decimal(9, 2)) + cast(2 as decimal(9, 6))", "case when a then 1 else 0 end", "length(a)",
    "coalesce(cast(1 as decimal(9, 2)), 0)", "sum(cast(length(a) as decimal(9, 2)))", "count_if(a)",
    "-cast(a as integer)",
)  # fmt: skip
UNKNOWN = (
    "a",
    "t.a",
    "fn_share(a, b, c)",
    "a * 2",
    "coalesce(a, 0)",
    "sum(a)",
    "case when a then b end",
    "max(a) over ()",
)


@pytest.mark.parametrize("value", DOUBLES)
def test_a_double_is_multiplied_and_then_rounded(value: str) -> None:
    found = of(f"cast({value} as decimal(24, 6))")
    assert "typeof" not in found and "* 1e6)" in found and "round(" in found
    assert "as decimal(24, 0))" in found and found.endswith("as decimal(24, 6))")


@pytest.mark.parametrize("value", NO_DOUBLES)
def test_what_is_no_double_is_cast_as_it_is(value: str) -> None:
    found = of(f"cast({value} as decimal(24, 6))")
    assert "round(" not in found and "typeof" not in found and found.endswith("as decimal(24, 6))")


@pytest.mark.parametrize("value", UNKNOWN)
def test_what_may_be_a_double_is_asked_for_its_type(value: str) -> None:
    found = of(f"cast({value} as decimal(24, 6))")
    assert found.startswith("case when typeof(") and "= 'double' then" in found
    assert "* 1e6)" in found and "else cast(" in found and found.endswith("end")


def test_try_cast_tries_every_step() -> None:
    found = of("try_cast(a / b as decimal(10, 2))")
    assert found.startswith("try_cast(try_cast(round(") and found.endswith("as decimal(10, 2))")
    assert of("try_cast(a as decimal(10, 2))").count("try_cast") == 3
    assert of("try_cast('x' as decimal(10, 2))") == "try_cast('x' as decimal(10, 2))"


def test_a_decimal_without_a_scale_is_whole() -> None:
    assert "* 1e0)" in of("cast(a / b as decimal(18))")
    assert "cast('1' as decimal(1, 0))" in of("cast(a / b as decimal(18, 0))")


def test_the_whole_part_of_a_wide_decimal_fits_into_38_digits() -> None:
    """The product of the whole number and the unit must not be wider, or Spark takes digits from its scale."""
    found = of("cast(a / b as decimal(38, 9))")
    whole = int(found.partition("as decimal(")[2].partition(",")[0])
    unit = int(found.partition("cast('0.000000001' as decimal(")[2].partition(",")[0])
    assert whole + unit + 1 <= 38


@pytest.mark.parametrize("kind", ["integer", "bigint", "varchar", "date", "double", "timestamp", "boolean"])
def test_a_cast_to_another_type_stays(kind: str) -> None:
    assert "typeof" not in of(f"cast(a as {kind})") and "round" not in of(f"cast(a / b as {kind})")


def test_a_cast_within_a_cast_is_changed_too() -> None:
    found = of("cast(cast(a / b as decimal(18, 4)) * 100 as decimal(18, 1))")
    assert "* 1e4)" in found and "* 1e1)" not in found
    assert "* 1e4)" in of("cast(sum(cast(a / b as decimal(18, 4))) as varchar)")


def test_chinese_names_are_quoted() -> None:
    sql = spark_query("select 状态.编号 as 名称 from records.event as 状态", INPUTS).sql
    assert all(f"`{name}`" in sql for name in ("状态", "编号", "名称"))


# ---- what the two dialects mean something else by ----


def test_a_struct_has_before_each_field_whether_it_is_null() -> None:
    assert of("struct_pack(a := x)") == "struct((x is null) as a__is_null, x as a)"
    found = of("max(struct_pack(a := x, b := y)).b")
    assert found == "max(struct((x is null) as a__is_null, x as a, (y is null) as b__is_null, y as b)).b"


def test_arg_max_and_arg_min_pass_over_nulls() -> None:
    assert of("arg_max(a, b)") == "max_by(a, case when not a is null then b end)"
    assert of("arg_min(a, b)") == "min_by(a, case when not a is null then b end)"
    assert of("arg_max(a, b) filter (where c)").endswith("end) filter(where c)")


@pytest.mark.parametrize(
    ("pattern", "spark"),
    [
        ("x", "x"),
        ("x$", r"x\\z"),
        ("(?:a|b)$|c$", r"(?:a|b)\\z|c\\z"),
        ("[$a]", "[$a]"),
        ("[^$a]$", r"[^$a]\\z"),
        ("[]$]$", r"[]$]\\z"),
        (r"a\$", r"a\\$"),
        (r"a\\$", r"a\\\\\\z"),
        (r"[^\]$]$", r"[^\\]$]\\z"),
    ],
)
@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("regexp_matches(s, {})", "regexp_like(s, {})"),
        ("regexp_replace(s, {}, '', 'g')", "regexp_replace(s, {}, '')"),
        ("regexp_extract(s, {}, 1)", "regexp_extract(s, {})"),
    ],
)
def test_a_pattern_ends_at_the_end_of_the_text(call: str, name: str, pattern: str, spark: str) -> None:
    """A dollar in a class, or behind a backslash, is a dollar. The dialect of Spark doubles backslashes."""
    assert of(call.format(f"'{pattern}'")) == name.format(f"'(?d){spark}'")


def test_a_pattern_from_a_column_stays() -> None:
    assert of("regexp_matches(s, p)") == "regexp_like(s, p)"


def test_a_series_that_ends_before_it_begins_is_empty() -> None:
    found = of("generate_series(a, b)")
    assert found == "case when a <= b then sequence(a, b) when a > b then array() end"
    assert "then sequence(a, b, interval '1' day)" in of("generate_series(a, b, interval 1 day)")


def test_a_quotient_is_a_double() -> None:
    assert of("x / y") == "cast(x as double) / y"
    assert of("1 / 3") == "cast(1 as double) / 3"
    assert of("cast(x as double) / y") == "cast(x as double) / y"
    assert of("x / y / z") == "cast((cast(x as double) / y) as double) / z"


@pytest.mark.parametrize(("call", "side"), [("trim", "both"), ("ltrim", "leading"), ("rtrim", "trailing")])
def test_a_trim_names_all_blanks(call: str, side: str) -> None:
    sql = spark_query(f"select {call}(s) as x from t", INPUTS).sql
    assert sql.startswith(f"SELECT TRIM({side.upper()} ' ") and sql.endswith("' FROM `s`) AS `x` FROM `t`")
    assert all(blank in sql for blank in " \u00a0\u1680\u2000\u200a\u202f\u205f\u3000") and "\t" not in sql
    assert "\u3000" not in spark_query(f"select {call}(s, 'a') as x from t", INPUTS).sql


@pytest.mark.parametrize(("part", "size"), [("month", 1), ("quarter", 3), ("year", 12)])
def test_months_are_counted_by_their_beginnings(part: str, size: int) -> None:
    ends = [f"(year({day}) * 12 + month({day}) - 1) div {size}" for day in ("b", "a")]
    assert of(f"date_diff('{part}', a, b)") == f"({' - '.join(ends)})"


def test_days_and_hours_are_left_to_spark() -> None:
    assert of("date_diff('day', a, b)") == "datediff(day, a, b)"
    assert "year(" not in of("date_diff('hour', a, b)")


# ---- words of the two dialects ----


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("strftime(d, '%Y-%m')", "date_format(d, 'yyyy-mm')"),
        ("string_split(s, '|')", "split(s, concat('\\\\q', '|', '\\\\e'))"),
        ("list_contains(l, 'a')", "array_contains(l, 'a')"),
        ("count(distinct a)", "count(distinct a)"),
        ("a // b", "a div b"),
        ("regexp_matches(s, 'x')", "regexp_like(s, '(?d)x')"),
        ("bool_or(a)", "a)"),
        ("l[1]", "l[0]"),
    ],
)
def test_functions_get_the_names_of_spark(duckdb: str, spark: str) -> None:
    assert spark in of(duckdb)
