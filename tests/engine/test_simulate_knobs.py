"""Every knob of the simulator turns something in the files: its trait is found with it, and not found without it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import pytest

from siyu.errors import ConfigError, Problems
from siyu.simulate import simulate_exports
from siyu.simulate.crm import PARTNER_TYPES
from siyu.simulate.knobs import KINDS, Knobs, turned
from siyu.simulate.names import FREE_MAIL, OUR_DOMAIN, mobile_number
from tests.golden.exported import Exported, Row, mobile, utc

DAYS, FEW, LIVING = 180, 600, {"researcher", "buyer", "learner", "competitor", "partner"}
# What is too rare by default for 1,500 people.
LIVELY = Knobs(
    competitor=0.04, staff=0.03, careless=0.05, switchboard=0.03, landline=0.03, family_phone=0.06, reissued=0.12,
    typo=0.02, info_mailbox=0.04, kiosk=0.15, staff_deletion=0.08, transfer=0.12, unfollow=0.25, readd=0.6,
    repeated_row=0.01, broken_row=0.01, swapped_digits=0.05, name_typo=0.1, mail_typo=0.08, company_typo=0.1,
    company_abbreviation=0.1, lost_login=0.1,
)  # fmt: skip
# Knobs turned to nothing together, since none makes or takes the trait of another. Beside a knob is what looks the
# same: a late row may never come, a row may come twice, a second account has a second browser, partners whose company
# is none are researchers, who hands a mobile down has another before. Among 600 people each trait is found with its
# knob alone turned back.
TOGETHER = (
    ("passer_by", "full_width", "deletion", "foreign_currency"),
    ("researcher", "partner", "competitor", "transfer"),
    ("buyer", "careless", "lost_callback", "late", "broken_row"),
    ("learner", "repeated_callback", "repeated_row", "kiosk", "name_typo"),
    ("staff", "two_phones", "reissued", "free_mail", "mail_typo"),
    ("bot", "switchboard", "short_company", "company_abbreviation", "company_typo", "unfollow"),
    ("landline", "info_mailbox", "staff_deletion", "dissolved_group", "second_browser", "lost_login"),
    ("family_phone", "messy_mobile", "bracket_company", "readd", "leave_group", "refund"),
    ("typo", "swapped_digits", "no_company", "phone_in_remark", "repeated_file"),
)

# (where people type) -> its columns: who is found through the record's key
TYPED = {
    "ads/leads": ("leads:{lead_id}", "mobile", "company", "submitted_at", "name"),
    "after_sales/tickets": ("tickets:{ticket_id}", "mobile", "company", "opened_at", "contact_name"),
    "exhibition/visitors": ("visitors:{编号}|{展会}", "手机", "公司", "签到时间", "姓名"),
    "mall/orders": ("orders:{order_id}", "mobile", "company", "ordered_at", "buyer_name"),
    "training/enrolments": ("enrolments:{course_id}|{learner}", "mobile", "company", "enrolled_at", "name"),
}


@dataclass(frozen=True)
class Typed:
    """A form somebody filled."""

    person: str
    at: datetime
    mobile: str
    company: str
    email: str
    name: str


@dataclass(frozen=True)
class World:
    """A simulated world, by its files; the truth only says whose a row is."""

    files: Exported
    people: int

    @cached_property
    def kinds(self) -> dict[str, str]:
        rows = [line.split(",") for line in (self.files.root / "truth/people.csv").read_text("utf-8").splitlines()[1:]]
        return {person: kind for person, _, kind, _ in rows}

    @cached_property
    def companies(self) -> dict[str, str]:
        return dict(self.files.truth.values())

    def person(self, channel: str, record: str) -> str:
        return self.files.truth[channel, record][0]

    @cached_property
    def typed(self) -> list[Typed]:
        """Everything that was typed into forms."""
        found = []
        for export, (record, number, company, moment, name) in TYPED.items():
            for row in self.files.things(export):
                who = self.person(export.partition("/")[0], record.format(**row))
                mail = str(row.get("email") or row.get("邮箱") or "")
                at = utc(row[moment])
                found.append(Typed(who, at, str(row[number] or ""), str(row[company] or ""), mail, row[name]))
        for row in self.visits:
            if "form" in row:
                form = row["form"]
                found.append(
                    Typed(
                        row["person"], utc(row["event_time"]), form["mobile"], form["company"] or "", form["email"],
                        form["name"],
                    )
                )  # fmt: skip
        return found

    @cached_property
    def registered(self) -> dict[str, str]:
        """The name of each company, as in the CRM."""
        return {row["account_id"]: row["account_name"] for row in self.files.things("crm/accounts")}

    @cached_property
    def visits(self) -> list[Row]:
        """Events of the website, each with the person."""
        return [
            {**row, "person": self.person("website", f"events:{row['event_id']}")}
            for row in self.files.things("website/events")
        ]

    @cached_property
    def uses(self) -> dict[tuple[int, str], list[datetime]]:
        """(number of a person, mobile as E.164) -> when it was used: typed, written down by staff, or sent to."""
        found: dict[tuple[int, str], list[datetime]] = defaultdict(list)
        for form in self.typed:
            found[_number(form.person), mobile(form.mobile) or ""].append(form.at)
        for row in self.files.things("outreach/sends"):
            if row["recipient_type"] == "mobile":
                who = self.person("outreach", f"sends:{row['send_id']}")
                found[_number(who), mobile(row["recipient"]) or ""].append(utc(row["sent_at"]))
        return {key: sorted(moments) for key, moments in found.items() if key[1]}

    def own(self, number: int) -> str:
        """The mobile that person `number` begins with, or hands down."""
        return f"+86{mobile_number(number)}"

    def spare(self, number: int) -> str:
        """The other one of who uses two, or gets another."""
        return f"+86{mobile_number(self.people + number)}"

    def callbacks(self, kind: str) -> list[Row]:
        """change_external_contact of one kind."""
        return [row for row in self.files.things("wecom/events") if row["ChangeType"] == kind]

    def duplicates(self, pattern: str) -> list[str]:
        """Lines that stand twice in one file, whatever file that is but one sent again."""
        found: list[str] = []
        for path in self.files.root.glob(pattern):
            if "again" not in path.name:
                lines = Counter(line for line in path.read_bytes().splitlines() if line)
                found += [str(line) for line, count in lines.items() if count > 1]
        return found


def _number(person: str) -> int:
    return int(person.removeprefix("person-"))


# A check for each knob: what of the trait stands in the files.
Check = Callable[[World], object]
CHECKS: dict[str, Check] = {}


def check(found: Check) -> Check:
    """Registers a check under its knob: `_typo` looks for what `typo` turns."""
    CHECKS[found.__name__.removeprefix("_")] = found
    return found


@check
def _passer_by(world: World) -> object:
    """Seen in one channel, beside the advertisement that brought them."""
    channels: dict[str, set[str]] = defaultdict(set)
    for channel, record in world.files.delivered & world.files.truth.keys():
        channels[world.person(channel, record)].add(channel)
    return [p for p, seen in channels.items() if world.kinds.get(p) == "passer_by" and len(seen - {"ads"}) == 1]


@check
def _researcher(world: World) -> object:
    """Reads in several channels and never buys."""
    channels: dict[str, set[str]] = defaultdict(set)
    for channel, record in world.files.delivered & world.files.truth.keys():
        channels[world.person(channel, record)].add(channel)
    found = [p for p, seen in channels.items() if world.kinds.get(p) == "researcher" and len(seen) > 2]
    assert not any("mall" in channels[person] for person in found)
    return found


@check
def _buyer(world: World) -> object:
    """Only who has a need has an opportunity."""
    return world.files.things("crm/opportunities")


@check
def _learner(world: World) -> object:
    """Enrols with the mail of a university."""
    return [row for row in world.files.things("training/enrolments") if str(row["email"]).lower().endswith(".edu.cn")]


@check
def _competitor(world: World) -> object:
    """Looks at prices, and leaves a mail address of a domain in the list of competitors."""
    domains = {row["value"] for row in world.files.reference("competitors") if row["kind"] == "email_domain"}
    looks = {row["cookie_id"] for row in world.visits if row["event_name"] == "price_view"}
    return [
        row for row in world.visits
        if row["cookie_id"] in looks and row.get("form", {}).get("email", "").lower().partition("@")[2] in domains
    ]  # fmt: skip


@check
def _partner(world: World) -> object:
    """Their companies are accounts of a kind of partner."""
    return [row for row in world.files.things("crm/accounts") if row["account_type"] in PARTNER_TYPES]


@check
def _staff(world: World) -> object:
    """A form with a mail address of our own."""
    return [form for form in world.typed if form.email.lower().endswith(OUR_DOMAIN)]


@check
def _bot(world: World) -> object:
    """A user agent that says so."""
    return [row for row in world.visits if "Spider" in row["user_agent"]]


@check
def _careless(world: World) -> object:
    """Has been on the website, some with more than one visit, and no form says who they are."""
    seen = {row["person"] for row in world.visits if world.kinds[row["person"]] in LIVING}
    return seen - {row["person"] for row in world.visits if "form" in row}


@check
def _switchboard(world: World) -> object:
    """One mobile that several people of one company type, who do not share it as a family."""
    people: dict[str, set[str]] = defaultdict(set)
    for form in world.typed:
        people[mobile(form.mobile) or ""].add(form.person)
    people.pop("", None)
    return [
        number for number, whose in people.items()
        if len(whose) > 1 and len({world.companies[person] for person in whose}) == 1
        and len({_number(person) // 2 for person in whose}) > 1
    ]  # fmt: skip


@check
def _landline(world: World) -> object:
    return [form for form in world.typed if re.fullmatch(r"[0０][\d]{2,3}-\d{8}", form.mobile)]


def _pairs(world: World) -> Iterator[tuple[list[datetime], list[datetime], bool]]:
    """Neighbours with one mobile: when the first used it, when the second did, and whether either has another."""
    for first in range(0, world.people - 1, 2):
        shared, second = world.own(first), first + 1
        mine, theirs = world.uses.get((first, shared), []), world.uses.get((second, shared), [])
        has_another = any((number, world.spare(number)) in world.uses for number in (first, second))
        if mine and theirs:
            yield mine, theirs, has_another


@check
def _family_phone(world: World) -> object:
    """Both use it at the same time, and no other."""
    return [mine for mine, theirs, has_another in _pairs(world) if not has_another and mine[-1] > theirs[0]]


@check
def _reissued(world: World) -> object:
    """The second uses it only after the first has given it up; one of them is seen with another mobile, too."""
    return [mine for mine, theirs, has_another in _pairs(world) if has_another and mine[-1] < theirs[0]]


@check
def _two_phones(world: World) -> object:
    """Another mobile and then the first one again: not a new one instead of an old one."""
    return [
        number for number in range(world.people)
        if (number, world.spare(number)) in world.uses
        and world.uses.get((number, world.own(number)), [datetime.min])[-1] > world.uses[number, world.spare(number)][0]
    ]  # fmt: skip


@check
def _typo(world: World) -> object:
    """One digit away from a mobile of their own."""
    found = []
    for form in world.typed:
        number, typed = _number(form.person), mobile(form.mobile) or ""
        owns = [world.own(number), world.own(number - number % 2), world.spare(number)]
        if typed and any(sum(a != b for a, b in zip(typed, own, strict=True)) == 1 for own in owns):
            found.append(form)
    return found


@check
def _swapped_digits(world: World) -> object:
    """Two neighbours swapped in a mobile of their own."""
    found = []
    for form in world.typed:
        number, typed = _number(form.person), mobile(form.mobile) or ""
        for own in (world.own(number), world.own(number - number % 2), world.spare(number)):
            at = next((i for i, (a, b) in enumerate(zip(typed, own, strict=False)) if a != b), len(own))
            if typed and typed != own and typed == own[:at] + own[at + 1 : at + 2] + own[at : at + 1] + own[at + 2 :]:
                found.append(form)
    return found


@check
def _full_width(world: World) -> object:
    return [form for form in world.typed if re.search("[０-９]", form.mobile)]


@check
def _messy_mobile(world: World) -> object:
    return [form for form in world.typed if mobile(form.mobile) and re.search(r"^\+86|^0086|[ -]", form.mobile)]


@check
def _free_mail(world: World) -> object:
    return [form for form in world.typed if form.email.lower().partition("@")[2] in FREE_MAIL]


def distance(one: str, other: str) -> int:
    """The fewest characters to put in, leave out or change, that make one text of the other."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b)))
    return row[-1]


@check
def _mail_typo(world: World) -> object:
    """Almost, but not quite, another address of the same person."""
    mails: dict[str, set[str]] = defaultdict(set)
    for form in world.typed:
        mails[form.person].add(form.email.lower())
    return [
        (one, other) for typed in mails.values() for one in typed for other in typed
        if one and other and 0 < distance(one, other) <= 2
    ]  # fmt: skip


@check
def _info_mailbox(world: World) -> object:
    """One address of several people."""
    return [form for form in world.typed if form.email.startswith("info@")]


@check
def _name_typo(world: World) -> object:
    """Another name of the same person."""
    names: dict[str, set[str]] = defaultdict(set)
    for form in world.typed:
        names[form.person].add(form.name)
    return [typed for typed in names.values() if len(typed) > 1]


@check
def _short_company(world: World) -> object:
    return [form for form in world.typed if form.company and not form.company.endswith("有限公司")]


@check
def _bracket_company(world: World) -> object:
    return [form for form in world.typed if re.search(r"[（(].+[）)]", form.company)]


@check
def _company_abbreviation(world: World) -> object:
    """Some characters of the name in order, neither its first ones nor its last ones."""
    found = []
    for form in world.typed:
        core, typed = world.registered[world.companies[form.person]].removesuffix("有限公司"), form.company
        if (
            typed
            and re.search(".*".join(map(re.escape, typed)), core)
            and not core.startswith(typed)
            and not core.endswith(typed)
        ):
            found.append(form)
    return found


@check
def _company_typo(world: World) -> object:
    """Almost the registered name."""
    registered = ((form, world.registered[world.companies[form.person]]) for form in world.typed)
    return [form for form, name in registered if form.company and 0 < distance(form.company, name) <= 2]


@check
def _no_company(world: World) -> object:
    """Students and our own staff have none to name."""
    return [form for form in world.typed if not form.company and world.kinds[form.person] not in ("learner", "staff")]


@check
def _second_browser(world: World) -> object:
    """Two cookies of one person, none of them a tablet's."""
    cookies: dict[str, set[str]] = defaultdict(set)
    for row in world.visits:
        if not row["cookie_id"].startswith("kiosk"):
            cookies[row["person"]].add(row["cookie_id"])
    return [person for person, used in cookies.items() if len(used) > 1]


@check
def _lost_login(world: World) -> object:
    """Two logins of one person, which no cookie connects."""
    logins: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in world.visits:
        if "member_id" in row and not row["cookie_id"].startswith("kiosk"):
            logins[row["person"]][row["member_id"]].add(row["cookie_id"])
    return [p for p, used in logins.items() if len(used) > 1 and not set.intersection(*used.values())]


@check
def _kiosk(world: World) -> object:
    """Forms of several people on one cookie."""
    people: dict[str, set[str]] = defaultdict(set)
    for row in world.visits:
        people[row["cookie_id"]].add(row["person"])
    return [cookie for cookie, whose in people.items() if len(whose) > 1]


@check
def _phone_in_remark(world: World) -> object:
    return [row for row in world.files.things("wecom/contacts") if re.search(r"1\d\d-\d{4}-\d{4}", row["remark"])]


def _last_list(world: World, name: str) -> list[Row]:
    rows = world.files.rows(name)
    last = max(row["_date"] for row in rows)
    return [row for row in rows if row["_date"] == last]


@check
def _deletion(world: World) -> object:
    """A callback, and the contact is still in our list."""
    listed = {(row["external_userid"], row["userid"]) for row in _last_list(world, "wecom/contacts")}
    return [row for row in world.callbacks("del_follow_user") if (row["ExternalUserID"], row["UserID"]) in listed]


@check
def _staff_deletion(world: World) -> object:
    """A callback without a source, and the contact is in our list no more."""
    listed = {(row["external_userid"], row["userid"]) for row in _last_list(world, "wecom/contacts")}
    ended = [row for row in world.callbacks("del_external_contact") if "Source" not in row]
    assert not any((row["ExternalUserID"], row["UserID"]) in listed for row in ended)
    return ended


@check
def _transfer(world: World) -> object:
    """A deletion with its source, and another member of staff who has the contact since."""
    handed = [row for row in world.callbacks("del_external_contact") if row.get("Source") == "DELETE_BY_TRANSFER"]
    heirs = {row["external_userid"] for row in world.files.things("wecom/contacts") if row["add_way"] == 202}
    assert not handed or heirs
    return handed + world.callbacks("transfer_fail")


@check
def _readd(world: World) -> object:
    """Added to the same member of staff after having deleted them; following again after having left."""
    ended = {(r["ExternalUserID"], r["UserID"]): r["CreateTime"] for r in world.callbacks("del_follow_user")}
    again = [
        row for row in world.callbacks("add_external_contact")
        if row["CreateTime"] > ended.get((row["ExternalUserID"], row["UserID"]), row["CreateTime"])
    ]  # fmt: skip
    left = {
        row["FromUserName"]: row["CreateTime"]
        for row in world.files.things("official_account/events")
        if row["Event"] == "unsubscribe"
    }
    return again + [
        row for row in world.files.things("official_account/events")
        if row["Event"] == "subscribe" and row["CreateTime"] > left.get(row["FromUserName"], row["CreateTime"])
    ]  # fmt: skip


@check
def _lost_callback(world: World) -> object:
    """In a list, and no callback says since when; not in the last days, whose callbacks may still come."""
    told = {(r["ExternalUserID"], r["UserID"], r["CreateTime"]) for r in world.callbacks("add_external_contact")}
    lists = world.files.rows("wecom/contacts")
    last = max(row["createtime"] for row in lists) - 6 * 86400
    return [
        row for row in lists
        if row["createtime"] < last and (row["external_userid"], row["userid"], row["createtime"]) not in told
    ]  # fmt: skip


@check
def _repeated_callback(world: World) -> object:
    return world.duplicates("wecom/events_*.jsonl") + world.duplicates("official_account/events_*.jsonl")


@check
def _unfollow(world: World) -> object:
    """A message, and the list that knows the follower no more says nothing but the openid."""
    gone = [row for row in world.files.things("official_account/users") if not row["subscribe"]]
    assert all("unionid" not in row for row in gone)
    return gone + [row for row in world.files.things("official_account/events") if row["Event"] == "unsubscribe"]


@check
def _leave_group(world: World) -> object:
    """Missing in the last list of a group that goes on."""
    present = {(row["chat_id"], row["userid"]) for row in _last_list(world, "wecom_group/groups")}
    alive = {chat for chat, _ in present}
    rows = world.files.things("wecom_group/groups")
    return [r for r in rows if r["chat_id"] in alive and (r["chat_id"], r["userid"]) not in present]


@check
def _dissolved_group(world: World) -> object:
    """A group that is in the last list no more, though it was for longer than a flash sale."""
    alive = {row["chat_id"] for row in _last_list(world, "wecom_group/groups")}
    rows = world.files.things("wecom_group/groups")
    return {row["chat_id"] for row in rows if "flash" not in row["chat_id"]} - alive


@check
def _foreign_currency(world: World) -> object:
    rows = world.files.things("mall/orders") + world.files.things("crm/opportunities")
    return [row for row in rows if row["currency"] in ("USD", "EUR")]


@check
def _refund(world: World) -> object:
    """Never more than was paid for the line."""
    lines = {(r["order_id"], r["line_no"]): float(r["amount"]) for r in world.files.things("mall/order_items")}
    refunds = world.files.things("mall/refunds")
    assert all(float(r["amount"]) <= lines.get((r["order_id"], r["line_no"]), 1e9) for r in refunds)
    return refunds


@check
def _late(world: World) -> object:
    """In the file of a later month than its own."""
    found = []
    for path in (world.files.root / "website").glob("events_*.jsonl"):
        months = re.findall(r'"event_time":"(\d{4}-\d{2})', path.read_text(encoding="utf-8"))
        found += [month for month in months if month < path.stem.split("_")[1]]
    return found


@check
def _repeated_row(world: World) -> object:
    return world.duplicates("website/*.jsonl") + world.duplicates("[!r]*/*.csv")


@check
def _broken_row(world: World) -> object:
    """A line that ends before its record does."""
    lines = [
        line for path in (world.files.root / "website").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").split("\n")[:-1]
    ]  # fmt: skip
    return [line for line in lines if not line.endswith("}")]


@check
def _repeated_file(world: World) -> object:
    """Equal bytes under two names."""
    again = list(world.files.root.glob("*/*_again.*"))
    assert all(path.read_bytes() == Path(str(path).replace("_again", "")).read_bytes() for path in again)
    return again


@pytest.fixture(scope="module")
def lively(tmp_path_factory: pytest.TempPathFactory) -> World:
    """1,500 people with everything that can be turned."""
    root = tmp_path_factory.mktemp("lively")
    simulate_exports(root, people=1500, days=DAYS, seed=5, knobs=LIVELY)
    return World(Exported(root), 1500)


def test_every_knob_has_a_check() -> None:
    assert list(CHECKS) == [knob.name for knob in fields(Knobs)]
    assert sorted(CHECKS) == sorted(knob for knobs in TOGETHER for knob in knobs)
    assert all(knob.metadata["what"] for knob in fields(Knobs))


@pytest.mark.xdist_group("lively world")
@pytest.mark.parametrize("knob", CHECKS)
def test_a_knob_puts_its_trait_into_the_files(knob: str, lively: World) -> None:
    assert CHECKS[knob](lively), f"nothing of {knob} in the files"


@pytest.mark.parametrize("knobs", TOGETHER, ids="-".join)
def test_knobs_at_nothing_leave_none_of_their_traits(knobs: tuple[str, ...], tmp_path: Path) -> None:
    simulate_exports(tmp_path, people=FEW, days=DAYS, seed=5, knobs=replace(LIVELY, **dict.fromkeys(knobs, 0.0)))
    few = World(Exported(tmp_path), FEW)
    assert [knob for knob in knobs if CHECKS[knob](few)] == []


@pytest.mark.xdist_group("lively world")
def test_kinds_of_people_come_as_often_as_their_knobs_say(lively: World) -> None:
    counted = Counter(lively.kinds.values())
    total = sum(getattr(LIVELY, kind) for kind in KINDS)
    for kind in ("passer_by", "bot", "staff"):  # the others take over the kind of their company
        assert counted[kind] / len(lively.kinds) == pytest.approx(getattr(LIVELY, kind) / total, rel=0.35)


def test_knobs_on_the_command_line() -> None:
    assert turned(["typo=0.05", "bot=0"]) == replace(Knobs(), typo=0.05, bot=0.0)
    assert turned([]) == Knobs()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("tpyo=0.1", "unknown knob tpyo"),
        ("typo=1.5", "'typo=1.5' is not a share"),
        ("typo=-0.1", "'typo=-0.1' is not a share"),
        ("typo=nan", "'typo=nan' is not a share"),
        ("typo=much", "'typo=much' is not a share"),
        ("typo", "'typo' is not a share"),
    ],
)
def test_a_knob_that_cannot_be_turned_is_told(setting: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        turned([setting])


def test_every_wrong_knob_is_told_at_once() -> None:
    with pytest.raises(Problems) as caught:
        turned(["tpyo=0.1", "bot=2", "late=0.1"])
    assert "did you mean typo" in str(caught.value) and "'bot=2' is not a share" in str(caught.value)
