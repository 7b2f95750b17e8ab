"""The tables that candidates (疑似重复) are found and weighed by, validated before a build.

candidate_generators, candidate_evidence, candidate_effects, forms_of_address, pinyin.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from siyu.errors import ConfigError, SiyuError, nearest
from siyu.seeds.identifier_types import IdentifierTypes
from siyu.seeds.references import Reference, reference_rows
from siyu.seeds.rule_rows import Name, Text, fits
from siyu.seeds.table_checks import Cells, Found, FoundAt, Rows, Table

BAR = "|"
# What the models of identity/candidates implement: who finds pairs, and what speaks for or against a pair.
GENERATORS = {
    "person": (
        "near_mobile", "near_mail", "same_company", "near_name", "rare_name", "near_composite", "person_matcher",
    ),
    "company": ("near_company", "company_sound", "abbreviation", "same_people", "near_domain", "company_matcher"),
}  # fmt: skip
EVIDENCE = {
    "person": (
        "same_name", "same_sound", "near_name", "similar_name", "other_name", "near_mobile", "other_mobile",
        "near_mail", "same_mailbox", "other_mail", "same_company", "other_company", "same_city", "other_city",
        "same_title", "other_title", "two_accounts", "two_identities", "near_composite", "same_part", "near_part",
        "other_part", "matcher", "no_contact",
    ),
    "company": (
        "same_core", "same_core_sound", "near_core", "similar_core", "abbreviates", "other_core", "same_region",
        "other_region", "shared_people", "same_domain_label", "near_domain", "other_domain", "other_credit_code",
        "matcher",
    ),
}  # fmt: skip
# Evidence of which the models count how many have the value: only this can weigh more if it is rare.
COUNTED = {
    "person": ("same_name", "same_sound", "same_mailbox", "same_company", "same_city", "same_title", "same_part"),
    "company": (
        "same_core", "same_core_sound", "near_core", "similar_core", "abbreviates", "same_region", "same_domain_label",
        "near_domain",
    ),
}  # fmt: skip
BITS = re.compile(r"-?(0|[1-9][0-9]?)([.][0-9]{1,2})?", re.ASCII)
Bits = Annotated[str, fits(BITS, "write a number such as 7.5 or -4: 1 bit doubles the odds, -1 halves them.")]
FORM = re.compile(r"[一-龥]{2,}|[A-Za-zß-ɏ]+")
SLOT = re.compile(r"[{]([^{}]*)[}]")
SLOTS = ("left", "right")
Entity = Literal["person", "company"]


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Generator(_Row):
    """Who finds pairs. `needs` lists what must be found about a pair of it, separated by bars: one of these."""

    generator: Name
    entity: Entity
    family: Literal["contact", "context"] | None
    is_on: Literal["true", "false"]
    needs: Text
    name_en: Text
    name_zh: Text
    description: Text


class Evidence(_Row):
    """What speaks for or against a pair, in bits. `by_rarity` adds bits for a rare value, up to `most_bits`."""

    evidence: Name
    entity: Entity
    field: Name
    bits: Bits
    by_rarity: Literal["true", "false"]
    most_bits: Bits | None
    text_en: Text
    text_zh: Text


class Effect(_Row):
    """A KPI that changes if a pair is linked, and what the two must have for that."""

    entity: Entity
    happens_with: Literal[
        "records", "touches_of_both", "links_of_both", "deals_of_one", "deals_of_both", "tickets_of_one",
    ]  # fmt: skip
    kpi_code: Name


class FormOfAddress(_Row):
    """A word beside a name that is no part of it, such as 经理 or Mr."""

    word: Annotated[
        str, fits(FORM, "write Latin letters only, or at least two Chinese characters: names may end in one.")
    ]
    description: str | None


class Sound(_Row):
    """How a character is pronounced (拼音)."""

    letter: Annotated[str, fits(re.compile("[一-龥]"), "write one Chinese character.")]
    sound: Annotated[str, fits(re.compile("[a-z]+"), "write pinyin in lower case without tones, such as lv for 绿.")]


def _known(row: Cells, column: str, known: Mapping[str, tuple[str, ...]]) -> Found:
    """Report a name that the models do not have, or have for the other entity."""
    name, entity = row[column], row["entity"]
    others = [other for other, names in known.items() if name in names]
    if name and entity in known and name not in known[entity]:
        if others:
            yield f"{column} {name} is of entity {others[0]}, not {entity}", f"write {others[0]} as entity."
        else:
            yield f"no model finds the {column} {name} of a {entity}", nearest(name, known[entity])


def _generator(row: Cells, _: IdentifierTypes) -> Found:
    yield from _known(row, "generator", GENERATORS)
    if row["needs"] and not all(need.strip() for need in row["needs"].split(BAR)):
        yield f"needs is {row['needs']!r}, with an empty name", f"write one {BAR} between two names."
    elif any(need != need.strip() for need in row["needs"].split(BAR)):
        yield f"needs is {row['needs']!r}, with a blank beside a name", f"write {BAR} without blanks between two names."


def _evidence(row: Cells, _: IdentifierTypes) -> Found:
    yield from _known(row, "evidence", EVIDENCE)
    bits, most, name = row["bits"], row["most_bits"], row["evidence"]
    if row["by_rarity"] == "true" and name in EVIDENCE.get(row["entity"], ()) and name not in COUNTED[row["entity"]]:
        yield f"by_rarity is true, but nobody counts who has what {name} finds", "write false: it weighs its bits."
    if row["by_rarity"] == "true" and not most:
        yield "by_rarity is true and most_bits is empty", "write how many bits it says at most, such as 14."
    elif row["by_rarity"] == "false" and most:
        yield f"by_rarity is false and most_bits is {most}", "leave most_bits empty, or write true as by_rarity."
    elif most and BITS.fullmatch(bits) and BITS.fullmatch(most) and Decimal(most) < Decimal(bits):
        yield f"most_bits is {most} and bits is {bits}", "write more bits as most_bits: rarity only adds to bits."
    for column in ("text_en", "text_zh"):
        for slot in SLOT.findall(row[column]):
            if slot not in SLOTS:
                yield f"{column} has {{{slot}}}", "write {left} or {right}, which stand for the two values."


def _all_of(rows: Rows, column: str, known: Mapping[str, tuple[str, ...]], fix: str) -> FoundAt:
    listed = {(row["entity"], row[column]) for _, row in rows}
    for entity, names in known.items():
        for name in names:
            if (entity, name) not in listed:
                yield None, f"{name} of a {entity} is missing", fix


def _generators(rows: Rows) -> FoundAt:
    return _all_of(rows, "generator", GENERATORS, "add its row: is_on false switches it off.")


def _all_evidence(rows: Rows) -> FoundAt:
    return _all_of(rows, "evidence", EVIDENCE, "add its row: with 0 bits it says nothing.")


EVIDENCE_TABLES = {
    "candidate_generators": Table(Generator, (("generator",),), of_row=_generator, of_all=_generators),
    "candidate_evidence": Table(Evidence, (("entity", "evidence"),), of_row=_evidence, of_all=_all_evidence),
    "candidate_effects": Table(Effect, (("entity", "happens_with", "kpi_code"),)),
    "forms_of_address": Table(FormOfAddress, (("word",),)),
    "pinyin": Table(Sound, (("letter",),)),
}
COLUMNS = {name: tuple(table.row.model_fields) for name, table in EVIDENCE_TABLES.items()}


def evidence_errors(tables: Mapping[str, Reference]) -> Iterator[SiyuError]:
    """Report effects on KPIs that kpis.csv does not have, and needs of generators that no evidence of theirs is."""
    codes = [row["kpi_code"] for row in reference_rows(tables["kpis"])]
    for number, row in enumerate(reference_rows(tables["candidate_effects"]), start=2):
        if row["kpi_code"] and row["kpi_code"] not in codes:
            problem = f"candidate_effects: kpis.csv does not have the KPI {row['kpi_code']}"
            fix = nearest(row["kpi_code"], codes) or "write a kpi_code of kpis.csv."
            yield ConfigError(problem, tables["candidate_effects"].place(number), fix)
    for number, row in enumerate(reference_rows(tables["candidate_generators"]), start=2):
        known = EVIDENCE.get(row["entity"], ())
        for need in (one.strip() for one in row["needs"].split(BAR)):
            if need and known and need not in known:
                problem = (
                    f"candidate_generators: {row['generator']} needs {need}, which is no evidence of a {row['entity']}"
                )
                yield ConfigError(problem, tables["candidate_generators"].place(number), nearest(need, known))
