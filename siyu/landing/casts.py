"""A contract as SQL: cast text columns to their types, and find out why a row breaks the contract."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

from siyu.engines.sql import quote_name, quoted
from siyu.seeds.channels import DECIMAL, KEY, Channel, Column, Export
from siyu.seeds.file_form import EXCEL

TRUE, FALSE = ("true", "t", "1", "yes", "y", "是"), ("false", "f", "0", "no", "n", "否")
NAIVE = r"[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"
OFFSET = r"[ T][0-9]{1,2}:[0-9.:]+(Z| UTC| ?[+-][01][0-9](:?[0-9]{2})?)"
LOST_IN_KEY = "U+FFFD in a key: a character of the value was lost"
MISSING = "a required value is missing"
TRIMMED = ("id", KEY)  # text without outer blanks; NULL if nothing else is left
TEXTS = ("text", *TRIMMED)
FIRST_SECOND, LAST_SECOND = -62135596800, 253402300799  # years 1 to 9999
ISO = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]"  # how readers write typed dates into columns that have a format
SERIALS, SERIAL_0 = 2958466, -2209161600  # the serial number after 9999-12-31; the second at which number 0 begins
SPACES = " \u00a0\u2007\u2009\u202f"  # what programs write between groups of three digits


def typed_query(channel: Channel, export: Export, relation: str, beside: str = "") -> str:
    """Return the query of typed columns, `_extra`, `_error` and `_ok` for a relation of text columns.

    The texts are kept as `_t_<column>`. `beside` is SQL that adds more columns of the relation, beginning with a comma.
    """
    texts, typed = [], []
    for column_name, column in export.landed_columns.items():
        text = quote_name(f"_t_{column_name}")
        texts.append(f"{text_sql(export, column, quote_name(column_name))} as {text}")
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


def text_sql(export: Export, column: Column, text: str) -> str:
    """Return the SQL of a text as the contract reads it: NULL if it is one of the words for an empty field."""
    words = export.null_words(column)
    return f"case when not {_is_one_of(f'lower(trim({text}))', words)} then {text} end" if words else text


def cast_sql(column: Column, text: str, timezone: str) -> str:
    """Return the SQL that casts a text to its type in the contract; NULL if the text is not a valid value."""
    if column.format:
        return _formatted(column, f"trim({text})", timezone)
    return _plain(column, _number(column, text) if column.thousands or column.decimal != "." else text, timezone)


def _number(column: Column, text: str) -> str:
    """Return the SQL of a number without separators; NULL if the separators are in the wrong places."""
    point = re.escape(column.decimal)
    blanks = column.thousands == " "
    marks = SPACES if blanks else "'\u2019" if column.thousands == "'" else column.thousands or ""
    grouped = f"|[0-9]{{1,3}}([{marks}][0-9]{{3}})+" if marks else ""
    whole = rf"[+-]?(([0-9]+{grouped})({point}[0-9]*)?|{point}[0-9]+)"
    trimmed = f"trim({text}, {quoted(SPACES)})"
    bare = f"replace(translate({trimmed}, {quoted(marks)}, ''), {quoted(column.decimal)}, '.')"
    return f"case when regexp_full_match({trimmed}, {quoted(whole)}) then {bare} end"


def _formatted(column: Column, trimmed: str, timezone: str) -> str:
    """Return the SQL of a date or time in the first format that fits."""
    moments = [_moment(item, trimmed, None if column.type == "date" else timezone) for item in column.format]
    moment = moments[0] if len(moments) == 1 else f"coalesce({', '.join(moments)})"
    iso = f"regexp_matches({trimmed}, {quoted(ISO)})"
    return f"case when {iso} then {_plain(column, trimmed, timezone)} else cast({moment} as {column.sql_type}) end"


def _moment(item: str, trimmed: str, timezone: str | None) -> str:
    """Return the SQL of the UTC moment in one format, or of the local one if no time zone is given."""
    if item == EXCEL:
        number = f"try_cast(regexp_extract({trimmed}, '^[0-9]{{1,7}}([.][0-9]+)?$') as double)"
        seconds = f"cast(round({number} * 86400) as bigint) + {SERIAL_0}"
        local = f"case when {number} >= 1 and {number} < {SERIALS} then make_timestamp(({seconds}) * 1000000) end"
    else:
        text = f"replace(replace({trimmed}, '上午', 'AM'), '下午', 'PM')" if "%p" in item else trimmed
        parsed = f"try_strptime({text}, {quoted(item)})"
        # The engine reads the year 26 for %Y, and words such as infinity in any format.
        local = f"case when regexp_matches({trimmed}, '[0-9]') and year({parsed}) >= 1000 then {parsed} end"
        if "%z" in item:
            return f"timezone('UTC', {local})"
    return _utc(local, timezone) if timezone else local


def _plain(column: Column, text: str, timezone: str) -> str:
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
        if is_key:
            tests.append((f"contains({text}, chr(65533))", quoted(LOST_IN_KEY)))
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
