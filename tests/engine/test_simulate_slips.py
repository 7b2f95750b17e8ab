"""Slips of people who type, one by one; and in a world: how often they come, and that they move nothing else."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from siyu.simulate import simulate_exports
from siyu.simulate.knobs import Knobs
from siyu.simulate.names import (
    FIRST_SYLLABLES,
    FREE_MAIL,
    GIVEN,
    LAST_SYLLABLES,
    REGIONS,
    SURNAME_LIST,
    TRADES,
    mobile_number,
)
from siyu.simulate.slips import (
    abbreviation,
    alike,
    slipped_company,
    slipped_mail,
    slipped_name,
    swapped_digits,
)
from tests.engine.test_simulate_knobs import distance

TYPING = ("swapped_digits", "mail_typo", "name_typo", "company_abbreviation", "company_typo")


def _draws(count: int = 400) -> list[Random]:
    return [Random(f"draw {number}") for number in range(count)]


def test_every_character_of_a_simulated_name_is_like_another() -> None:
    used = "".join((*SURNAME_LIST, GIVEN, FIRST_SYLLABLES, LAST_SYLLABLES, *(name for name, _ in TRADES), "有限公司"))
    used += "".join(city for _, city, _, _ in REGIONS)
    assert [character for character in used if not alike(character)] == []
    assert [character for character in used if character in alike(character)] == []


@pytest.mark.parametrize("name", ["王伟", "张志远", "欧阳伟"])
def test_a_name_has_one_error(name: str) -> None:
    typed = Counter(slipped_name(name, chance) for chance in _draws())
    assert name not in typed
    assert all(min(distance(name, t), len(name)) == 1 or sorted(t) == sorted(name) for t in typed)
    lengths = {len(t) - len(name) for t in typed}
    assert lengths == ({0, 1} if len(name) == 2 else {-1, 0, 1})
    assert any(sorted(t) == sorted(name) for t in typed), "two characters swapped"
    if name == "王伟":
        assert {"汪伟", "王玮", "王炜", "王王伟", "王伟伟", "伟王"} == typed.keys()


def test_a_latin_name_has_a_slip_of_the_keyboard() -> None:
    typed = {slipped_name("John Smith", chance) for chance in _draws()}
    assert "John Smith" not in typed
    assert {"Jphn Smith", "Jonh Smith", "John Smth", "Johnn Smith"} <= typed
    assert all(distance("John Smith", t) <= 2 and t.isascii() for t in typed)


@pytest.mark.parametrize("mail", ["wang.00012@163.com", "li.00345@qq.com", "he.01000@126.com"])
def test_a_mail_of_a_free_provider_has_one_error(mail: str) -> None:
    typed = {slipped_mail(mail, chance) for chance in _draws()}
    local, domain = mail.split("@")
    assert mail not in typed
    assert all(distance(mail, t) <= 2 and re.fullmatch(r"[^@]+@[a-z0-9]+\.[a-z]+", t) for t in typed)
    wrong = {t.split("@")[1] for t in typed} - {domain}
    assert f"{domain[:-1]}n" in wrong and len(wrong) == 5
    assert not wrong & set(FREE_MAIL), "the mail of another"
    assert all(t.split("@")[0] == local or t.endswith(f"@{domain}") for t in typed), "one error, not two"


def test_a_mail_of_a_company_has_one_error() -> None:
    typed = {slipped_mail("Wang.00012@company000004.com.cn", chance) for chance in _draws()}
    domains = {t.split("@")[1] for t in typed}
    assert "company000004.con.cn" in domains and "ompany000004.com.cn" in domains
    assert all(t == t.lower() and distance("wang.00012@company000004.com.cn", t) in (1, 2) for t in typed)
    # Numbers of people and of companies have at least as many digits as these: no other has a mistyped one.
    assert not [d for d in domains if re.fullmatch(r"company\d{6}\.com\.cn", d) and d != "company000004.com.cn"]
    digits = {re.sub(r"\D", "", t.split("@")[0]) for t in typed}
    assert all(len(d) != 5 or d == "00012" for d in digits)


def test_a_company_has_one_error() -> None:
    name = "苏州华阳机电有限公司"
    typed = Counter(slipped_company(name, chance) for chance in _draws(1000))
    assert name not in typed
    assert all(distance(name, t) <= 2 for t in typed)
    assert {
        "苏州华阳机电股份有限公司",
        "苏州华机电有限公司",
        "苏州桦阳机电有限公司",
        "苏州阳华机电有限公司",
    } <= typed.keys()
    assert 50 < typed["苏州华阳机电股份有限公司"] < 150


@pytest.mark.parametrize("trade", [name for name, _ in TRADES])
def test_an_abbreviation_picks_characters_in_order(trade: str) -> None:
    called = {abbreviation("苏州", "华阳", trade, chance) for chance in _draws()}
    whole = f"苏州华阳{trade}"
    assert all(re.search(".*".join(name), whole) and 2 <= len(name) < len(whole) - 1 for name in called)
    assert {"华阳", "苏华阳"} <= called and len(called) >= 5
    assert not called & {f"华阳{trade}", "苏州华阳"}, "a short name is not an abbreviation"
    if trade == "机电":
        assert called == {"华阳", "苏华阳", "苏华机电", "华机", "华机电"}


def test_two_digits_are_swapped() -> None:
    mobiles = [mobile_number(number) for number in range(400)]
    for mobile, chance in zip(mobiles, _draws(), strict=True):
        typed = swapped_digits(mobile, chance)
        at = [i for i in range(11) if typed[i] != mobile[i]]
        assert at[0] >= 3 and at == [at[0], at[0] + 1]
        assert typed[at[0]] + typed[at[1]] == mobile[at[1]] + mobile[at[0]]


# In a world.


def _lines(root: Path) -> dict[str, list[str]]:
    return {
        path.relative_to(root).as_posix(): path.read_text("gb18030" if "coupons" in path.name else "utf-8").splitlines()
        for path in sorted(root.rglob("*")) if path.suffix in (".csv", ".jsonl", ".json")
    }  # fmt: skip


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plain")
    simulate_exports(root, people=600, days=120, seed=5)
    return root


@pytest.mark.xdist_group("slips")
@pytest.mark.parametrize("knob", TYPING)
def test_an_error_of_typing_moves_nothing_else(knob: str, plain: Path, tmp_path: Path) -> None:
    """As many lines in each file, in their order, and about the share of them that differ which the knob says."""
    share = 0.3
    simulate_exports(tmp_path, people=600, days=120, seed=5, knobs=Knobs(**{knob: share}))
    one, other = _lines(plain), _lines(tmp_path)
    assert {name: len(lines) for name, lines in one.items()} == {name: len(lines) for name, lines in other.items()}
    assert one["truth/person.csv"] == other["truth/person.csv"]
    assert one["official_account/events_2026-05.jsonl"] == other["official_account/events_2026-05.jsonl"]
    forms = [
        (json.loads(a)["form"], json.loads(b)["form"])
        for name in one if name.startswith("website/events") and "again" not in name
        for a, b in zip(one[name], other[name], strict=True) if '"form"' in a and a.endswith("}") and b.endswith("}")
    ]  # fmt: skip
    column = {"swapped_digits": "mobile", "mail_typo": "email", "name_typo": "name"}.get(knob, "company")
    assert all(a[key] == b[key] for a, b in forms for key in a.keys() - {column})
    typed = _typed(forms, column)
    changed = sum(a != b for a, b in typed) / len(typed)
    assert len(typed) > 300
    # Forms that people fill correctly at last, and mobiles that are wrong in another way, are left alone.
    least = 0.8 if column == "company" else 0.3
    assert least * share < changed < 1.15 * share


def _typed(forms: list[tuple[dict[str, str], dict[str, str]]], column: str) -> list[tuple[str, str]]:
    return [(a[column], b[column]) for a, b in forms if a[column]]


@pytest.mark.xdist_group("slips")
def test_traits_say_what_went_wrong(plain: Path, tmp_path: Path) -> None:
    simulate_exports(tmp_path, people=600, days=120, seed=5, knobs=Knobs(**dict.fromkeys(TYPING, 0.2), lost_login=0.5))
    before, after = _traits(plain), _traits(tmp_path)
    assert not {trait for traits in before.values() for trait in traits} & {*TYPING, "lost_login"}
    assert {trait for traits in after.values() for trait in traits} >= {*TYPING, "lost_login"}
    logins = _logins(plain)
    assert all(len(used) == 1 for used in logins.values())
    twice = {person for person, used in _logins(tmp_path).items() if len(used) > 1}
    told = {person for person, traits in after.items() if "lost_login" in traits}
    assert twice <= told and len(twice) > 0.95 * len(told), "a form may come too late to be seen"
    living = {person for person in logins if "careless" not in before[person]}
    assert 0.4 < len(twice) / len(living) < 0.6


@pytest.mark.xdist_group("slips")
def test_a_second_account_has_nothing_in_common_but_name_and_company(tmp_path: Path) -> None:
    clean = Knobs(lost_login=1.0, no_company=0.0, short_company=0.0, bracket_company=0.0, repeated_file=0.0, kiosk=0.0)
    simulate_exports(tmp_path, people=600, days=120, seed=5, knobs=clean)
    truth = _truth(tmp_path)
    forms: dict[str, dict[str, list[dict[str, str]]]] = {}
    for event in _events(tmp_path):
        if "form" in event:
            used = forms.setdefault(truth[event["event_id"]], {}).setdefault(event["member_id"], [])
            used.append({**event["form"], "cookie": event["cookie_id"]})
    pairs = [list(used.values()) for used in forms.values() if len(used) == 2]
    assert len(pairs) > 150
    for first, second in pairs:
        for key in ("mobile", "email", "cookie"):
            assert not {form[key] for form in first} & {form[key] for form in second}
        assert {form["name"] for form in first} == {form["name"] for form in second}
        assert {form["company"] for form in first} == {form["company"] for form in second}


def _events(root: Path) -> list[dict[str, object]]:
    lines = [line for path in (root / "website").glob("events*.jsonl") for line in path.read_text("utf-8").splitlines()]
    return [json.loads(line) for line in lines if line.endswith("}") and line.startswith("{")]


def _truth(root: Path) -> dict[str, str]:
    """The person of each event and order."""
    with (root / "truth/person.csv").open(encoding="utf-8", newline="") as file:
        return {row["record_id"].partition(":")[2]: row["person"] for row in csv.DictReader(file)}


def _logins(root: Path) -> dict[str, set[str]]:
    """Logins of each person, on the website and in the mall."""
    used = [(str(event["event_id"]), str(event["member_id"])) for event in _events(root) if "member_id" in event]
    for path in (root / "mall").glob("orders_*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            used += [(row["order_id"], row["member_id"]) for row in csv.DictReader(file)]
    truth = _truth(root)
    found: dict[str, set[str]] = {}
    for record, login in used:
        found.setdefault(truth[record], set()).add(login)
    return found


def _traits(root: Path) -> dict[str, set[str]]:
    with (root / "truth/people.csv").open(encoding="utf-8", newline="") as file:
        return {row["person"]: set(row["traits"].split(";")) for row in csv.DictReader(file)}
