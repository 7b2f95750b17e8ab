"""Forty faults, each a function that spoils what one simulated night delivers.

A fault gets the folder of the night. `names` are the channels or tables of which a message has to name one.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
WRONG_SALT = "another salt, just as long"


class Delivery:
    """The files that a night delivers, in the layout of the exports folder, and what was delivered before."""

    def __init__(self, folder: Path, before: Path, day: date) -> None:
        self.folder, self.before, self.day = folder, before, day

    def file(self, export: str) -> Path:
        """The file of an export, given as channel/export."""
        return next(iter(sorted(self.folder.glob(f"{export}_{self.day:%Y%m%d}*"))))

    def earlier(self, export: str) -> Path:
        """The file that the night before delivered."""
        return next(iter(sorted(self.before.glob(f"{export}_{self.day - timedelta(days=1):%Y%m%d}*"))))

    def drop(self, channel: str, *exports: str) -> None:
        """Deliver nothing of a channel, or of these exports."""
        for path in sorted((self.folder / channel).iterdir()):
            if not exports or path.name.rpartition("_20")[0] in exports:
                path.unlink()

    def edit(self, export: str, change: Callable[[list[Row]], Iterable[Row]]) -> None:
        """Change the rows of a csv, jsonl or Parquet file."""
        path = self.file(export)
        READ_AND_WRITE[path.suffix](path, change)


def _csv(path: Path, change: Callable[[list[Row]], Iterable[Row]]) -> None:
    encoding = "gb18030" if "coupons" in path.name else "utf-8"
    with path.open(encoding=encoding, newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    changed = list(change(rows))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(changed[0]) if changed else names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(changed)
    path.write_text(out.getvalue(), encoding=encoding)


def _jsonl(path: Path, change: Callable[[list[Row]], Iterable[Row]]) -> None:
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:  # the simulator cuts some records off
            continue
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in change(rows)), encoding="utf-8")


def _parquet(path: Path, change: Callable[[list[Row]], Iterable[Row]]) -> None:
    with duckdb.connect() as con:
        found = con.execute("select * from read_parquet(?)", [str(path)])
        names = [column[0] for column in found.description]
        types = dict(zip(names, (str(column[1]) for column in found.description), strict=True))
        changed = list(change([dict(zip(names, row, strict=True)) for row in found.fetchall()]))
        kept = list(changed[0])
        listed = ", ".join(f"{name} {_held(types, name)}" for name in kept)
        con.execute(f"create table t ({listed})")
        con.executemany(f"insert into t values ({', '.join('?' * len(kept))})", [list(row.values()) for row in changed])
        con.execute(f"copy t to '{path}' (format parquet)")


def _held(types: dict[str, str], name: str) -> str:
    kind = types.get(name, "varchar")
    return "decimal(18, 2)" if kind in ("NUMBER", "DECIMAL") else kind if kind != "STRING" else "varchar"


def _json(path: Path, change: Callable[[list[Row]], Iterable[Row]]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(document, list):
        document = list(change(document))
    else:
        name = next(key for key, value in document.items() if isinstance(value, list))
        document[name] = list(change(document[name]))
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


READ_AND_WRITE = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet, ".json": _json}


@dataclass(frozen=True)
class Fault:
    """One fault. `settings` are environment variables that it changes."""

    name: str
    names: tuple[str, ...]
    spoil: Callable[[Delivery], None]
    settings: dict[str, str] = field(default_factory=dict)


def _each(export: str, **changes: Callable[[Row], Any]) -> Callable[[Delivery], None]:
    """Change columns of every row."""
    return lambda d: d.edit(export, lambda rows: [row | {k: make(row) for k, make in changes.items()} for row in rows])


def _rows(export: str, change: Callable[[list[Row]], Iterable[Row]]) -> Callable[[Delivery], None]:
    return lambda d: d.edit(export, change)


def _bytes(export: str, change: Callable[[bytes], bytes]) -> Callable[[Delivery], None]:
    def spoil(delivery: Delivery) -> None:
        path = delivery.file(export)
        path.write_bytes(change(path.read_bytes()))

    return spoil


def _shifted(rows: list[Row]) -> Iterable[Row]:
    """The values of every column stand in the next one, as after a comma that was not quoted."""
    return [dict(zip(row, ["", *list(row.values())[:-1]], strict=True)) for row in rows]


def _swapped(one: str, other: str) -> Callable[[list[Row]], Iterable[Row]]:
    return lambda rows: [row | {one: row[other], other: row[one]} for row in rows]


def _renamed(old: str, new: str) -> Callable[[list[Row]], Iterable[Row]]:
    return lambda rows: [{new if k == old else k: v for k, v in row.items()} for row in rows]


def _mojibake(text: str) -> str:
    """What becomes of utf-8 that a program reads as gb18030 and writes again."""
    return text.encode().decode("gb18030", "replace")


def _bots(rows: list[Row]) -> Iterable[Row]:
    agent = {"user_agent": "python-requests/2.32", "event_name": "page_view"}
    return rows + [row | agent | {"event_id": f"B{n}{row['event_id']}"} for n in range(20) for row in rows]


def _again_with_new_ids(rows: list[Row]) -> Iterable[Row]:
    return rows + [row | {"event_id": f"R{row['event_id'][1:]}"} for row in rows]


def _history(delivery: Delivery) -> None:
    """A system was moved: it sends everything again, under new keys."""
    lines = [json.loads(line) for path in sorted(delivery.before.glob("website/events_*.jsonl"))
             for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]  # fmt: skip
    delivery.edit("website/events", lambda rows: rows + [r | {"event_id": f"N{r['event_id']}"} for r in lines])


def _yesterday(export: str) -> Callable[[Delivery], None]:
    return lambda d: shutil.copyfile(d.earlier(export), d.file(export)) and None


def _utc(row: Row) -> str:
    """The moment in UTC, without saying so."""
    from datetime import datetime

    return (datetime.fromisoformat(row["event_time"]) - timedelta(hours=8)).isoformat()[:19]


def _day_first(text: str) -> str:
    return f"{text[8:10]}/{text[5:7]}/{text[:4]}{text[10:]}" if text else text


def _without_members(answers: list[Row]) -> Iterable[Row]:
    for answer in answers:
        answer["group_chat"]["member_list"] = []
    return answers


def _of_contact(**values: Any) -> Callable[[list[Row]], Iterable[Row]]:
    return lambda rows: [row | {"external_contact": row["external_contact"] | values} for row in rows]


def _as_of(day: str) -> Callable[[Delivery], None]:
    return lambda d: (d.folder / "exports.yml").write_text(f"as_of: {day}\n", encoding="utf-8") and None


def _reference(name: str, change: Callable[[list[Row]], Iterable[Row]]) -> Callable[[Delivery], None]:
    def spoil(delivery: Delivery) -> None:
        target = delivery.folder / "reference" / f"{name}.csv"
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(delivery.before / "reference" / f"{name}.csv", target)
        _csv(target, change)

    return spoil


FAULTS = (
    # What does not come
    Fault("website sends no file", ("website",), lambda d: d.drop("website")),
    Fault("one of four files of the mall is missing", ("mall",), lambda d: d.drop("mall", "orders")),
    Fault("the CRM sends nothing", ("crm",), lambda d: d.drop("crm")),
    Fault("half of the rows", ("website",), _rows("website/events", lambda rows: rows[::2])),
    Fault("the file is cut off", ("website",), _bytes("website/events", lambda b: b[: len(b) * 2 // 5])),
    Fault("half of a Parquet file", ("crm",), _bytes("crm/contacts", lambda b: b[: len(b) // 2])),
    Fault("every group is dissolved", ("wecom_group",), _rows("wecom_group/groups", _without_members)),
    # What comes too often
    Fault("ten times the rows, from a robot", ("website",), _rows("website/events", _bots)),
    Fault("every row twice, with new ids", ("website",), _rows("website/events", _again_with_new_ids)),
    Fault("yesterday's rows under today's name", ("website",), _yesterday("website/events")),
    Fault("the whole history again, with new keys", ("website",), _history),
    Fault("a flood of refunds", ("mall",), _rows("mall/refunds", lambda rows: [
        rows[0] | {"refund_id": f"B9{n:09d}"} for n in range(300)])),
    Fault("keys with two different rows", ("mall",), _rows("mall/orders", lambda rows: [
        *rows, *[row | {"amount": "1.00"} for row in rows]])),
    # Columns and forms
    Fault("values shifted by one column", ("mall",), _rows("mall/orders", _shifted)),
    Fault("mobile and name swapped", ("mall",), _rows("mall/orders", _swapped("mobile", "buyer_name"))),
    Fault("amount and count swapped", ("mall",), _rows("mall/order_items", _swapped("amount", "item_count"))),
    Fault("a renamed column", ("mall",), _rows("mall/orders", _renamed("mobile", "phone"))),
    Fault("a new column", ("training",), _each("training/enrolments", source=lambda r: "app")),
    Fault("a missing column", ("crm",), _rows("crm/contacts", lambda rows: [
        {k: v for k, v in row.items() if k != "email"} for row in rows])),
    Fault("dates with the day first", ("training",), _each("training/enrolments",
          enrolled_at=lambda r: _day_first(r["enrolled_at"]), updated_at=lambda r: _day_first(r["updated_at"]))),
    Fault("text in a wrong encoding", ("training",), _each("training/enrolments",
          name=lambda r: _mojibake(r["name"]), company=lambda r: _mojibake(r["company"]))),
    Fault("a prefix before every key", ("mall",), _each("mall/orders", order_id=lambda r: f"SH-{r['order_id']}")),
    # Values
    Fault("amounts in fen", ("mall",), _each("mall/orders", amount=lambda r: f"{float(r['amount']) * 100:.2f}")),
    Fault("yuan called dollars", ("mall",), _each("mall/orders", currency=lambda r: "USD")),
    Fault("a decimal comma", ("mall",), _each("mall/orders", amount=lambda r: r["amount"].replace(".", ","))),
    Fault("a new word for a status", ("mall",), _each("mall/orders", status=lambda r: "已支付")),
    Fault("UTC instead of local time", ("website",), _each("website/events", event_time=_utc)),
    Fault("moments of 1970", ("official_account",), _each("official_account/events",
          CreateTime=lambda r: r["CreateTime"] % 86400)),
    Fault("the cookie is lost", ("website",), _each("website/events", cookie_id=lambda r: None)),
    Fault("test data", ("training",), _each("training/enrolments", name=lambda r: "test", company=lambda r: "test")),
    Fault("one mobile for everybody", ("training",), _each("training/enrolments", mobile=lambda r: "13912345678")),
    Fault("one unionid for everybody", ("wecom",), _rows("wecom/contacts", _of_contact(unionid="o" + "0" * 27))),
    Fault("campaigns are lost", ("training",), _each("training/enrolments", campaign_id=lambda r: "")),
    Fault("every consent is no", ("crm",), _each("crm/contacts", consent=lambda r: "no")),
    Fault("tickets are never closed", ("after_sales",), _each("after_sales/tickets", resolved_at=lambda r: "")),
    # Lists and settings
    Fault("half of the staff", ("staff",), _reference("staff", lambda rows: rows[::2])),
    Fault("margins in percent", ("products",), _reference("products", lambda rows: [
        row | {"margin_rate": f"{float(row['margin_rate']) * 100:.0f}"} for row in rows])),
    Fault("the newer exchange rates are missing", ("exchange_rates",),
          _reference("exchange_rates", lambda rows: rows[: len(rows) // 2])),
    Fault("a business date in the future", ("exports.yml",), _as_of("2062-06-23")),
    Fault("another salt", ("SIYU_SALT",), lambda d: None, {"SIYU_SALT": WRONG_SALT}),
)  # fmt: skip
