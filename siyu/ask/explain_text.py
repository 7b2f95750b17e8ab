"""Render the result of `siyu explain` as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from siyu.ask.evidence import Row
from siyu.ask.tags_text import tag_block
from siyu.seeds.decisions import RECORD

SHOWN = 20  # entries of each list; --json shows all
RESOLUTIONS = {"own": "a full name 全称", "short": "a short name that only this company matches 简称唯一"}
RULES = {
    "link": "linked 人工合并",
    "unlink": "unlinked 人工拆分",
    "exclude": "excluded 人工排除",
    "erase": "to be erased 要求删除",
}


def explained(told: Row) -> str:
    """Return a page of text: who it is, what connects the records, what was kept apart, and the history."""
    told = _local(told, ZoneInfo(told["timezone"]))
    return "\n".join(_two(told) if len(told["asked"]) == 2 else _one(told))


def _local(value: Any, zone: ZoneInfo) -> Any:
    """Convert every moment in the value from UTC to the time zone."""
    if isinstance(value, dict):
        return {name: _local(item, zone) for name, item in value.items()}
    if isinstance(value, list):
        return [_local(item, zone) for item in value]
    return value.replace(tzinfo=UTC).astimezone(zone) if isinstance(value, datetime) else value


def _one(told: Row) -> Iterator[str]:
    asked = told["asked"][0]
    if asked["id"] is None:
        yield f"{_text(asked)} belongs to nobody 不属于任何人 ({asked['status']}), as of {told['as_of']}"
        yield from _section("identifiers on it 所带标识", told.get("carried", []), _carried)
        yield from _section("why 原因", told["audit"], _finding)
        yield from _section("decisions 人工裁定", told["rules"], _rule)
        yield from _section("company named on it 所属企业", told.get("accounts_named", []), _named_account)
        return
    name = told["golden_record"].get("full_name") or told["golden_record"].get("company_name") or ""
    yield f"{asked['id']}  {name}".rstrip() + f"  as of {told['as_of']}"
    if asked["text"] != asked["id"]:
        yield f"asked for 查询: {asked['text']}"
    if told.get("open_candidates"):
        number = told["open_candidates"]
        named = "1 open candidate" if number == 1 else f"{number} open candidates"
        yield f"{named} 疑似重复: siyu candidates --of {asked['id']}"
    yield from _section("identifiers 标识", told["identifiers"], _identifier)
    yield from _section("evidence 证据链, strongest first; the edges with * are enough to connect all identifiers",
                        told["evidence"], _evidence)  # fmt: skip
    yield from _section("kept apart 断开", told["cuts"], _cut)
    yield from _section("findings 发现", told["audit"], _finding)
    yield from _section("decisions 人工裁定", told["rules"], _rule)
    yield from _section("companies 所属企业", told.get("accounts", []), _account)
    yield from _section("names 名称", told.get("names", []), _name)
    yield from _section("people 成员", told.get("people", []), _member)
    yield from _records(told["records"])
    yield from _section("history 变更历史", told["history"], _change)
    yield from _section("former IDs 曾用 ID", told["aliases"], _alias)
    yield from tag_block(told["tags"])


def _two(told: Row) -> Iterator[str]:
    one, other = told["asked"]
    kind = {"person": "the same person 同一人", "company": "the same company 同一企业"}[one["entity"]]
    if told["is_same"]:
        yield f"{_text(one)} and {_text(other)} are {kind}: {one['id']}, as of {told['as_of']}"
        if told["chain"]:
            yield from _section("because 依据", told["chain"], _link)
        elif told["short_names"]:
            yield f"because no other company matches the short name 简称唯一: {', '.join(told['short_names'])}"
        else:
            yield "because both lead to the same identifier"
    else:
        yield f"{_whose(one)} and {_whose(other)} are not {kind}, as of {told['as_of']}"
        yield from _section("cut between them 断开", told["cuts"], _cut)
        yield from _section("why 原因", told["audit"], _finding)
        if not told["cuts"] and not told["audit"]:
            yield "no record has identifiers of both 没有记录同时带有两者的标识"
    yield from _section("decisions 人工裁定", told["rules"], _rule)


def _text(asked: Row) -> str:
    """Return the text that was asked for, with an identifier in its normal form."""
    as_asked = asked["text"] == asked["id"] or asked["id_type"] in ("record", "company_name")
    return (
        asked["text"] if as_asked or asked["text"].startswith("record:") else f"{asked['id_type']}:{asked['id_value']}"
    )


def _whose(asked: Row) -> str:
    text = _text(asked)
    return text if text == asked["id"] else f"{text} ({asked['id'] or 'nobody'})"


def _carried(row: Row) -> str:
    return f"{row['identifier']}  {row['status']}"


def _named_account(row: Row) -> str:
    return f"{row['account_id']}  {row['company_name'] or ''}".rstrip()


def _section(title: str, rows: Sequence[Row], line: Any) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{title} ({len(rows)})"
        yield from (f"  {line(row)}" for row in rows[:SHOWN])
    if len(rows) > SHOWN:
        yield f"  … {len(rows) - SHOWN} more: --json shows all"


def _day(moment: Any) -> str:
    return str(moment)[:10] if moment is not None else "?"


def _count(records: int) -> str:
    return "1 record" if records == 1 else f"{records} records"


def _identifier(row: Row) -> str:
    marks = [
        "anchor of the ID 锚点" if row["is_anchor"] else "",
        "contested 多人争用" if row["is_contested"] else "",
        "short name that only this company matches 简称唯一" if row["is_short_name"] else "",
    ]
    told = f"{row['id_type']}:{row['id_value']}  {_count(row['record_count'])} in {row['channels']}"
    return ", ".join([told, *filter(None, marks)])


def _evidence(row: Row) -> str:
    return f"{'*' if row['is_strongest'] else ' '} {_link(row)}"


def _link(row: Row) -> str:
    days = f", {_day(row['first_seen_at'])} to {_day(row['last_seen_at'])}" if row["by"] != "candidate" else ""
    by = f"{row['channels']}{days}" if row["channels"] else ""
    words = {"human": "linked by a human 人工合并", "candidate": "a candidate that joined by itself 按得分自动合并"}
    human = words.get(row["by"], f"strength {row['strength']}")
    return f"{row['left']} – {row['right']}  " + "; ".join(filter(None, [human, by]))


def _cut(row: Row) -> str:
    whose = f"{row['left_of']} | {row['right_of']}"
    told = f"{row['left']} | {row['right']}  {row['reason']} {row['reason_zh']}; {whose}"
    return f"{told}; {row['channels']}" if row["channels"] else told


def _finding(row: Row) -> str:
    counted = f", {row['counted']}" + (f" {row['other_id_type']}s" if row["other_id_type"] else "")
    counted += f" (at most {row['allowed']})" if row["allowed"] is not None else ""
    told = f"{row['id_type']}:{row['id_value']}  {row['reason']} {row['reason_zh']}{counted}"
    rest = [f"for example {row['sample']}" if row["sample"] else "", row["detail"] or "", row["what_to_do"]]
    return "; ".join([told, *filter(None, rest)])


def _rule(row: Row) -> str:
    one, other = (_decided(row, side) for side in ("left", "right"))
    who = f"{_day(row['decided_at'])} by {row['decided_by'] or '?'} ({row['origin']})"
    named = " and ".join(filter(None, (one, other)))
    why = " ".join((row["reason"] or "no reason given").split())
    return f"{RULES[row['decision']]} {named}  {row['effect']} {row['effect_zh']}; {who}: {why}"


def _decided(row: Row, side: str) -> str:
    """A side of a decision; a record with the identifier that it stands for."""
    id_type, value, record = (row[f"{side}_{part}"] for part in ("type", "value", "record"))
    identifier = f"{id_type}:{value}" if id_type else ""
    if record is None or id_type == RECORD:
        return identifier
    return f"{RECORD}:{record} ({identifier})"


def _account(row: Row) -> str:
    return f"{row['account_id']}  {row['company_name'] or ''}  {_tenure(row)}, {_count(row['record_count'])}"


def _tenure(row: Row) -> str:
    since = _day(row["valid_from_at"])
    if row["is_current"]:
        return f"now 现任, since {since}"
    return f"{since} to {_day(row['valid_to_at'])} 曾任" if row["valid_from_at"] else "only mentioned 仅提及"


def _name(row: Row) -> str:
    return f"{row['company_name']}  {RESOLUTIONS[row['resolution']]}, {_count(row['record_count'])}"


def _member(row: Row) -> str:
    who = " ".join(filter(None, (row["full_name"], row["title"])))
    return f"{row['one_id']}  {who}  {_tenure(row)}"


def _records(records: Row) -> Iterator[str]:
    by_channel = ", ".join(f"{channel} {count}" for channel, count in records["channels"].items())
    yield ""
    yield f"records 记录 ({records['count']}): {by_channel}"
    yield from (f"  {row['channel']}  {row['record_id']}" for row in records["shown"])
    if records["count"] > len(records["shown"]):
        yield f"  … {records['count'] - len(records['shown'])} more: --records N shows N"


def _change(row: Row) -> str:
    return f"{row['moved_on']}  {row['id_type']}:{row['id_value']}  {row['left_id']} → {row['joined_id'] or 'nobody'}"


def _alias(row: Row) -> str:
    primary = ", resolves here" if row["is_primary"] else ""
    return f"{row['since_date']}  {row['former']} {row['reason']}: {row['became'] or 'nobody'}{primary}"
