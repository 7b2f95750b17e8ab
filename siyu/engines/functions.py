"""Semantic functions: one meaning each, implemented once per engine. Models call them by their fn_ name.

`{timezone}` and `{as_of}` are filled in when a build starts; the salt is a session variable and never text.
"""

from __future__ import annotations

from dataclasses import dataclass

from siyu.engines.base import RunInputs


@dataclass(frozen=True)
class SemanticFunction:
    """Name, parameters and the DuckDB body; `meaning` is what docs and tests hold it to."""

    name: str
    parameters: str
    duckdb: str
    meaning: str

    def body(self, inputs: RunInputs) -> str:
        """The DuckDB body for one run."""
        return self.duckdb.replace("{timezone}", inputs.timezone).replace("{as_of}", inputs.as_of)


# As people write them: +86, 0086, blanks, dots and dashes, beside letters; full-width digits are folded first.
_PHONE = r"(^|[^0-9])((?:(?:00|\+)?86)?[ .-]?1[3-9][0-9])[ .-]?[0-9]{4}[ .-]?([0-9]{4})($|[^0-9])"
_MAIL = r"([0-9A-Za-z])[0-9A-Za-z._%+-]*@([0-9A-Za-z.-]+\.[A-Za-z]{2,})"
_HALF_WIDTH = "translate(value, '０１２３４５６７８９＋－＠．　', '0123456789+-@. ')"
# Twice: two numbers may share the one character between them.
_NO_PHONES = f"regexp_replace(regexp_replace({_HALF_WIDTH}, '{_PHONE}', '\\1\\2****\\3\\4', 'g'), '{_PHONE}',"
_NO_PHONES += " '\\1\\2****\\3\\4', 'g')"

FUNCTIONS = (
    SemanticFunction("fn_as_of", "", "date '{as_of}'", "The last business date that counts."),
    SemanticFunction(
        "fn_as_of_end",
        "",
        "timezone('UTC', timezone('{timezone}', cast(date '{as_of}' + interval 1 day as timestamp)))",
        "The UTC moment at which the as_of date ends: facts lie before it.",
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
        "sha256(key || sha256(key || value)), the key being the salt.",
    ),
    SemanticFunction(
        "fn_mask_text",
        "value",
        f"regexp_replace({_NO_PHONES}, '{_MAIL}', '\\1***@\\2', 'g')",
        "A text with the mobiles and mail addresses in it masked, the rest as it is.",
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
        "A personal value masked whole: 138****1234, z***@firm.cn, 王**, abc***42.",
    ),
)
