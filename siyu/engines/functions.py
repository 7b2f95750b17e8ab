"""Semantic functions, which each engine implements once. Models call them by their fn_ name.

`{timezone}` and `{as_of}` are filled in when a build starts. The salt is a session variable and never part of SQL text.
"""

from __future__ import annotations

from dataclasses import dataclass

from siyu.engines import addresses
from siyu.engines.base import RunInputs
from siyu.engines.sql import quoted
from siyu.masking import (
    ESCAPED,
    LOOKS_MAIL,
    LOOKS_MOBILE,
    LOOKS_WECHAT,
    MAIL_ADDRESS,
    NARROW,
    PHONE,
    SEEN,
    WECHAT_ID,
    WIDE,
)  # fmt: skip


@dataclass(frozen=True)
class SemanticFunction:
    """A function: name, parameters, DuckDB body, and `meaning`, the specification in words."""

    name: str
    parameters: str
    duckdb: str
    meaning: str

    def body(self, inputs: RunInputs) -> str:
        """Return the DuckDB body with the inputs of a run filled in."""
        return self.duckdb.replace("{timezone}", inputs.timezone).replace("{as_of}", inputs.as_of)


# The patterns of siyu/masking.py, which say what the masks find. The engine's patterns have no look-around, so these
# take in the characters around a value.
_PHONE = f"(^|[^0-9]|{ESCAPED}){PHONE}($|[^0-9])"
_WECHAT = f"(^|[^0-9A-Za-z]|{ESCAPED}){WECHAT_ID}($|[^0-9A-Za-z])"
_HALF_WIDTH = f"translate(value, '{WIDE}', '{NARROW}')"


def _replaced_twice(value: str, pattern: str, by: str) -> str:
    """Return the SQL of a replacement that is done twice: two values may share what is between them."""
    for _ in range(2):
        value = f"regexp_replace({value}, '{pattern}', '{by}', 'g')"
    return value


_NO_PHONES = _replaced_twice(_HALF_WIDTH, _PHONE, r"\1\2****\3\4")
_NO_MAIL = _replaced_twice(_NO_PHONES, MAIL_ADDRESS, r"\1***\2\3")

# The product of two numbers of 19 digits fits into 128 bits.
_LIMIT = 10**19
_SHARED = f"whole > 0 and amount between 0 and {_LIMIT - 1} and part between 0 and {_LIMIT - 1}"
# Blanks and characters without a width, which people and programs leave around values.
_OUTER = "".join(
    map(chr, (*range(9, 14), 0x20, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x2010), *range(0x2028, 0x2030),
              *range(0x205F, 0x2065), *range(0x2066, 0x2070), 0x3000, 0xFEFF))
)  # fmt: skip
_TRIMMED = f"trim(value, '{_OUTER}')"
# Trimming many characters is slow, also for NULL, and few values have anything to trim.
_IS_BARE = f"value is null or (not contains('{_OUTER}', left(value, 1)) and not contains('{_OUTER}', right(value, 1)))"

# As many letters as two texts may have to be measured by letters.
_ASCII = "".join(map(chr, range(0x20, 0x7F)))

_PARSED = "try_strptime(fn_trim(value), formats)"
# In any format, the engine reads the year 26 for %Y, and the words infinity and epoch as 1900.
_HAS_YEAR = f"regexp_matches(value, '[0-9]') and year({_PARSED}) >= 1000"


def _decimal(mark: str, group: str) -> str:
    """Return the SQL of a number whose fraction follows `mark` and whose thousands may be separated by `group`."""
    between = rf"[{group} \x{{00A0}}\x{{202F}}''’]"
    number = rf"[+-]?([0-9]+|[0-9]{{1,3}}({between}[0-9]{{3}})+)([{mark}][0-9]+)?"
    plain = f"replace(regexp_replace(fn_trim(value), '{between}', '', 'g'), '{mark}', '.')"
    return f"case when regexp_full_match(fn_trim(value), '{number}') then try_cast({plain} as decimal(18, 6)) end"


def _by_letters(measure: str) -> str:
    """Return the SQL of a measure of two texts by letters. The engine's own go by bytes, of which 王 has three.

    Each letter becomes an ASCII character: the one at the place where the letter stands first in both texts. Long texts
    have no characters for that; they are measured by bytes and seem less alike than they are.
    """
    both = "one || other"
    narrow, narrow_other = (f"translate({text}, {both}, {quoted(_ASCII)})" for text in ("one", "other"))
    is_wide = f"strlen({both}) > length({both}) and length({both}) <= {len(_ASCII)}"
    return f"case when {is_wide} then {measure}({narrow}, {narrow_other}) else {measure}(one, other) end"


FUNCTIONS = (
    SemanticFunction("fn_as_of", "", "date '{as_of}'", "The last business date of the run."),
    SemanticFunction(
        "fn_as_of_end",
        "",
        "timezone('UTC', timezone('{timezone}', cast(date '{as_of}' + interval 1 day as timestamp)))",
        "The UTC moment at which the as_of date ends. All facts are earlier.",
    ),
    SemanticFunction(
        "fn_local_date",
        "moment",
        "cast(timezone('{timezone}', timezone('UTC', moment)) as date)",
        "The business date of a UTC timestamp.",
    ),
    SemanticFunction(
        "fn_local_hour",
        "moment",
        "hour(timezone('{timezone}', timezone('UTC', moment)))",
        "The local hour of a UTC timestamp, 0 to 23.",
    ),
    SemanticFunction(
        "fn_local_midnight",
        "day",
        "timezone('UTC', timezone('{timezone}', cast(day as timestamp)))",
        "The UTC moment at which a business date begins.",
    ),
    SemanticFunction(
        "fn_share",
        "amount, part, whole",
        f"case when {_SHARED} then (cast(amount as hugeint) * cast(part as hugeint)) // cast(whole as hugeint) end",
        "amount * part / whole of whole numbers, exact and rounded down. NULL if a number is negative, has more than 19"
        " digits, or whole is 0.",
    ),
    SemanticFunction(
        "fn_share_rest",
        "amount, part, whole",
        f"case when {_SHARED} then (cast(amount as hugeint) * cast(part as hugeint)) % cast(whole as hugeint) end",
        "The remainder of fn_share: what rounding down leaves, in parts of whole.",
    ),
    SemanticFunction(
        "fn_trim",
        "value",
        f"case when {_IS_BARE} then value else nullif({_TRIMMED}, '') end",
        "A text without blanks, tabs, line breaks and invisible characters around it; NULL if nothing is left.",
    ),
    SemanticFunction(
        "fn_folded",
        "value",
        f"lower(translate(fn_trim(value), {quoted(addresses.WIDE)}, {quoted(addresses.NARROW)}))",
        "A text as texts are compared: without the blanks that fn_trim removes, in lower case, and with blanks,"
        " letters, digits and signs of half width. NULL if nothing is left.",
    ),
    SemanticFunction(
        "fn_address_words",
        "value",
        addresses.WORDS,
        "An address as words with a blank before, between and after them: in lower case and half width, without"
        " accents, punctuation, signs and remarks in brackets. A comma, semicolon or line break is the word ','; - and"
        " / stay between digits, # stays.",
    ),
    SemanticFunction(
        "fn_address_key",
        "words",
        addresses.KEY,
        "The key of an address whose words are in one form, as normal_address makes them: # stands for a unit, % for a"
        " floor, & for a building. 中国, 省, 市, 自治区 and the postcode of an address in Chinese are left out; numbers"
        " in Chinese become digits; the house number comes first in an address in Latin letters."
        " NULL if there is no number of a house, building or room.",
    ),
    SemanticFunction(
        "fn_address",
        "value",
        "fn_address_key(fn_address_words(value))",
        "The key of an address, by everything that needs no table: fn_address_key of fn_address_words. normal_address"
        " also knows provinces, street types and words for units.",
    ),
    SemanticFunction(
        "fn_try_date",
        "value, formats",
        f"case when {_HAS_YEAR} then cast({_PARSED} as date) end",
        "The date in a text. formats is a format of strptime, or a list of them, which is tried in order; %y comes"
        " before %Y. NULL if the text fits none of them, or if the year has not four digits where it should.",
    ),
    SemanticFunction(
        "fn_try_timestamp",
        "value, formats",
        # A format with an offset makes the engine return a timestamp with time zone, whatever the text.
        f"case when not coalesce({_HAS_YEAR}, false) then null"
        " when contains(cast(formats as varchar), '%z')"
        f"  then timezone('UTC', cast({_PARSED} as timestamptz))"
        f" else timezone('UTC', timezone('{{timezone}}', cast({_PARSED} as timestamp))) end",
        "The UTC moment in a text, by formats as in fn_try_date. A text is in the time zone of the settings, unless the"
        " formats contain the offset %z. NULL if the text fits none of them.",
    ),
    SemanticFunction(
        "fn_try_decimal",
        "value, decimal_mark",
        f"case decimal_mark when '.' then {_decimal('.', ',')} when ',' then {_decimal(',', '.')} end",
        "The number in a text as decimal(18,6). decimal_mark is '.' or ','; the other one, blanks and apostrophes may"
        " separate thousands. NULL if the text is not such a number.",
    ),
    SemanticFunction(
        "fn_edit_distance",
        "one, other",
        _by_letters("damerau_levenshtein"),
        "How many letters must be inserted, deleted, replaced or swapped with their neighbour to turn one text into the"
        " other (Damerau and Levenshtein).",
    ),
    SemanticFunction(
        "fn_similarity",
        "one, other",
        f"cast({_by_letters('jaro_winkler_similarity')} as decimal(5, 4))",
        "Similarity of two texts by Jaro and Winkler, 0 to 1: common letters in a like order, and a common beginning.",
    ),
    SemanticFunction(
        "fn_abbreviates",
        "short, whole",
        # Not a pattern of regular expressions, which would be compiled for every pair.
        "case when regexp_full_match(short, '[0-9A-Za-z一-龥]+')"
        " then whole like array_to_string(string_split(short, ''), '%') || '%' else false end",
        "Whether all letters of a text stand in this order in another one that begins with the same letter: 一汽 and"
        " 第一汽车 do not, 第汽 and 第一汽车 do. False if the short text has anything but letters and digits.",
    ),
    SemanticFunction(
        "fn_keyed_hash",
        "value",
        "sha256(getvariable('siyu_key') || sha256(getvariable('siyu_key') || value))",
        "sha256(key || sha256(key || value)); the key is the salt.",
    ),
    SemanticFunction(
        "fn_mask_text",
        "value",
        _replaced_twice(_NO_MAIL, _WECHAT, r"\1\2\3***\4"),
        "A text in which mobile numbers, mail addresses and WeChat IDs are masked. Full-width letters and digits become"
        " half width.",
    ),
    SemanticFunction(
        "fn_identifier_kind",
        "value",
        f"case when not regexp_matches(value, '{SEEN}') then null"
        f" when regexp_matches(value, '{LOOKS_MOBILE}') then 'mobile'"
        f" when regexp_matches(value, '{LOOKS_MAIL}') then 'email'"
        f" when regexp_matches(value, '{LOOKS_WECHAT}') then 'wechat_id' end",
        "What a text has in clear: mobile, email or wechat_id, the first of them; NULL if none.",
    ),
    SemanticFunction(
        "fn_cleared",
        "value",
        "case when fn_identifier_kind(value) is null then value"
        " else case when fn_identifier_kind(fn_mask_text(value)) is null then fn_mask_text(value) else '***' end"
        "  || '#' || left(fn_keyed_hash(value), 6) end",
        "A text; one with an identifier in clear is masked, and ends with the beginning of its keyed hash, so that"
        " different texts stay different.",
    ),
    SemanticFunction(
        "fn_mask",
        "value",
        # The cheap tests come first: most values are no mobile and no mail address, and patterns are slow.
        "case"
        r" when length(value) between 11 and 14 and regexp_full_match(value, '\+?(86)?1[3-9][0-9]{9}')"
        "  then left(right(value, 11), 3) || '****' || right(value, 4)"
        r" when contains(value, '@') and regexp_full_match(value, '[^@ ]+@[^@ /,;:&?=%]+\.[^@ /,;:&?=%0-9]+')"
        r"  and not regexp_matches(value, '@.*[0-9]{7}')"
        "  then left(value, 1) || '***@' || regexp_extract(value, '@(.*)$', 1)"
        " when length(value) > 6 then left(value, 3) || '***' || right(value, 2)"
        " when length(value) > 0 then left(value, 1) || '**'"
        " end",
        "A personal value, masked: 138****1234, z***@firm.cn, 王**, abc***42.",
    ),
)
