"""Events that people attend: exhibitions, live shows, courses."""

from __future__ import annotations

from random import Random
from typing import Any

from siyu.simulate.delivery import Delivery
from siyu.simulate.names import REGIONS
from siyu.simulate.people import Person
from siyu.simulate.typed import typed_company, typed_email, typed_mobile, typed_name
from siyu.simulate.website import fill_form
from siyu.simulate.world import DAY, PRODUCTS, Campaign

COURSES = ("K-SERVO-101", "K-PLC-101", "K-VISION-201", "K-SAFETY-101")
HALLS = ("A1", "B3", "N2")


def fair_at(person: Person, day: int) -> Campaign | None:
    """Return the exhibition that is open on a day, or None."""
    for campaign in person.world.campaigns:
        if campaign.entry == "exhibition" and campaign.first_day <= day < campaign.first_day + campaign.days:
            return campaign
    return None


def show_after(person: Person, day: int) -> Campaign | None:
    """Return the next live show from a day on, or None."""
    shows = [c for c in person.world.campaigns if c.entry == "webinar" and c.first_day >= day]
    return shows[0] if shows else None


def visit_fair(person: Person, out: Delivery, campaign: Campaign, day: int) -> None:
    """Scan a badge. Some people also fill in the form on the booth's tablet, where all share one cookie."""
    chance, world = person.chance, person.world
    moment = day * DAY + chance.randint(9 * 3600, 17 * 3600)
    visitor_no, number = f"X{person.number:07d}", campaign.campaign_id[-1]
    event = f"工业展 {number}"
    if out.truth_once("exhibition", f"visitors:{visitor_no}|{event}", person):
        record: dict[str, Any] = {
            "编号": visitor_no, "展会": event, "姓名": typed_name(person), "公司": typed_company(person),
            "职位": person.title,
            "手机": typed_mobile(person, moment), "邮箱": typed_email(person) if chance.random() < 0.75 else None,
            "展位": chance.choice(HALLS), "感兴趣的产品": chance.choice(PRODUCTS) if chance.random() < 0.7 else None,
            "省份": _province(person), "签到时间": world.text(moment), "活动": campaign.campaign_id,
        }  # fmt: skip
        out.draft("exhibition", "visitors", person, moment, record)
    if chance.random() < world.knobs.kiosk:
        person.traits.add("kiosk")
        fill_form(person, out, moment + 600, f"kiosk-{campaign.campaign_id.lower()}")
    person.warmth += 2


def _province(person: Person) -> str | None:
    """Return the province on the badge: mostly that of the company, sometimes where the person works."""
    chance = Random(f"{person.world.seed} badge {person.number}")
    own = person.company.region[0]
    return chance.choices((own, chance.choice(REGIONS)[0], None), (0.8, 0.15, 0.05))[0]


def attend_show(
    person: Person, out: Delivery, campaign: Campaign, now: int, *, knows_wechat: bool, is_clear: bool = False
) -> None:
    """Register, mostly attend, perhaps ask or watch the replay. `is_clear`: they give their own mobile."""
    chance, world = person.chance, person.world
    start = campaign.first_day * DAY + 19 * 3600
    record = _attendance(person, out, campaign, start, knows_wechat=knows_wechat, is_clear=is_clear)
    if record is None:
        return
    registered = min(max(now, start - 6 * DAY), start - 600) if chance.random() < 0.85 else None
    comes = registered is None or chance.random() < 0.6
    steps: list[tuple[int, dict[str, Any]]] = []
    if registered is not None:
        steps.append((registered, {"registered_at": world.text(registered)}))
    if comes:
        joined = start + chance.randint(-300, 2400)
        steps.append((joined, {"joined_at": world.text(joined), "watch_minutes": chance.randint(3, 75),
                               "questions": chance.choice((0, 0, 0, 1, 2))}))  # fmt: skip
    again = start + chance.randint(1, 10) * DAY
    if chance.random() < 0.2 and again < world.end:
        steps.append((again, {"replayed_at": world.text(again), "replay_minutes": chance.randint(5, 60)}))
    for moment, changes in steps:
        record |= {**changes, "updated_at": world.text(moment)}
        out.row("webinar", "attendance", person, moment, record)
    person.warmth += 1 + comes


def watch_replay(person: Person, out: Delivery, moment: int) -> None:
    """Watch the latest show not seen yet. The person signs in with WeChat and gives their own mobile."""
    shows = [c for c in person.world.campaigns if c.entry == "webinar" and (c.first_day + 1) * DAY < moment]
    records = (_attendance(person, out, c, moment, knows_wechat=True, is_clear=True) for c in reversed(shows))
    record = next((found for found in records if found is not None), None)
    if record is not None:
        stamp = person.world.text(moment)
        record |= {"replayed_at": stamp, "replay_minutes": person.chance.randint(5, 60), "updated_at": stamp}
        out.row("webinar", "attendance", person, moment, record)


def _attendance(
    person: Person, out: Delivery, campaign: Campaign, moment: int, *, knows_wechat: bool, is_clear: bool
) -> dict[str, Any] | None:
    """Return the row of a viewer, exported again on each change; None if they have seen the show already."""
    viewer = f"L{person.number:07d}"
    if not out.truth_once("webinar", f"attendance:{campaign.campaign_id}|{viewer}", person):
        return None
    gives_mobile = not knows_wechat or person.chance.random() < 0.6
    mobile = typed_mobile(person, moment) if gives_mobile else None
    return {
        "live_id": campaign.campaign_id, "viewer_id": viewer, "unionid": person.unionid if knows_wechat else None,
        "mobile": person.main_mobile(moment) if is_clear else mobile, "name": typed_name(person),
        "company": typed_company(person), "registered_at": None, "joined_at": None, "watch_minutes": None,
        "replayed_at": None, "replay_minutes": None, "questions": None, "campaign_id": campaign.campaign_id,
        "updated_at": None,
    }  # fmt: skip


def take_course(person: Person, out: Delivery, moment: int) -> None:
    """Enrol in a course and make progress. About half of the people complete it."""
    chance, world = person.chance, person.world
    course = chance.choice(COURSES)
    learner = f"T{person.number:07d}"
    if not out.truth_once("training", f"enrolments:{course}|{learner}", person):
        return
    record: dict[str, Any] = {
        "course_id": course, "learner": learner, "name": typed_name(person), "mobile": typed_mobile(person, moment),
        "email": typed_email(person) if chance.random() < 0.75 else None, "company": typed_company(person),
        "enrolled_at": world.text(moment), "progress": "0.00", "completed_at": None, "score": None,
        "campaign_id": person.campaign.campaign_id if person.campaign else None, "updated_at": world.text(moment),
    }  # fmt: skip
    out.row("training", "enrolments", person, moment, record)
    later = moment + chance.randint(3, 15) * DAY
    if later < world.end:
        record |= {"progress": f"{chance.randint(10, 90)}.00", "updated_at": world.text(later)}
        out.row("training", "enrolments", person, later, record)
    done = later + chance.randint(1, 15) * DAY
    if done < world.end and chance.random() < (0.8 if person.kind == "learner" else 0.5):
        record |= {"progress": "100.00", "completed_at": world.text(done), "score": f"{chance.randint(60, 100)}.00",
                   "updated_at": world.text(done)}  # fmt: skip
        out.row("training", "enrolments", person, done, record)
    person.warmth += 2
