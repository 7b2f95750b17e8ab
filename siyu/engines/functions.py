"""Semantic functions, which each engine implements once. Models call them by their fn_ name.

`{timezone}` and `{as_of}` are filled in when a build starts. The salt is a session variable and never part of SQL text.
"""

from __future__ import annotations

from dataclasses import dataclass

from siyu.engines.base import RunInputs


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


# Blanks of every width, tabs and line ends, and marks that nobody sees.
_UNSEEN = [*range(9, 14), 32, 0xA0, 0xAD, 0x1680, 0x180E, *range(0x2000, 0x2010), *range(0x2028, 0x2030)]
_UNSEEN += [*range(0x205F, 0x2070), 0x3000, 0xFEFF]
_UNSEEN_CLASS = "[" + "".join(f"\\x{{{code:04X}}}" for code in _UNSEEN) + "]"
_UNSEEN_TEXT = "".join(map(chr, _UNSEEN))
# In any spelling: with +86, 0086, spaces, dots or dashes, next to letters. Full-width digits are converted first.
_BETWEEN = r"[ .\x{00A0}\x{202F}\x{2010}-\x{2015}\x{2212}-]?"
_PHONE = rf"(^|[^0-9])((?:(?:00|\+)?86)?{_BETWEEN}1[3-9][0-9]){_BETWEEN}[0-9]{{4}}{_BETWEEN}([0-9]{{4}})($|[^0-9])"
_MAIL = r"([0-9A-Za-z])[0-9A-Za-z._%+-]*@([0-9A-Za-z.-]+\.[A-Za-z]{2,})"
_HALF_WIDTH = "translate(value, '０１２３４５６７８９＋－＠．　', '0123456789+-@. ')"
# Applied twice, because two numbers may share the one character between them.
_NO_PHONES = f"regexp_replace(regexp_replace({_HALF_WIDTH}, '{_PHONE}', '\\1\\2****\\3\\4', 'g'), '{_PHONE}',"
_NO_PHONES += " '\\1\\2****\\3\\4', 'g')"

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
        "fn_local_midnight",
        "day",
        "timezone('UTC', timezone('{timezone}', cast(day as timestamp)))",
        "The UTC moment at which a business date begins.",
    ),
    SemanticFunction(
        "fn_keyed_hash",
        "value",
        "sha256(getvariable('siyu_key') || sha256(getvariable('siyu_key') || value))",
        "sha256(key || sha256(key || value)); the key is the salt.",
    ),
    SemanticFunction(
        "fn_trimmed",
        "value",
        # Every identifier of every record goes through here. trim() with a list of characters takes ten times as long
        # as the test for the usual value, which has nothing around it.
        f"case when regexp_matches(value, '^{_UNSEEN_CLASS}|{_UNSEEN_CLASS}$') then trim(value, '{_UNSEEN_TEXT}')"
        " else value end",
        "A value without blanks of any width, tabs, line ends and invisible marks around it.",
    ),
    SemanticFunction(
        "fn_mask_text",
        "value",
        f"regexp_replace({_NO_PHONES}, '{_MAIL}', '\\1***@\\2', 'g')",
        "A text in which mobile numbers and mail addresses are masked. The rest is unchanged.",
    ),
    SemanticFunction(
        "fn_mask",
        "value",
        # The cheap tests come first: most values are no mobile and no mail address, and patterns are slow.
        "case"
        r" when length(value) between 11 and 14 and regexp_full_match(value, '\+?(86)?1[3-9][0-9]{9}')"
        "  then left(right(value, 11), 3) || '****' || right(value, 4)"
        r" when contains(value, '@') and regexp_full_match(value, '[^@ ]+@[^@ /,;]+\.[^@ /,;]+')"
        "  then left(value, 1) || '***@' || regexp_extract(value, '@(.*)$', 1)"
        " when length(value) > 6 then left(value, 3) || '***' || right(value, 2)"
        " when length(value) > 0 then left(value, 1) || '**'"
        " end",
        "A personal value, masked: 138****1234, z***@firm.cn, 王**, abc***42.",
    ),
)
