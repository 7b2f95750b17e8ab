"""Knobs for how dirty and how lively the world is. Every trait of the simulated people has a knob."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from siyu.errors import ConfigError, SiyuError, nearest, raise_all


def _share(default: float, what: str) -> float:
    return field(default=default, metadata={"what": what})


@dataclass(frozen=True)
class Knobs:
    """Shares from 0 to 1. The text of each says what it is a share of; docs/simulate.md repeats it."""

    passer_by: float = _share(0.38, "people who look in once or twice, in one channel")
    researcher: float = _share(0.30, "people who read and attend, and have no need to buy")
    buyer: float = _share(0.18, "people with a need")
    learner: float = _share(0.04, "people who learn and never buy: students, free courses only")
    competitor: float = _share(0.015, "people of competitors, who look at prices")
    partner: float = _share(0.025, "people of partners: distributors, integrators, service and referral partners")
    staff: float = _share(0.01, "our own staff on our own website")
    bot: float = _share(0.05, "machines")
    careless: float = _share(
        0.02, "people who never once say clearly who they are, so that what they did stays in pieces"
    )
    switchboard: float = _share(0.015, "typed mobiles that are the company's shared number")
    landline: float = _share(0.01, "typed mobiles that are a landline")
    family_phone: float = _share(0.006, "pairs of people who share one mobile")
    reissued: float = _share(0.006, "pairs of people of whom the second gets the mobile the first gave up")
    two_phones: float = _share(0.08, "people who use two mobiles")
    typo: float = _share(0.004, "typed mobiles with one digit wrong")
    swapped_digits: float = _share(0.0, "typed mobiles with two neighbouring digits swapped")
    full_width: float = _share(0.03, "typed mobiles in full-width digits")
    messy_mobile: float = _share(0.15, "typed mobiles with +86, 0086, blanks or dashes")
    free_mail: float = _share(0.3, "people whose mail is at a free provider")
    mail_typo: float = _share(0.0, "typed mails with one error before the @ or in the domain")
    info_mailbox: float = _share(0.01, "typed mails that are the company's info@")
    name_typo: float = _share(0.0, "typed names of people with one error")
    short_company: float = _share(0.25, "typed company names that are short")
    bracket_company: float = _share(0.15, "typed company names with the region in brackets")
    company_abbreviation: float = _share(
        0.0, "typed company names that are an abbreviation (简称): 华机 or 苏华机电 for 苏州华阳机电有限公司"
    )
    company_typo: float = _share(0.0, "typed company names with one error, abbreviations aside")
    no_company: float = _share(0.1, "typed company names that are left out")
    second_browser: float = _share(0.25, "people with a second browser, and so a second cookie")
    lost_login: float = _share(
        0.0, "people with a login who sign up again with another login, mobile, mail and browser"
    )
    kiosk: float = _share(
        0.02, "visitors of an exhibition who fill the form on the booth's tablet, all with one cookie"
    )
    phone_in_remark: float = _share(0.15, "mobiles that staff wrote into the remark's text, not into its field")
    deletion: float = _share(0.12, "WeCom links that the person ends; the contact stays in our list")
    staff_deletion: float = _share(0.03, "WeCom links that staff end")
    transfer: float = _share(0.05, "WeCom links handed to another member of staff")
    readd: float = _share(0.3, "ended WeCom links and follows that begin again")
    lost_callback: float = _share(0.08, "WeCom and Official Account messages that never arrive")
    repeated_callback: float = _share(0.05, "messages that arrive twice")
    unfollow: float = _share(0.15, "followers of the Official Account who leave")
    leave_group: float = _share(0.15, "members who leave their group")
    dissolved_group: float = _share(0.1, "groups that are dissolved")
    foreign_currency: float = _share(0.06, "orders in USD or EUR")
    refund: float = _share(0.08, "orders of which a part or all is refunded")
    late: float = _share(0.02, "rows that come one to five days late")
    repeated_row: float = _share(0.002, "rows that come twice")
    broken_row: float = _share(0.001, "rows of the website that are cut off")
    repeated_file: float = _share(0.05, "files that come again under another name")


KINDS = ("passer_by", "researcher", "buyer", "learner", "competitor", "partner", "staff", "bot")


def turned(settings: list[str]) -> Knobs:
    """Parse knobs from `name=value` texts. Raises ConfigError with every problem."""
    known = [knob.name for knob in fields(Knobs)]
    values: dict[str, float] = {}
    errors: list[SiyuError] = []
    for setting in settings:
        name, _, text = setting.partition("=")
        try:
            if name not in known:
                raise ConfigError(f"unknown knob {name}", "--knob", nearest(name, known))
            if not 0 <= float(text) <= 1:
                raise ValueError(text)
            values[name] = float(text)
        except ValueError:
            errors.append(
                ConfigError(f"{setting!r} is not a share", "--knob", f"write {name}= and a number from 0 to 1.")
            )
        except ConfigError as error:
            errors.append(error)
    raise_all(errors)
    return replace(Knobs(), **values)
