"""What staff keep in the CRM: accounts, contacts, calls and opportunities, exported as Parquet."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

from siyu.compile.bind import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine, quoted
from siyu.simulate.world import PRODUCTS, SALES, SDRS, Company, Exports, Person

CRM_TYPES = {
    "accounts": "account_id varchar, account_name varchar, credit_code varchar, email_domain varchar, industry varchar,"
    " company_size varchar, province varchar, account_type varchar, created_at timestamp, updated_at timestamp",
    "contacts": "contact_id varchar, account_id varchar, full_name varchar, mobile varchar, email varchar,"
    " title varchar, province varchar, city varchar, consent varchar, source_campaign_id varchar, created_at timestamp,"
    " updated_at timestamp",
    "opportunities": "opportunity_id varchar, account_id varchar, contact_id varchar, stage varchar,"
    " amount decimal(18,2), product_id varchar, campaign_id varchar, owner varchar, sdr varchar, expected_close date,"
    " created_at timestamp, closed_at timestamp, updated_at timestamp",
    "activities": "activity_id varchar, contact_id varchar, opportunity_id varchar, activity_type varchar,"
    " direction varchar, outcome varchar, owner varchar, duration_seconds bigint, occurred_at timestamp",
}


def write_company(drafts: Exports, company: Company, days: int, last_day: date) -> None:
    """The account of a company, known before the first day."""
    created = datetime.combine(last_day - timedelta(days=days), datetime.min.time()) + timedelta(hours=9)
    record = {
        "account_id": f"A{company.number:06d}",
        "account_name": company.name,
        "email_domain": company.domain,
        "industry": company.industry,
        "company_size": ("S", "M", "L")[company.number % 3],
        "province": company.region[0],
        "account_type": "prospect",
        "created_at": created,
        "updated_at": created,
    }
    drafts.line("accounts", record)


def enter_crm(person: Person, drafts: Exports, exports: Exports, formed_at: datetime, end: datetime) -> None:
    """A contact, hours after the form: first as typed in, later completed; then calls and opportunities."""
    chance = person.chance
    created = formed_at + timedelta(hours=chance.randint(2, 72))
    if created >= end:
        return
    contact_id = f"K{person.number:07d}"
    record = {
        "contact_id": contact_id,
        "account_id": f"A{person.company.number:06d}",
        "full_name": person.name,
        "mobile": person.mobile if chance.random() < 0.9 else None,
        "email": person.email,
        "title": person.title,
        "province": person.company.region[0],
        "city": person.company.region[1],
        "consent": chance.choice(("yes", "yes", "unknown", "no")),
        "source_campaign_id": person.campaign,
        "created_at": created,
        "updated_at": created,
    }
    drafts.line("contacts_first", {**record, "title": None, "city": None})
    later = min(created + timedelta(days=chance.randint(1, 20)), end - timedelta(minutes=1))
    drafts.line("contacts_last", {**record, "updated_at": later})
    exports.truth("crm", f"contacts:{contact_id}", person)
    _sell(person, drafts, exports, contact_id, created, end)


def _sell(person: Person, drafts: Exports, exports: Exports, contact_id: str, moment: datetime, end: datetime) -> None:
    """Calls, and for buyers opportunities: won, lost, or still open; some come back after a loss."""
    for _attempt in range(2 if person.kind == "buyer" else 1):
        moment = _call(person, drafts, exports, contact_id, moment, end)
        if person.kind != "buyer" or person.chance.random() < 0.2:
            return
        closed_lost_at = _opportunity(person, drafts, exports, contact_id, moment, end)
        if closed_lost_at is None:
            return
        moment = closed_lost_at


def _call(
    person: Person, drafts: Exports, exports: Exports, contact_id: str, moment: datetime, end: datetime
) -> datetime:
    chance = person.chance
    for _ in range(chance.randint(1, 4)):
        moment += timedelta(days=chance.randint(0, 4), hours=chance.randint(1, 5))
        if moment >= end:
            break
        kind, outcome = chance.choice(
            (("call", "answered"), ("call", "failed"), ("email", "sent"), ("email", "replied"), ("visit", None))
        )
        activity_id = f"V{person.next_number()}"
        drafts.line(
            "activities",
            {"activity_id": activity_id, "contact_id": contact_id, "activity_type": kind, "direction": "outbound",
             "outcome": outcome, "owner": f"S{person.number % SALES:02d}", "duration_seconds": chance.randint(30, 2400),
             "occurred_at": moment},
        )  # fmt: skip
        exports.truth("crm", f"activities:{activity_id}", person)
    return moment


def _opportunity(
    person: Person, drafts: Exports, exports: Exports, contact_id: str, moment: datetime, end: datetime
) -> datetime | None:
    """Write one opportunity; its end when it was lost, else None."""
    chance = person.chance
    created = moment + timedelta(hours=chance.randint(1, 48))
    if created >= end:
        return None
    closed = created + timedelta(days=chance.randint(3, 60))
    stage = (
        chance.choice(("won", "won", "lost"))
        if closed < end
        else chance.choice(("qualification", "proposal", "negotiation"))
    )
    is_closed = stage in ("won", "lost")
    opportunity_id = f"O{person.next_number()}"
    drafts.line(
        "opportunities",
        {"opportunity_id": opportunity_id, "account_id": f"A{person.company.number:06d}", "contact_id": contact_id,
         "stage": stage, "amount": f"{chance.randint(800, 90000)}.{chance.randint(0, 99):02d}",
         "product_id": chance.choice(PRODUCTS), "campaign_id": person.campaign,
         "owner": f"S{person.number % SALES:02d}",
         "sdr": f"D{person.number % SDRS:02d}", "expected_close": (created + timedelta(days=45)).date(),
         "created_at": created, "closed_at": closed if is_closed else None,
         "updated_at": closed if is_closed else created},
    )  # fmt: skip
    exports.truth("crm", f"opportunities:{opportunity_id}", person)
    return closed if stage == "lost" else None


def to_parquet(drafts: Exports, folder: Path) -> dict[str, int]:
    """CRM exports are Parquet; contacts come as two exports that overlap, the later one with newer versions."""
    engine = DuckEngine(None, ANY_INPUTS)
    session = engine.session()
    written = {}
    (folder / "crm").mkdir(exist_ok=True)
    for draft, count in sorted(drafts.counts.items()):
        table = draft.partition("_")[0]
        columns = ", ".join(
            f"{name}: {quoted(kind)}" for name, kind in (part.split(" ") for part in CRM_TYPES[table].split(", "))
        )
        file = f"crm/{draft}.parquet"
        session.execute(
            f"copy (select * from read_json({quoted(drafts.folder / draft)}, format = 'newline_delimited',"
            f" columns = {{{columns}}})) to {quoted(folder / file)} (format parquet, compression zstd)"
        )
        written[file] = count
    session.close()
    engine.close()
    return written
