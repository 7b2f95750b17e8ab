"""Names, mobiles, mail addresses and company names as people type them, with errors and variants."""

from __future__ import annotations

from siyu.simulate.names import FULL_WIDTH
from siyu.simulate.people import Company, Person
from siyu.simulate.slips import abbreviation, slipped_company, slipped_mail, slipped_name, swapped_digits


def typed_name(person: Person) -> str:
    """Return the name of a person as typed."""
    slip = person.slips("name_typo")
    return slipped_name(person.name, slip) if slip else person.name


def remark_name(person: Person) -> str:
    """Return the name as staff wrote it into their remark, once: every list has the same."""
    person.remark_name = person.remark_name or typed_name(person)
    return person.remark_name


def typed_mobile(person: Person, moment: int) -> str:
    """Return a mobile as typed. Some are the switchboard, a landline, wrong, or in another format."""
    chance, knobs = person.chance, person.world.knobs
    drawn = chance.random()
    for trait, share in (("switchboard", knobs.switchboard), ("landline", knobs.landline), ("typo", knobs.typo)):
        if drawn < share:
            person.traits.add(trait)
            break
        drawn -= share
    else:
        trait = ""
    if trait == "landline":
        return f"{person.company.region[3]}-{chance.randint(2, 8)}{chance.randrange(10**7):07d}"
    mobile = person.company.switchboard if trait == "switchboard" else person.mobile_at(moment)
    if trait == "typo":
        at = chance.randint(3, 10)
        mobile = mobile[:at] + str((int(mobile[at]) + chance.randint(1, 9)) % 10) + mobile[at + 1 :]
    elif not trait and (slip := person.slips("swapped_digits")):
        mobile = swapped_digits(mobile, slip)
    drawn = chance.random()
    if drawn < knobs.full_width:
        person.traits.add("full_width")
        return mobile.translate(FULL_WIDTH)
    if drawn < knobs.full_width + knobs.messy_mobile:
        person.traits.add("messy_mobile")
        spaced = f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"
        return chance.choice((f"+86{mobile}", f"0086{mobile}", spaced, spaced.replace(" ", "-"), f"+86 {spaced}"))
    return mobile


def typed_email(person: Person) -> str:
    """Return a mail address as typed. Some are the info@ mailbox of the company."""
    if person.kind not in ("learner", "staff") and person.chance.random() < person.world.knobs.info_mailbox:
        person.traits.add("info_mailbox")
        return f"info@{person.company.domain}"
    mail = person.email.upper() if person.chance.random() < 0.08 else person.email
    slip = person.slips("mail_typo")
    return slipped_mail(mail, slip) if slip else mail


def note_mail(person: Person, mail: str | None) -> None:
    """Keep the mail address that staff wrote down. If it is mistyped, what we send goes there."""
    person.has_given_mail = mail is not None
    if mail is not None and mail.lower() not in (person.email, f"info@{person.company.domain}"):
        person.mistyped_mail = mail


def typed_company(person: Person) -> str | None:
    """Return the company name as typed, or None if it is left out. Students and our staff have none."""
    if person.kind in ("learner", "staff") or person.chance.random() < person.world.knobs.no_company:
        person.traits.add("no_company")
        return None
    return written_company(person.company, person)


def written_company(company: Company, person: Person) -> str:
    """Return a company name as registered or in another form, perhaps with an error."""
    written, trait = _form_of(company, person)
    if slip := person.slips("company_abbreviation"):
        return abbreviation(company.region[1], company.word, company.trade, slip)
    if trait:
        person.traits.add(trait)
    slip = person.slips("company_typo")
    return slipped_company(written, slip) if slip else written


def _form_of(company: Company, person: Person) -> tuple[str, str]:
    """Return a company name as registered, short, or with the region in brackets; and the trait, or ''."""
    knobs, drawn = person.world.knobs, person.chance.random()
    if drawn < knobs.short_company:
        short = person.chance.choice((company.word + company.trade, company.region[1] + company.word))
        return short, "short_company"
    if drawn < knobs.short_company + knobs.bracket_company:
        left, right = person.chance.choice((("（", "）"), ("(", ")")))
        return f"{company.word}{company.trade}{left}{company.region[1]}{right}有限公司", "bracket_company"
    return company.name, ""
