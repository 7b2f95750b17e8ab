"""Addresses as keys: the bodies of fn_address_words, fn_address_key and fn_address on DuckDB.

A key serves comparison only. Chinese addresses lose their blanks, others keep one between two words. Marks within the
words, which fn_address_words never leaves in a text: # is a unit, % a floor, & a building.
"""

from __future__ import annotations

import re

Step = tuple[str, str]  # a pattern, and what replaces each match

WIDE, NARROW = "".join(map(chr, (0x3000, *range(0xFF01, 0xFF5F)))), "".join(map(chr, range(0x20, 0x7F)))
HAN = "一-龥"
# Digits, Latin letters without accents, Greek to Thai, kana, Hangul, Han.
KEPT = r"0-9a-z\x{0370}-\x{1FFF}\x{3040}-\x{318F}\x{3400}-\x{9FFF}\x{AC00}-\x{D7AF}"
NUMERALS = "一二三四五六七八九十百〇零"
IN_NUMBERS = "甲乙丙丁"
# What a remark in brackets must not have to be dropped: it would tell one house or room from another.
TELLING = f"0-9a-z{NUMERALS}{IN_NUMBERS}东南西北前后上下左右楼栋幢座室层房号单元院弄"
# A house, a room … of a Chinese address: a number before one of these words.
PLACED = "弄|栋|单元|层|室|组|队|门|院|排"

HIDDEN: tuple[Step, ...] = (
    (r"[\x{00AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{206F}\x{FE00}-\x{FE0F}\x{FEFF}'’‘`´]+", ""),
    (r"[;、。|\n\r]+", ","),
    (r"[\t\x{00A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}]+", " "),
)
REMARKS: tuple[Step, ...] = ((rf"[(\[【〔〈《{{][^()\[\]【】〔〕〈〉《》{TELLING}]*[)\]】〕〉》}}]", " "),)
LATIN: tuple[Step, ...] = (
    (r"\bc/ *([a-z]{2})", r"calle \1"),
    (r"\br\. *([a-z])", r"rue \1"),
    (r"\b([a-z])\.([a-z])", r"\1\2"),
    (r"([a-z]{3})([0-9])", r"\1 \2"),
)
DASHED: tuple[Step, ...] = (
    (r"([0-9]) *([-/])[-/ ]*", r"\1\2"),
    (r"([^0-9])[-/]+", r"\1 "),
    (r"[-/]+([^0-9]|$)", r" \1"),
)
# A single blank is left as it is.
BLANKS: tuple[Step, ...] = ((rf"[^ ,#/\-{KEPT}][^,#/\-{KEPT}]*| [^,#/\-{KEPT}]+", " "),)

POSTCODE = "(?:邮编|邮政编码)"
SPACED: tuple[Step, ...] = (
    (rf"^{POSTCODE}?[ ,]*[0-9]{{6}}[ ,]|[ ,]*{POSTCODE} *[0-9]{{6}}|[ ,][0-9]{{6}}$", " "),
    (r"\b[ ,]+\b", "-"),
    (r"[ ,]+", ""),
)
# One word for each kind of place, wherever it stands: a key is not read.
SAME_WORDS = (
    ("中华人民共和国", ""), ("中国", ""), ("壮族自治区", ""), ("回族自治区", ""), ("维吾尔自治区", ""), ("自治区", ""),
    ("特别行政区", ""), ("市辖区", ""), ("市", ""), ("省", ""),
    ("号楼", "栋"), ("幢", "栋"), ("座", "栋"), ("号栋", "栋"), ("栋楼", "栋"), ("楼层", "层"), ("楼", "层"),
    ("房间", "室"), ("房", "室"), ("户", "室"), ("号室", "室"),
)  # fmt: skip
DIGITS: tuple[Step, ...] = ((rf"([{NUMERALS}])([0-9])", r"\1-\2"), (rf"([0-9])([{NUMERALS}])", r"\1-\2"))
TENS: tuple[Step, ...] = (
    (r"([1-9])十([1-9])", r"\1\2"),
    (r"([1-9])十", r"\g10"),
    (r"十([1-9])", r"1\1"),
    (rf"十(号|楼|幢|座|房|{PLACED})", r"10\1"),
    (r"([1-9])百([0-9]{2})", r"\1\2"),
    (rf"([1-9])百(号|楼|幢|座|房|{PLACED})", r"\g100\2"),
)
SHARPS: tuple[Step, ...] = (
    (r"([0-9])#", r"\1号"),
    (r"#([0-9a-z]+)(?:号?[室房])?", r"\1室"),
    ("^([0-9a-z]+室)(.+)$", r"\2\1"),
)
NTH: tuple[Step, ...] = ((r"([^0-9])第([0-9])", r"\1\2"),)
FLOOR: tuple[Step, ...] = ((r"([0-9])f\b", r"\1层"),)
RANGES: tuple[Step, ...] = (
    (r"(号|栋|单元|层|室|院|弄)-", r"\1"),
    (r"([^0-9-])([0-9]+)-([0-9]+)-([0-9]{3,4})室?$", r"\1\2栋\3单元\4室"),
)
ENDS: tuple[Step, ...] = (
    (r"(号|栋|单元|层|院|弄)([0-9]{3,4})$", r"\1\2室"),
    (r"([路街道巷村里]|胡同)([0-9]+(?:-[0-9]+)?)$", r"\1\2号"),
)

WESTERN: tuple[Step, ...] = (
    (r" (?:p ?o ?box|post office box) ([0-9])", r" pobox\1"),
    (r" (?:d|a|ch|f|b|l|nl|dk|s|i|pl|cz)[ -]([0-9]{4,5}) ", r" \1 "),
    (r"([ ,][0-9]{5})-[0-9]{4} ", r"\1 "),
    (r" ([a-z]{1,2}[0-9][0-9a-z]?) ([0-9][a-z]{2})[ ,]*$", r" \1\2 "),
    (r"([0-9]) ([a-z]|bis|ter|quater) ", r"\1\2 "),
    (r"#[ #]*([0-9]+[a-z]?|[a-z])/([0-9]+[a-z]?) |^[ ,]*([0-9]+[a-z]?)/([0-9]+[a-z]?) ", r" #\1\3 \2\4 "),
    (r" ([0-9]+)(?:st|nd|rd|th|o|er|e|eme) % ", r" %\1 "),
    (r"([#%&])[ #]*((?:[0-9][0-9a-z/-]*|[a-z][0-9]+[a-z]?|[a-z])\b)", r"\1\2"),
)
ONE_BLANK: tuple[Step, ...] = (("  +", " "),)
MARKED = "[#%&][0-9a-z][0-9a-z/-]*"
HOUSE = "[0-9][0-9a-z/-]*"
NUMBERED: tuple[Step, ...] = (
    (r"[ ,]*,[ ,]*", ","),
    (r"^([0-9]{4,5} [a-z ]+),([a-z][^,|]* [0-9]{1,3}[a-z]?)[|]", r"\2,\1|"),
    (rf"^([^0-9,|][^,|]*?[^0-9, |])[ ,]({HOUSE})(,.*| [0-9]{{4,5}}(?: .*)?[|].*|[|].*)$", r"\2 \1\3"),
    (r",", " "),
    (r"\b([0-9]+)(?:st|nd|rd|th|er|eme)\b", r"\1"),
    (r"([aou])e", r"\1"),
)
# A place without a house: Springfield IL 62701, 10115 Berlin, London SW1A1AA.
PLACE_ONLY = (
    "^(?:[0-9]{4,6} [a-z]+|[0-9]{5} [a-z ]+ [a-z]{2}|[a-z ,]+ [a-z]{2} [0-9]{5}"
    "|[a-z ]+ [a-z]{1,2}[0-9][0-9a-z]?[0-9][a-z]{2})[|]$"
)
STREET = " (?:st|rd|dr|ln|pl|sq)[|]$"


def _let(value: str, body: str) -> str:
    """Return SQL that computes `value` once and uses it as t in `body`. SQL has no other way within an expression."""
    return f"list_transform([{value}], lambda t: {body})[1]"


def _steps(value: str, steps: tuple[Step, ...]) -> str:
    """Return the SQL of replacements, one after the other. `\\g1` before a digit means the first group."""
    for pattern, by in steps:
        replaced = re.sub(r"\\g([0-9])", r"\\\1", by)
        value = f"regexp_replace({value}, '{pattern.replace(chr(39), chr(39) * 2)}', '{replaced}', 'g')"
    return value


def _where(value: str, condition: str, done: str) -> str:
    """Return SQL that changes a value only where a cheap condition holds."""
    return _let(value, f"case when {condition} then {done} else t end")


def _words() -> str:
    wide = WIDE.replace("'", "''")
    narrow = NARROW.replace("'", "''")
    text = _where("t", "regexp_matches(t, '[　！-～]')", f"lower(translate(t, '{wide}', '{narrow}'))")
    plain = "strip_accents(replace(replace(replace(translate(t, 'øłđı', 'oldi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'))"
    text = _where(text, r"regexp_matches(t, '[\x{00AA}-\x{02FF}\x{1E00}-\x{1EFF}]')", plain)
    text = _where(_steps(text, HIDDEN), r"regexp_matches(t, '[(\[【〔〈《{]')", _steps("t", REMARKS))
    text = _where(text, r"regexp_matches(t, '\b(c/|r\.)')", _steps("t", LATIN[:2]))
    text = _where(text, "regexp_matches(t, '[‐-―−~]')", "translate(t, '‐‑‒–—―−~', '--------')")
    rare = _where(f"' ' || {text} || ' '", "contains(t, '-') or contains(t, '/')", _steps("t", DASHED))
    # Most addresses have nothing but letters, digits, blanks, commas and dots.
    text = _let("lower(value)", f"case when regexp_matches(t, '[^ 0-9a-z,{HAN}]') then {rare} else ' ' || t || ' ' end")
    text = _where(text, r"regexp_matches(t, '[a-z]([.][a-z]|[a-z]{2}[0-9])')", _steps("t", LATIN[2:]))
    return _steps(f"replace({text}, ',', ' , ')", BLANKS)


def _chinese() -> str:
    digits = f"translate({_steps('t', DIGITS)}, '一二三四五六七八九〇零', '12345678900')"
    text = _where("trim(t, ' ,')", "contains(t, ' ')", _steps("t", SPACED))
    text = _where(text, f"regexp_matches(t, '[{NUMERALS}]')", _steps(digits, TENS))
    text = _where(text, "contains(t, '#')", _steps("t", SHARPS))
    for word, same in SAME_WORDS:
        text = f"replace({text}, '{word}', '{same}')"
    untidy = "contains(t, '-') or contains(t, '第') or contains(t, 'f') or right(t, 1) between '0' and '9'"
    text = _where(text, untidy, _steps("t", (*NTH, *FLOOR, *RANGES, *ENDS)))
    room = "regexp_extract(t, '([0-9]+)层[0-9]{3,4}室$', 1)"
    told = f"starts_with(regexp_extract(t, '层([0-9]+)[0-9]{{2}}室$', 1) || '-', {room} || '-')"
    floor = r"regexp_replace(t, '[0-9]+层([0-9]{3,4}室)$', '\1')"
    text = _where(text, "contains(t, '层')", f"case when {room} <> '' and {told} then {floor} else t end")
    found = rf"([0-9a-z{IN_NUMBERS}](?:{PLACED}|号(?:[^线]|$))|[0-9]$)"
    return _let(text, f"case when regexp_matches(t, '{found}') then t end")


def _western() -> str:
    marks = f"array_to_string(list_sort(regexp_extract_all(t, '{MARKED}')), ' ')"
    unmarked = _where(f"regexp_replace(t, '{MARKED}', ' ', 'g')", "contains(t, '  ')", _steps("t", ONE_BLANK))
    marked = f"trim({unmarked}, ' ,') || '|' || {marks}"
    split = f"case when regexp_matches(t, '[#%&]') then {marked} else trim(t, ' ,') || '|' end"
    text = _where("t", "contains(t, '  ')", _steps("t", ONE_BLANK))
    text = _let(_steps(text, WESTERN), split)
    is_house = f"not regexp_matches(t, '{PLACE_ONLY}') or regexp_matches(t, '{STREET}')"
    text = _let(_steps(text, NUMBERED), f"case when {is_house} then trim(replace(t, '|', ' ')) end")
    return _let(text, r"case when regexp_matches(t, '[0-9]') and regexp_matches(t, '[^0-9 #%&/-]{2}') then t end")


WORDS = _words()
KEY = _let("words", f"case when regexp_matches(t, '[{HAN}]') then {_chinese()} else {_western()} end")
