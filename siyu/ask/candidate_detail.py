"""One candidate in full: both golden records, records of each side by channel, and the evidence with its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from siyu.ask.candidates import COMMAND, Candidate, candidates_named, generator_names, parts
from siyu.ask.list_names import named
from siyu.ask.lookup import ENTITIES, Lookup, current_release
from siyu.settings import Settings

FIELDS = {
    "person": {
        "full_name": "name 姓名", "company_name": "company 公司", "title": "title 职务", "mobile": "mobile 手机",
        "email": "mail 邮箱", "province": "province 省份", "city": "city 城市",
        "first_channel": "first channel 首个渠道",
        "first_seen_date": "first seen 首次出现", "last_seen_date": "last seen 最近出现",
    },
    "company": {
        "company_name": "name 名称", "credit_code": "credit code 信用代码", "crm_account_id": "CRM account 客户编号",
        "email_domain": "mail domain 邮箱域名", "industry": "industry 行业", "size": "size 规模",
        "province": "province 省份", "people_count": "people 人数", "first_seen_date": "first seen 首次出现",
        "last_seen_date": "last seen 最近出现",
    },
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """A piece of evidence in words. `weight` says how much: bits, or between which bits if it depends on rarity."""

    evidence: str
    is_for: bool
    text_en: str
    text_zh: str
    weight: str


@dataclass(frozen=True)
class CandidateDetail:
    """A candidate in full. `channels` are the numbers of records of each side, by channel."""

    release: str
    as_of: date
    candidate: Candidate
    channels: tuple[Mapping[str, int], Mapping[str, int]]
    findings: tuple[Finding, ...]
    kpis: Mapping[str, Sequence[str]]
    generators: Mapping[str, Sequence[str]]


def candidate_detail(settings: Settings, text: str) -> CandidateDetail:
    """Return the candidate of a number or ID. Raises WrongQuestion if there is none."""
    with current_release(settings) as lookup:
        (found,) = candidates_named(lookup, [text], COMMAND)
        left, right = (_channels(lookup, found.entity, side.id) for side in found.sides)
        return CandidateDetail(
            lookup.release.name, lookup.release.as_of, found, (left, right), tuple(_findings(lookup, found)),
            named(lookup.reference("kpis"), "kpi_code"), generator_names(lookup),
        )  # fmt: skip


def _channels(lookup: Lookup, entity: str, own_id: str) -> dict[str, int]:
    rows = lookup.session.rows(
        f"select channel, count(*) from {lookup.table('record_person')} where {ENTITIES[entity].id} = ?"
        " group by channel order by channel",
        [own_id],
    )
    return dict(rows)


def _findings(lookup: Lookup, candidate: Candidate) -> list[Finding]:
    told = candidate.told
    rows = {row["evidence"]: row for row in lookup.reference("candidate_evidence") if row["entity"] == candidate.entity}
    found: list[Finding] = []
    for side in ("for", "against"):
        codes = parts(told[f"found_{side}"])
        english, chinese = (told[f"text_{side}{suffix}"] or "" for suffix in ("", "_zh"))
        texts = _aligned(codes, english, "; "), _aligned(codes, chinese, "；")
        found += [
            Finding(code, side == "for", en, zh, _weight(rows.get(code)))
            for code, en, zh in zip(codes, *texts, strict=True)
        ]
    return found


def _aligned(codes: Sequence[str], text: str, mark: str) -> list[str]:
    """Return the words of each finding. A value may have the mark in it: then the first line has all words."""
    words = text.split(mark) if codes else []
    return words if len(words) == len(codes) else [text, *[""] * (len(codes) - 1)]


def _weight(row: Mapping[str, Any] | None) -> str:
    """Return the bits of a finding: 1 bit doubles the odds."""
    if row is None:
        return ""
    if row["by_rarity"] != "true":
        return f"{float(row['bits']):+g} bits"
    most = f" to {float(row['most_bits']):+g}" if row["most_bits"] else " or more"
    return f"{float(row['bits']):+g}{most} bits, the rarer the more 越少见越多"
