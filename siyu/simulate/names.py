"""Invented names and numbers of people and companies."""

from __future__ import annotations

import base64
import hashlib
from random import Random

SURNAMES = {
    "王": "wang", "李": "li", "张": "zhang", "刘": "liu", "陈": "chen", "杨": "yang", "黄": "huang", "赵": "zhao",
    "吴": "wu", "周": "zhou", "徐": "xu", "孙": "sun", "马": "ma", "朱": "zhu", "胡": "hu", "郭": "guo", "何": "he",
    "林": "lin", "高": "gao", "罗": "luo", "郑": "zheng", "梁": "liang", "谢": "xie", "宋": "song", "唐": "tang",
}  # fmt: skip
SURNAME_LIST = tuple(SURNAMES)
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂文辉玲华建国志远思雨子轩梓涵浩然欣怡"
# province, city, the first six digits of its credit codes, the area code of its landlines
REGIONS = (
    ("上海", "上海", "310115", "021"), ("江苏", "苏州", "320505", "0512"), ("浙江", "杭州", "330108", "0571"),
    ("广东", "深圳", "440305", "0755"), ("山东", "青岛", "370212", "0532"), ("四川", "成都", "510107", "028"),
    ("北京", "北京", "110108", "010"), ("湖北", "武汉", "420111", "027"), ("陕西", "西安", "610113", "029"),
    ("辽宁", "沈阳", "210112", "024"),
)  # fmt: skip
TRADES = (
    ("机电", "machinery"), ("自动化", "automation"), ("汽车零部件", "automotive"), ("医疗器械", "medical"),
    ("食品机械", "food"),
)  # fmt: skip
FIRST_SYLLABLES = (
    "华精东恒天联宏科中瑞金海安博诚达鼎方富光国浩弘佳建江洁锦晶巨康朗乐立利良龙隆绿迈美明铭南宁普启强庆荣润"
)
LAST_SYLLABLES = "阳锐方力工创图讯泰丰桥川邦辰晨程德尔飞峰福高冠广航和恒辉嘉捷凯科宽蓝雷联凌路洛茂盟敏能诺派鹏奇权仁"
PREFIXES = ("130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "152", "153", "155", "156",
            "157", "158", "159", "176", "177", "178", "180", "181", "182", "183", "185", "186", "187", "188",
            "189", "198", "199")  # fmt: skip
FREE_MAIL = ("163.com", "qq.com", "126.com")
OUR_DOMAIN = "siyu-automation.cn"
SCHOOL = "stu.jiangnan.edu.cn"
CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def mobile_number(number: int) -> str:
    """Return a different mobile for each number: multiplying by a coprime number is a permutation."""
    space = len(PREFIXES) * 10**8
    at = (number * 2_654_435_761 + 1_234_567) % space
    return f"{PREFIXES[at // 10**8]}{at % 10**8:08d}"


def wechat_id(seed: int, what: str, number: int) -> str:
    """Return an openid or unionid: 'o' and 27 characters."""
    digest = hashlib.blake2b(f"{seed} {what} {number}".encode(), digest_size=20).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def external_userid(seed: int, number: int) -> str:
    """Return the external_userid of a WeCom contact."""
    digest = hashlib.blake2b(f"{seed} external {number}".encode(), digest_size=18).digest()
    return "wm" + base64.urlsafe_b64encode(digest).decode()[:24]


def person_name(chance: Random) -> str:
    """Return a surname with one or two characters."""
    return chance.choice(SURNAME_LIST) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2))))


def company_word(number: int, companies: int) -> str:
    """Return a word that is unique up to some million companies: two characters, or four in a large world."""
    first, last = len(FIRST_SYLLABLES), len(LAST_SYLLABLES)
    words = first * last
    at = (number * 1_000_003 + 17) % words
    word = FIRST_SYLLABLES[at // last] + LAST_SYLLABLES[at % last]
    if companies <= words:
        return word
    more = number // words
    return word + FIRST_SYLLABLES[more // last % first] + LAST_SYLLABLES[more % last]


def credit_code(region: str, number: int) -> str:
    """Return a credit code as in GB 32100-2015: 91, the region, nine characters, a check character."""
    body = f"91{region}MA{number % 10**7:07d}"
    total = sum(w * CODE_CHARACTERS.index(c) for w, c in zip(CODE_WEIGHTS, body, strict=True))
    return body + CODE_CHARACTERS[(31 - total % 31) % 31]
