"""Attribution in random worlds: models and plain Python agree, and Shapley values keep what they promise.

Worlds have few channels and many ties: touches at one moment and on the borders of the window, deals without buyers,
refunds without orders, companies whose people come and go. Half of them are reckoned with other vars, so that deals
have more touches and channels than the limits allow.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from siyu.build.materialization import build_model
from siyu.compile.compiler import compile_project
from siyu.compile.model_files import relation
from siyu.compile.project import Project
from siyu.settings import load_settings
from tests.kpi.attribution_reference import MODELS, WHOLE, Attribution, Line, Part, Rules, Touch, counts, tenures
from tests.loading import load_rows
from tests.models.test_models import AS_OF, Engines, fill

WORLDS = int(os.environ.get("ATTRIBUTION_WORLDS", "30"))
SEED = int(os.environ.get("ATTRIBUTION_SEED", "7"))
BUILT = ("deal", "touch", "player", "journey", "coalition")
END = datetime(2026, 6, 30, 16)  # of AS_OF in Shanghai, in UTC
CHANNELS = ("ads", "call", "crm", "mall", "website", "wecom")
TITLES = ("采购经理", "前台", "Chief Engineer", None)
KINDS = (
    ("inbound", "view", "page_view", None, "web"), ("inbound", None, None, None, None),
    ("inbound", "purchase", "order", None, "mall"), ("inbound", "service", "ticket", None, "ticket"),
    ("outbound", "interact", "sms", "delivered", "sms"), ("outbound", "interact", "sms", "sent", "sms"),
    ("outbound", "interact", "sms", "delivered", "group"), ("outbound", "interact", "meeting", None, "meeting"),
    ("outbound", "interact", "visit", "failed", "visit"), ("outbound", "interact", "call", "answered", "call"),
)  # fmt: skip
USUAL = Rules()
OTHER = Rules(days=60, outbound=False, most=3, percent=25, half_life=3, players=2)
Row = dict[str, Any]
Tables = dict[str, list[Row]]
Found = dict[tuple[Any, ...], Part]


class World:
    """The rows of a world, and the same in plain Python."""

    def __init__(self, number: int, rules: Rules) -> None:
        self.chance = Random(f"{SEED} attribution {number}")
        self.rules = rules
        self.channels = CHANNELS[: self.chance.randint(1, len(CHANNELS))]
        self.people = list(range(1, self.chance.randint(2, 12)))
        # Moments that come again and again: at deals, at the borders of their windows, and a moment beside them.
        self.deals_at = [END - timedelta(seconds=self.chance.randint(1, 100 * 86400)) for _ in range(5)]
        self.touch_rows = [self._touch(number) for number in range(self.chance.randint(0, 150))]
        self.line_rows = [line for number in range(self.chance.randint(1, 9)) for line in self._deal(number)]
        self.tenure_rows = [row for person in self.people for row in self._tenures(person)]
        self.titles = {person: self.chance.choice(TITLES) for person in self.people}
        self.excluded = {
            person: self.chance.choice(("staff", "bot", "partner")) for person in self.people if self._happens(0.2)
        }

    def _happens(self, chance: float) -> bool:
        return self.chance.random() < chance

    def _touch(self, number: int) -> Row:
        begin = self.chance.choice([*self.deals_at, END])
        days = self.chance.choice((0, 0, 1, 5, self.rules.days, self.rules.days, self.rules.days + 1))
        direction, behaviour, action, outcome, medium = self.chance.choice(KINDS)
        person = self.chance.choice(self.people)
        return {
            "person_key": person, "one_id": f"P{person}", "channel": self.chance.choice(self.channels),
            "record_id": f"r{number}", "direction": direction, "behaviour": behaviour, "action": action,
            "outcome": outcome, "medium": medium, "campaign_id": self.chance.choice(("C-1", None)),
            "occurred_at": min(
                begin - timedelta(days=days, seconds=self.chance.choice((-1, 0, 0, 1, 40000))),
                END - timedelta(seconds=1),
            ),
        }  # fmt: skip

    def _deal(self, number: int) -> Iterator[Row]:
        channel, at = self.chance.choice(("crm", "mall")), self.chance.choice(self.deals_at)
        kinds = self.chance.choice((["order"], ["order", "order", "refund"], ["refund"], ["opportunity"]))
        person = self.chance.choice([*self.people, None])
        for place, kind in enumerate(kinds):
            amount = Decimal(self.chance.choice((0, 1, 5, 10000, self.chance.randint(1, 10**7)))) / 100
            yield {
                "channel": channel, "deal_id": f"D{number}", "record_id": f"{kind}-{number}-{place}", "kind": kind,
                "person_key": None if self._happens(0.3) else person, "account_key": self.chance.choice((50, 60, None)),
                "revenue_at": at + timedelta(seconds=place * self.chance.choice((0, 1, 10**6))),
                "amount": -amount if kind == "refund" else amount,
            }  # fmt: skip

    def _tenures(self, person: int) -> Iterator[Row]:
        begin = [None, *sorted(self.chance.sample(self.deals_at, 2))]
        for place, account in enumerate(self.chance.sample((50, 60, 70), self.chance.randint(0, 3))):
            since, later = begin[place], begin[place + 1 : place + 2]
            yield {
                "person_key": person, "account_key": account, "valid_from_at": since,
                "valid_to_at": later[0] if later else None,
            }  # fmt: skip

    def tables(self) -> Tables:
        return {
            "kpi.revenue_line": self.line_rows,
            "journey.person_touch": self.touch_rows,
            "journey.person_exclusion": [{"person_key": p, "kind": kind} for p, kind in self.excluded.items()],
            "identity.person": [
                {"person_key": person, "one_id": f"P{person}", "title": title} for person, title in self.titles.items()
            ],
            "identity.person_account": self.tenure_rows,
        }

    def reference(self) -> Attribution:
        touches: dict[int, list[Touch]] = defaultdict(list)
        for row in self.touch_rows:
            if counts(row, self.rules):
                person = row["person_key"]
                touches[person].append(
                    Touch(row["occurred_at"], row["channel"], row["record_id"], person, row["campaign_id"])
                )
        lines = [
            Line(
                (row["channel"], row["deal_id"]), row["record_id"], row["kind"] == "refund", row["revenue_at"],
                row["person_key"], row["account_key"], row["amount"],
            )
            for row in self.line_rows
        ]  # fmt: skip
        names = ("person_key", "account_key", "valid_from_at", "valid_to_at")
        return Attribution(
            lines, touches, tenures([tuple(row[name] for name in names) for row in self.tenure_rows]),
            with_role={person for person, title in self.titles.items() if title in ("采购经理", "Chief Engineer")},
            outsiders={person for person, kind in self.excluded.items() if kind != "partner"},
            end=END, rules=self.rules,
        )  # fmt: skip


@pytest.fixture(scope="module")
def other_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Engines]]:
    """The base layer with other vars."""
    root = tmp_path_factory.mktemp("attribution")
    (root / "layer" / "seeds").mkdir(parents=True)
    (root / "layer" / "seeds" / "vars.yml").write_text(
        f"attribution_days: {OTHER.days}\nattribution_outbound: false\nattribution_touches_max: {OTHER.most}\n"
        f"attribution_position_percent: {OTHER.percent}\nattribution_half_life_days: {OTHER.half_life}\n"
        f"attribution_channels_max: {OTHER.players}\n",
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIYU_SALT", "attribution, long enough to be one")
        settings = load_settings(
            root, warehouse=root / "warehouse", layers=(root / "layer",), families=("identity", "journey", "kpi")
        )
        project = compile_project(settings)
    engines = Engines(project)
    yield project, engines
    engines.close()


def _built(project: Project, engines: Engines, tables: Tables, scratch: Path) -> tuple[Found, list[tuple[Any, ...]]]:
    """What the models give, as the reference does, and the players."""
    with engines.at(AS_OF) as (engine, session):
        for name, rows in tables.items():
            fill(session, relation(name), {c.name: c.type for c in project.binder.columns(relation(name))}, [])
            if rows:
                load_rows(session, scratch, name, rows)
        for name in BUILT:
            build_model(engine, project, f"kpi.attribution_{name}")
        build_model(engine, project, "kpi.attribution")
        rows = session.rows(
            "select channel, deal_id, model, touch_channel, touch_record_id, touched_at, touch_campaign_id, one_id,"
            " basis, share, amount from kpi.attribution"
        )
        players = session.rows("select channel, player from kpi.attribution_player")
    found = {}
    for *key, at, campaign, one_id, basis, share, amount in rows:
        touch = Touch(at, key[3], key[4], int(one_id[1:]), campaign) if at else None
        found[tuple(key)] = Part(touch, basis, int(share * WHOLE), int(amount * 100))
    assert len(found) == len(rows)
    return found, players


def test_models_and_plain_python_agree(
    project: Project, engines: Engines, other_engines: tuple[Project, Engines], tmp_path: Path
) -> None:
    seen: Counter[str] = Counter()
    for number in range(WORLDS):
        is_usual = number % 2 == 0
        world = World(number, USUAL if is_usual else OTHER)
        wanted = world.reference()
        found, players = _built(*((project, engines) if is_usual else other_engines), world.tables(), tmp_path)
        rows = wanted.rows()
        wrong = {key: (part, found.get(key)) for key, part in rows.items() if found.get(key) != part}
        assert (number, wrong) == (number, {})
        assert found.keys() == rows.keys()
        assert {channel: player.replace("(other)", "other") for channel, player in wanted.player.items()} == dict(
            players
        )
        _check_promises(wanted, found)
        seen.update(basis for basis, _ in wanted.paths.values())
        seen["unattributed"] += len(wanted.deals.keys() - wanted.paths.keys())
        seen["at the limit"] += sum(len(path) == world.rules.most for _, path in wanted.paths.values())
        seen["other"] += "(other)" in wanted.player.values()
        seen["below 0"] += sum(deal.cents < 0 for deal in wanted.deals.values())
        seen["without a deal"] += sum(not is_deal for _, is_deal in wanted.journeys)
    kinds = ("buyer", "buying_group", "unattributed", "at the limit", "other", "below 0", "without a deal")
    assert {kind: seen[kind] for kind in kinds if seen[kind] < WORLDS / 10} == {}


def _check_promises(wanted: Attribution, found: Found) -> None:
    """What every model promises, and what Shapley (1953) does, without any rounding in the reference."""
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    of_player: dict[tuple[Any, ...], int] = defaultdict(int)
    for (channel, deal, model, touch_channel, _), part in found.items():
        sums[channel, deal, model][0] += part.units
        sums[channel, deal, model][1] += part.cents
        if model == "shapley" and touch_channel:
            of_player[channel, deal, wanted.player[touch_channel]] += part.units
    assert sums == {
        (*key, model): [WHOLE, deal.cents] for key, deal in wanted.deals.items() for model in MODELS
    }  # efficient: all of a deal is shared out
    exact = replace(wanted, digits=None)
    for key, (_, path) in wanted.paths.items():
        for player, share in exact.shapley(exact.players(path)).items():
            assert abs(of_player[(*key, player)] - share * WHOLE) <= WHOLE / 10**7, (key, player)


def _lines_and_touches(deals: list[str], others: list[str]) -> Tables:
    """A deal or a person without one for each text; each letter of it is a touch in that channel."""
    touches = [
        {"person_key": person, "one_id": f"P{person}", "channel": channel, "record_id": f"{person}-{place}",
         "direction": "inbound", "occurred_at": datetime(2026, 6, 1) + timedelta(hours=place)}
        for person, path in enumerate(deals + others)
        for place, channel in enumerate(path)
    ]  # fmt: skip
    lines = [
        {"channel": "crm", "deal_id": f"D{person}", "record_id": f"D{person}", "kind": "order", "person_key": person,
         "revenue_at": datetime(2026, 6, 20), "amount": 100}
        for person in range(len(deals))
    ]  # fmt: skip
    return {
        "kpi.revenue_line": lines, "journey.person_touch": touches, "journey.person_exclusion": [],
        "identity.person": [{"person_key": p, "one_id": f"P{p}"} for p in range(len(deals + others))],
        "identity.person_account": [],
    }  # fmt: skip


def test_channels_that_are_alike_get_alike_and_one_that_adds_nothing_gets_nothing(
    project: Project, engines: Engines, tmp_path: Path
) -> None:
    """a and b stand for each other everywhere. With or without c, as many journeys end in a deal."""
    tables = _lines_and_touches(["abc", "a", "b", "ac", "bc"], ["a", "b", "c", "ac", "bc", "abc"])
    found, _ = _built(project, engines, tables, tmp_path)
    shares = {
        channel: found["crm", "D0", "shapley", channel, f"0-{place}"].units
        for place, channel in enumerate("abc")
        if ("crm", "D0", "shapley", channel, f"0-{place}") in found
    }
    assert shares == {"a": WHOLE // 2, "b": WHOLE // 2}


def test_twelve_channels_are_exact(project: Project, engines: Engines, tmp_path: Path) -> None:
    """The largest game: a deal through twelve channels that are alike, and one that came through each alone."""
    twelve = "abcdefghijkl"
    found, players = _built(project, engines, _lines_and_touches([twelve, *twelve], [*twelve]), tmp_path)
    assert dict(players) == {channel: channel for channel in twelve}
    shares = [found["crm", "D0", "shapley", channel, f"0-{place}"].units for place, channel in enumerate(twelve)]
    assert shares == [*[WHOLE // 12] * 11, WHOLE - 11 * (WHOLE // 12)]
