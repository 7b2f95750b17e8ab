"""Canaries: made-up identifiers that no real data has, planted in every place that an export can reach, and the search
for them in every file of a warehouse.

A canary names its place by its number, so that a hit says where the value came from.
"""

from __future__ import annotations

import csv
import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import duckdb

from siyu.layers import base_layer

# Found in a text after unfold(): half width, lower case, percent signs decoded, without separators.
CANARY = re.compile(r"1377000\d{4}|canary\d{4}x@|(?:o|w[mo])canary\d{4}|金丝雀\d{4}")
WORDS = ("1377000", "canary", "金丝雀")  # each canary has one of them: most texts are known by that to have none
SEPARATORS = re.compile(r"[\s.()\u2010-\u2015-]+")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass
class Canaries:
    """Makes canaries, each once, and remembers where each was planted."""

    planted: dict[str, str] = field(default_factory=dict)  # number -> place
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def number(self, place: str) -> str:
        number = f"{next(self._numbers):04d}"
        self.planted[number] = place
        return number

    def mobile(self, place: str) -> str:
        return f"1377000{self.number(place)}"

    def email(self, place: str) -> str:
        return f"canary{self.number(place)}x@leak.cn"

    def openid(self, place: str) -> str:
        return f"oCaNaRy{self.number(place)}Zb3dEfGhIjKlMnOpQ"

    def external(self, place: str) -> str:
        return f"wmCaNaRy{self.number(place)}Zb3dEfGhIjKlMnOpQrSt"

    def name(self, place: str) -> str:
        return f"金丝雀{self.number(place)}"

    def forms(self, place: str) -> list[str]:
        """An identifier in each form in which people, links and programs write it."""
        mobile = self.mobile(place)
        return [
            mobile,
            f"+86 {mobile[:3]}-{mobile[3:7]}-{mobile[7:]}",
            self.mobile(place).translate(FULL_WIDTH),
            f"请联系{self.mobile(place)}，谢谢",
            self.email(place),
            self.email(place).upper(),
            f"/apply?mail={quote(self.email(place), safe='')}&tel=%2B86{self.mobile(place)}",
            self.openid(place),
            f"https://shop.cn/?openid={self.openid(place)}&x=1",
            self.external(place),
        ]

    def place(self, hit: str) -> str:
        """Return where the canary of a hit was planted."""
        number = re.search(r"(\d{4})(?:x@)?$", hit)
        return self.planted.get(number[1], "?") if number else "?"


def unfold(text: str) -> str:
    """Return a text in which every form of a canary looks the same."""
    plain = unicodedata.normalize("NFKC", text)
    for _ in range(2):
        plain = unquote(plain)
    return SEPARATORS.sub("", plain).lower()


def canaries_in(text: str) -> set[str]:
    plain = unfold(text)
    return set(CANARY.findall(plain)) if any(word in plain for word in WORDS) else set()


def canaries_of_file(path: Path, *, is_open: bool = True) -> dict[str, set[str]]:
    """Return place in the file -> canaries there. DuckDB, SQLite and Parquet are read as tables, too, if `is_open`."""
    data = path.read_bytes()
    found: dict[str, set[str]] = {"name": canaries_in(path.name)}
    readers = {b"DUCK": (8, _of_duckdb), b"SQLite format 3": (0, _of_sqlite), b"PAR1": (0, _of_parquet)}
    for mark, (start, read) in readers.items():
        if data[start : start + len(mark)] == mark:
            found["bytes"] = set(_plain_canaries(data))  # also in blocks that no table refers to any more
            found |= read(path) if is_open or start == 0 else {}
            break
    else:
        for encoding in ENCODINGS:
            found["text"] = found.get("text", set()) | canaries_in(data.decode(encoding, "ignore"))
    return {where: hits for where, hits in found.items() if hits}


def _plain_canaries(data: bytes) -> Iterator[str]:
    """Yield canaries as they were planted, in any encoding, as hex."""
    for encoding in ENCODINGS:
        if any(word.encode(encoding) in data for word in (*WORDS, "CaNaRy")):
            yield from (hit.hex() for hit in _plain_canary(encoding).findall(data))


ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "gb18030")


@cache
def _plain_canary(encoding: str) -> re.Pattern[bytes]:
    """Return a pattern of canaries as they were planted, in the bytes of an encoding."""
    digit = {"utf-16-le": b"[0-9]\0", "utf-16-be": b"\0[0-9]"}.get(encoding, b"[0-9]")
    words = [re.escape(word.encode(encoding)) + digit * 4 for word in ("1377000", "canary", "CaNaRy", "金丝雀")]
    words[1] += re.escape("x@".encode(encoding))  # the name of the channel may stand before any number
    return re.compile(b"|".join(words))


def _of_duckdb(path: Path) -> dict[str, set[str]]:
    with duckdb.connect(str(path), read_only=True) as con:
        texts = con.execute(
            "select table_name, comment from duckdb_tables()"
            " union all select column_name, comment from duckdb_columns() where not internal"
            " union all select view_name, sql from duckdb_views() where not internal"
        ).fetchall()
        found = {"catalog": canaries_in("\n".join(str(text) for text in texts))}
        tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            found |= _of_relation(con, f'{schema}."{table}"')
    return found


def _of_parquet(path: Path) -> dict[str, set[str]]:
    return _of_relation(_reader(), f"read_parquet('{path}')")


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def _of_relation(con: duckdb.DuckDBPyConnection, relation: str) -> dict[str, set[str]]:
    """Search whole rows, and the single columns only if a row has a canary."""
    names = ['"' + name.replace('"', '""') + '"' for name, *_ in con.execute(f"describe from {relation}").fetchall()]
    texts = [f"cast({name} as varchar)" for name in names]
    found = {f"columns of {relation}": canaries_in("\n".join(names))}
    if not _texts(con, f"concat_ws(chr(10), {', '.join(texts)})", relation):
        return found
    return found | {f"{relation}.{name}": _texts(con, text, relation) for name, text in zip(names, texts, strict=True)}


def _texts(con: duckdb.DuckDBPyConnection, text: str, relation: str) -> set[str]:
    return canaries_in(
        "\n".join(str(value) for (value,) in con.execute(f"select distinct {text} from {relation}").fetchall())
    )


def _of_sqlite(path: Path) -> dict[str, set[str]]:
    found = {}
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as db:
        for (table,) in db.execute("select name from sqlite_master where type in ('table', 'view')").fetchall():
            rows = db.execute(f'select * from "{table}"')
            names = [column[0] for column in rows.description or ()]
            for row in rows.fetchall():
                for name, value in zip(names, row, strict=True):
                    text = value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
                    if hits := canaries_in(text):
                        found.setdefault(f"{table}.{name}", set()).update(hits)
    return found


def search(folder: Path) -> dict[str, dict[str, set[str]]]:
    """Return path in the folder -> place in the file -> canaries. Files without any are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            continue
        hits = (
            canaries_of_file(path, is_open=not is_closed(path, folder))
            if path.is_file()
            else {"name": canaries_in(path.name)}
        )
        if any(hits.values()):
            found[str(path.relative_to(folder))] = hits
    return found


def is_closed(path: Path, root: Path) -> bool:
    """Whether nobody but the owner can read a file of a folder: by its own mode, or by that of a folder above it."""
    ways = [path, *(above for above in path.parents if above.is_relative_to(root) and above != root)]
    return any(way.stat().st_mode & 0o077 == 0 for way in ways)


# ---------------------------------------------------------------------------------------------------- the world

MOMENT, DAY = "2026-06-01 10:00:00", "2026-06-01"
BASE: dict[str, str] = {
    "behaviour": "view", "action": "page_view", "direction": "inbound", "kind": "order", "status": "paid",
    "touchpoint": "wecom", "currency": "CNY", "source_currency": "CNY", "step": "acquire", "medium": "web",
    "outcome": "delivered", "account_type": "prospect", "referrer_type": "unionid", "decision": "exclude",
}  # fmt: skip
# Other values in these columns stop the night.
STOPPING = (("deal", "kind"), ("deal", "status"))
OWN = ("rule",)  # decisions of humans have their own export
NUMBERS = {"timestamp": MOMENT, "date": DAY, "boolean": "true"}


@dataclass(frozen=True)
class ShapeColumn:
    name: str
    type: str
    is_pii: bool


def shapes() -> dict[str, list[ShapeColumn]]:
    """Return the columns of each record shape, with the identifiers."""
    folder = base_layer() / "seeds" / "reference"
    with (folder / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        types = [row for row in csv.DictReader(file) if not row["parts"]]
    first = [ShapeColumn(row["id_type"], "varchar", row["is_pii"] == "true") for row in types]
    found: dict[str, list[ShapeColumn]] = {}
    with (folder / "record_shapes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            column = ShapeColumn(row["column_name"], row["type"], row["is_pii"] == "true")
            found.setdefault(row["shape"], list(first)).append(column)
    return {shape: columns for shape, columns in found.items() if shape not in OWN}


def contract() -> str:
    """The contract of a channel that delivers every record shape as it is."""
    lines = [
        "channel: canary",
        "title: 金丝雀 Canary",
        "domain: private",
        "owner: tests",
        "freshness_hours: 30",
        "exports:",
    ]
    for shape, columns in shapes().items():
        form = "jsonl" if shape == "touch" else "csv"
        lines += [f"  {shape}:", f'    files: "{shape}*.{form}"', f"    format: {form}", "    key: [row_no]"]
        lines += ["    max_reject_rate: 0.9", "    columns:", "      row_no: {type: text, required: true}"]
        for column in columns:
            pii = ", pii: direct" if column.is_pii else ""
            kind = "text" if column.type == "varchar" else column.type
            kind = f'"{kind}"' if "(" in kind else kind
            kind = {"bigint": "integer"}.get(kind, kind)
            lines.append(f"      {column.name}: {{type: {kind}{pii}}}")
    return "\n".join(lines) + "\n"


def staging(shape: str) -> str:
    columns = ",\n    ".join(column.name for column in shapes()[shape])
    return (
        f"/*\ndescription: Canaries.\ngrain: [record_id]\n*/\nselect\n    'canary' as channel,\n"
        f"    '{shape}:' || row_no as record_id,\n    _landed_seq as landed_seq,\n    {columns}\n"
        f"from {{{{ source('canary', '{shape}') }}}}\n"
    )


def records(canaries: Canaries, *, is_stopped: bool = False) -> dict[str, list[dict[str, Any]]]:
    """Return shape -> records. One person is all canaries; then each text column that is not personal gets every form
    of a canary once, in a record of a person of its own."""
    found: dict[str, list[dict[str, Any]]] = {}
    for shape, columns in shapes().items():
        rows = [_record(shape, columns, 0, canaries)]
        for column in columns:
            if column.type == "varchar" and not column.is_pii and (is_stopped or (shape, column.name) not in STOPPING):
                for form in canaries.forms(f"{shape}.{column.name}"):
                    row = _record(shape, columns, len(rows), canaries)
                    rows.append({**row, column.name: form})
        found[shape] = rows
    return found


def _record(shape: str, columns: list[ShapeColumn], number: int, canaries: Canaries) -> dict[str, Any]:
    row: dict[str, Any] = {"row_no": f"{shape}-{number}"}
    for column in columns:
        if column.type == "varchar":
            row[column.name] = BASE.get(column.name) or (None if column.is_pii else f"{column.name}1")
        else:
            row[column.name] = NUMBERS.get(column.type, "1")
    row |= {"crm_contact_id": f"{shape}{number}", "deal_id": f"D{number}", "company_name": "ACME", "credit_code": None,
            "email_domain": None, "crm_account_id": None}  # fmt: skip
    if number == 0:
        person = {
            "mobile": f"+86{canaries.mobile('person')}", "email": canaries.email("person"),
            "unionid": canaries.openid("person"), "openid": canaries.openid("person"),
            "external_userid": canaries.external("person"), "member_id": canaries.email("person"),
            "full_name": canaries.name("person"), "referrer_value": canaries.openid("person"),
        }  # fmt: skip
        row |= {name: value for name, value in person.items() if name in {column.name for column in columns}}
    return {name: value for name, value in row.items() if name in {"row_no", *(c.name for c in columns)}}


def write_exports(folder: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for shape, records_of in rows.items():
        if shape == "touch":
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in records_of)
            (folder / "touch_1.jsonl").write_text(text, encoding="utf-8")
            continue
        with (folder / f"{shape}_1.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(records_of[0]))
            writer.writeheader()
            writer.writerows(records_of)
