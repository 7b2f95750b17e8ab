"""The sample's files as their systems wrote them, read without any of siyu's readers: csv, json, calamine, DuckDB's
Parquet. What a row says of the world, in UTC and in yuan, is reckoned here a second time."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from python_calamine import CalamineWorkbook

Row = dict[str, Any]
LOCAL = timedelta(hours=8)
CENT = Decimal("0.01")
# What one thing is in each export; of several rows about it the last one is true.
KEYS: dict[str, tuple[str, ...]] = {
    "ads/costs": ("cost_id",),
    "ads/leads": ("lead_id",),
    "ads/spend": ("day", "platform", "campaign_id"),
    "after_sales/devices": ("device_serial",),
    "after_sales/tickets": ("ticket_id",),
    "crm/accounts": ("account_id",),
    "crm/activities": ("activity_id",),
    "crm/contacts": ("contact_id",),
    "crm/decisions": ("decision_id",),
    "crm/opportunities": ("opportunity_id",),
    "exhibition/visitors": ("编号", "展会"),
    "mall/coupons": ("优惠券号",),
    "mall/order_items": ("order_id", "line_no"),
    "mall/orders": ("order_id",),
    "mall/refunds": ("refund_id",),
    "official_account/events": ("FromUserName", "CreateTime", "Event"),
    "official_account/users": ("openid", "subscribe"),
    "outreach/sends": ("send_id",),
    "training/enrolments": ("course_id", "learner"),
    "webinar/attendance": ("live_id", "viewer_id"),
    "website/events": ("event_id",),
    "wecom/contact_details": ("external_userid", "userid"),
    "wecom/behavior": ("userid", "stat_time"),
    "wecom/contacts": ("external_userid", "userid"),
    "wecom/events": ("ChangeType", "UserID", "ExternalUserID", "CreateTime"),
    "wecom/group_sends": ("msgid", "userid", "recipient"),
    "wecom/messages": ("day", "userid", "external_userid"),
    "wecom_group/group_messages": ("day", "chat_id", "member"),
    "wecom_group/groups": ("chat_id", "userid"),
}


@dataclass(frozen=True)
class Exported:
    """An exports folder."""

    root: Path

    def rows(self, name: str, file: Path | None = None) -> list[Row]:
        """Every row of an export, or of one of its files; `_date` is the date in the file's name, if any."""
        channel, export = name.split("/")
        found: list[Row] = []
        for path in [file] if file else sorted((self.root / channel).glob(f"{export}_*")):
            # order_items_… is no file of an export called order
            if re.fullmatch(rf"{export}_(msg\w+_)?\d.*", path.stem):
                dated = re.search(r"_(\d{8})(?:_|$)", path.stem)
                found += [{**row, "_date": dated[1] if dated else ""} for row in READERS[path.suffix](path)]
        return found

    def things(self, name: str) -> list[Row]:
        """The last row about each thing, by its own time of change, then by the date of its file."""
        last: dict[tuple[str, ...], Row] = {}
        for row in sorted(self.rows(name), key=lambda r: (str(r.get("updated_at", r.get("更新时间", ""))), r["_date"])):
            last[tuple(str(row[column]) for column in KEYS[name])] = row
        return list(last.values())

    @cached_property
    def truth(self) -> dict[tuple[str, str], tuple[str, str]]:
        """(channel, record) -> the person and the company behind it."""
        with (self.root / "truth" / "person.csv").open(encoding="utf-8", newline="") as file:
            return {(r["channel"], r["record_id"]): (r["person"], r["company"]) for r in csv.DictReader(file)}

    @cached_property
    def delivered(self) -> set[tuple[str, str]]:
        """Every (channel, record) that stands in a file."""
        found = set()
        for name, columns in KEYS.items():
            channel, export = name.split("/")
            for row in self.rows(name):
                values = [str(utc(row[c]) if c in ("CreateTime", "stat_time") else row[c]) for c in columns]
                found.add((channel, f"{export}:{'|'.join(values)}"))
        return found

    def reference(self, name: str) -> list[Row]:
        """A reference table."""
        return list(_csv(self.root / "reference" / f"{name}.csv"))

    @cached_property
    def codes(self) -> dict[str, Row]:
        """State of a live code -> its campaign and scene."""
        return {row["state"]: row for row in self.reference("live_codes")}

    @cached_property
    def group_campaigns(self) -> dict[str, str]:
        """Group -> its campaign, where it has one."""
        groups = self.reference("groups")
        return {row["chat_id"]: row["campaign_id"] for row in groups if row["campaign_id"]}

    @cached_property
    def _rates(self) -> dict[str, list[tuple[date, Decimal]]]:
        rates: dict[str, list[tuple[date, Decimal]]] = {}
        for row in self.reference("exchange_rates"):
            found = rates.setdefault(row["currency"], [])
            found.append((date.fromisoformat(row["rate_date"]), Decimal(row["rate"])))
        return {currency: sorted(found) for currency, found in rates.items()}

    def yuan(self, amount: object, currency: str | None, day: date) -> Decimal:
        """At the rate of the day, or of the last working day before it; to the cent, half up."""
        value = Decimal(str(amount))
        if currency in (None, "", "CNY"):
            return value
        rates = self._rates[str(currency)]
        rate = rates[bisect_right(rates, (day, Decimal("Infinity"))) - 1][1]
        return (value * rate).quantize(CENT, ROUND_HALF_UP)

    def orders(self) -> dict[str, Row]:
        """The mall's orders as they stand at the end."""
        return {row["order_id"]: row for row in self.things("mall/orders")}

    def deals(self) -> dict[tuple[str, str], Row]:
        """(channel, record) -> kind, deal, amount in yuan, moment, campaign: lines, refunds, opportunities."""
        found: dict[tuple[str, str], Row] = {}
        orders = self.orders()
        items: dict[str, list[Row]] = {}
        for row in self.things("mall/order_items"):
            items.setdefault(row["order_id"], []).append(row)
        for order_id, lines in items.items():
            order = orders.get(order_id)
            if order is not None:  # a line whose order has not come yet has neither time nor currency
                lines.sort(key=lambda line: int(line["line_no"]))
                for line, amount in zip(lines, self._line_amounts(order, lines), strict=True):
                    whole = self._deal("order", order, 0, order["ordered_at"])
                    found["mall", f"order_items:{order_id}|{line['line_no']}"] = whole | {"amount": amount}
        itemised = {deal["deal"] for deal in found.values()}
        for order in orders.values():
            if order["order_id"] not in itemised:
                whole = self._deal("order", order, order["amount"], order["ordered_at"])
                found["mall", f"orders:{order['order_id']}"] = whole
        for row in self.things("mall/refunds"):
            order = orders.get(row["order_id"], {"order_id": row["order_id"]})
            # At the rate of the order: what was given back whole leaves nothing.
            ordered = order.get("ordered_at", row["refunded_at"])
            refund = self._deal("refund", order, -Decimal(row["amount"]), ordered)
            found["mall", f"refunds:{row['refund_id']}"] = refund | {"status": None, "at": utc(row["refunded_at"])}
        for row in self.things("crm/opportunities"):
            created = utc(row["created_at"])
            found["crm", f"opportunities:{row['opportunity_id']}"] = {
                "kind": "opportunity", "deal": row["opportunity_id"],
                "amount": self.yuan(row["amount"], row["currency"], local_day(created)), "at": created,
                "campaign": row["campaign_id"], "closed": utc(row["closed_at"]),
                "status": row["stage"] if row["stage"] in ("won", "lost") else "open",
            }  # fmt: skip
        return found

    def _line_amounts(self, order: Row, lines: list[Row]) -> list[Decimal]:
        """Return the revenue of each line of an order in yuan. Together, the lines add up to the order's amount."""
        currency, day = order["currency"], local_day(utc(order["ordered_at"]))
        own = spread([Decimal(line["amount"]) for line in lines], Decimal(order["amount"]))
        return spread([self.yuan(amount, currency, day) for amount in own], self.yuan(order["amount"], currency, day))

    def _deal(self, kind: str, order: Row, amount: object, moment: str) -> Row:
        at = utc(moment)
        return {
            "kind": kind, "deal": order["order_id"], "at": at, "campaign": order.get("campaign_id") or None,
            "amount": self.yuan(amount, order.get("currency"), local_day(at)), "closed": None,
            "status": order.get("status"),
        }  # fmt: skip

    def revenue(self) -> dict[tuple[str, str], tuple[date, str | None, Decimal]]:
        """(channel, record) -> day, campaign and amount of what is earned or given back: a cancelled order brings
        nothing, one that is called refunded nothing without its refunds, and a won opportunity only what no order of
        the mall has brought already."""
        given_back = {row["order_id"] for row in self.things("mall/refunds")}
        cancelled = {key for key, row in self.orders().items() if row["status"] == "cancelled"}
        fulfilled = {row["opportunity_id"] for key, row in self.orders().items() if key not in cancelled}
        found = {}
        for key, deal in self.deals().items():
            if deal["status"] == "refunded" and deal["deal"] not in given_back:
                continue
            if deal["kind"] != "opportunity" and deal["deal"] not in cancelled:
                found[key] = (local_day(deal["at"]), deal["campaign"], deal["amount"])
            elif deal["status"] == "won" and deal["deal"] not in fulfilled:
                found[key] = (local_day(deal["closed"]), deal["campaign"], deal["amount"])
        return found


def spread(amounts: list[Decimal], total: Decimal) -> list[Decimal]:
    """The amounts, adjusted to add up to the total. What is missing or too much is taken in proportion from what is
    positive, else from all alike; the cents left over one by one, by the largest fraction, and then in order."""
    missing = total - sum(amounts, Decimal(0))
    weights = [max(amount, Decimal(0)) for amount in amounts]
    if not any(weights):
        weights = [Decimal(1)] * len(amounts)
    shares = [Fraction(abs(missing)) * 100 * Fraction(weight) / Fraction(sum(weights)) for weight in weights]
    cents = [int(share) for share in shares]
    left_over = int(abs(missing) * 100) - sum(cents)
    for place in sorted(range(len(shares)), key=lambda n: (cents[n] - shares[n], n))[:left_over]:
        cents[place] += 1
    sign = -1 if missing < 0 else 1
    return [amount + sign * CENT * more for amount, more in zip(amounts, cents, strict=True)]


def utc(value: object) -> Any:
    """A local time without an offset, one with it, or seconds since 1970; None of nothing."""
    if value in (None, ""):
        return None
    if isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).replace(tzinfo=None)
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment - LOCAL


def local_day(moment: datetime) -> date:
    """The business date of a moment in UTC."""
    return (moment + LOCAL).date()


def midnight(day: str) -> datetime:
    """When a business date begins, in UTC; 20260630 or 2026-06-30."""
    return datetime.fromisoformat(day) - LOCAL


def mobile(text: object) -> str | None:
    """E.164 of a mobile however it was typed; None of what is none."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", str(text or "")))
    digits = re.sub(r"^(0086|86)(?=\d{11}$)", "", digits)
    return f"+86{digits}" if re.fullmatch(r"1[3-9]\d{9}", digits) else None


def email(text: object) -> str | None:
    """Lower case."""
    return str(text).strip().lower() if text else None


def _csv(path: Path) -> Iterator[Row]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030")
    yield from ({name: value or None for name, value in row.items()} for row in csv.DictReader(io.StringIO(text)))


def _jsonl(path: Path) -> Iterator[Row]:
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.endswith("}"):  # else it was cut off
            try:
                yield json.loads(line)
            except json.JSONDecodeError:
                continue


def _json(path: Path) -> Iterator[Row]:
    document = json.loads(path.read_text(encoding="utf-8"))
    for answer in document if isinstance(document, list) else [document]:
        for found in answer.get("external_contact_list", []):
            yield {**found["external_contact"], **found["follow_info"]}
        for found in answer.get("follow_user", []):
            yield {**answer["external_contact"], **found}
        for found in answer.get("send_list", []):
            recipient = found.get("external_userid") or found["chat_id"]
            yield {"msgid": path.stem.split("_")[2], "recipient": recipient, **found}
        chat = answer.get("group_chat", {})
        for found in chat.get("member_list", []):
            yield {"chat_id": chat["chat_id"], "owner": chat["owner"], **found}


def _xlsx(path: Path) -> Iterator[Row]:
    header, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    for row in rows:
        found: Row = {str(name): value or None for name, value in zip(header, row, strict=True)}
        if isinstance(found["签到时间"], float):  # a date without its format
            found["签到时间"] = datetime(1899, 12, 30) + timedelta(seconds=round(found["签到时间"] * 86400))
        yield found


def _parquet(path: Path) -> Iterator[Row]:
    table = duckdb.sql(f"select * from read_parquet('{path}', hive_partitioning = false)")
    yield from (dict(zip(table.columns, row, strict=True)) for row in table.fetchall())


READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": _csv, ".jsonl": _jsonl, ".json": _json, ".xlsx": _xlsx, ".parquet": _parquet,
}  # fmt: skip
