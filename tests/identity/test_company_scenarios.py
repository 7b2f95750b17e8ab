"""Companies as they come: in all spellings, in groups, in one domain, in short; and what humans say of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.identity.conftest import models_of
from tests.identity.harness import Models
from tests.identity.reference import Record, Rule

pytestmark = pytest.mark.xdist_group("company_scenarios")

BEGIN = datetime(2026, 1, 1)
CODES = ("91310115MA00000035", "91320505MA0000002B")
CORES = "华鼎瑞博科凯达铭"  # the first character of the name of a company


def code(world: int, number: int) -> str:
    """A credit code of a company of one of several worlds."""
    return f"{CODES[number][:8]}MA{world:02}{CODES[number][12:]}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with models_of(tmp_path_factory.mktemp("companies"), 60, None) as found:
        yield found


def company(number: str, day: int = 1, landed: int = 1, **identifiers: str) -> Record:
    return Record(number, landed, BEGIN + timedelta(days=day), identifiers)


def resolution(models: Models, name: str) -> tuple[str, int]:
    return models.session.rows(
        "select resolution, fitting_count from identity.company_name where company_name = ?", [name]
    )[0]


def reasons(models: Models) -> set[tuple[str, str]]:
    return set(models.session.rows("select reason, id_value from identity.identity_audit"))


FORMS = (
    "上海华阳机电（集团）有限公司",
    "华阳机电 上海",
    "华阳机电（上海）有限公司",
    "上海市华阳机电有限责任公司",
    "华阳机电",
    "上海华阳",
)


def test_all_spellings_of_one_company_meet(models: Models) -> None:
    models.build([], companies=[company(name, company_name=name) for name in FORMS])
    assert len(set(models.accounts().values())) == 1 and len(models.accounts()) == len(FORMS)
    assert resolution(models, "华阳机电") == ("short", 1)
    assert resolution(models, "华阳机电 上海") == ("own", 0)


def test_regions_of_a_group_are_two_companies_and_its_short_name_is_neither(models: Models) -> None:
    rows = [
        company("sh", company_name="上海华阳机电有限公司"),
        company("sz", company_name="苏州华阳机电有限公司"),
        company("short", company_name="华阳机电"),
        company("js", company_name="江苏华阳机电"),
    ]
    models.build([], companies=rows)
    found = models.accounts()
    assert found["sh"] != found["sz"] == found["js"]
    assert "short" not in found
    assert resolution(models, "华阳机电") == ("ambiguous", 2)
    assert reasons(models) == {("ambiguous_name", "华阳机电")}


def test_a_short_name_never_gives_a_company_its_id(models: Models) -> None:
    """It was there first, then the company came, then another that it fits as well: the company keeps its ID."""
    first = company("short", landed=1, company_name="华阳机电")
    full = company("sh", landed=2, company_name="上海华阳机电有限公司")
    other = company("sz", landed=3, company_name="苏州华阳机电有限公司")
    models.build([], companies=[first])
    alone = models.accounts()["short"]
    models.build([], companies=[first, full])
    found = models.accounts()
    assert found["short"] == found["sh"] != alone
    models.build([], companies=[first, full, other])
    assert models.accounts()["sh"] == found["sh"] and "short" not in models.accounts()


def test_a_name_without_a_region_is_the_company_of_its_account(models: Models) -> None:
    """Two accounts of 华为技术有限公司 are one, though somebody once wrote 深圳 before it."""
    rows = [
        company("a", crm_account_id="A1", company_name="华为技术有限公司"),
        company("b", crm_account_id="A2", company_name="华为技术有限公司"),
        company("c", company_name="华为技术有限公司"),
        company("d", company_name="深圳华为技术有限公司"),
    ]
    models.build([], companies=rows)
    found = models.accounts()
    assert found["a"] == found["b"] == found["c"] != found["d"]


def test_what_people_type_beside_their_mail_joins_no_two_companies_by_a_short_name(models: Models) -> None:
    rows = [
        company("sh", email_domain="sh.cn", company_name="上海华阳机电有限公司"),
        company("sz", email_domain="sz.cn", company_name="苏州华阳机电有限公司"),
        company("one", email_domain="sh.cn", company_name="华阳机电有限公司"),
        company("two", email_domain="sz.cn", company_name="华阳机电有限公司"),
        company("three", company_name="华阳机电有限公司"),
    ]
    models.build([], companies=rows)
    found = models.accounts()
    assert found["sh"] == found["one"] != found["sz"] == found["two"]
    assert "three" not in found


def test_two_codes_are_two_companies_and_the_domain_of_both_tells_of_neither(models: Models) -> None:
    rows = [
        company("a", 1, credit_code=CODES[0], email_domain="group.cn"),
        company("b", 2, credit_code=CODES[1], email_domain="group.cn"),
        company("mail", 3, email_domain="group.cn"),
    ]
    models.build([], companies=rows)
    found = models.accounts()
    assert found["a"] != found["b"] and "mail" not in found
    assert ("cut_unique", "group.cn") in reasons(models)


def test_free_mail_and_a_domain_of_many_accounts_join_nobody(models: Models) -> None:
    rows = [company(f"a{n}", crm_account_id=f"A{n}", email_domain="incubator.cn") for n in range(6)]
    rows += [company(f"f{n}", crm_account_id=f"F{n}", email_domain="163.com") for n in range(2)]
    models.build([], companies=rows)
    assert len(set(models.accounts().values())) == 8
    assert reasons(models) == {("shared", "incubator.cn"), ("blocked_value", "163.com")}


def test_the_order_of_rows_and_landings_decides_nothing_but_the_anchor(models: Models) -> None:
    """Companies of the same kind, each with its rows in another order."""
    groups = [
        [
            company(f"{n}a", 1, credit_code=code(n, 0), company_name=f"上海{core}阳机电有限公司"),
            company(f"{n}b", 1, credit_code=code(n, 1), company_name=f"苏州{core}阳机电有限公司"),
            company(f"{n}c", 1, crm_account_id=f"A{n}", email_domain=f"group{n}.cn"),
            company(f"{n}d", 1, email_domain=f"group{n}.cn", company_name=f"{core}阳机电（上海）有限公司"),
            company(f"{n}e", 1, email_domain=f"group{n}.cn", company_name=f"{core}阳机电（苏州）有限公司"),
        ]
        for n, core in enumerate(CORES[:8])
    ]
    rows = [row for group in groups for row in group]
    models.build([], companies=rows)
    ids = models.accounts()
    orders = list(permutations(range(5)))[::17]
    models.build([], companies=[group[at] for group, order in zip(groups, orders, strict=True) for at in order])
    assert models.accounts() == ids
    landed = [Record(r.record_id, n, r.seen_at, r.identifiers) for n, r in enumerate(reversed(rows), start=1)]
    models.build([], companies=landed)
    found = models.accounts()
    for one in ids:
        for other in ids:
            assert (found[one] == found[other]) == (ids[one] == ids[other])


def test_humans_link_and_part_companies_by_any_spelling(models: Models) -> None:
    rows = [
        company("a", crm_account_id="A1", company_name="上海华阳机电有限公司"),
        company("b", crm_account_id="B1", company_name="苏州东恒自动化有限公司"),
        company("short", company_name="东恒自动化"),
    ]
    models.build([], companies=rows)
    before = models.accounts()
    assert before["a"] != before["b"] == before["short"]
    link = Rule("link", ("company_name", "华阳机电(上海)有限公司"), ("crm_account_id", "B1"), BEGIN)
    models.build([], [link], rows)
    assert len(set(models.accounts().values())) == 1
    back = Rule("unlink", ("crm_account_id", "B1"), ("company_name", "上海华阳机电"), BEGIN + timedelta(days=1))
    models.build([], [link, back], rows)
    assert models.accounts() == before
    assert models.session.rows("select effect from identity.identity_rule order by rule_no") == [
        ("superseded",),
        ("applied",),
    ]
    excluded = Rule("exclude", ("company_name", "东恒自动化"), None, BEGIN)
    models.build([], [excluded], rows)
    assert "short" not in models.accounts()


def test_a_human_says_what_an_ambiguous_short_name_stands_for(models: Models) -> None:
    rows = [
        company("sh", company_name="上海华阳机电有限公司"),
        company("sz", company_name="苏州华阳机电有限公司"),
        company("short", company_name="华阳机电"),
    ]
    rule = Rule("link", ("company_name", "华阳机电"), ("company_name", "苏州华阳机电有限公司"), BEGIN)
    models.build([], [rule], rows)
    found = models.accounts()
    assert found["short"] == found["sz"] != found["sh"]


def test_a_domain_of_many_names_makes_no_company_of_them(models: Models) -> None:
    """A provider of mail that nobody listed; and the typing mistakes of a firm, which do not count against it."""
    names = [f"上海{a}{b}机械有限公司" for a in "华东恒天" for b in "阳锐"]
    rows = [company(f"u{n}", email_domain="provider.cn", company_name=name) for n, name in enumerate(names)]
    rows += [company(f"r{n}", email_domain="firm.cn", company_name="苏州巨康食品有限公司") for n in range(5)]
    rows += [
        company(f"t{n}", email_domain="firm.cn", company_name=f"苏州巨{c}食品有限公司") for n, c in enumerate("唐慷糠")
    ]
    rows += [company(f"n{n}", company_name=name) for n, name in enumerate(names)]
    rows.append(company("alone", company_name="苏州巨康食品有限公司"))
    models.build([], companies=rows)
    found = models.accounts()
    assert len({found[f"n{n}"] for n in range(len(names))}) == len(names)
    assert len({found[f"u{n}"] for n in range(len(names))}) == 1  # of the provider, for all that is known
    assert {found[f"r{n}"] for n in range(5)} == {found[f"t{n}"] for n in range(3)} == {found["alone"]}


def test_a_short_name_that_a_human_parted_from_one_stands_for_the_other(models: Models) -> None:
    rows = [
        company("sh", crm_account_id="A1", company_name="上海华阳机电有限公司"),
        company("sz", crm_account_id="A2", company_name="苏州华阳机电有限公司"),
        company("short", company_name="华阳机电"),
    ]
    rule = Rule("unlink", ("company_name", "华阳机电"), ("crm_account_id", "A1"), BEGIN)
    models.build([], [rule], rows)
    found = models.accounts()
    assert found["short"] == found["sz"] != found["sh"]


COMMON = ("163.com",)
POOLS = {
    "credit_code": ("0", "1"),
    "crm_account_id": tuple(f"A{n}" for n in range(4)),
    "email_domain": ("sh.cn", "sz.cn", "group.cn", *COMMON),
    "company_name": (
        *FORMS, "苏州华阳机电有限公司", "华阳（苏州）机电有限公司", "华阳机电有限公司", "华阳", "江苏华阳",
        "东恒自动化股份有限公司", "东恒自动化",
    ),
}  # fmt: skip


def of_world(number: int, kind: str, value: str) -> str:
    """What stands in another world where this value does in the first. Nothing else is in two worlds."""
    if kind == "credit_code":
        return code(number, int(value))
    if kind == "company_name":
        return value.replace("华", CORES[number]).replace("东", CORES[number])
    return value if value in COMMON else f"w{number}-{value}"


def drawn(seed: int, world: int) -> tuple[list[Record], list[Rule]]:
    chance = Random(seed)
    rows = []
    for number in range(chance.choice((4, 8, 14))):
        kinds = chance.sample(sorted(POOLS), chance.choice((1, 2, 2, 3)))
        identifiers = {kind: of_world(world, kind, chance.choice(POOLS[kind])) for kind in kinds}
        rows.append(company(f"w{world:02d}r{number:02d}", chance.randrange(5), **identifiers))
    seen = sorted({identifier for row in rows for identifier in row.identifiers.items()})
    rules = []
    for day in range(chance.choice((0, 0, 1, 3))):
        left, right = chance.choice(seen), chance.choice(seen)
        if left != right:
            rules.append(Rule(chance.choice(("link", "unlink")), left, right, BEGIN + timedelta(days=day)))
    return rows, rules


@settings(max_examples=2, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seeds=st.lists(st.integers(0, 2**32), min_size=len(CORES), max_size=len(CORES)))
def test_any_companies_whatever_order_they_come_in(models: Models, seeds: list[int]) -> None:
    """Rows in any order give the same IDs."""
    worlds = [drawn(seed, world) for world, seed in enumerate(seeds)]
    rows, rules = ([one for world in worlds for one in world[part]] for part in (0, 1))
    chance = Random(seeds[0])
    models.build([], rules, rows)
    ids = models.accounts()
    models.build([], chance.sample(rules, len(rules)), chance.sample(rows, len(rows)))
    assert models.accounts() == ids
