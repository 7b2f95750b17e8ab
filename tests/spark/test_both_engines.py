"""What Spark makes of a query is what DuckDB makes of it, also over rows that no form would accept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from siyu.engines.functions import FUNCTIONS
from siyu.engines.sql import quoted
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


def differs(reason: str, *values: Any) -> Any:
    """Return a case in which the engines differ. Its test fails when they no longer do."""
    return pytest.param(*values, marks=different(reason))


def different(reason: str) -> Any:
    """Return the mark of a test of a known difference."""
    return pytest.mark.xfail(strict=True, raises=AssertionError, reason=reason)


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


# ---- what the two engines would mean something else by, if the query were not changed for Spark ----


def test_the_end_of_a_pattern_is_the_end_of_the_text(given: BothEngines) -> None:
    origin = "from (values (1, 'x' || chr(10)), (2, 'x$'), (3, 'a$x'), (4, 'x')) as v (no, s)"
    expressions = [
        "regexp_matches(s, 'x$')", "regexp_matches(s, '^[a-z]{1,4}$')", "regexp_extract(s, '^(x)$', 1)",
        "regexp_matches(s, '[$a]x$')", r"regexp_matches(s, 'x\$')", r"regexp_matches(s, '[^\]$]$')",
        "regexp_replace(s, '(?:x|a)$', '', 'g')",
    ]  # fmt: skip
    assert given.differing(expressions, origin) == {}


def test_a_dot_in_a_pattern_is_any_letter_but_a_line_feed(given: BothEngines) -> None:
    origin = "from (values (1, chr(13)), (2, chr(133)), (3, chr(8232)), (4, chr(10))) as v (no, s)"
    assert given.differing(["regexp_matches(s, '^.')", "regexp_replace(s, '.', '+', 'g')"], origin) == {}


def test_blanks_of_other_widths_are_trimmed(given: BothEngines) -> None:
    texts = "(1, '\u3000a\u3000'), (2, '\u00a0a'), (3, 'a\u2003'), (4, chr(9) || 'a'), (5, chr(10))"
    origin = f"from (values {texts}) as v (no, s)"
    assert given.differing(["trim(s)", "ltrim(s)", "rtrim(s)", "nullif(trim(s), '')"], origin) == {}


def test_a_series_that_would_go_down_is_empty(given: BothEngines) -> None:
    query = "select no, u.place from records.text cross join unnest(generate_series(2, length(s))) as u (place)"
    assert given.differences(query) == []


def test_a_series_of_nothing_is_null(given: BothEngines) -> None:
    expressions = ["array_length(generate_series(i, 5))", "array_length(generate_series(1, i))"]
    assert given.differing(expressions, "from records.moment") == {}


@pytest.mark.parametrize(
    "until",
    [
        "m.d > date '1990-01-01' and day(m.d) < 29",
        differs(
            "months from the 29th to the 31st: DuckDB adds to the month before, Spark to the first one",
            "m.d > date '1990-01-01' and day(m.d) >= 29",
        ),
    ],
)
def test_a_series_of_months_is_the_same_or_empty(given: BothEngines, until: str) -> None:
    query = (
        "select no, cast(u.d as date) as d from records.moment as m"
        f" cross join unnest(generate_series(m.d, date '2026-01-01', interval 1 month)) as u (d) where {until}"
    )
    assert given.differences(query) == []


@different("to do: a series that goes down by a negative step is an error or empty on Spark")
def test_a_series_with_a_negative_step(given: BothEngines) -> None:
    assert given.differing(["array_length(generate_series(5, i, -1))"], "from records.moment where i < 6") == {}


def test_a_decimal_over_a_decimal_is_a_double(given: BothEngines) -> None:
    expressions = [
        "a / r", "a / 7", "a / 7.0", "no / 7.0", "1.0 * no / 7", "1 / 3.0", "cast(no / 7.0 as decimal(18, 9))",
        "cast(a / r as decimal(18, 9))", "cast(round(1000000000000 * power(0.5, no / 30.0)) as bigint)",
    ]  # fmt: skip
    assert given.differing(expressions, "from records.money") == {}


@pytest.mark.parametrize(
    "expression",
    [
        "sum(amount) / nullif(sum(no), 0)",
        "cast(sum(amount) / sum(no) as decimal(24, 6))",
        differs("a double has no more than 15 digits", "cast(sum(amount) / sum(no) as decimal(24, 14))"),
    ],
)
def test_a_sum_over_a_sum_of_decimals_is_a_double(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.event group by person", "person") == {}


@pytest.mark.parametrize("kind", ["decimal(38, 12)", "decimal(38, 9)", "decimal(30, 8)"])
def test_a_double_cast_to_a_wide_decimal_keeps_its_last_digit(given: BothEngines, kind: str) -> None:
    origin = "from (values (1, 1), (2, 2), (3, 22)) as v (no, i)"
    assert given.differing([f"cast(i / 7 as {kind})", f"cast(cast(i as double) / 3 as {kind})"], origin) == {}


@pytest.mark.parametrize(
    "expression",
    ["cast(cast(x as double) as decimal(38, 6))", "cast(least(cast(x as double), 1e17) as decimal(28, 8))"],
)
@different("above 2^53 units of the last digit, Spark takes the shortest text of a double")
def test_a_double_of_more_digits_than_it_can_hold_cast_to_a_decimal(given: BothEngines, expression: str) -> None:
    origin = "from (values (1, 1e17), (2, 1e16), (3, 92233720368.54775807), (4, 4503599627370.4971)) as v (no, x)"
    assert given.differing([expression], origin) == {}


@pytest.mark.parametrize(
    "expression",
    [
        "round(x, 1)",
        "round(x, 4)",
        differs("to do: Spark rounds the shortest text of the double", "round(x, 2)"),
        differs("to do: Spark rounds the shortest text of the double", "cast(round(x, 2) as decimal(18, 2))"),
    ],
)
def test_a_double_rounded_to_some_digits(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.number") == {}


def test_the_product_of_wide_decimals_keeps_its_digits(given: BothEngines) -> None:
    expressions = [
        "r * w", "cast(a as decimal(20, 2)) * r", "cast(a as decimal(38, 2)) * r",
        "cast(a as decimal(38, 6)) * cast(r as decimal(38, 6))",
    ]  # fmt: skip
    assert given.differing(expressions, "from records.money") == {}


def test_the_median_of_two_values_is_rounded_as_duckdb_rounds(given: BothEngines) -> None:
    origin = "from (values (1, 0.1), (1, 0.7), (2, 3.3), (2, 1e9), (3, 0.01), (3, 999999999.99)) as v (g, x) group by g"
    expressions = ["median(cast(x as double))", "cast(median(cast(x as double)) as decimal(24, 6))"]
    assert given.differing(expressions, origin, "g") == {}


@pytest.mark.parametrize(
    "expression",
    [
        "avg(amount) filter (where ok)",
        "avg(distinct amount)",
        differs("to do: DISTINCT gets into the cast of the values: a syntax error", "median(distinct no)"),
    ],
)
def test_means_and_medians_of_some_values(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.event group by person", "person") == {}


def test_a_mean_over_a_window(given: BothEngines) -> None:
    expressions = [
        "avg(amount) over (partition by person)",
        "avg(amount) filter (where ok) over (partition by person order by no)",
    ]
    assert given.differing(expressions, "from records.event") == {}


def test_names_in_chinese_need_no_quotes(given: BothEngines) -> None:
    assert given.differences("select 状态.no as 编号 from records.event as 状态") == []


def test_null_is_the_greatest_field_of_a_struct(given: BothEngines) -> None:
    expressions = [
        "(max(struct_pack(a := seen, c := no))).c", "(min(struct_pack(a := kind, c := no))).c",
        "arg_max(no, struct_pack(a := amount, b := no))", "arg_min(no, struct_pack(a := kind, b := no))",
        "array_to_string(list_transform(list_sort(list(struct_pack(k := amount, v := no))),"
        " lambda x: cast(x.v as varchar)), '/')",
    ]  # fmt: skip
    assert given.differing(expressions, "from records.event group by person", "person") == {}


def test_a_struct_is_compared_field_by_field(given: BothEngines) -> None:
    query = "select no from records.event where struct_pack(a := person, b := no) > struct_pack(a := 'p1', b := 2)"
    assert given.differences(query) == []


def test_arg_max_passes_over_a_null(given: BothEngines) -> None:
    expressions = ["arg_max(kind, no)", "arg_min(kind, no) filter (where no > 2)"]
    assert given.differing(expressions, "from records.event where no <> 2 group by person", "person") == {}


@pytest.mark.parametrize("part", ["month", "quarter", "year"])
def test_months_between_dates_are_counted_by_their_beginnings(given: BothEngines, part: str) -> None:
    expressions = [f"date_diff('{part}', d, fn_as_of())", f"date_diff('{part}', t, fn_as_of_end())"]
    assert given.differing(expressions, "from records.moment") == {}


# ---- differences that are left: the test of one fails when the engines no longer differ ----


@pytest.mark.parametrize(
    ("function", "letter"),
    [
        *(("upper", letter) for letter in ("é", "王", "ж", "ς")),
        *(("lower", letter) for letter in ("É", "Ж", "ẞ", "ﬁ")),
        *(differs("DuckDB maps letter by letter, Spark whole words", "upper", letter) for letter in ("ß", "ﬁ", "ŉ")),
        *(differs("DuckDB maps letter by letter, Spark whole words", "lower", letter) for letter in ("İ", "ΑΣ")),
    ],
)
def test_upper_and_lower_case_of_letters(given: BothEngines, function: str, letter: str) -> None:
    assert given.differing([f"{function}(s)"], f"from (select 1 as no, '{letter}' as s)") == {}


@pytest.mark.parametrize("replacement", ["$1", "$"])
@different("a dollar in a replacement is a group on Spark")
def test_a_dollar_in_a_replacement(given: BothEngines, replacement: str) -> None:
    origin = "from (select 1 as no, 'a' as s)"
    assert given.differing([f"regexp_replace(s, 'a', '{replacement}', 'g')"], origin) == {}


@pytest.mark.parametrize("pattern", ["a*", "z*"])
@different("Spark replaces nothing once more behind a match, and within an emoji")
def test_a_pattern_that_matches_nothing_at_all(given: BothEngines, pattern: str) -> None:
    origin = "from (values (1, 'a'), (2, '😀'), (3, 'ba')) as v (no, s)"
    assert given.differing([f"regexp_replace(s, '{pattern}', '-', 'g')"], origin) == {}


@pytest.mark.parametrize(
    "expression",
    [
        differs("with (?m), $ is the end of a line", "regexp_matches(s, '(?m)b$')"),
        differs("to do: $ in a class that has a named class", "regexp_matches(s, '[[:alpha:]$]$')"),
        differs("to do: Spark has no flags of a pattern", "regexp_matches(s, 'B$', 'i')"),
        differs("to do: the pattern of a split is not changed", "array_length(string_split_regex(s, 'b$'))"),
    ],
)
def test_known_differences_of_patterns(given: BothEngines, expression: str) -> None:
    origin = "from (values (1, 'ab' || chr(10)), (2, 'b'), (3, 'a$b')) as v (no, s)"
    assert given.differing([expression], origin) == {}


@different("a backslash is a character of LIKE on DuckDB, and an escape on Spark")
def test_like_with_a_pattern_from_a_column_that_has_a_backslash(given: BothEngines) -> None:
    assert given.differing(["s like o || '%'"], "from records.text") == {}


FORMS = ("１２", "12.5", "1_000", "0x10", "000123", " 7 ", "1e3", "inf", "2026-2-3", "1e400")
OTHER_FORMS = {
    "bigint": ("12.5", "1_000", "0x10", "1e3"),
    "decimal(18, 2)": ("１２", "1_000"),
    "double": ("1_000",),
    "date": ("000123", "inf"),
    "timestamp": ("000123", "inf"),
}


@pytest.mark.parametrize("kind", OTHER_FORMS)
def test_texts_that_both_engines_read_as_a_value(given: BothEngines, kind: str) -> None:
    same = [form for form in FORMS if form not in OTHER_FORMS[kind]]
    expressions = [f"try_cast({quoted(form)} || left(s, 0) as {kind})" for form in same]
    assert given.differing(expressions, "from (select 1 as no, '' as s)") == {}


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        differs("only one of the engines reads this form", kind, form)
        for kind, forms in OTHER_FORMS.items()
        for form in forms
    ],
)
def test_texts_that_one_engine_reads_as_a_value(given: BothEngines, kind: str, form: str) -> None:
    assert given.differing([f"try_cast(s as {kind})"], f"from (select 1 as no, {quoted(form)} as s)") == {}


@different("the empty grouping set of no rows is a row on DuckDB and none on Spark")
def test_grouping_sets_over_nothing(given: BothEngines) -> None:
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
@different("Spark 4.3 loses the order of the text, and stops")
def test_an_ordered_text_beside_counts_of_distinct_values(given: BothEngines, aggregates: str) -> None:
    assert given.differences(f"select person, {aggregates} from records.event group by person") == []


@different("Spark does not find the columns of such an expression after a group by")
def test_a_qualify_by_an_expression_of_the_groups(given: BothEngines) -> None:
    query = (
        "select upper(kind) as k, count(*) as c from records.event as e group by upper(kind)"
        " qualify row_number() over (order by upper(e.kind)) < 3"
    )
    assert given.differences(query) == []


@different("a pivot counts nothing as 0 on DuckDB and as NULL on Spark")
def test_a_pivot_counts_nothing(given: BothEngines) -> None:
    query = (
        "select person, x, y from (select person, kind, n from records.event)"
        " pivot (count(n) for kind in ('a' as x, 'b' as y))"
    )
    assert given.differences(query) == []


@pytest.mark.parametrize(
    "expression",
    [
        "case when abs(x) between 0.001 and 999999 then cast(x as varchar) end",
        differs("doubles from 10,000,000 on and below 0.001 have another text", "cast(x as varchar)"),
        differs("doubles from 10,000,000 on and below 0.001 have another text", "cast(x * 1e10 as varchar)"),
    ],
)
def test_a_double_as_text(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.number") == {}


@different("div of Spark yields a bigint, and overflows without an error")
def test_a_whole_number_over_another_of_more_than_18_digits(given: BothEngines) -> None:
    given.spark.execute(f"create or replace table records.huge as select 1 as no, cast({'9' * 38} as hugeint) as h")
    assert given.differing(["h // 7"], "from records.huge") == {}


NO_FUNCTION = "Spark has no such function, or another one"


@pytest.mark.parametrize(
    "expression",
    [
        differs("a list index out of range stops Spark", "string_split(s, ',')[9]"),
        differs("the parts of a text that is split at nothing", "array_length(string_split(s, ''))"),
        differs("the parts of a text that is split at nothing", "split_part(s, '', 1)"),
        differs("place 0 is before the text on DuckDB", "substr(s, 0, 2)"),
        differs("a negative length leaves out letters on DuckDB", "left(s, -1)"),
        differs("a negative length leaves out letters on DuckDB", "right(s, -1)"),
        differs("the code of an empty text is -1 on DuckDB and 0 on Spark", "unicode(s)"),
        differs(NO_FUNCTION, "strlen(s)"),
        differs(NO_FUNCTION, "regexp_full_match(s, '[a-z]+')"),
        differs(
            "a text of nothing but NULLs is NULL on DuckDB and empty on Spark",
            "array_to_string(list_transform(string_split(s, ','), lambda x: nullif(x, '')), '/')",
        ),
        differs("to do: the type of such a column is quoted", "s || null"),
        differs("Spark does not search for a NULL", "list_contains(string_split(s, ','), null)"),
    ],
)
def test_known_differences_of_texts(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.text") == {}


@pytest.mark.parametrize(
    "expression",
    [
        differs(NO_FUNCTION, "quantile_disc(ratio, 0.5)"),
        differs("of several most frequent values, each engine takes another one", "mode(kind)"),
        differs(NO_FUNCTION, "product(cast(no as double))"),
    ],
)
def test_known_differences_of_groups(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.event where person <> 'p2' group by person", "person") == {}


@pytest.mark.parametrize(
    "expression",
    [
        differs("Spark says that NULL is no NaN", "isnan(x)"),
        differs("// of decimals has digits after the point on DuckDB", "d // 2"),
    ],
)
def test_known_differences_of_numbers(given: BothEngines, expression: str) -> None:
    assert given.differing([expression], "from records.number") == {}


@different("Spark leaves out the parts of a second")
def test_known_difference_of_seconds_since_1970(given: BothEngines) -> None:
    assert given.differing(["epoch(t)"], "from records.moment") == {}
