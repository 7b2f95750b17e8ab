"""The profile of a delivery: for each field, how its values are distributed over a few buckets.

A delivery is what one landing brought of an export for one date. Its profile has no value of a person, only forms
(`digits 11`), magnitudes, ages, hours and counts; frequent values are kept for columns without `pii`
alone. unusual.py compares the profiles of deliveries.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from siyu.engines.base import Session
from siyu.engines.paths import parquet
from siyu.engines.sql import quote_name
from siyu.landing.casts import TEXTS
from siyu.landing.garbled import garbled_rows
from siyu.masking import masked, one_line
from siyu.seeds.channels import DATED, Channel, Column
from siyu.warehouse.ledger import LandedFile, Ledger

SAMPLE = 5_000  # rows; of a larger landing, every n-th row is looked at
FREQUENT, SHOWN = 10, 40  # a value is kept if it fills a tenth of the rows; characters of it
KEPT = 2  # times as many landings as are compared: enough to repeat a night of the last weeks with --known-by
HOURS = 4  # hours in a bucket
EMPTY, OTHER = "empty", "other"
FORM, VALUE, HOUR, REPEAT = "form", "value", "hour", "repeat"
GARBLED = "garbled"  # of all rows of a delivery, not of those looked at; only of fields that have garbled text
CODES, LONG = ("digits", "mixed"), 24  # forms of codes and numbers, which have a length; from here on they are texts
ODD = re.compile(r"[\x80-\xff\ufffd\ue000-\uf8ff]")
HAN = re.compile(r"[\u4e00-\u9fff]")
LETTERS = re.compile(r"[A-Za-z ]+")
AGES = ((1, "today"), (2, "the day before"), (8, "a week"), (32, "a month"), (367, "a year"))  # days, exclusive

Fields = dict[str, dict[str, dict[str, int]]]  # field -> aspect -> bucket -> rows


@dataclass(frozen=True)
class Profile:
    """The profile of one delivery. `rows` were looked at."""

    landed_seq: int
    channel: str
    export: str
    delivery: str  # the date in the name of its files, '' if they have none
    rows: int
    fields: Fields


def profiles_of(
    session: Session, channel: Channel, name: str, files: Sequence[LandedFile], store: Path
) -> list[Profile]:
    """Return the profiles of what one landing brought of an export."""
    export, held = channel.exports[name], [file for file in files if file.path and file.rows_landed]
    columns = {c: column for c, column in export.landed_columns.items() if all(c in file.types for file in held)}
    if not held or not columns:
        return []
    step = sum(file.rows_landed for file in held) // SAMPLE + 1
    chosen = [sql for column, contract in columns.items() for sql in _chosen(column, contract)]
    relation = parquet(store / str(file.path) for file in held)
    rows = session.rows(
        f"select coalesce(cast(_file_date as varchar), ''), {', '.join(chosen)}"
        f" from {relation} where _line % {step} = 0"
    )
    garbled = garbled_rows(session, [c for c, column in columns.items() if column.type in TEXTS], relation)
    by_day: dict[str, list[tuple[Any, ...]]] = {day: [] for day in garbled}
    for day, *values in rows:
        by_day.setdefault(day, []).append(tuple(values))
    found = []
    for day, own in sorted(by_day.items()):
        fields = _fields(columns, own) if own else {}
        for column, kinds in garbled.get(day, {}).items():
            fields.setdefault(column, {})[GARBLED] = kinds
        found.append(Profile(held[0].landed_seq, channel.channel, name, day, len(own), fields))
    return found


def once(files: Iterable[LandedFile]) -> list[LandedFile]:
    """Return the files that landed, each content once a landing: a file that was sent twice is nothing unusual."""
    found = {(f.landed_seq, f.channel, f.export, f.file_date, f.sha256): f for f in files if f.landed}
    return list(found.values())


def _chosen(name: str, column: Column) -> list[str]:
    """Return the SQL of what is read of a column: its value; of a moment, also its age in days, and its local hour."""
    value = quote_name(name)
    if column.type not in DATED:
        return [value]
    day = value if column.type == "date" else f"fn_local_date({value})"
    age = f"coalesce(_file_date, _landed_date) - {day}"
    return [f"cast({value} as varchar)", age, "null" if column.type == "date" else f"fn_local_hour({value})"]


def _fields(columns: Mapping[str, Column], rows: Sequence[tuple[Any, ...]]) -> Fields:
    found: Fields = {}
    read = iter(zip(*rows, strict=True))
    for name, column in columns.items():
        values = next(read)
        ages, hours = (next(read), next(read)) if column.type in DATED else ((), ())
        aspects = {FORM: Counter(map(_age, ages)) if ages else Counter(map(form, values))}
        aspects[HOUR] = Counter(f"{hour // HOURS * HOURS}" for hour in hours if hour is not None)
        aspects |= dict(_of_values(column, values))
        found[name] = {aspect: dict(sorted(counts.items())) for aspect, counts in aspects.items() if counts}
    return found


def _of_values(column: Column, values: Sequence[Any]) -> Iterator[tuple[str, Counter[str]]]:
    counts = Counter(value for value in values if value is not None)
    if counts and column.type != "boolean":
        yield REPEAT, Counter({"first": len(counts), "repeated": counts.total() - len(counts)})
    if column.type == "text" and not column.pii:
        frequent = {value: n for value, n in counts.items() if n > 1 and n * FREQUENT >= len(values)}
        kept = Counter({OTHER: len(values) - sum(frequent.values())})
        for value, n in frequent.items():
            kept[one_line(masked(str(value)))[:SHOWN]] += n
        yield VALUE, kept


def form(value: Any) -> str:
    """Return the bucket of a value: the form of a text, the magnitude of a number."""
    if value is None or value == "":
        return EMPTY
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str) and not math.isfinite(value):
        return str(value)
    if not isinstance(value, str):
        # Half powers of ten: 10, 32, 100, 316 …
        sign = "-" if value < 0 else ""
        return f"{sign}e{math.floor(2 * math.log10(abs(value)))}" if value else "zero"
    kind = _kind(value)
    if kind in CODES and len(value) < LONG:
        return f"{kind} {len(value)}"
    # Lengths of other texts double from bucket to bucket: 1, 2-3, 4-7, 8-15 …
    return f"{kind} {2 ** (len(value).bit_length() - 1)}+"


def _kind(text: str) -> str:
    if ODD.search(text):
        return "odd"
    if text.isdecimal():
        return "digits"
    if "@" in text:
        return "mail"
    if HAN.search(text):
        return "han"
    return "letters" if LETTERS.fullmatch(text) else "mixed"


def _age(days: int | None) -> str:
    if days is None:
        return EMPTY
    return "later" if days < -1 else next((name for limit, name in AGES if days < limit), "older")


def add_missing(session: Session, channels: Mapping[str, Channel], ledger: Ledger, store: Path, landings: int) -> None:
    """Write the profiles that the newest `landings` of each export lack. A warehouse of an older siyu has none."""
    known = {(one["landed_seq"], one["channel"], one["export"]) for one in ledger.profiled()}
    by_landing: dict[tuple[str, str], dict[int, list[LandedFile]]] = {}
    for file in once(ledger.files()):
        if file.channel in channels and file.export in channels[file.channel].exports:
            by_landing.setdefault((file.channel, file.export), {}).setdefault(file.landed_seq, []).append(file)
    rows = [
        (one.landed_seq, one.channel, one.export, one.delivery, one.rows, json.dumps(one.fields, ensure_ascii=False))
        for (channel, export), landed in sorted(by_landing.items())
        for seq in sorted(landed)[-landings:]
        if (seq, channel, export) not in known
        for one in profiles_of(session, channels[channel], export, landed[seq], store)
    ]
    if rows:
        ledger.add_profiles(rows, KEPT * landings)


def known_profiles(ledger: Ledger, known_by: date | None) -> dict[tuple[str, str], list[Profile]]:
    """Return (channel, export) -> the profiles of its deliveries, the oldest first."""
    found: dict[tuple[str, str], list[Profile]] = {}
    for row in ledger.profiles(known_by):
        one = Profile(
            row["landed_seq"], row["channel"], row["export"], row["delivery"], row["row_count"],
            json.loads(row["fields"]),
        )  # fmt: skip
        found.setdefault((one.channel, one.export), []).append(one)
    return found
