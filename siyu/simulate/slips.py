"""Slips of people who type: one error in a name, a mail address, a company or a mobile. Nothing here knows a world."""

from __future__ import annotations

from random import Random

# Characters that input methods and tired eyes confuse: same or similar sound, or similar shape. The simulator's names
# of people, companies, cities and trades consist of these.
ALIKE = (
    "王汪", "李黎", "张章", "刘留柳", "陈程", "杨阳扬", "黄皇", "赵照", "吴武伍", "周邹", "徐许", "孙荪", "马玛",
    "朱诸", "胡湖", "郭国", "何贺", "林琳", "高皋", "罗洛", "郑正", "梁良", "谢榭", "宋送", "唐堂",
    "伟玮炜", "芳方", "娜那", "敏闵", "静婧", "丽莉", "强墙", "磊蕾", "军君", "洋阳", "勇永", "艳燕", "杰洁", "娟涓",
    "涛滔", "明鸣", "超朝", "秀绣", "霞侠", "平萍", "刚钢", "桂贵", "文雯", "辉晖", "玲铃", "华桦", "建健", "国果",
    "志智", "远园", "思斯", "雨宇", "子紫", "轩萱", "梓子", "涵函", "浩皓", "然燃", "欣新", "怡宜",
    "精京", "东冬", "恒衡", "天大", "联连", "宏鸿", "科柯", "中钟", "瑞睿", "金今", "海梅", "安按", "博搏", "诚城",
    "达大", "鼎顶", "方万", "富福", "光广", "弘泓", "佳嘉", "江姜", "洁结", "锦绵", "晶品", "巨钜", "康慷", "朗郎",
    "乐东", "立丽", "利力", "良艮", "龙尤", "隆龙", "绿录", "迈卖", "美羊", "铭名", "南男", "宁柠", "普谱", "启起",
    "庆厌", "荣蓉", "润闰",
    "阳杨", "锐税", "力立", "工公", "创仓", "图途", "讯迅", "泰秦", "丰风", "桥侨", "川穿", "邦帮", "辰晨", "程诚",
    "德得", "尔而", "飞非", "峰锋", "福富", "冠观", "航杭", "和合", "嘉家", "捷杰", "凯恺", "宽竞", "蓝兰",
    "雷蕾", "凌玲", "路露", "洛络", "茂贸", "盟萌", "能熊", "诺若", "派湃", "鹏朋", "奇齐", "权全", "仁人",
    "上尚", "苏酥", "州洲", "杭航", "深身", "圳川", "青清", "岛鸟", "成城", "都郡", "北比", "京景", "武吴", "汉汗",
    "西酉", "沈沉", "机几", "电申", "自白", "动功", "化花", "汽气", "车军", "零玲", "部陪", "件建", "医匠", "疗辽",
    "器气", "械戒", "食实", "品口", "有友", "限现", "公工", "司可",
)  # fmt: skip
KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
FREE_SLIPS = {
    "163.com": ("163.con", "1263.com", "163.cm", "136.com", "163.co"),
    "126.com": ("126.con", "1263.com", "126.cm", "162.com", "126.co"),
    "qq.com": ("qq.con", "q.com", "qq.cm", "qqq.com", "qq.cn"),
}
# How people shorten a trade: some of its characters, in order.
SHORT_TRADES = {
    "机电": ("机电", "机"), "自动化": ("自动化", "自"), "汽车零部件": ("汽车", "汽零", "汽"),
    "医疗器械": ("医疗", "医械", "医"), "食品机械": ("食品", "食机", "食"),
}  # fmt: skip


def alike(character: str) -> str:
    """Return the characters that are taken for this one; '' if none is known."""
    return "".join(dict.fromkeys(other for group in ALIKE if character in group for other in group)).replace(
        character, ""
    )


def slipped_name(name: str, chance: Random) -> str:
    """Return the name of a person with one error. Two characters are never cut to one."""
    if name.isascii():
        return _key_slip(name, chance)
    kinds = ["alike", "double", "swap", "leave out"] if len(name) > 2 else ["alike", "double", "swap"]
    return _slip(name, chance, chance.choices(kinds, (6, 1, 1.5, 1.5)[: len(kinds)])[0])


def slipped_company(name: str, chance: Random) -> str:
    """Return the name of a company with one error. Few errors are another legal form."""
    if name.endswith("有限公司") and chance.random() < 0.1:
        return f"{name.removesuffix('有限公司')}股份有限公司"
    return _slip(name, chance, chance.choices(("alike", "leave out", "double", "swap"), (6, 2.5, 0.5, 1))[0])


def slipped_mail(mail: str, chance: Random) -> str:
    """Return a mail address with one error, before the @ or in the domain."""
    local, _, domain = mail.lower().partition("@")
    if chance.random() < 0.55:
        return f"{_key_slip(local, chance)}@{domain}"
    if domain in FREE_SLIPS:
        return f"{local}@{chance.choice(FREE_SLIPS[domain])}"
    host, _, ending = domain.partition(".")
    if chance.random() < 0.25:
        ending = ending.replace("com", "con") if ending.startswith("com") else f"{ending[:-1]}m"
        return f"{local}@{host}.{ending}"
    return f"{local}@{_slip(host, chance, 'leave out')}.{ending}"


def swapped_digits(mobile: str, chance: Random) -> str:
    """Return a mobile with two neighbouring digits swapped, never of its first three."""
    return mobile[:3] + _slip(mobile[3:], chance, "swap")


def abbreviation(city: str, word: str, trade: str, chance: Random) -> str:
    """Return a company as people call it (简称): characters of city, word and trade, in order.

    苏州华阳机电 is 华阳, 苏华机电, 华机, 苏华阳 or 华机电. It is never word and trade in full, nor city and word.
    """
    long, *_, short = SHORT_TRADES[trade]
    picked = chance.choice(SHORT_TRADES[trade])
    return chance.choices(
        (word, city[0] + word[0] + long, word[0] + short, city[0] + word, word[0] + picked), (30, 25, 15, 15, 15)
    )[0]


def _slip(text: str, chance: Random, kind: str) -> str:
    """Return the text with one error. A kind that this text cannot have becomes a character left out."""
    if kind == "alike":
        places = [at for at, character in enumerate(text) if alike(character)]
        if places:
            at = chance.choice(places)
            return text[:at] + chance.choice(alike(text[at])) + text[at + 1 :]
    if kind == "swap":
        places = [at for at in range(len(text) - 1) if text[at] != text[at + 1]]
        if places:
            at = chance.choice(places)
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    at = chance.randrange(len(text))
    return text[:at] + text[at] * (2 if kind == "double" else 0) + text[at + 1 :]


def _key_slip(text: str, chance: Random) -> str:
    """Return Latin text with one slip of the keyboard. No digit becomes another: that is somebody else's mail."""
    kind = chance.choice(("neighbour", "leave out", "double", "swap"))
    letters = [at for at, character in enumerate(text) if character.isalpha()]
    if kind == "neighbour" and letters:
        at = chance.choice(letters)
        row = next(row for row in KEYBOARD if text[at].lower() in row)
        key = row.index(text[at].lower())
        other = chance.choice(row[max(key - 1, 0) : key] + row[key + 1 : key + 2])
        return text[:at] + (other.upper() if text[at].isupper() else other) + text[at + 1 :]
    if kind == "swap":
        pairs = [at for at in letters if text[at + 1 : at + 2].isalpha() and text[at] != text[at + 1]]
        if pairs:
            at = chance.choice(pairs)
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return _slip(text, chance, "double" if kind == "double" else "leave out")
