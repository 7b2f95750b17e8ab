"""What Spark makes of a query is what DuckDB makes of it, also over rows that no form would accept."""

from __future__ import annotations

import re

import pytest

from siyu.engines.functions import FUNCTIONS
from tests.spark.both import BothEngines
from tests.spark.expressions import (
    EVENTS,
    MOMENTS,
    NUMBERS,
    OF_DISTINCT,
    OF_DISTINCT_TEXTS,
    OF_GROUPS,
    OF_MOMENTS,
    OF_NUMBERS,
    OF_TEXTS,
    OF_VALUES,
    OF_WINDOWS,
    QUERIES,
    TEXTS,
    VALUES,
    listed,
    values,
)  # fmt: skip

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("spark")]

KINDS = (("a", "Alpha", 1), ("b", "Beta", 2), ("", None, 3), (None, "None", 4), ("a", "Again", 5))
MONEY = (
    ("0.10", "1.123456789", "1.12345678", "7.0123456789"), ("12345678.95", "0.333333333", "123456.00000001", "0.1"),
    ("-0.05", "0.5", "3", "12345678.987654321"), ("33.33", "0.075", "1.005", "92233720368.54775807"),
)  # fmt: skip


@pytest.fixture(scope="module")
def given(both: BothEngines) -> BothEngines:
    """Tables that DuckDB has written, and that Spark has not seen yet."""
    event = values(
        EVENTS, "person varchar", "seen timestamp", "amount decimal(18, 2)", "n bigint", "kind varchar", "ok boolean"
    )
    others = [(VALUES[place - 7], value) for place, value in enumerate(VALUES)]
    tables = {
        "text": values(TEXTS, "s varchar", "o varchar"),
        "number": values(NUMBERS, "i integer", "b bigint", "d decimal(18, 6)", "w decimal(38, 0)", "x double"),
        "moment": values(MOMENTS, "d date", "t timestamp", "ok boolean", "i integer"),
        "event": f"select *, cast(seen as date) as day, cast(amount as double) / 3 as ratio from ({event})",
        "nothing": "select * from records.event where false",
        "kind": values(KINDS, "kind varchar", "name varchar", "place bigint"),
        "money": values(MONEY, "a decimal(18, 2)", "r decimal(18, 9)", "w decimal(24, 8)", "x double"),
        "value": "select v.*, m.t, m.d, n.b, n.i as c from"
        f" ({values(tuple(others), 'o varchar', 's varchar')}) as v left join records.moment as m on m.no = v.no"
        " left join records.number as n on n.no = v.no",
    }
    for name, query in tables.items():
        both.spark.execute(f"create table records.{name} as {query}")
    return both


@pytest.mark.parametrize(
    ("expressions", "table"),
    [
        (OF_TEXTS, "text"),
        (OF_NUMBERS, "number"),
        (OF_MOMENTS, "moment"),
        (OF_WINDOWS, "event"),
        (OF_WINDOWS, "nothing"),
    ],
    ids=["texts", "numbers", "moments", "windows", "windows over nothing"],
)
def test_every_row_gets_the_same_value(given: BothEngines, expressions: str, table: str) -> None:
    assert given.differing(listed(expressions), f"from records.{table}") == {}


@pytest.mark.parametrize("table", ["event", "nothing"])
@pytest.mark.parametrize(
    "expressions", [OF_GROUPS, OF_DISTINCT, OF_DISTINCT_TEXTS], ids=["aggregates", "distinct values", "distinct texts"]
)
def test_every_group_gets_the_same_value(given: BothEngines, expressions: str, table: str) -> None:
    assert given.differing(listed(expressions), f"from records.{table} group by person", "person") == {}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_yields_the_same_rows(given: BothEngines, query: str) -> None:
    assert given.differences(query) == []


# ---- the semantic functions ----

NO_VALUES = (
    "from (select no, cast(null as varchar) as s, cast(null as varchar) as o, cast(null as timestamp) as t,"
    " cast(null as date) as d, cast(null as bigint) as b, cast(null as integer) as c from records.value)"
)


@pytest.mark.parametrize(
    "origin",
    ["from records.value", NO_VALUES, "from records.value where no < 0"],
    ids=["values", "nothing but NULLs", "no rows"],
)
def test_a_semantic_function_means_the_same(given: BothEngines, origin: str) -> None:
    assert given.differing(listed(OF_VALUES), origin) == {}


def test_every_semantic_function_is_among_them() -> None:
    assert set(re.findall(r"fn_\w+", OF_VALUES)) == {function.name for function in FUNCTIONS}


def test_a_semantic_function_in_a_join_a_condition_and_a_group(given: BothEngines) -> None:
    query = (
        "select fn_folded(a.s) as folded, count(*) as c, max(fn_mask(b.s)) as m from records.value as a"
        " join records.value as b on fn_folded(a.s) = fn_folded(b.s) and fn_similarity(a.s, b.s) > 0.5"
        " where fn_trim(a.s) is not null group by fn_folded(a.s) having count(*) > 0"
    )
    assert given.differences(query) == []


def test_more_rows_than_a_batch_has_keep_their_values(given: BothEngines) -> None:
    """A worker of Spark gets 50,000 rows at a time."""
    query = (
        "select u.n, fn_trim(' ' || u.n || ' ') as t, fn_keyed_hash(cast(u.n as varchar)) as h,"
        " fn_share(u.n, 3, 7) as s"
        " from (select 1 as one) cross join unnest(generate_series(1, 60000)) as u (n)"
    )
    assert given.differences(query) == []


# ---- differences that were found: each of these tests fails as long as the engines differ ----

CASES_OF_LETTERS = "from (values (1, 'ß'), (2, 'ﬁ'), (3, 'İ'), (4, 'ΑΣ'), (5, 'Straße'), (6, 'ŉ')) as v (no, s)"


@pytest.mark.parametrize("function", ["upper", "lower"])
def test_letters_of_other_scripts_have_one_upper_and_lower_case(given: BothEngines, function: str) -> None:
    # DuckDB maps letter by letter (ß -> ẞ, İ -> i, Σ -> σ), Spark by the rules of whole words (SS, i̇, final ς).
    assert given.differing([f"{function}(s)"], CASES_OF_LETTERS) == {}


def test_the_end_of_a_pattern_is_the_end_of_the_text(given: BothEngines) -> None:
    # $ of Java also matches before a line break at the end: 'x\n' is x on Spark.
    origin = "from (select 1 as no, 'x' || chr(10) as s)"
    expressions = ["regexp_matches(s, 'x$')", "regexp_matches(s, '^[a-z]{1,4}$')", "regexp_extract(s, '^(x)$', 1)"]
    assert given.differing(expressions, origin) == {}


def test_a_dot_in_a_pattern_is_any_letter_but_a_line_feed(given: BothEngines) -> None:
    # . of Java does not match \r, \u0085, \u2028 and \u2029 either.
    origin = "from (values (1, chr(13)), (2, chr(133)), (3, chr(8232)), (4, chr(10))) as v (no, s)"
    assert given.differing(["regexp_matches(s, '^.')", "regexp_replace(s, '.', '+', 'g')"], origin) == {}


def test_a_dollar_in_a_replacement_is_a_dollar(given: BothEngines) -> None:
    # Spark takes $1 for a group, and stops where there is none; \ is an escape.
    origin = "from (select 1 as no, 'a' as s)"
    assert given.differing(["regexp_replace(s, 'a', '$1', 'g')", "regexp_replace(s, 'a', '$', 'g')"], origin) == {}


def test_a_pattern_that_matches_nothing_at_all(given: BothEngines) -> None:
    # Spark replaces once more behind a match, and between the two halves of an emoji.
    origin = "from (values (1, 'a'), (2, '😀'), (3, 'ba')) as v (no, s)"
    assert given.differing(["regexp_replace(s, 'a*', '-', 'g')", "regexp_replace(s, 'z*', '-', 'g')"], origin) == {}


def test_like_with_a_pattern_from_a_column_that_has_a_backslash(given: BothEngines) -> None:
    # A value such as a\d stops the query on Spark; on DuckDB, \ is a character.
    assert given.differing(["s like o || '%'"], "from records.text") == {}


def test_blanks_of_other_widths_are_trimmed(given: BothEngines) -> None:
    # trim() of DuckDB takes every blank of Unicode, that of Spark only U+0020. No lint tells this; fn_trim() does.
    texts = "(1, '\u3000a\u3000'), (2, '\u00a0a'), (3, 'a\u2003'), (4, chr(9) || 'a'), (5, chr(10))"
    origin = f"from (values {texts}) as v (no, s)"
    assert given.differing(["trim(s)", "ltrim(s)", "rtrim(s)", "nullif(trim(s), '')"], origin) == {}


def test_a_text_that_is_no_number_or_has_another_form_of_it(given: BothEngines) -> None:
    # Spark reads '１２' as 12 and '000123' as a year; DuckDB reads '12.5' as 13, '1_000' and '0x10'.
    origin = (
        "from (values (1, '１２'), (2, '12.5'), (3, '1_000'), (4, '0x10'), (5, '000123'), (6, ' 7 '), (7, '1e3'),"
        " (8, 'inf'), (9, '2026-2-3'), (10, '1e400')) as v (no, s)"
    )
    kinds = ("bigint", "decimal(18, 2)", "double", "date", "timestamp")
    assert given.differing([f"try_cast(s as {kind})" for kind in kinds], origin) == {}


def test_a_series_that_would_go_down_is_empty(given: BothEngines) -> None:
    # sequence(2, 1) of Spark is [2, 1]. models/identity has generate_series(2, length(…)).
    query = "select no, u.place from records.text cross join unnest(generate_series(2, length(s))) as u (place)"
    assert given.differences(query) == []


def test_a_series_of_days_that_ends_before_it_begins_is_empty(given: BothEngines) -> None:
    # Spark stops at such a row: illegal sequence boundaries.
    query = (
        "select no, cast(u.d as date) as d from records.moment as m"
        " cross join unnest(generate_series(m.d, date '2026-01-01', interval 1 month)) as u (d)"
        " where m.d > date '1990-01-01'"
    )
    assert given.differences(query) == []


def test_a_decimal_over_a_decimal_is_a_double(given: BothEngines) -> None:
    # Spark computes a decimal of 6 digits or more, which a literal such as 7.0 leads to, too.
    expressions = [
        "a / r", "a / 7", "a / 7.0", "no / 7.0", "1.0 * no / 7", "1 / 3.0", "cast(no / 7.0 as decimal(18, 9))",
        "cast(a / r as decimal(18, 9))", "cast(round(1000000000000 * power(0.5, no / 30.0)) as bigint)",
    ]  # fmt: skip
    assert given.differing(expressions, "from records.money") == {}


def test_a_sum_over_a_sum_of_decimals_is_a_double(given: BothEngines) -> None:
    expressions = ["sum(amount) / nullif(sum(no), 0)", "cast(sum(amount) / sum(no) as decimal(24, 14))"]
    assert given.differing(expressions, "from records.event group by person", "person") == {}


@pytest.mark.parametrize("kind", ["decimal(38, 12)", "decimal(38, 9)", "decimal(30, 8)"])
def test_a_double_cast_to_a_wide_decimal_keeps_its_last_digit(given: BothEngines, kind: str) -> None:
    # The product of _cast is wider than 38 digits, so that Spark takes digits from its scale.
    # models/identity/candidates has decimal(38, 12).
    origin = "from (values (1, 1), (2, 2), (3, 22)) as v (no, i)"
    assert given.differing([f"cast(i / 7 as {kind})", f"cast(cast(i as double) / 3 as {kind})"], origin) == {}


def test_a_double_of_more_digits_than_it_can_hold_cast_to_a_decimal(given: BothEngines) -> None:
    # Above 2^53 units of the last digit, DuckDB takes the double itself, Spark its shortest text: 1e17 becomes
    # 99999999999999991.611392 and 99999999999999990.000000. models/kpi/values casts least(…, 1e17) to decimal(28, 8).
    origin = "from (values (1, 1e17), (2, 1e16), (3, 92233720368.54775807), (4, 4503599627370.4971)) as v (no, x)"
    expressions = [
        "cast(cast(x as double) as decimal(38, 6))",
        "cast(least(cast(x as double), 1e17) as decimal(28, 8))",
    ]
    assert given.differing(expressions, origin) == {}


def test_a_double_rounded_to_two_digits(given: BothEngines) -> None:
    # round(1.005, 2) of a double: DuckDB 1.0, Spark 1.01.
    assert given.differing(["round(x, 2)", "round(x, 1)", "round(x, 4)"], "from records.number") == {}


def test_the_product_of_wide_decimals_keeps_its_digits(given: BothEngines) -> None:
    # Above 38 digits, Spark takes digits from the scale of a product, DuckDB from the whole part.
    expressions = [
        "r * w", "cast(a as decimal(20, 2)) * r", "cast(a as decimal(38, 2)) * r",
        "cast(a as decimal(38, 6)) * cast(r as decimal(38, 6))",
    ]  # fmt: skip
    assert given.differing(expressions, "from records.money") == {}


def test_the_median_of_two_values_is_rounded_as_duckdb_rounds(given: BothEngines) -> None:
    # DuckDB computes a * 0.5 + b * 0.5, MIDDLE a + (b - a) * 0.5, which is another double: 0.4 for 0.1 and 0.7.
    values_of_two = "(values (1, 0.1), (1, 0.7), (2, 3.3), (2, 1e15), (3, 0.01), (3, 99999999999.99)) as v (g, x)"
    expressions = ["median(cast(x as double))", "cast(median(cast(x as double)) as decimal(24, 6))"]
    assert given.differing(expressions, f"from {values_of_two} group by g", "g") == {}


def test_a_mean_of_some_rows_or_of_a_window(given: BothEngines) -> None:
    # avg() becomes a quotient, to which FILTER and OVER stick: a syntax error on Spark.
    origin = "from records.event"
    assert given.differing(["avg(amount) over (partition by person)"], origin) == {}
    assert given.differing(["avg(amount) filter (where ok)"], f"{origin} group by person", "person") == {}


def test_names_in_chinese_need_no_quotes(given: BothEngines) -> None:
    # Spark reads such a name only between backticks; the portable subset allows it.
    assert given.differences("select 状态.no as 编号 from records.event as 状态") == []


def test_the_greatest_of_structs_with_a_null(given: BothEngines) -> None:
    # In a struct, NULL is the greatest value for DuckDB and the least one for Spark.
    expressions = [
        "(max(struct_pack(a := seen, c := no))).c", "(min(struct_pack(a := kind, c := no))).c",
        "arg_max(no, struct_pack(a := amount, b := no))", "arg_min(no, struct_pack(a := kind, b := no))",
        "array_to_string(list_transform(list_sort(list(struct_pack(k := amount, v := no))),"
        " lambda x: cast(x.v as varchar)), '/')",
    ]  # fmt: skip
    assert given.differing(expressions, "from records.event group by person", "person") == {}


def test_arg_max_passes_over_a_null(given: BothEngines) -> None:
    # DuckDB looks for the greatest key with a value, Spark takes the value at the greatest key. No lint tells this.
    assert given.differing(["arg_max(kind, no)"], "from records.event group by person", "person") == {}


def test_grouping_sets_over_nothing_have_a_total(given: BothEngines) -> None:
    # The set () over no rows is one row on DuckDB and none on Spark. models/ has two such queries.
    query = "select kind, count(*) as c from records.nothing group by grouping sets ((kind), ())"
    assert given.differences(query) == []


@pytest.mark.parametrize(
    "aggregates",
    [
        "string_agg(kind, ',' order by no) as t, count(distinct n) as n, count(distinct day) as d",
        "string_agg(kind, ',' order by no) as t, count(distinct n) filter (where ok) as n",
        "string_agg(distinct kind, ',' order by kind) as t, count(distinct n) as n",
    ],
)
def test_an_ordered_text_beside_counts_of_distinct_values(given: BothEngines, aggregates: str) -> None:
    # ClassCastException in RewriteDistinctAggregates of Spark 4.3: ListAgg loses its order there.
    assert given.differences(f"select person, {aggregates} from records.event group by person") == []


def test_a_qualify_by_an_expression_of_the_groups(given: BothEngines) -> None:
    # Spark does not find the columns of the expression behind the aggregation. A plain column works.
    query = (
        "select upper(kind) as k, count(*) as c from records.event as e group by upper(kind)"
        " qualify row_number() over (order by upper(e.kind)) < 3"
    )
    assert given.differences(query) == []


def test_a_pivot_counts_nothing_as_0(given: BothEngines) -> None:
    query = (
        "select person, x, y from (select person, kind, n from records.event)"
        " pivot (count(n) for kind in ('a' as x, 'b' as y))"
    )
    assert given.differences(query) == []


@pytest.mark.parametrize("part", ["month", "quarter", "year"])
def test_months_between_dates_are_counted_by_their_beginnings(given: BothEngines, part: str) -> None:
    # From 2025-12-31 to 2026-06-30: 6 on DuckDB, 5 on Spark, which counts whole months.
    assert given.differing([f"date_diff('{part}', d, fn_as_of())"], "from records.moment") == {}


def test_a_double_as_text(given: BothEngines) -> None:
    # From 1e7 on, and below 0.001: 1e-07 on DuckDB, 1.0E-7 on Spark.
    assert given.differing(["cast(x as varchar)", "cast(x * 1e10 as varchar)"], "from records.number") == {}


def test_a_struct_is_compared_field_by_field(given: BothEngines) -> None:
    query = "select no from records.event where struct_pack(a := person, b := no) > struct_pack(a := 'p1', b := 2)"
    assert given.differences(query) == []


def test_a_whole_number_over_another_of_more_than_18_digits(given: BothEngines) -> None:
    # div of Spark yields a bigint and overflows without an error.
    given.spark.execute(f"create or replace table records.huge as select 1 as no, cast({'9' * 38} as hugeint) as h")
    assert given.differing(["h // 7"], "from records.huge") == {}


@pytest.mark.parametrize(
    "expression",
    [
        "string_split(s, ',')[9]", "array_length(string_split(s, ''))", "split_part(s, '', 1)", "substr(s, 0, 2)",
        "left(s, -1)", "right(s, -1)", "levenshtein(s, o)", "unicode(s)", "strlen(s)", "regexp_full_match(s, '[a-z]+')",
        "array_to_string(list_transform(string_split(s, ','), lambda x: nullif(x, '')), '/')", "s || null",
        "list_contains(string_split(s, ','), null)",
    ],
)  # fmt: skip
def test_what_no_model_uses_and_no_lint_tells_of_texts(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.text") == {}


@pytest.mark.parametrize("expression", ["quantile_disc(ratio, 0.5)", "mode(kind)", "product(cast(no as double))"])
def test_what_no_model_uses_and_no_lint_tells_of_groups(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.event where person <> 'p2' group by person", "person") == {}


@pytest.mark.parametrize("expression", ["log10(abs(x) + 1)", "isnan(x)", "d // 2"])
def test_what_no_model_uses_and_no_lint_tells_of_numbers(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.number") == {}


@pytest.mark.parametrize("expression", ["epoch(t)"])
def test_what_no_model_uses_and_no_lint_tells_of_moments(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.moment") == {}
