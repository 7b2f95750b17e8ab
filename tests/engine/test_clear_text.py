"""Identifiers in clear: what a column without a mark must not have, what is no identifier, and what releases do."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from siyu.engines.base import RunInputs
from siyu.engines.duckdb import DuckEngine, DuckSession
from tests.golden.canaries import Canaries, canaries_in

QUIET = (
    "K13812345678e", "Kb13812345678", "candidate K13812345678e, 0.9", "candidate Kb13812345678: link",
    "P13812345678abcdef012", "0138123456789abcdef0", "1a13812345678bc9", "202606301234567890", "13812345678901",
    "12345678901", "Mozilla/5.0 (Linux; Android 15) Chrome/138.0.7204.97", "550e8400-e29b-1381-2345-678912345678",
    "official-account-of-the-firm", "outreach_spring_campaign_2026_06", "/products/plc-1500?utm_source=baidu&p=2",
    "91110108MA0000012H", "华阳机电（上海）有限公司", "@zhang", "user@host", "2026-06-30 13:45:12", "1,380,123.45",
    "wr000000serviceSiyu", "womens-health-campaign-2026-summer", "ORD-2026-13-0000-1234",
)  # fmt: skip
ABOUT = {
    "13812345678": "mobile", "wx13812345678": "mobile",
    "K13812345678": "mobile", "K+8613812345678": "mobile", "abc13812345678": None, "tel:+86 138 1234 5678": "mobile",
    "zhang@firm.cn": "email", "a=zhang%40firm.cn": "email", "x_oHLbCISO6Y1U93q-P2xlNg9a7rrc_y": "wechat_id",
    "wmya-bX3Iln7AY0XrWG_eLu_gc": "wechat_id",
}  # fmt: skip


@pytest.fixture(scope="module")
def session() -> Iterator[DuckSession]:
    engine = DuckEngine(None, RunInputs("2026-01-31", "Asia/Shanghai", "k"))
    yield engine.session()
    engine.close()


def looked_at(session: DuckSession, texts: Sequence[str]) -> dict[str, tuple[str | None, str, str | None]]:
    """Return text -> its kind, the text cleared, and the kind of that; in one query: patterns are slow to read."""
    listed = "select distinct unnest(?::varchar[]) as v"
    once = f"select v, fn_identifier_kind(v) as kind, fn_cleared(v) as cleared from ({listed})"
    query = f"with once as materialized ({once}) select v, kind, cleared, fn_identifier_kind(cleared) from once"
    return {text: (kind, cleared, left) for text, kind, cleared, left in session.rows(query, [list(texts)])}


def test_what_is_no_identifier_stays_as_it_is(session: DuckSession) -> None:
    assert looked_at(session, QUIET) == {text: (None, text, None) for text in QUIET}


def test_each_kind_is_found(session: DuckSession) -> None:
    assert {text: kind for text, (kind, *_) in looked_at(session, list(ABOUT)).items()} == ABOUT


def test_every_form_of_a_canary_is_found_and_cleared(session: DuckSession) -> None:
    canaries = Canaries()
    found = looked_at(session, [*canaries.forms("a"), *(f"前{form}后" for form in canaries.forms("b"))])
    assert [text for text, (kind, *_) in found.items() if kind is None] == []
    assert canaries_in("\n".join(cleared for _, cleared, _ in found.values())) == set()
    assert [text for text, (*_, left) in found.items() if left is not None] == []


def test_different_texts_stay_different(session: DuckSession) -> None:
    texts = [f"1381234{n:04d} and 1391234{n:04d}" for n in range(100)] + [f"138{n:04d}5678" for n in range(100)]
    assert len({cleared for _, cleared, _ in looked_at(session, texts).values()}) == 200


PIECES = ("138", "1234", "5678", "13812345678",
          "\uff11\uff13\uff18", "+86", "-", " ", "%40", "@", "zhang", "firm.cn", "o",
          "wm", "_", "HLbCISO6Y1U93q-P2xlNg9a7rrc", "\uff41@\uff42.\uff43\uff4e", "a", "f", "%22", ".")  # fmt: skip


def test_no_mask_leaves_an_identifier(session: DuckSession) -> None:
    chance = random.Random(1)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(2000)]
    found = looked_at(session, texts)
    assert [text for text, (*_, left) in found.items() if left is not None] == []
    assert sum(kind is not None for kind, *_ in found.values()) > 300


@pytest.mark.parametrize("text", ["a@leak.cn&tel=13812345678", "x@13812345678.cn", "a@leak.cn?b@leak.cn"])
def test_a_value_masked_whole_shows_one_identifier_at_most(session: DuckSession, text: str) -> None:
    shown = str(session.value("select fn_mask(?)", [text]))
    assert "13812345678" not in shown and "b@leak" not in shown
