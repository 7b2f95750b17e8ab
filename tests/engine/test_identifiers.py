"""Identifiers in one form: the macros against the numbers of libphonenumber, and the check digit reckoned in Python."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import jinja2
import phonenumbers
import pytest

from siyu.engines.base import ANY_INPUTS
from siyu.engines.duckdb import DuckEngine
from siyu.seeds.placeholders import load_placeholders

ROOT = Path(__file__).resolve().parents[2]
MACROS = ROOT / "macros" / "identifiers.sql"
Normal = Callable[[str, list[str]], list[str | None]]
CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
FULL_WIDTH = str.maketrans("0123456789+- ", "０１２３４５６７８９＋－　")


@pytest.fixture(scope="module")
def normal() -> Iterator[Normal]:
    """What a macro makes of texts."""
    with (ROOT / "seeds" / "reference" / "identifier_types.csv").open(encoding="utf-8", newline="") as file:
        patterns = {row["id_type"]: row["valid_regex"] for row in csv.DictReader(file)}
    source = jinja2.Environment().from_string(MACROS.read_text(encoding="utf-8"))
    with (ROOT / "seeds" / "reference" / "placeholder_words.csv").open(encoding="utf-8", newline="") as file:
        placeholder = load_placeholders(list(csv.DictReader(file)), "placeholder_words.csv").placeholder
    names = {
        "checked": lambda field, reason, caller: caller(),
        "id_regex": patterns.__getitem__,
        "placeholder": placeholder,
    }
    module = source.make_module(names)
    engine = DuckEngine(None, ANY_INPUTS)
    session = engine.session()

    def run(macro: str, texts: list[str]) -> list[str | None]:
        given = "(select unnest(?) as v, generate_subscripts(?, 1) as i)"
        value = getattr(module, macro)("v")
        rows = session.rows(f"select {value} from {given} order by i", [texts, texts])
        return [row[0] for row in rows]

    yield run
    engine.close()


def _written(chance: random.Random, number: str) -> str:
    """A mobile as people write it."""
    parts = [number[:3], number[3:7], number[7:]]
    text = chance.choice(["", "+86", "86", "0086", "+86 ", "0086-", "(+86)"]) + chance.choice(["", " ", "-"]).join(
        parts
    )
    text = chance.choice(["", " "]) + text + chance.choice(["", "  "])
    return text.translate(FULL_WIDTH) if chance.random() < 0.3 else text


def test_a_mobile_with_what_nobody_sees_around_it(normal: Normal) -> None:
    number = "13800000001"
    copied = [
        f"{number}\t",
        f"\t{number}",
        f"\u202d{number}\u202c",
        "\u2068138\u00a00000\u00a00001\u2069",
        f"\ufeff{number}",
    ]
    assert normal("normal_mobile", copied) == [f"+86{number}"] * len(copied)


@pytest.mark.parametrize(
    "text",
    [
        "13912300001.0", "13912300001.00", "13912300001,0",
        "8613912300001.0", "1.3912300001E+10", "1.3912300001e10",
        "1,3912300001E+10", "8.613912300001E+12", "139.1230.0001",
        "139.123.00001", "139\u00b71230\u00b70001",
        "139\u20101230\u20110001", "139\u20131230\u20140001",
        "139\u22121230\u22120001", "139\u00a01230\u202f0001",
        "139\u20091230\u30000001", "'13912300001", "\u201813912300001",
        '="13912300001"', '"13912300001"', "`13912300001",
        "+86(0)13912300001", "+86 (0) 139 1230 0001", "(+86)139-1230-0001",
        "(86) 13912300001", "0086-139-1230-0001",
        "+0086 13912300001", "013912300001", "tel:+86-139-1230-0001",
        "Tel: 13912300001", "13,912,300,001",
        "１３９１２３００００１", "＋８６　１３９１２３００００１", "13912300001;", "13912300001，",
        "139 1230 0001\r\n",
    ],
)  # fmt: skip
def test_a_mobile_as_excel_pandas_and_people_write_it(normal: Normal, text: str) -> None:
    assert normal("normal_mobile", [text]) == ["+8613912300001"]


@pytest.mark.parametrize(
    "text",
    [
        "1.39E+10", "1.39123E+10", "1.391230000E+10", "1.39123000011E+10",
        "1.3912300001E+11", "1.3912300001E+9",
        "8.6139E+12", "1.3912300001", "13.912300001", "13912300001.5", "13912300001.001",
        "1391230000.1", "139123000.01", "139.12.30.00.01",
        "+13912300001", "+1 391 230 0001", "8713912300001",
        "13912300001/13912300002", "13912300001 13912300002",
        "13912300001x2", "1391230000I", "null", "-", "0",
        "139****0001", "1391230000000", "12912300001",
    ],
)  # fmt: skip
def test_what_has_lost_digits_or_is_another_number_is_no_mobile(normal: Normal, text: str) -> None:
    assert normal("normal_mobile", [text]) == [None]


@pytest.mark.parametrize(
    "text",
    [
        "li@firm.cn", "LI@Firm.CN", "li@firm.cn\t", "\tli@firm.cn",
        "li@firm.cn\r\n", "\ufeffli@firm.cn", "li@fi\u200brm.cn",
        "\u202ali@firm.cn\u202c", "\u00a0li@firm.cn\u3000", "li@firm\u00ad.cn",
        "mailto:li@firm.cn", "MAILTO: li@firm.cn",
        "mailto:li@firm.cn?subject=x", "<li@firm.cn>", "《li@firm.cn》",
        "<mailto:li@firm.cn>", "Li Lei <li@firm.cn>",
        '"Li, Lei" <li@firm.cn>', "'li@firm.cn'", "'li@firm.cn",
        '="li@firm.cn"', "li@firm.cn;", "li@firm.cn.", "li@firm.cn，",
        "li@firm.cn。", "(li@firm.cn)", "li＠firm．cn",
    ],
)  # fmt: skip
def test_a_mail_address_as_it_is_copied(normal: Normal, text: str) -> None:
    assert normal("normal_email", [text]) == ["li@firm.cn"]


def test_what_is_no_mail_address(normal: Normal) -> None:
    texts = ["li@firm.cn;wang@firm.cn", "li@firm.cn wang@firm.cn", "li@firm", "@firm.cn", "li firm.cn", "li@@firm.cn"]
    texts += ["li@firm.cn\twang@firm.cn", "李@firm.cn", "null", "", "<>", "mailto:", "a b@firm.cn"]
    assert normal("normal_email", texts) == [None] * len(texts)


@pytest.mark.parametrize("around", [" {}", "{}\t", "\u00a0{}\u200b", "\ufeff{}\r\n", "\u3000{}\u3000"])
def test_what_nobody_sees_around_an_identifier(normal: Normal, around: str) -> None:
    values = {
        "normal_unionid": "ozynqsulJFCZ2z1aYeS8h-nuasdAAA",
        "normal_openid": "o6_bmasdasdsad6_2sgVt7hMZOPfL",
        "normal_external_userid": "wmqfasd1e19278asdasAAAA", "normal_device_serial": "SN-0001",
        "normal_credit_code": "91350100M000100Y43", "normal_domain": "firm.cn",
        "normal_company_name": "华阳机电",
    }  # fmt: skip
    assert {macro: normal(macro, [around.format(text)])[0] for macro, text in values.items()} == values


def test_mobiles_that_libphonenumber_knows(normal: Normal) -> None:
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


def test_landlines_and_foreign_numbers_are_no_mobiles(normal: Normal) -> None:
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


def test_credit_codes(normal: Normal) -> None:
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


# WeChat and WeCom


@pytest.mark.parametrize("macro", ["normal_unionid", "normal_openid"])
def test_ids_of_wechat(normal: Normal, macro: str) -> None:
    """24 to 32 characters, as the documentation's own samples have; their case counts."""
    good = ["ozynqsulJFCZ2z1aYeS8h-nuasdAAA", "o6_bmasdasdsad6_2sgVt7hMZOPfL", "o" + "A" * 23, "o" + "-" * 31]
    assert normal(macro, good) == good
    assert normal(macro, [f" {text}  " for text in good]) == good
    wrong = ["", "o", "o" + "A" * 22, "o" + "A" * 32, "O" + "A" * 27, "x" + "A" * 27, "o" + "A" * 13 + " " + "A" * 13,
             "o" + "A" * 26 + "号", "o" + "A" * 26 + "＿", "null", "13812345678", "o" + "A" * 26 + ";"]  # fmt: skip
    assert normal(macro, wrong) == [None] * len(wrong)


def test_external_contacts_of_wecom(normal: Normal) -> None:
    good = [
        "woAJ2GCAAAXtWyujaWJHDDGi0mACHAAA",
        "wmqfasd1e19278asdasAAAA",
        "wmOgQhDgAAuXFJGwbve4g4iXknfOAAAA",
        "wm_-1234",
    ]
    assert normal("normal_external_userid", [f" {text} " for text in good]) == good
    staff = ["rocky", "zhangsan", "womack", "wm12345", "wrOgQhDgAAMYQiS5ol9G7gK9JVAAAA", "WMqfasd1e19278asdasAAAA",
             "wm" + "A" * 63, "wm1234 5678", "", "wm张三李四王五"]  # fmt: skip
    assert normal("normal_external_userid", staff) == [None] * len(staff)


# Companies


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("上海华阳机电有限公司", "上海华阳机电有限公司"),
        ("　 上海华阳机电有限公司 　", "上海华阳机电有限公司"),
        ("华阳(上海)机电有限公司", "华阳（上海）机电有限公司"),
        ("华阳（上海）机电有限公司", "华阳（上海）机电有限公司"),
        ("华阳（上海)机电有限公司", "华阳（上海）机电有限公司"),
        ("ＡＢＢ　（中国）有限公司", "ABB （中国）有限公司"),
        ("ｂｏｓｃｈ　Ｒｅｘｒｏｔｈ　Ａ＆Ｄ", "bosch Rexroth A&D"),
        ("ＴＣＬ－科技１２３", "TCL-科技123"),
        ("3M", "3M"),
        ("３Ｍ中国", "3M中国"),
        ("360", None),
        ("IBM", "IBM"),
        ("7-Eleven", "7-Eleven"),
        ("中国石化", "中国石化"),
    ],
)
def test_company_names(normal: Normal, text: str, name: str | None) -> None:
    assert normal("normal_company_name", [text]) == [name]
    assert normal("normal_company_name", [name or text]) == [name], "a name in its form stays as it is"


def test_what_is_no_company(normal: Normal) -> None:
    texts = [
        "",
        " ",
        "　",
        "-",
        "--",
        "/",
        "123456",
        "13812345678",
        "１２３",
        "（）",
        "(-)",
        "a",
        "无",
        "无。",
        "（无）",
    ]
    texts += [
        "个人",
        " 个人 ",
        "(个人)",
        "无公司",
        "没有",
        "暂无",
        "　暂无",
        "未知",
        "保密",
        "自由职业",
        "测试",
        "test",
        "Test",
    ]
    texts += ["none", "NONE", "Ｎｏｎｅ", "null", "N/A", "n/a", "N.A.", "NA"]
    assert normal("normal_company_name", texts) == [None] * len(texts)


# Mobiles in free text

MARKS = ["，", "。", "：", "、", "；", "！"]  # across a blank or a slash libphonenumber takes two numbers for one
WORDS = [
    "李部长",
    "采购",
    "对接人",
    "王总（老客户）",
    "上海华阳",
    "2号楼",
    "展会A12",
    "报价3.5万",
    "第18期",
    "微信同号",
    "VIP",
    "tel",
]
OTHERS = ["010-12345678", "021 58881234", "0755-27881234", "400-820-8820", "800 810 8888", "订单202601138123456789",
          "税号91350100M000100Y43", "138123456789012", "5138123456780", "卡号6222021381234567890", "13812345",
          "SN13812345678X", "￥13812345678", "1381234567"]  # fmt: skip


def _first_mobile(text: str) -> str | None:
    """The first that libphonenumber finds in a text."""
    for match in phonenumbers.PhoneNumberMatcher(text, "CN"):
        if phonenumbers.number_type(match.number) == phonenumbers.PhoneNumberType.MOBILE:
            return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return None


def _in_a_remark(chance: random.Random, number: str) -> str:
    """Groups of 3, 4 and 4 digits, of 3 and 8, of 7 and 4, or of 3, 3 and 5."""
    places = chance.choice([(3, 7), (3,), (7,), (3, 6), ()])
    groups = [number[a:b] for a, b in zip((0, *places), (*places, 11), strict=True)]
    text = chance.choice(["", "", "+86", "86", "0086", "+86 ", "86-", "+86-"]) + chance.choice([" ", "-"]).join(groups)
    return text.translate(FULL_WIDTH) if chance.random() < 0.2 else text


def test_mobiles_in_texts_are_those_that_libphonenumber_finds(normal: Normal) -> None:
    chance = random.Random(138)
    texts = []
    while len(texts) < 4000:
        number = f"1{chance.randint(3, 9)}{chance.randint(0, 999_999_999):09d}"
        if phonenumbers.number_type(phonenumbers.parse(number, "CN")) != phonenumbers.PhoneNumberType.MOBILE:
            continue
        parts = chance.choices(WORDS, k=chance.randint(0, 2)) + chance.choices(OTHERS, k=chance.randint(0, 2))
        if chance.random() < 0.7:
            parts.append(_in_a_remark(chance, number))
        chance.shuffle(parts)
        texts.append("".join(part + chance.choice(MARKS) for part in parts))
    expected = [_first_mobile(text) for text in texts]
    assert 2000 < sum(found is not None for found in expected) < 3500
    found = normal("mobile_in_text", texts)
    assert {t: f for t, f, e in zip(texts, found, expected, strict=True) if f != e} == {}


def test_a_mobile_beside_words(normal: Normal) -> None:
    texts = [
        "李部长138-0000-0001",
        "13800000001李部长",
        "138 0000 0001/139 0000 0002",
        "010-12345678 13800000001",
        "13800000001 400-820-8820",
        "1380000000\n13800000001",
        "Tel:13800000001",
        "+8613800000001".translate(FULL_WIDTH),
    ]
    assert normal("mobile_in_text", texts) == ["+8613800000001"] * len(texts)
    lines = ["010-12345678", "021 5888 1234", "400-820-8820", "800-810-8888", "138-0000-00012", "1380000000", "无", ""]
    assert normal("mobile_in_text", lines) == [None] * len(lines)
    assert normal("normal_mobile", lines) == [None] * len(lines)
