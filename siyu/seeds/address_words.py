"""Words of addresses, and the form that keys of addresses give them (reference/address_words.csv), validated."""

from __future__ import annotations

import re
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict

from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.rule_rows import fits
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table

Kind = Literal["street", "ending", "direction", "ordinal", "box", "unit", "floor", "building", "dropped", "country"]
# Kinds whose words the key writes in the form of the row. The others are a sign, or left out.
WITH_NORMAL = frozenset({"street", "ending", "direction", "ordinal", "box"})
FOLDED = "use lower case without accents and punctuation, as fn_address_words writes words: strasse, not Straße."
WORD = r"[a-z][a-z0-9]*"


class AddressWord(BaseModel):
    """A word, or the name of a country, as fn_address_words writes it; and its form in keys."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    word: Annotated[str, fits(re.compile(f"{WORD}( {WORD})*"), FOLDED)]
    normal: str | None
    kind: Kind


def _row(row: Cells, types: IdentifierTypes) -> Found:
    kind, normal = row["kind"], row["normal"]
    if " " in row["word"] and kind != "country" and kind in get_args(Kind):
        yield f"{row['word']!r} has a blank", "write one word: only a country may have several."
    if kind in WITH_NORMAL and not re.fullmatch("[a-z0-9]+", normal):
        yield f"normal is {normal!r}", f"write one word for it. {FOLDED.capitalize()}"
    if kind in get_args(Kind) and kind not in WITH_NORMAL and normal:
        yield f"normal is {normal!r}, which a word of kind {kind} does not have", "leave it empty."


def _all(rows: Rows) -> FoundAt:
    """Report a word of two meanings, and a form that is itself a word for something else: keys would not meet."""
    words = {row["word"]: (number, row) for number, row in reversed(rows) if row["kind"] not in ("ending", "country")}
    for number, row in rows:
        if row["kind"] in ("ending", "country"):
            continue
        first, other = words[row["word"]]
        if first != number and other["kind"] != row["kind"]:
            yield number, f"{row['word']} is already in row {first}, as {other['kind']}", "remove one of the two rows."
        meant = words.get(row["normal"])
        if meant and row["kind"] in WITH_NORMAL and meant[1]["normal"] != row["normal"]:
            yield (
                number,
                f"the normal of {row['word']} is {row['normal']}, which row {meant[0]} changes again",
                f"write {meant[1]['normal'] or 'another word'}, or remove row {meant[0]}.",
            )


ADDRESS_TABLES = {"address_words": Table(AddressWord, (("word", "kind"),), of_row=_row, of_all=_all)}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in ADDRESS_TABLES.items()}
