"""The portable subset, row by row of what was measured to differ, and what must stay allowed.

Not told by any lint, for want of what only data or nullability can tell: arg_max() of a NULL, a list index out of
range, malformed JSON, trim() on full-width spaces, division of decimals and by zero.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlglot

from siyu.compile.portable import FUNCTIONS, NEVER, SHAPES, Finding, shape_findings
from siyu.compile.portable_types import type_findings
from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession


def shapes(sql: str) -> list[Finding]:
    dialect = sqlglot.Dialect.get_or_raise("duckdb")
    tokens = dialect.tokenize(sql)
    (tree,) = dialect.parser().parse(tokens, sql)
    assert tree is not None
    return list(shape_findings(tokens, tree))


@pytest.fixture(scope="module")
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"))
    found = engine.session()
    found.execute(
        "create table t (a integer, b bigint, s varchar, d date, ts timestamp, tz timestamptz, l integer[],"
        " j varchar, amount decimal(18,2), ratio double, ok boolean)"
    )
    found.execute("create table u (a integer, b bigint, 名 varchar)")
    yield found
    engine.close()


# construct -> what is told of it
SHAPES_FOUND = {
    "select mean(a) as x from t": "mean()",
    "select x, u.b from t cross join unnest(l) as e(x) inner join u on x = u.a": "a join after unnest",
    "select x from t cross join unnest(l) as e(x) left join u on x = u.a": "a join after unnest",
    "select a from t group by a qualify row_number() over (order by sum(b) desc, a) = 1": "an aggregate in qualify",
    "select a from t group by a qualify sum(sum(b)) over (partition by a) > 1": "an aggregate in qualify",
    "select list(a order by b) as l from t": "list(x order by y)",
    "select array_agg(a order by b) as l from t": "list(x order by y)",
    "select list(a) as l from t": "list(x) without a filter",
    "select list(a) filter (where a is not null) as l from t": "list(x) without a filter",
    "select coalesce(list(a), []) as l from t": "list(x) without a filter",
    "select list_sort(array_agg(distinct a)) as l from t": "list(x) without a filter",
    "select string_agg(s, ', ') as x from t": "string_agg without order by",
    "select string_agg(distinct s, ', ') as x from t": "string_agg without order by",
    "select quantile_cont(ratio, 0.5) as x from t": "quantile_cont()",
    "select percentile_cont(0.5) within group (order by ratio) as x from t": "percentile_cont()",
    "select dayofweek(d) as x from t": "dayofweek()",
    "select isodow(d) as x from t": "isodow()",
    "select extract(isodow from d) as x from t": "a day of the week",
    "select extract('dow' from d) as x from t": "a day of the week",
    "select date_part('isodow', d) as x from t": "a day of the week",
    "select x from t left join unnest(l) as u(x) on true": "left join unnest",
    "select x from t left join lateral unnest(l) as u(x) on true": "left join unnest",
    "select regexp_replace(s, 'a', 'b') as x from t": "regexp_replace without 'g'",
    "select regexp_replace(s, 'a', 'b', 'i') as x from t": "regexp_replace without 'g'",
    r"select regexp_replace(s, '(a)', '\1', 'g') as x from t": r"\1 in a replacement",
    r"select regexp_matches(s, '\p{Han}') as x from t": r"\p{ in a pattern",
    r"select regexp_matches(s, 'a\s') as x from t": r"\s in a pattern",
    r"select regexp_extract(s, '(\w+)', 1) as x from t": r"\w in a pattern",
    "select ts at time zone 'Asia/Shanghai' as x from t": "at time zone on a timestamp without one",
    "select timezone('Asia/Shanghai', ts) as x from t": "timezone()",
    "select log(ratio) as x from t": "log()",
    "select dayname(d) as x from t": "dayname()",
    "select hash(s) as x from t": "hash()",
    r"select s from t where s like '%\_%'": "like with a backslash",
    r"select s from t where s not ilike '%\_%'": "like with a backslash",
    "select n from generate_series(1, 3) as g(n)": "generate_series in from",
    "select n from range(3) as g(n)": "generate_series in from",
    "select n from t cross join generate_series(1, 3) as g(n)": "generate_series in from",
    "select l[-1] as x from t": "a negative list index",
    "select len(l) as x from t": "len()",
    "select list_sum(l) as x from t": "list_sum()",
    "select json_valid(j) as x from t": "json_valid()",
    "select try_strptime(s, '%Y') as x from t": "try_strptime()",
    "select strptime(s, '%Y') as x from t": "strptime()",
    "select d + interval (a) day as x from t": "interval (n) day",
    "select t.a from t asof join u on t.a >= u.a": "ASOF JOIN",
    "pivot t on s using sum(a)": "pivot … on",
    "with recursive c as (select 1 as n union all select n + 1 from c) select n from c": "a recursive query",
    "with recursive c(n) using key (n) as (select 1 union select n + 1 from c) select n from c": "a recursive query",
    "select a * 2 as total from t where total > 5": "an alias in where",
    "select total from (select a * 2 as total from t where total > 5) as x": "an alias in where",
    "select * replace (a + 1 as a) from t": "select *",
    "select t.* from t": "select *",
    "select columns('a.*') from t": "columns()",
    "select a from t union all by name select a from u": "union by name",
    "select count(distinct a) over (partition by s) as x from t": "count(distinct …) over (…)",
    "merge into t using u on t.a = u.a when matched then delete": "merge",
    "update t set a = 1": "update",
    "delete from t": "delete",
    "insert into t select a from u": "insert",
    "select row_number() over (partition by a) as x from t": "a ranking window without order by",
    "select rank() over (partition by a) as x from t": "a ranking window without order by",
    "select lag(a) over (partition by s) as x from t": "a ranking window without order by",
    "select last_value(a ignore nulls) over (partition by s) as x from t": "a ranking window without order by",
    "select current_date as x": "current_date()",
    "select localtimestamp as x": "localtimestamp()",
    "select age(ts) as x from t": "age()",
    "select a from t using sample 10%": "a sample",
    "select a from t tablesample 10%": "a sample",
    "select stddev(amount) as x from t": "stddev()",
    "select distinct on (a) a, b from t": "distinct on",
    "select a from t limit 1": "limit",
    "select a from t order by a fetch first 3 rows only": "limit",
    "select rowid as x from t": "rowid",
    "select file as x from glob('/etc/*')": "glob()",
    "select a from parquet_scan('x')": "a table function",
    "select a from query('select random() as a')": "query()",
    "select uuidv7() as x from t": "uuidv7()",
    "select current_localtimestamp() as x from t": "current_localtimestamp()",
    "select x from t left join (select unnest(l) as x from t) as u on true": "left join unnest",
    "select x from t left join lateral (select unnest(t.l) as x) as u on true": "left join unnest",
    "select list_extract(l, -1) as x from t": "list_extract()",
    "select l[:-1] as x from t": "a negative list index",
    "select coalesce(list(a) filter (where b > 1), []) as l from t": "list(x) without a filter",
    "select regr_slope(ratio, ratio) as x from t": "regr_slope()",
}

TYPES_FOUND = {
    "select sum(ratio) as x from t": "sum() over doubles",
    "select avg(ratio) filter (where ok) as x from t": "avg() over doubles",
    "select sum(ratio) over (order by a) as x from t": "sum() over doubles",
    "select sum(cast(amount as double)) as x from t": "sum() over doubles",
    "select skewness(a) as x from t": "skewness() over doubles",
    "select a from t group by a having sum(ratio) > 1": "sum() over doubles",
    "select (select sum(ratio) from t where t.a = u.a) as x from u": "sum() over doubles",
    "select median(amount) as x from t": "median() of decimals",
    "select median(amount) over (order by d range between interval 7 day preceding and interval 1 day preceding) as x"
    " from t": "median() of decimals",
    "select sum(ok) as x from t": "sum() of a boolean",
    "select sum(a > 1) as x from t": "sum() of a boolean",
    "select date_diff('day', ts, ts) as x from t": "date_diff() of timestamps",
    "select date_diff('hour', d, ts) as x from t": "date_diff() of timestamps",
    "select datediff('month', tz, tz) as x from t": "date_diff() of timestamps",
    "select date_diff('day', date_trunc('day', ts), ts) as x from t": "date_diff() of timestamps",
    "select d - d as x from t": "date - date",
    "select d - date '2026-01-01' as x from t": "date - date",
    "select cast(amount as integer) as x from t": "a fraction cast to an integer",
    "select ratio::bigint as x from t": "a fraction cast to an integer",
    "select try_cast(ratio as bigint) as x from t": "a fraction cast to an integer",
    "select cast(round(amount, 1) as integer) as x from t": "a fraction cast to an integer",
}

ALLOWED = (
    "select a from t qualify row_number() over (partition by a order by b, s) = 1",
    "select a from t qualify sum(b) filter (where ok) over (partition by a) > 1 and lag(b) over (order by a, b) = 1",
    "select t.a, x, y from t inner join u on t.a = u.a cross join unnest(l) as e(x) cross join unnest([1, 2]) as f(y)",
    "select median(cast(amount as double)) as x, median(a) as y from t",
    "select count(*) filter (where ok) as x, count(distinct a) filter (where ok) as y, count_if(ok) as z from t",
    "select a, s, count(*) as x from t group by all",
    "select a, s, count(*) as x from t group by grouping sets ((a), (s), ())",
    "select t.a, x.n from t, lateral (select count(*) as n from u where u.a = t.a) as x",
    "select t.a from t semi join u on t.a = u.a",
    "select t.a from t anti join u on t.a = u.a",
    "select a is distinct from b as x, a is not distinct from b as y from t",
    "select string_agg(s, ', ' order by s) as x, string_agg(distinct s, ', ' order by s) as y from t",
    "select struct_pack(k := a, v := s) as x from t",
    "select list_filter(l, lambda x: x > 1) as x, list_transform(l, lambda x: x + 1) as y from t",
    "select list_transform(list_sort(list(struct_pack(k := b, v := a))), lambda x: x.v) as x from t",
    "select coalesce(list(a) filter (where a is not null), []) as x from t",
    "select array_length(l) as x, length(s) as y, l[1] as z from t",
    "select lag(a) over (partition by s order by b) as x, lead(a) over (partition by s order by b) as y from t",
    "select last_value(a ignore nulls) over (partition by s order by b) as x from t",
    "select sum(a) over (partition by s order by d range between interval 6 day preceding and current row) as x from t",
    "select sum(a) over (partition by s) as x, avg(amount) as y from t group by a, s",
    "select arg_max(s, struct_pack(x := b, y := a)) filter (where s is not null) as x from t",
    "select median(ratio) as x, min(ratio) as y, max(ratio) as z, quantile_disc(ratio, 0.5) as w from t",
    "select sum(amount) as x, sum(cast(ratio as decimal(18,4))) as y from t",
    "select date_diff('day', d, cast(ts as date)) as x from t",
    "select date_diff('hour', date_trunc('hour', ts), date_trunc('hour', ts)) as x from t",
    "select date_diff('day', date '1900-01-01', d) % 7 as x from t",
    "select date_trunc('month', d) as x, strftime(d, '%Y-%m') as y from t",
    "select fn_try_date(s, ['%Y-%m-%d', '%d.%m.%Y']) as x, fn_try_timestamp(s, '%H:%M %z') as y from t",
    "select fn_try_decimal(s, ',') as x, sum(fn_try_decimal(s, '.')) as y, fn_trim(s) as z from t group by s",
    "select ts at time zone 'UTC' at time zone 'Asia/Shanghai' as x, tz at time zone 'UTC' as y from t",
    "select fn_local_date(ts) as x, fn_local_midnight(d) as y, fn_as_of() as z, fn_as_of_end() as w from t",
    "select d + a * interval 1 day as x, d - interval '1' month as y, d + 1 as z from t",
    "select a - b as x, amount - amount as y, ts - interval 1 hour as z from t",
    "select cast(floor(amount) as integer) as x, cast(round(ratio) as bigint) as y, cast(s as integer) as z from t",
    "select cast(sum(a) as bigint) as x, cast(amount as double) as y from t group by amount",
    "select a / nullif(b, 0) as x from t",
    "select n from t cross join unnest(case when array_length(l) > 0 then l else [null] end) as x(n)",
    "select n from t cross join unnest(generate_series(d, d + interval 3 day, interval 1 day)) as x(n)",
    "select regexp_replace(s, '[ -]', '', 'g') as x, regexp_extract(s, '^(.*)@', 1) as y from t",
    "select regexp_matches(s, '^[一-龥]{2,4}$') as x, md5(s) as y, sha256(s) as z, log10(ratio) as w from t",
    "select s from t where s like '%a_b%' and contains(s, '_')",
    "select j ->> '$.a' as x from t",
    "select a, x, y from t pivot (count(b) for s in ('x', 'y'))",
    "select a, k, v from t unpivot (v for k in (b))",
    "select lower(s) as s from t where s is not null",
    "select a * 2 as total from t where t.a > 5",
    "select a as n from t where exists (select 1 from (select 1 as n) as x where n = 1)",
    "with x as (select a * 2 as total from t) select total from x where total > 5",
    "select '状态' as 状态, 名 as 名称 from u where 名 = '现在 now() first(x)'",
    "select 'merge; len(x)' as x, a as first_a, b as last_b from t order by a nulls first",
)


@pytest.mark.parametrize("sql", SHAPES_FOUND)
def test_a_shape_that_means_something_else_on_spark_is_found(sql: str) -> None:
    assert [finding.what for finding in shapes(sql)] == [SHAPES_FOUND[sql]]


@pytest.mark.parametrize("sql", TYPES_FOUND)
def test_types_that_mean_something_else_on_spark_are_found(session: DuckSession, sql: str) -> None:
    plan = session.plan(sql)
    assert not plan.get("error"), plan
    assert {finding.what for finding in type_findings(plan)} == {TYPES_FOUND[sql]}
    assert not shapes(sql)


@pytest.mark.parametrize("sql", ALLOWED)
def test_the_portable_subset_is_left_alone(session: DuckSession, sql: str) -> None:
    assert not shapes(sql)
    session.rows(sql)
    plan = session.plan(sql)
    assert not plan.get("error") and not list(type_findings(plan))


@pytest.mark.parametrize("name", [*FUNCTIONS, *sorted(NEVER), "regr_r2", "regr_slope"])
def test_a_function_outside_the_subset_is_found_by_its_name(name: str) -> None:
    dialect = sqlglot.Dialect.get_or_raise("duckdb")
    for written in (name, name.upper()):
        tokens = dialect.tokenize(f"select\n    {written}(x, y) as z\nfrom t")
        (finding,) = shape_findings(tokens, sqlglot.parse_one("select 1 as z"))
        assert finding.what == f"{name}()" and finding.line == 2 and finding.instead


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, *NEVER} - {"current_date", "current_timestamp"}))
def test_a_column_or_text_of_such_a_name_is_no_call(name: str) -> None:
    assert not shapes(f"select t.\"{name}\" as x, '{name}(x)' as y from t")


def test_every_rule_has_a_construct_here() -> None:
    assert {rule[2] for rule in SHAPES} <= set(SHAPES_FOUND.values())


def test_every_mistake_of_a_query_is_told_with_its_line() -> None:
    found = shapes("select\n    len(l) as x,\n    l[-1] as y\nfrom t\nwhere\n    s like '%\\_%'")
    assert {(finding.what, finding.line) for finding in found} == {
        ("len()", 2),
        ("a negative list index", 3),
        ("like with a backslash", 6),
    }


def test_every_finding_says_what_to_write_instead() -> None:
    findings = [finding for sql in SHAPES_FOUND for finding in shapes(sql)]
    assert all(finding.instead for finding in findings)
