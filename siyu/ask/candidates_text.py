"""Render the results of `siyu candidates` as text: the ranked list, and one candidate in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from siyu.ask.candidate_detail import FIELDS, CandidateDetail, Finding
from siyu.ask.candidates import DECIDED, Candidate, CandidateList, Side, Wanted
from siyu.ask.journey_words import count
from siyu.ask.text_columns import columns_of, cut_to, padded, wrapped
from siyu.ask.work_list import plain
from siyu.masking import one_line

WIDTH = 100
LABEL = 15  # columns of a label
ENTITIES = {"person": "person 个人", "company": "company 企业"}
WHO = {
    "person": ("full_name", "title", "company_name", "mobile", "email"),
    "company": ("company_name", "credit_code", "email_domain", "province"),
}
MARKS = {"unsure": "unsure 存疑", "joined": "joined 已自动合并", "decided": "decided 已裁定"}
VERDICTS = {"accept": "the same 同一", "refuse": "not the same 不同", "unsure": "unsure 存疑"}
Names = Mapping[str, Sequence[str]]


def list_text(found: CandidateList, wanted: Wanted) -> str:
    """Return the ranked list: who the two are, what speaks for and against it, and what would follow."""
    lines = list(_headline(found))
    if not found.candidates:
        lines += ["", "no candidates 没有候选"]
    for candidate in found.candidates:
        lines += ["", *candidate_lines(candidate, found.kpis, found.generators)]
    return "\n".join([*lines, "", *(line for text in _rest(found, wanted) for line in wrapped(text, WIDTH))])


def _headline(found: CandidateList) -> Iterator[str]:
    counts = found.counts
    yield f"candidates 疑似重复 as of {found.as_of}, release {found.release}"
    yield f"{counts['open']} open 待定, {counts['unsure']} unsure 存疑, {counts['joined']} joined 已自动合并"


def candidate_lines(candidate: Candidate, kpis: Names, generators: Names) -> Iterator[str]:
    """Yield the lines of a candidate in the list."""
    mark = MARKS.get(candidate.status, "")
    mark = f"{mark}: {VERDICTS[candidate.verdict]}" if candidate.verdict else mark
    head = (f"{candidate.number:>3}", candidate.candidate_id, f"{candidate.score:.3f}", ENTITIES[candidate.entity])
    yield "  ".join(filter(None, (*head, mark)))
    for label, side in zip(("first 甲", "second 乙"), candidate.sides, strict=True):
        known_by = f"  {one_line(side.text)}" if candidate.is_one else ""  # the rest is the same on both sides
        yield from _labelled(label, who(candidate.entity, side) + known_by)
    yield from evidence_lines(candidate)
    yield from _labelled("found by 来源", "; ".join(named_codes(candidate.generators, generators)))
    yield from _labelled("as one 合并后" if candidate.is_one else "if one 合并后", _effect(candidate, kpis))


def who(entity: str, side: Side) -> str:
    """Return who a side is: the values that people know it by, else its oldest identifier, and its ID. A company that
    is only a name on records of another one has no golden record."""
    values = [one_line(plain(side.golden.get(name))) for name in WHO[entity]]
    return "  ".join([*(filter(None, values) if any(values) else [one_line(side.text)]), side.id])


def evidence_lines(candidate: Candidate) -> Iterator[str]:
    """Yield what speaks for and against a candidate, in English and in Chinese."""
    for label, name in (("for 支持", "text_for"), ("against 反对", "text_against")):
        texts = [text for text in (candidate.told[name], candidate.told[f"{name}_zh"]) if text]
        for place, text in enumerate(texts):
            yield from _labelled("" if place else label, one_line(text))


def named_codes(codes: Sequence[str], names: Names) -> list[str]:
    """Return codes by their names: English, then Chinese."""
    return [" ".join([*reversed(names.get(code, ())), *(() if code in names else (code,))]) for code in codes]


def _effect(candidate: Candidate, kpis: Names) -> str:
    left, right = candidate.sides
    changed = named_codes(candidate.kpis, kpis)
    changes = f"; changes 影响指标: {', '.join(changed)}" if changed else ""
    if candidate.is_one:
        return f"{count(left.record_count, 'record')} 条记录, {count(left.deal_count, 'deal')} 笔商机与订单{changes}"
    told = f"{count(left.record_count, 'record')} + {right.record_count} 条记录"
    if candidate.deal_count:
        amount = f"amount 金额 {candidate.told['deal_amount']:,.2f}"
        told += f"; {count(left.deal_count, 'deal')} + {right.deal_count} 笔商机与订单, {amount}"
    return told + changes


def _labelled(label: str, text: str) -> Iterator[str]:
    for line in wrapped(text, WIDTH - 5 - LABEL):
        yield f"     {padded(label, LABEL)}{line}"
        label = ""


def _rest(found: CandidateList, wanted: Wanted) -> Iterator[str]:
    """Yield what the list does not show, and how to decide."""
    fitting = sum(found.counts.values()) if wanted.status == "all" else found.counts[wanted.status]
    more = fitting - len(found.candidates)
    if more > 0:
        files = "--csv candidates.csv for a spreadsheet 导出表格"
        yield f"{more} more 另有 {more} 个: --limit {fitting} shows all 显示全部; {files}"
    if found.counts["unsure"] and wanted.status not in ("unsure", "all"):
        yield f"{found.counts['unsure']} unsure 存疑: siyu candidates --status unsure"
    if found.counts[DECIDED]:
        since = "in force with the next siyu run 下次运行生效; --status all shows them"
        yield f"{found.counts[DECIDED]} decided since 已裁定: {since}"
    for row in found.cut:
        name = named_codes([row["generator"]], found.generators)[0]
        yield f"not searched 未查: {count(row['cut_count'], 'block')}, too large 过大: {name}"
    waiting = [candidate.number for candidate in found.candidates if candidate.status != DECIDED]
    if waiting:
        number = waiting[0]
        yield from _how(number)
        yield f"more 更多: siyu candidates {number} (in full 详情), siyu candidates --review (one by one 逐个裁定)"


def _how(number: int) -> Iterator[str]:
    yield f"decide 裁定: siyu link {number} (the same 同一), siyu unlink {number} (not the same 不同)"
    yield f"not sure 存疑: siyu candidates --unsure {number}"


def detail_text(found: CandidateDetail) -> str:
    """Return one candidate in full."""
    candidate = found.candidate
    lines = [f"candidate 疑似重复 as of {found.as_of}, release {found.release}"]
    lines += candidate_lines(candidate, found.kpis, found.generators)
    if candidate.rule:
        rule = candidate.rule
        lines += _labelled("decided 裁定", one_line(f"{rule['decision']}, {rule['decided_at']}, {rule['decided_by']}"))
    if candidate.is_one:
        lines.append(f"     they are one already 已自动合并: {candidate.left.id}")
    lines += [
        "",
        *_side_by_side(found),
        "",
        "evidence 证据, the strongest first; 1 bit doubles the odds 每位使几率翻倍",
    ]
    lines += [f"  {line}" for finding in found.findings for line in _finding(finding)]
    return "\n".join([*lines, "", *_how(candidate.number)])


def _finding(finding: Finding) -> Iterator[str]:
    sign = "+" if finding.is_for else "−"
    words = " ".join(filter(None, (one_line(finding.text_en), one_line(finding.text_zh)))) or finding.evidence
    weight = f" ({finding.weight})" if finding.weight else ""
    first, *others = wrapped(words + weight, WIDTH - 4)
    yield f"{sign} {first}"
    yield from (f"  {line}" for line in others)


def _side_by_side(found: CandidateDetail) -> Iterator[str]:
    """Yield the golden records beside each other. A * marks values that differ."""
    left, right = found.candidate.sides
    rows: list[tuple[str, str, str]] = [("ID", left.id, right.id)]
    rows.append(("known by 最早标识", left.text, right.text))
    for name, label in FIELDS[found.candidate.entity].items():
        values = [one_line(plain(_value(side.golden.get(name)))) for side in (left, right)]
        if any(values):
            rows.append((label, values[0], values[1]))
    channels = sorted({*found.channels[0], *found.channels[1]})
    for channel in channels:
        one, other = (str(own.get(channel, 0)) for own in found.channels)
        rows.append((f"{channel} records", one, other))
    rows.append(("deals 商机与订单", str(left.deal_count), str(right.deal_count)))
    first = max(columns_of(label) for label, _, _ in rows) + 4
    half = (WIDTH - first - 2) // 2
    for label, one, other in rows:
        mark = "*" if one and other and one != other and label != "ID" else " "
        yield f"{mark} {padded(label, first - 2)}{padded(cut_to(one, half), half)}  {cut_to(other, half)}".rstrip()


def _value(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str) else str(value)
