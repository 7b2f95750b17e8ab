"""Render the answer of `siyu kpi --why` as text and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from siyu.ask.evidence import Row
from siyu.ask.journey_words import both, count, joined
from siyu.ask.kpi_text import benchmark_line, kpi_lines, member_name, place_text, table_of
from siyu.ask.kpi_words import benchmark, edge, figure, part
from siyu.masking import one_line
from siyu.seeds.kpi_tables import STATUSES, listed

STAGING = "staging."
SHORT = 12  # characters of a hash
NO_CHANNEL = "–"  # tags and people are no records of a channel
NO_RECORDS = "siyu has no list of records for this figure, see the lineage below 此数值没有明细记录清单，来源见下方血缘"
OTHER_DIMENSIONS = "siyu lists the records of this KPI only by 此指标仅按以下维度提供明细"


def why_text(told: Row) -> Group:
    """Return what a figure rests on, what moved with it, and its lineage."""
    parts: list[Any] = [Text("\n".join([*kpi_lines(told["kpi"]), "", *_figure(told)]))]
    parts += _evidence(told) if told["evidence"] else [Text(f"\n{_no_records(told)}")]
    parts += _drivers(told)
    parts += _moved(told)
    parts.append(Text("\n".join(["", *_lineage(told["lineage"])])))
    return Group(*parts)


def _figure(told: Row) -> Iterator[str]:
    row, kpi = told["figure"], told["kpi"]
    yield f"{place_text(told)} on {row['as_of_date']}: {figure(row['value'], kpi)}  {both(row['status'], STATUSES)}"
    if row["denominator"] is not None:
        yield f"  numerator 分子 {part(row['numerator'], kpi)} / denominator 分母 {part(row['denominator'], kpi)}"
    if row["baseline"] is not None:
        low, high = (edge(row[name], kpi) for name in ("low", "high"))
        yield f"  baseline 基线 {edge(row['baseline'], kpi)}, usual band 正常区间 {low} to {high}"
    elif benchmark(row, kpi):
        yield benchmark_line(row, kpi)
    if row["target"] is not None:
        yield f"  month's target 月目标 {figure(row['target'], kpi)}"


def _evidence(told: Row) -> Iterator[Any]:
    found, kpi = told["evidence"], told["kpi"]
    has_denominator = "denominator" in found["parts"] and told["figure"]["denominator"] is not None
    yield Text("\nrecords 记录 by channel 按渠道")
    yield _channels(found["channels"], kpi, has_denominator)
    if not found["adds_up"]:
        sums = " / ".join(part(found[name], kpi) for name in found["parts"][: 1 + has_denominator])
        yield Text(
            f"  these records add up to {sums}, not to the figure: the model counts something that is not listed here"
            " 以上记录合计与数值不一致"
        )
    if found["records"]:
        more = found["record_count"] - len(found["records"])
        yield Text(f"\nlargest contributions 最大贡献{f' ({more} more 另有)' if more else ''}")
        yield _records(found["records"], kpi, has_denominator)


def _no_records(told: Row) -> str:
    if told["evidence_missing"]:
        return f"no list of records 没有明细记录清单: {told['evidence_missing']}"
    own = [name for name in told["evidence_dimensions"] if name in listed(told["kpi"]["dimensions"])]
    return f"{OTHER_DIMENSIONS}: {', '.join(own)}" if own else NO_RECORDS


def _channels(channels: Sequence[Row], kpi: Row, has_denominator: bool) -> Table:
    columns = {"channel 渠道": "left", "numerator 分子": "right", "records 记录": "right"}
    if has_denominator:
        columns |= {"denominator 分母": "right", "of records 记录": "right"}
    rows = [
        (row["channel"] or NO_CHANNEL, part(row["numerator"] or 0, kpi), f"{row['numerator_records']:,}",
         *((part(row["denominator"] or 0, kpi), f"{row['denominator_records']:,}") if has_denominator else ()))
        for row in channels
    ]  # fmt: skip
    return table_of(columns, rows)  # type: ignore[arg-type]


def _records(records: Sequence[Row], kpi: Row, has_denominator: bool) -> Table:
    columns = {"channel 渠道": "left", "record 记录": "left", "what 内容": "left", "who 对象": "left",
               "numerator 分子": "right", **({"denominator 分母": "right"} if has_denominator else {})}  # fmt: skip
    rows = [
        (row["channel"] or NO_CHANNEL, (row["record_id_hash"] or "")[:SHORT], row["what"], _who(row),
         part(row["numerator"], kpi), *((part(row["denominator"], kpi),) if has_denominator else ()))
        for row in records
    ]  # fmt: skip
    return table_of(columns, rows)  # type: ignore[arg-type]


def _who(row: Row) -> str:
    """Return the ID, the masked name and the company of whom a record belongs to."""
    if not row["one_id"] and not row["account_id"]:
        return "nobody known 未识别" if row["record_id_hash"] else NO_CHANNEL
    return joined(
        row["one_id"] or row["account_id"], row["full_name_masked"], row["mobile_masked"], row["company_name"]
    )


def _moved(told: Row) -> Iterator[Any]:
    if not told["moved"]:
        return
    kpi = told["kpi"]
    yield Text("\nwhat moved against its own baseline 与自身基线差异最大的成员")
    rows = [(found["dimension"], row) for found in told["moved"] for row in found["members"]]
    if rows:
        yield table_of(
            {"dimension 维度": "left", "member 成员": "left", "name 名称": "left", "value 值": "right",
             "baseline 基线": "right", "difference 差异": "right", "status 状态": "left"},
            [(dimension, row["member"] or "unknown", member_name(row), figure(row["value"], kpi),
              edge(row["baseline"], kpi), _difference(row, kpi), both(row["status"], STATUSES))
             for dimension, row in rows],
        )  # fmt: skip
    without = [found["dimension"] for found in told["moved"] if not found["members"]]
    if without:
        yield Text(f"  no baseline, or no difference 无基线或无差异: {', '.join(without)}")


def _drivers(told: Row) -> Iterator[Any]:
    """Yield the KPIs that the formula names, with their figures of the same day and member."""
    if told["drivers"]:
        yield Text("\nKPIs in its formula 公式中的指标")
        yield table_of(
            {"KPI 指标": "left", "name 名称": "left", "value 值": "right", "baseline 基线": "right",
             "difference 差异": "right", "status 状态": "left"},
            [(row["kpi_code"], joined(row["name_zh"], row["name_en"]), figure(row["value"], row),
              edge(row["baseline"], row), _difference(row, row), both(row["status"], STATUSES))
             for row in told["drivers"]],
        )  # fmt: skip


def _difference(row: Row, kpi: Row) -> str:
    if row["value"] is None or row["baseline"] is None:
        return "–"
    difference = row["value"] - row["baseline"]
    sign = "+" if difference > 0 else "−" if difference < 0 else ""
    return sign + figure(abs(difference), kpi, 1)


def _lineage(lineage: Row) -> Iterator[str]:
    yield f"lineage 血缘 of {lineage['model']}: {', '.join(lineage['columns'])}"
    for model, steps in groupby(lineage["steps"], key=lambda step: step["model"]):
        told = _reads(list(steps), with_columns=model == lineage["model"])
        if told and not model.startswith(STAGING):
            yield f"  {model} ← {told}"
    if lineage["exports"]:
        yield "  exports 渠道导出"
        for channel, exports in groupby(lineage["exports"], key=lambda row: row["channel"]):
            told = "; ".join(f"{row['export']} ({', '.join(row['columns'])})" for row in exports)
            yield one_line(f"    {channel}: {told}")
    if lineage["references"]:
        yield f"  reference tables 参考表: {', '.join(lineage['references'])}"
    if lineage["previous"]:
        yield f"  the release before 上一次发布: {', '.join(lineage['previous'])}"
    if lineage["has_people"]:
        yield "  people and companies 人和企业: OneID, from the records of all channels; siyu explain ID shows them"
    if not lineage["steps"]:
        yield "  none is recorded 无记录"


def _reads(steps: Sequence[Row], with_columns: bool) -> str:
    """Return what a model reads. Staging models are counted: the exports below say the same."""
    staged = sum(step["source"].startswith(STAGING) for step in steps)
    named = [
        step["source"] + (f" ({', '.join(step['columns'])})" if with_columns else "")
        for step in steps if not step["source"].startswith(STAGING)
    ]  # fmt: skip
    return ", ".join([*named, *([f"{count(staged, 'staging model')}"] if staged else [])])
