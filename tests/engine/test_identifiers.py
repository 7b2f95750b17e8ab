"""Identifiers in one form: the macros against the numbers of libphonenumber, and the check digit reckoned in Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import jinja2
import phonenumbers
import pytest

MACROS = Path(__file__).resolve().parents[2] / "macros" / "identifiers.sql"
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FULL_WIDTH = str.maketrans("0123456789+- ", "０１２３４５６７８９＋－　")


@pytest.fixture(scope="module")
def normal() -> Callable[[str, list[str]], list[str | None]]:
    """What a macro makes of texts."""
    source = jinja2.Environment().from_string(MACROS.read_text(encoding="utf-8"))
    module = source.make_module({"checked": lambda field, reason, caller: caller()})

    def run(macro: str, texts: list[str]) -> list[str | None]:
        given = "(select unnest(?) as v, generate_subscripts(?, 1) as i)"
        value = getattr(module, macro)("v")
        rows = duckdb.execute(f"select {value} from {given} order by i", [texts, texts]).fetchall()
        return [row[0] for row in rows]

    return run


def _written(chance: random.Random, number: str) -> str:
    """A mobile as people write it."""
    parts = [number[:3], number[3:7], number[7:]]
    text = chance.choice(["", "+86", "86", "0086", "+86 ", "0086-", "(+86)"]) + chance.choice(["", " ", "-"]).join(
        parts
    )
    text = chance.choice(["", " "]) + text + chance.choice(["", "  "])
    return text.translate(FULL_WIDTH) if chance.random() < 0.3 else text


def test_mobiles_that_libphonenumber_knows(normal: Callable[[str, list[str]], list[str | None]]) -> None:
    chance = random.Random(86)
    numbers = [f"1{chance.randint(3, 9)}{chance.randint(0, 999_999_999):09d}" for _ in range(5000)]
    kinds = {n: phonenumbers.number_type(phonenumbers.parse(n, "CN")) for n in numbers}
    mobiles = [n for n in numbers if kinds[n] == phonenumbers.PhoneNumberType.MOBILE]
    assert len(mobiles) > 3000
    found = normal("normal_mobile", [_written(chance, n) for n in mobiles])
    expected = [
        phonenumbers.format_number(phonenumbers.parse(n, "CN"), phonenumbers.PhoneNumberFormat.E164) for n in mobiles
    ]
    assert found == expected


def test_landlines_and_foreign_numbers_are_no_mobiles(normal: Callable[[str, list[str]], list[str | None]]) -> None:
    examples = [
        phonenumbers.example_number_for_type("CN", kind)
        for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.TOLL_FREE)
    ] + [phonenumbers.example_number_for_type(r, phonenumbers.PhoneNumberType.MOBILE) for r in ("US", "DE", "HK", "JP")]
    texts = [phonenumbers.format_number(n, f) for n in examples if n
             for f in (phonenumbers.PhoneNumberFormat.E164, phonenumbers.PhoneNumberFormat.INTERNATIONAL)]  # fmt: skip
    texts += ["021-58881234", "0755 2788 1234", "400-820-8820", "12345678901", "1380013800", "138001380001", "无", ""]
    assert len(texts) > 15
    assert normal("normal_mobile", texts) == [None] * len(texts)


def _code(body: str) -> str:
    """GB 32100-2015, 3.2: the check character of 17 characters."""
    total = sum(CHARACTERS.index(character) * pow(3, i, 31) for i, character in enumerate(body))
    return body + CHARACTERS[(31 - total % 31) % 31]


def test_credit_codes(normal: Callable[[str, list[str]], list[str | None]]) -> None:
    """Published codes of two companies; random ones; each with one character changed is none."""
    chance = random.Random(32100)
    good = ["91350100M000100Y43", "91110108551385082Q"]
    assert [_code(code[:17]) for code in good] == good
    good += [_code("".join(chance.choices(CHARACTERS, k=17))) for _ in range(500)]
    assert normal("normal_credit_code", [f" {code.lower()}" for code in good]) == good
    wrong = []
    for code in good:
        place = chance.randrange(18)
        other = chance.choice(CHARACTERS.replace(code[place], ""))
        wrong.append(code[:place] + other + code[place + 1 :])
    assert normal("normal_credit_code", wrong) == [None] * len(wrong)
