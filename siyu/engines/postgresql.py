"""PostgreSQL as a BI target, by ADBC. Only this module imports the driver.

Results come back as streams of Arrow, which the session of another engine turns into rows: no pyarrow is needed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from siyu.engines.sql import quote_name
from siyu.errors import ConfigError, TargetFailed
from siyu.masking import first_line, printable

INSTALL = "pip install 'siyu[postgresql]'"
SCHEMES = ("postgresql", "postgres")
ENVIRONMENT = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
SECRET_PARAMETERS = ("password", "sslpassword")
# The server's own message begins after one of these; what the driver adds before it helps nobody.
SEVERITY = re.compile(r"\b(?:ERROR|FATAL|PANIC):\s+")
DRIVER = re.compile(r"^.*?\[libpq\] (?:Failed to connect: )?", re.DOTALL)
SQLSTATE = re.compile(r"SQLSTATE:? ([0-9A-Z]{5})")
UNREACHABLE = (
    "Connection refused", "starting up", "shutting down", "in recovery mode", "timeout expired", "timed out",
    "No such file or directory", "server closed the connection", "could not receive data", "could not send data",
    "terminating connection", "not yet accepting connections", "too many clients",
)  # fmt: skip
# A refused connection has no SQLSTATE.
REFUSALS = (
    ("authentication failed", "28P01"), ("no password supplied", "28P01"), ("no pg_hba.conf entry", "28000"),
    ('" does not exist', "3D000"),
)  # fmt: skip
OUTCOME = "siyu.outcome"  # a setting of the session, in which attempt() finds what went wrong
FIXES = (
    ("28", "check the user and the password: ~/.pgpass, PGPASSWORD, or the ${VARIABLE} of the connection."),
    ("3D000", "create the database, or correct its name in the connection."),
    ("42501", "grant it what docs/postgresql.md#roles lists."),
    ("53100", "free space on the disk of the PostgreSQL server."),
    ("55P03", "end the session that holds the lock: docs/postgresql.md#troubleshooting."),
)
REPEAT = "siyu publish --target postgresql repeats it."
# For every session: a load may take longer than an application's statements may; the server ends it when siyu dies.
SESSION = (
    "set statement_timeout = 0", "set lock_timeout = '60s'", "set idle_in_transaction_session_timeout = 0",
    "set client_connection_check_interval = '2s'", "set timezone = 'UTC'", "set client_min_messages = warning",
    "set search_path = pg_catalog",
)  # fmt: skip

PATIENCE = 15.0  # seconds: a server that restarts is back by then
PAUSE = 0.6  # seconds between two attempts; readers go on in between

T = TypeVar("T")
Decode = Callable[[Any], list[tuple[Any, ...]]]


class Unreachable(TargetFailed):
    """The server does not answer, or the connection broke: trying again may help."""


@dataclass(frozen=True)
class Address:
    """A checked connection URL. `shown` has no password; `secrets` must never be printed."""

    url: str
    shown: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return self.shown

    def redacted(self, text: str) -> str:
        """Return a text without passwords."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        return text


def address(text: str, where: str) -> Address:
    """Check a connection URL and put environment variables into it. Raises ConfigError, which never quotes the URL."""
    url, inserted = _expanded(text.strip(), where)
    parts, port = _parts(url, where)
    query = parse_qsl(parts.query, keep_blank_values=True)
    given = dict(query)
    secrets = [parts.password or "", *inserted, *(given.get(name, "") for name in SECRET_PARAMETERS)]
    secrets += [unquote(secret) for secret in secrets] + [quote(secret, safe="") for secret in secrets]
    secrets.append(os.environ.get("PGPASSWORD", ""))
    query += [(k, v) for k, v in (("connect_timeout", "10"), ("application_name", "siyu")) if k not in given]
    whole = urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query, quote_via=quote), ""))
    user, database = unquote(parts.username or given.get("user", "")), parts.path.strip("/")
    place = parts.hostname or given.get("host", "") or "the default host"
    shown = f"{user + '@' if user else ''}{place}{f':{port}' if port else ''}/{database}"
    # A variable may be the host or the user; only what is not shown is secret.
    hidden = {secret for secret in secrets if secret and secret not in (user, place, database)}
    return Address(whole, shown, tuple(sorted(hidden)))


def _expanded(text: str, where: str) -> tuple[str, list[str]]:
    """Put environment variables into a URL, percent-encoded. Return the URL and the values."""
    inserted: list[str] = []

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if not found:
            raise ConfigError(f"the environment variable {match[1]} of the connection is not set", where, "set it.")
        inserted.append(found)
        return quote(found, safe="")

    return ENVIRONMENT.sub(value, text), inserted


def _parts(url: str, where: str) -> tuple[SplitResult, int | None]:
    """Split a URL. Raises ConfigError if that is uncertain: libpq quotes parts of a broken URL in its messages, which
    may be parts of the password. So it never sees one."""
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest:
        expected = "write postgresql://user@host:5432/database, and the password as docs/postgresql.md#connect says."
        raise ConfigError("the connection is not a URL of PostgreSQL", where, expected)
    try:
        parts = urlsplit(url)
        port, is_certain = parts.port, not parts.fragment
    except ValueError:
        is_certain = False
    if not is_certain or rest.count("@") > 1 or "@" in rest.partition("/")[2] or BROKEN_PERCENT.search(url):
        raise ConfigError(
            "the connection cannot be read: its password has characters that a URL cannot have", where,
            "keep the password in ~/.pgpass or in an environment variable, and write ${VARIABLE} in its place.",
        )  # fmt: skip
    return parts, port


def driver(where: str) -> Any:
    """Return the driver's module. Raises ConfigError with the line that installs it."""
    try:
        import adbc_driver_postgresql.dbapi as dbapi
        import tenacity  # noqa: F401 - patiently() needs it
    except ImportError as error:
        raise ConfigError("the driver of PostgreSQL is not installed", where, f"{INSTALL}.") from error
    return dbapi


class Postgres:
    """One connection, in a transaction from its first statement on. `decode` turns a stream of Arrow into rows."""

    def __init__(self, to: Address, decode: Decode) -> None:
        self.address = to
        self._decode = decode
        self._errors = driver("SIYU_TARGETS")
        try:
            self._connection = self._errors.connect(to.url)
        except self._errors.Error as error:
            raise self._translate(error) from None
        self.execute_all(SESSION)
        self.commit()

    def execute(self, sql: str) -> None:
        """Run a statement that returns no rows."""
        self._with_cursor(lambda cursor: cursor.execute(sql))

    def execute_all(self, statements: Iterable[str]) -> None:
        """Run statements one after another."""
        for statement in statements:
            self.execute(statement)

    def attempt(self, statements: Iterable[str]) -> None:
        """Run statements that may fail: all of them, or none. The transaction goes on afterwards.

        The driver refuses everything but a rollback after an error. So the server catches the error, in PL/pgSQL.
        """
        tried = "".join(f"{statement}; " for statement in statements)
        self.execute(
            f"do $siyu$ begin begin perform set_config('{OUTCOME}', '', true); {tried} exception when others then"
            f" perform set_config('{OUTCOME}', sqlstate || ' ' || sqlerrm, true); end; end $siyu$"
        )
        outcome = self.value(f"select current_setting('{OUTCOME}', true)")
        if outcome:
            state, _, said = outcome.partition(" ")
            raise self._failed(said, state)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows of a small result. Numerics come as texts."""

        def fetch(cursor: Any) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return self._decode(cursor.fetch_arrow())

        found: list[tuple[Any, ...]] = self._with_cursor(fetch)
        return found

    def value(self, sql: str) -> Any:
        """Return the first value of the first row, or None."""
        found = self.rows(sql)
        return found[0][0] if found else None

    def copy(self, schema: str, table: str, stream: Any) -> int:
        """Append a stream of Arrow to a table, by COPY. Its columns have the names of the table's."""

        def ingest(cursor: Any) -> int:
            return int(cursor.adbc_ingest(table, stream, mode="append", db_schema_name=schema))

        count: int = self._with_cursor(ingest)
        return count

    def commit(self) -> None:
        """Commit."""
        self._call(self._connection.commit)

    def rollback(self) -> None:
        """Roll back."""
        self._call(self._connection.rollback)

    def maintain(self, sql: str) -> None:
        """Run a statement that must stand outside a transaction, such as VACUUM."""
        self.commit()
        self._call(lambda: self._connection.adbc_connection.set_autocommit(True))
        try:
            self.execute(sql)
        finally:
            self._call(lambda: self._connection.adbc_connection.set_autocommit(False))

    def close(self) -> None:
        """Close the connection. Whatever was not committed is rolled back."""
        try:
            self._connection.close()
        except self._errors.Error:
            return  # the connection is gone already

    def _with_cursor(self, work: Callable[[Any], Any]) -> Any:
        cursor = self._connection.cursor()
        try:
            return self._call(lambda: work(cursor))
        finally:
            cursor.close()

    def _call(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except self._errors.Error as error:
            raise self._translate(error) from None

    def _translate(self, error: Exception) -> TargetFailed:
        """Return what the server said as an error without values, without the password and without a cause."""
        text = self.address.redacted(printable(str(error)))
        state = getattr(error, "sqlstate", None) or next(iter(SQLSTATE.findall(text)), "")
        state = state or next((code for sign, code in REFUSALS if sign in text), "")
        said = SEVERITY.split(DRIVER.sub("", text), maxsplit=1)[-1]
        return self._failed(said.strip() or type(error).__name__, state)

    def _failed(self, said: str, state: str) -> TargetFailed:
        problem = f"PostgreSQL: {first_line(Exception(said))}"
        is_away = state.startswith(("08", "57P")) or state == "53300" or any(sign in said for sign in UNREACHABLE)
        fix = next((told for code, told in FIXES if state.startswith(code)), "")
        kind = Unreachable if is_away else TargetFailed
        failed = kind(problem, f"postgresql {self.address.shown}", f"{fix} {REPEAT}".strip())
        failed.state = state
        return failed


def patiently(work: Callable[[], T], may_help: Callable[[TargetFailed], bool], seconds: float | None = None) -> T:
    """Do some work, time and again while it raises a TargetFailed for which another attempt may help."""
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

    def again(error: BaseException) -> bool:
        return isinstance(error, TargetFailed) and may_help(error)

    return Retrying(
        stop=stop_after_delay(PATIENCE if seconds is None else seconds),
        wait=wait_fixed(PAUSE),
        retry=retry_if_exception(again),
        reraise=True,
    )(work)


def qualified(schema: str, table: str) -> str:
    """Return schema.table in quotes."""
    return f"{quote_name(schema)}.{quote_name(table)}"
