"""A contract as SQL: cast text columns to their types, and find out why a row breaks the contract."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from siyu.engines.sql import quote_name, quoted
from siyu.seeds.channels import DECIMAL, KEY, Channel, Column, Export

TRUE, FALSE = ("true", "t", "1", "yes", "y", "是"), ("false", "f", "0", "no", "n", "否")
NAIVE = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"
OFFSET = r"[ T][0-9]{1,2}:[0-9.:]+(Z| UTC| ?[+-][01][0-9](:?[0-9]{2})?)"
MISSING = "a required value is missing"
TRIMMED = ("id", KEY)  # text without outer blanks; NULL if nothing else is left
TEXTS = ("text", *TRIMMED)
FIRST_SECOND, LAST_SECOND = -62135596800, 253402300799  # years 1 to 9999


def typed_query(channel: Channel, export: Export, relation: str, beside: str = "") -> str:
    """Return the query of typed columns, `_extra`, `_error` and `_ok` for a relation of text columns.

    The texts are kept as `_t_<column>`. `beside` is SQL that adds more columns of the relation, beginning with a comma.
    """
    texts, typed = [], []
    for column_name, column in export.landed_columns.items():
        text = quote_name(f"_t_{column_name}")
        texts.append(f"{quote_name(column_name)} as {text}")
        typed.append(f"{cast_sql(column, text, channel.timezone)} as {quote_name(column_name)}")
    failed = " or ".join(f"({test})" for _, test, _ in _failures(channel, export))
    return (
        f"select *, not coalesce({failed}, false) as _ok from (select *, {', '.join(typed)}"
        f" from (select {', '.join(texts)}, _extra, _error{beside} from {relation}))"
    )


def reasons_sql(channel: Channel, export: Export) -> str:
    """Return the SQL of a list of (column_name, value, reason): why a row of `typed_query` breaks the contract. Tests
    that the row passes are NULL in the list."""
    reasons = ", ".join(
        f"case when {_guard(column)}({failed}) then struct_pack(column_name := {quoted(column)},"
        f" value := {quote_name(f'_t_{column}') if column else 'null::varchar'}, reason := {reason}) end"
        for column, failed, reason in _failures(channel, export)
    )
    return f"[{reasons}]"


def _failures(channel: Channel, export: Export) -> list[tuple[str, str, str]]:
    """Return (column, SQL that is true when the row breaks the contract, SQL of the reason). The column is '' if the
    whole record is broken."""
    failures = []
    for name, column in export.landed_columns.items():
        text, value = quote_name(f"_t_{name}"), quote_name(name)
        tests = _tests(column, name in export.key, text, value, channel.timezone)
        failures += [(name, *test) for test in tests]
    return [*failures, ("", "_error is not null", "_error")]


def _guard(column: str) -> str:
    """A record that is broken as a whole has only that reason, not one for each column."""
    return "_error is null and " if column else ""


def file_name_sql(column: Column, file: str) -> str:
    """Return the SQL of a column's text in a file's path; NULL if the path does not match. `file` is SQL, too."""
    return f"nullif(regexp_extract({file}, {quoted(column.file_name)}, 1), '')"


def cast_sql(column: Column, text: str, timezone: str) -> str:
    """Return the SQL that casts a text to its type in the contract; NULL if the text is not a valid value."""
    trimmed = f"trim({text})"
    if DECIMAL.fullmatch(column.type):
        return f"try_cast({trimmed} as {column.type})"
    naive = f"regexp_full_match({trimmed}, '{NAIVE}')"
    with_offset = f"regexp_matches({trimmed}, '^[0-9]{{4}}[-/].*{OFFSET}$')"
    # The engine reads most offsets without help.
    plain = f"regexp_replace(replace({trimmed}, ' UTC', 'Z'), ' ([+-])', '\\1')"
    moment = f"coalesce(try_cast({trimmed} as timestamptz), try_cast({plain} as timestamptz))"
    whole = rf"regexp_full_match({trimmed}, '[+-]?[0-9]+(\.0+)?')"
    number = f"case when {whole} then try_cast({trimmed} as bigint) end"
    # Excel and pandas write whole numbers as 10023.0. The first test is cheap, and false for most values.
    ends_in_zero = f"ends_with(fn_trim({text}), '0') and regexp_full_match(fn_trim({text}), '[+-]?[0-9]+[.]0+')"
    casts = {
        "text": text,
        KEY: f"fn_trim({text})",
        "id": f"case when {ends_in_zero} then regexp_replace(fn_trim({text}), '[.]0+$', '') else fn_trim({text}) end",
        "integer": number,
        "boolean": f"case when {_is_one_of(f'lower({trimmed})', TRUE)} then true"
        f" when {_is_one_of(f'lower({trimmed})', FALSE)} then false end",
        "timestamp": f"case when {naive} then {_utc(f'try_cast({trimmed} as timestamp)', timezone)}"
        f" when {with_offset} then timezone('UTC', {moment}) end",
        "date": f"case when {naive} then cast(try_cast({trimmed} as timestamp) as date)"
        f" when regexp_full_match({trimmed}, '[0-9]{{8}}') then cast(try_strptime({trimmed}, '%Y%m%d') as date) end",
        "epoch_seconds": f"case when {number} between {FIRST_SECOND} and {LAST_SECOND}"
        f" then make_timestamp({number} * 1000000) end",
    }
    return casts[column.type]


def _is_one_of(text: str, values: Iterable[str]) -> str:
    """Return the SQL of `text in (values)`; it is false for NULL. DuckDB turns a long `in` into a join, which does not
    keep the order of rows."""
    return f"(list_position([{', '.join(quoted(value) for value in values)}], {text}) is not null)"


def _utc(local: str, timezone: str) -> str:
    return f"timezone('UTC', timezone({quoted(timezone)}, {local}))"


def _tests(column: Column, is_key: bool, text: str, value: str, timezone: str) -> list[tuple[str, str]]:
    """Return (SQL that is true when the row breaks the contract, SQL of the reason)."""
    tests = []
    if column.type in TEXTS:
        tests.append((f"contains({text}, chr(0))", quoted("a NUL character")))
    else:
        tests.append((f"{text} is not null and {value} is null", quoted(f"not a valid {column.type}")))
    if column.required or is_key:
        lacks = f"the file's name does not match {column.file_name}" if column.file_name else MISSING
        tests.append((f"{value if column.type in TRIMMED else text} is null", quoted(lacks)))
    if column.min is not None:
        tests.append((f"{value} < {_bound(column, column.min, timezone)}", quoted(f"less than {column.min}")))
    if column.max is not None:
        # The last day is included.
        sign, bound = (">=", column.max + timedelta(days=1)) if isinstance(column.max, date) else (">", column.max)
        tests.append((f"{value} {sign} {_bound(column, bound, timezone)}", quoted(f"more than {column.max}")))
    if column.one_of:
        listed = value if column.type in TRIMMED else text
        known = _is_one_of(listed, column.one_of)
        tests.append((f"{listed} is not null and not {known}", quoted(f"not one of {', '.join(column.one_of)}")))
    return tests


def _bound(column: Column, bound: Decimal | date, timezone: str) -> str:
    """Return a bound as SQL. A date becomes the moment at which it begins in the contract's time zone."""
    if not isinstance(bound, date):
        return f"{bound:f}"
    day = f"date {quoted(bound)}"
    return day if column.type == "date" else _utc(f"cast({day} as timestamp)", timezone)
