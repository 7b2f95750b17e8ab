"""What data teams fear, each as docs/identity.md says it ends, and told in the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.identity.conftest import models_of
from tests.identity.harness import CHANNEL, Models
from tests.identity.reference import Record, Rule

pytestmark = pytest.mark.xdist_group("identity_scenarios")

BEGIN = datetime(2025, 10, 1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    with models_of(tmp_path_factory.mktemp("scenarios"), 60, None) as found:
        yield found


def record(number: str, day: int, **identifiers: str) -> Record:
    return Record(number, 1, BEGIN + timedelta(days=day), identifiers)


def unionid(number: int) -> str:
    return f"o{number:027d}"


def mobile(number: int) -> str:
    return f"+86139{number:08d}"


def reasons(models: Models, id_type: str, value: str) -> set[str]:
    return {reason for reason, kind, found in models.audit() if (kind, found) == (id_type, value)}


def test_a_switchboard_that_two_hundred_people_typed(models: Models) -> None:
    rows = [record(f"r{n:03d}", n % 100, member_id=f"member{n}", mobile=mobile(1)) for n in range(200)]
    models.build([*rows, record("only", 50, mobile=mobile(1))])
    owners = models.owners()
    assert owners.pop("only") is None
    assert len(set(owners.values())) == 200 and None not in owners.values()
    assert models.status()["mobile", mobile(1)] == "shared"
    assert reasons(models, "mobile", mobile(1)) == {"shared"}
    counted = models.session.rows("select other_id_type, counted, allowed from identity.identity_audit")
    assert counted == [("member_id", 200, 3)]


def test_the_tablet_of_a_booth(models: Models) -> None:
    rows = [record(f"r{n}", 0, cookie_id="ck-kiosk", mobile=mobile(n), email=f"li{n}@firm.cn") for n in range(40)]
    models.build([*rows, record("only", 0, cookie_id="ck-kiosk")])
    owners = models.owners()
    assert owners.pop("only") is None
    assert len(set(owners.values())) == 40
    assert reasons(models, "cookie_id", "ck-kiosk") == {"shared"}


def test_a_cookie_with_few_strong_neighbours_is_not_shared_for_its_weak_ones(models: Models) -> None:
    """A login with any number of cookies is one person; a cookie does not count the weaker."""
    models.build([record(f"r{n:03d}", n, member_id="member1", cookie_id=f"cookie{n:03d}") for n in range(100)])
    assert len(set(models.owners().values())) == 1
    assert models.audit() == set()


def test_a_mailbox_of_everybody(models: Models) -> None:
    """info@ is blocked by its name, office-gz@ is found to be shared."""
    rows = []
    for n in range(6):
        rows.append(record(f"i{n}", n, member_id=f"member{n}", email="info@firm.cn"))
        rows.append(record(f"o{n}", n, member_id=f"member{n}", email="office-gz@firm.cn"))
    models.build(rows)
    assert len(set(models.owners().values())) == 6
    assert reasons(models, "email", "info@firm.cn") == {"blocked_pattern"}
    assert reasons(models, "email", "office-gz@firm.cn") == {"shared"}


def test_a_mobile_that_was_issued_again(models: Models) -> None:
    models.build(
        [
            record("first 1", 10, unionid=unionid(1), mobile=mobile(1)),
            record("first 2", 60, unionid=unionid(1), mobile=mobile(1)),
            record("second 1", 120, unionid=unionid(2), mobile=mobile(1)),
            record("second 2", 170, unionid=unionid(2), mobile=mobile(1)),
            *(record(f"alone {day}", day, mobile=mobile(1)) for day in (1, 30, 90, 150, 200)),
        ]
    )
    owners = models.owners()
    first, second = owners["first 1"], owners["second 1"]
    assert first != second and None not in (first, second)
    assert (owners["first 2"], owners["second 2"]) == (first, second)
    alone = [owners[f"alone {day}"] for day in (1, 30, 90, 150, 200)]
    assert alone == [first, first, None, second, second]
    assert Counter(reason for reason, _, _ in models.audit()) == {
        "contested": 1,
        "cut_unique": 1,
        "component_unique": 1,
    }


def test_a_couple_that_shares_one_mobile(models: Models) -> None:
    models.build(
        [
            record("wife", 10, unionid=unionid(1), mobile=mobile(1)),
            record("wife again", 90, unionid=unionid(1), mobile=mobile(1)),
            record("husband", 50, unionid=unionid(2), mobile=mobile(1)),
            *(record(f"alone {day}", day, mobile=mobile(1)) for day in (1, 50, 100)),
        ]
    )
    owners = models.owners()
    assert owners["wife"] == owners["wife again"] != owners["husband"]
    assert {owners[f"alone {day}"] for day in (1, 50, 100)} == {None}
    detail = models.session.rows("select detail, counted from identity.identity_audit where reason = 'contested'")
    assert detail == [("at the same time", 2)]


def test_a_component_with_two_unionids_is_parted_at_its_weakest_edge(models: Models) -> None:
    models.build(
        [
            record("a", 1, unionid=unionid(1), openid=f"o{'a' * 27}"),
            record("b", 1, unionid=unionid(2), crm_contact_id="K-2"),
            record("c", 1, openid=f"o{'a' * 27}", email="li@firm.cn"),
            record("d", 2, crm_contact_id="K-2", email="li@firm.cn"),
        ]
    )
    owners = models.owners()
    assert owners["a"] == owners["c"] != owners["b"] == owners["d"]
    cut = [ends for ends, reason in models.edges().items() if reason]
    assert cut == [frozenset([("crm_contact_id", "K-2"), ("email", "li@firm.cn")])]
    told = models.session.rows("select one_id, other_one_id from identity.identity_audit where reason = 'cut_unique'")
    assert set(told[0]) == {owners["a"], owners["b"]}


def test_a_chain_of_eight_hundred_identifiers(models: Models) -> None:
    """Mobile, mail, mobile, mail …: no two of them at one end, no person at all."""
    chain = [("mobile", mobile(n // 2)) if n % 2 == 0 else ("email", f"li{n}@firm.cn") for n in range(800)]
    rows = [record(f"r{n:04d}", n // 30, **dict(chain[n : n + 2])) for n in range(799)]
    models.build(rows)
    sizes = Counter(models.one_ids().values())
    assert sum(sizes.values()) == 800
    assert max(sizes.values()) <= 60 and len(sizes) >= 800 / 60
    told = Counter(reason for reason, _, _ in models.audit())
    cuts = sum(reason is not None for reason in models.edges().values())
    assert (told["component_size"], told["cut_size"]) == (1, cuts) and cuts == len(sizes) - 1
    counted = models.session.rows(
        "select counted, allowed from identity.identity_audit where reason = 'component_size'"
    )
    assert counted == [(800, 60)]


def test_what_is_cut_for_size_stays_with_its_own_part(models: Models) -> None:
    """A mobile beside 200 mails: weaker ones make it no shared identifier, and 60 is the most a person has."""
    pairs = [record(f"p{n:03d}", n % 50, mobile=mobile(1), email=f"li{n:03d}@firm.cn") for n in range(200)]
    alone = [record(f"a{n:03d}", n % 50, email=f"li{n:03d}@firm.cn") for n in range(200)]
    models.build([*pairs, *alone])
    owners, ids = models.owners(), models.one_ids()
    assert all(owners[f"a{n:03d}"] == ids["email", f"li{n:03d}@firm.cn"] for n in range(200))
    assert {owners[f"p{n:03d}"] for n in range(200)} == {ids["mobile", mobile(1)]}
    assert {reason for reason, _, _ in models.audit()} == {"component_size", "cut_size"}


def test_a_human_links_two_logins_and_a_third_is_too_many_again(models: Models) -> None:
    rows = [record(f"r{n}", n, member_id=f"member{n}", mobile=mobile(n)) for n in (1, 2)]
    rule = Rule("link", ("member_id", "member1"), ("member_id", "member2"), BEGIN)
    models.build(rows, [rule])
    assert len(set(models.owners().values())) == 1 and models.audit() == set()
    models.build([*rows, record("r3", 9, member_id="member3", mobile=mobile(1))], [rule])
    owners = models.owners()
    assert owners["r1"] == owners["r2"] != owners["r3"]
    assert {reason for reason, _, _ in models.audit()} == {"component_unique", "cut_unique", "contested"}


def test_a_human_says_whose_a_switchboard_is(models: Models) -> None:
    """It joins the one, and nobody else by that."""
    rows = [record(f"r{n}", n, member_id=f"member{n}", mobile=mobile(1)) for n in range(9)]
    rows.append(record("only", 50, mobile=mobile(1)))
    models.build(rows, [Rule("link", ("mobile", mobile(1)), ("member_id", "member3"), BEGIN)])
    owners = models.owners()
    assert owners["only"] == owners["r3"] and len(set(owners.values())) == 9
    assert models.status()["mobile", mobile(1)] == "used"


def test_a_human_excludes_a_number_and_a_later_link_brings_it_back(models: Models) -> None:
    rows = [record(f"r{n}", n, crm_contact_id=f"K-{n}", mobile=mobile(1)) for n in range(2)]
    exclude = Rule("exclude", ("mobile", mobile(1)), None, BEGIN)
    models.build(rows, [exclude])
    assert len(set(models.owners().values())) == 2
    assert reasons(models, "mobile", mobile(1)) == {"blocked_rule"}
    models.build(
        rows, [exclude, Rule("link", ("mobile", mobile(1)), ("crm_contact_id", "K-0"), BEGIN + timedelta(days=1))]
    )
    assert len(set(models.owners().values())) == 1


def test_a_human_ends_a_contest(models: Models) -> None:
    """A mobile of two logins at a time is nobody's, until a human says whose."""
    rows = [
        record("wife", 10, unionid=unionid(1), mobile=mobile(1)),
        record("wife again", 90, unionid=unionid(1), mobile=mobile(1)),
        record("husband", 50, unionid=unionid(2), mobile=mobile(1)),
        record("alone", 60, mobile=mobile(1)),
    ]
    models.build(rows)
    assert models.owners()["alone"] is None
    models.build(rows, [Rule("link", ("mobile", mobile(1)), ("unionid", unionid(2)), BEGIN)])
    owners = models.owners()
    assert owners["alone"] == owners["husband"] != owners["wife"]


def test_of_two_decisions_that_contradict_each_other_the_later_stands(models: Models) -> None:
    rows = [record(f"r{n}", n, crm_contact_id=f"K-{n}") for n in range(3)]
    ids = [("crm_contact_id", f"K-{n}") for n in range(3)]
    chain = [Rule("link", ids[0], ids[1], BEGIN), Rule("link", ids[1], ids[2], BEGIN + timedelta(days=2))]
    for day, effects, people in (
        (1, ["overruled", "applied", "applied"], 2),
        (3, ["overruled", "applied", "applied"], 2),
    ):
        models.build(rows, [*chain, Rule("unlink", ids[0], ids[2], BEGIN + timedelta(days=day))])
        found = models.session.rows("select effect from identity.identity_rule order by decided_at")
        assert [effect for (effect,) in found] == effects
        assert len(set(models.owners().values())) == people
    models.build(rows, [*chain, Rule("unlink", ids[0], ids[2], BEGIN - timedelta(days=1))])
    assert len(set(models.owners().values())) == 1
    found = models.session.rows("select effect from identity.identity_rule order by decided_at")
    assert [effect for (effect,) in found] == ["overruled", "applied", "applied"]


def named(record_id: str) -> tuple[str, str]:
    """A record as a side of a decision."""
    return "record", f"{CHANNEL}:{record_id}"


def effects(models: Models) -> list[str]:
    return [effect for (effect,) in models.session.rows("select effect from identity.identity_rule order by rule_no")]


def test_two_records_are_linked_by_their_strongest_identifiers_and_by_their_logins(models: Models) -> None:
    """A link of the unionids alone would leave the second login outside."""
    rows = [
        record("a", 1, unionid=unionid(1), member_id="member1", mobile=mobile(1)),
        record("b", 2, unionid=unionid(2), member_id="member2", email="li@firm.cn"),
        record("login", 3, member_id="member2", cookie_id="cookie2"),
    ]
    models.build(rows)
    assert len(set(models.owners().values())) == 2
    models.build(rows, [Rule("link", named("a"), named("b"), BEGIN)])
    assert len(set(models.owners().values())) == 1 and models.audit() == set()
    told = "select left_type, left_value, right_value, left_record, right_record, effect from identity.identity_rule"
    assert models.session.rows(told) == [
        ("unionid", unionid(1), unionid(2), "anything:a", "anything:b", "applied"),
    ]
    # Nothing is left to be built again: the logins count as one.
    assert models.session.rows("select count(*) from identity.component_offence") == [(0,)]


def test_a_record_follows_its_identifiers(models: Models) -> None:
    """The file names the record, so a corrected record takes the link with it."""
    rule = Rule("link", named("a"), ("crm_contact_id", "K-9"), BEGIN)
    rest = [
        record("k", 1, crm_contact_id="K-9"),
        record("old", 1, mobile=mobile(1)),
        record("new", 1, mobile=mobile(2)),
    ]
    for number, owner, other in ((1, "old", "new"), (2, "new", "old")):
        models.build([*rest, record("a", 2, mobile=mobile(number))], [rule])
        owners = models.owners()
        assert owners["a"] == owners["k"] == owners[owner] != owners[other]


def test_records_without_any_identifier_become_one_person(models: Models) -> None:
    """Only a name and an address: a matcher's link is all there is."""
    rows = [record("a", 1), record("b", 2), record("c", 3, email="li@firm.cn"), record("d", 4)]
    models.build(rows)
    assert {owner for key, owner in models.owners().items() if key != "c"} == {None}
    before = models.one_ids()
    models.build(rows, [Rule("link", named("a"), named("b"), BEGIN)])
    owners, ids = models.owners(), models.one_ids()
    assert owners["a"] == owners["b"] == ids[named("a")] == ids[named("b")]
    assert owners["a"] not in (None, owners["c"]) and owners["d"] is None
    assert models.status()[named("a")] == "used" and named("d") not in models.status()
    # A third record has a mail address: the ID is made of it, though it landed last.
    rows[2] = Record("c", 9, BEGIN, {"email": "li@firm.cn"})
    models.build(rows, [Rule("link", named("a"), named("b"), BEGIN), Rule("link", named("b"), named("c"), BEGIN)])
    assert set(models.owners().values()) == {before["email", "li@firm.cn"], None}
    # Taken back: the records belong to nobody again.
    taken = Rule("unlink", named("a"), named("b"), BEGIN + timedelta(days=1))
    models.build(rows, [Rule("link", named("a"), named("b"), BEGIN), taken])
    assert models.one_ids() == before and effects(models) == ["superseded", "applied"]


def test_a_link_does_not_give_a_switchboard_to_one_person(models: Models) -> None:
    """A record that carries only a shared number stands for itself."""
    rows = [record(f"r{n}", n, member_id=f"member{n}", mobile=mobile(1)) for n in range(9)]
    rows += [record("only", 50, mobile=mobile(1)), record("other", 51, mobile=mobile(1))]
    models.build(rows, [Rule("link", named("only"), named("r3"), BEGIN)])
    owners = models.owners()
    assert owners["only"] == owners["r3"] and owners["other"] is None
    assert models.status()["mobile", mobile(1)] == "shared"


def test_an_unlink_of_records_that_share_a_mobile(models: Models) -> None:
    rows = [
        record("a", 1, crm_contact_id="K-1", mobile=mobile(1)),
        record("b", 2, crm_contact_id="K-2", mobile=mobile(1)),
    ]
    models.build(rows, [Rule("unlink", named("a"), named("b"), BEGIN)])
    owners = models.owners()
    assert owners["a"] != owners["b"] and effects(models) == ["applied"]


def test_decisions_about_records_that_cannot_be_followed(models: Models) -> None:
    rows = [record("a", 1, mobile=mobile(1)), record("b", 2, mobile=mobile(1))]
    companies = [record("firm", 1, company_name="上海华阳机电有限公司"), record("unnamed", 1)]
    rules = [
        Rule("link", named("a"), named("nowhere"), BEGIN),
        Rule("unlink", named("a"), named("b"), BEGIN + timedelta(days=1)),
        Rule("link", named("a"), named("unnamed"), BEGIN + timedelta(days=2)),
        Rule("exclude", named("a"), None, BEGIN + timedelta(days=3)),
        Rule("link", named("unnamed"), ("company_name", "上海华阳机电有限公司"), BEGIN + timedelta(days=4)),
    ]
    models.build(rows, rules, companies)
    # One mobile cannot be two people, and a record of a company is no person.
    assert effects(models) == ["unknown", "overruled", "blocked", "blocked", "blocked"]
    assert len(set(models.one_ids().values())) == 1


def test_records_of_companies_are_linked_as_companies(models: Models) -> None:
    def firm(number: str, **identifiers: str) -> Record:
        return record(number, 1, **identifiers)

    companies = [
        firm("one", crm_account_id="A1", credit_code="91310000000000001Y"),
        firm("two", crm_account_id="A2", company_name="苏州华阳机电有限公司"),
    ]
    models.build([], [], companies)
    assert len(set(models.accounts().values())) == 2
    models.build([], [Rule("link", named("one"), named("two"), BEGIN)], companies)
    assert len(set(models.accounts().values())) == 1 and effects(models) == ["applied"]


def test_a_later_unlink_of_two_logins_stands_against_a_link_of_their_records(models: Models) -> None:
    rows = [
        record("a", 1, crm_contact_id="K-1", member_id="member1"),
        record("b", 2, crm_contact_id="K-2", member_id="member2"),
    ]
    logins = ("member_id", "member1"), ("member_id", "member2")
    for day, are_one, told in ((-1, True, ["overruled", "applied"]), (1, False, ["applied", "applied"])):
        models.build(
            rows,
            [Rule("link", named("a"), named("b"), BEGIN), Rule("unlink", *logins, BEGIN + timedelta(days=day))],
        )
        ids = models.one_ids()
        assert ids["crm_contact_id", "K-1"] == ids["crm_contact_id", "K-2"]
        assert (ids[logins[0]] == ids[logins[1]]) is are_one
        assert effects(models) == told
