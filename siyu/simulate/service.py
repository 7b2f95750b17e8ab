"""After-sales: devices that companies own, and service tickets."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery
from siyu.simulate.people import Person
from siyu.simulate.typed import typed_company, typed_mobile, typed_name
from siyu.simulate.world import DAY

# Days of warranty: of a new device, a refurbished one, one for trial; nobody wrote down the last.
WARRANTIES: tuple[tuple[int | None, float], ...] = ((730, 0.58), (180, 0.14), (90, 0.18), (None, 0.1))
TOPICS = ("repair", "spare_parts", "installation", "usage", "complaint")


def deliver_device(person: Person, out: Delivery, moment: int, product: str) -> str | None:
    """Write a device for the buyer's company and return its serial number; None after the last day."""
    world = person.world
    moment += person.chance.randint(2, 20) * DAY
    if moment >= world.end:
        return None
    serial, day = f"SN{person.next_number()}", world.dates[moment // DAY]
    chance = Random(f"{world.seed} warranty {serial}")
    (warranty,) = chance.choices([days for days, _ in WARRANTIES], [weight for _, weight in WARRANTIES])
    until = None if warranty is None else (date.fromisoformat(day) + timedelta(days=warranty)).isoformat()
    out.row("after_sales", "devices", person, moment, {
        "device_serial": serial, "company": typed_company(person), "product_id": product, "sold_at": day,
        "warranty_until": until, "updated_at": world.text(moment),
    })  # fmt: skip
    out.line("truth/person.csv", f"after_sales,devices:{serial},,{person.company.key}")
    return serial


def open_ticket(person: Person, out: Delivery, moment: int, serial: str | None) -> None:
    """Write a ticket: opened, answered, mostly resolved and rated. It is exported again at each step."""
    chance, world = person.chance, person.world
    if moment >= world.end:
        return
    ticket_id = f"H{person.next_number()}"
    record: dict[str, Any] = {
        "ticket_id": ticket_id, "contact_name": typed_name(person), "mobile": typed_mobile(person, moment),
        "company": typed_company(person), "device_serial": serial, "topic": chance.choice(TOPICS),
        "opened_at": world.text(moment), "first_reply_at": None, "resolved_at": None, "csat": None, "nps": None,
        "updated_at": world.text(moment),
    }  # fmt: skip
    out.row("after_sales", "tickets", person, moment, record)
    out.truth("after_sales", f"tickets:{ticket_id}", person)
    replied = moment + chance.randint(5, 600) * 60
    resolved = replied + chance.randint(1, 120) * 3600
    if replied < world.end:
        record |= {"first_reply_at": world.text(replied), "updated_at": world.text(replied)}
        out.row("after_sales", "tickets", person, replied, record)
    if resolved < world.end and chance.random() < 0.9:
        happy = chance.random() < 0.7
        record |= {"resolved_at": world.text(resolved), "csat": chance.randint(3, 5) if happy else chance.randint(1, 3),
                   "nps": chance.randint(8, 10) if happy else chance.randint(0, 7),
                   "updated_at": world.text(resolved)}  # fmt: skip
        out.row("after_sales", "tickets", person, resolved, record)
    person.warmth += 1
