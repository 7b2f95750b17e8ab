/*
description: The KPIs 指标 by day, dimension and member, with their names, the calendar and the rule
  by which figures of several days or members become one.
grain: [business_date, kpi_code, dimension, member]
*/
{{ config(
    materialized='view',
    published='view',
    time='business_date',
    measures={
        'numerator': 'none', 'denominator': 'none', 'value': 'none', 'days_ago': 'none', 'baseline': 'none',
        'band_low': 'none', 'band_high': 'none', 'target': 'none', 'benchmark_low': 'none', 'benchmark_high': 'none'
    }
) }}
{%- set dimensions = reference('kpi_dimensions') %}
select
    v.as_of_date as business_date,  -- 业务日期. Business date; for a cohort the day it began.
    d.week,  -- 周编码. ISO week, as 2026-W27.
    d.week_zh as week_name_zh,  -- 周. ISO week in Chinese.
    d.month,  -- 月份. Month, as 2026-07.
    d.quarter,  -- 季度. Quarter, as 2026-Q3.
    d.days_ago,  -- 距今天数. 0 = the last day of the release.
    coalesce(
        d.days_ago = 0
        or d.calendar_date = d.month_start_date + interval 1 month - interval 1 day,
        false
    )
        as is_month_close,  -- 是否月末. True = last day of a month or of the release.
    v.kpi_code,  -- 指标编码. KPI, as in kpi.kpi_catalog.
    v.kpi_zh as kpi_name_zh,  -- 指标. Name of the KPI.
    v.kpi_en as kpi_name_en,  -- 指标英文名. Name of the KPI in English.
    k.family as kpi_family,  -- 指标模块. Family of the KPI.
    k.unit,  -- 单位. count, amount, rate, ratio, days, hours, minutes, months or mark.
    k.direction,  -- 方向. up: more is better; down: less is better.
    k.owner as kpi_owner,  -- 指标负责人. Who answers for the KPI.
    k.is_core,  -- 是否核心指标. True = the most important KPI now.
    v.dimension,  -- 维度编码. total = the whole. Filter by one.
    case v.dimension
        {%- for row in dimensions %}
        when {{ literal(row.dimension) }} then {{ literal(row.name_zh) }}
        {%- endfor %}
        else v.dimension
    end as dimension_name_zh,  -- 维度. Name of the dimension.
    case v.dimension
        {%- for row in dimensions %}
        when {{ literal(row.dimension) }} then {{ literal(row.name_en) }}
        {%- endfor %}
        else v.dimension
    end as dimension_name_en,  -- 维度英文名. Name of the dimension in English.
    v.member,  -- 成员编码. Member of the dimension; NULL = total, or unknown.
    v.member_zh as member_name_zh,  -- 成员. Name of the member.
    v.member_en as member_name_en,  -- 成员英文名. Name of the member in English.
    v.numerator,  -- 分子. Adds up as across_days and across_members say.
    v.denominator,  -- 分母. As the numerator; NULL for amounts and counts, which have none.
    v.value,  -- 指标值. The figure of this row. Never add it up.
    case when k.is_stock then 'last_day' when k.is_quotient then 'sum' else 'never' end
        as across_days,  -- 跨日规则. sum, last_day (a state) or never.
    case
        when v.dimension = 'total' then 'one_member'
        when
            k.is_additive
            and v.dimension in (
                ''
                {%- for row in dimensions
                    if row.is_partition == 'true' and row.dimension != 'total' %},
                {{ literal(row.dimension) }}
                {%- endfor %}
            )
            then 'sum'
        else 'never'
    end as across_members,  -- 跨成员规则. sum, never (use total) or one_member.
    v.baseline,  -- 基线. Median of the same weekday over the preceding days. Not to be added up.
    v.low as band_low,  -- 区间下限. Lower edge of the usual band. Not to be added up.
    v.high as band_high,  -- 区间上限. Upper edge of the usual band. Not to be added up.
    v.target,  -- 目标值. Target of the month. Not to be added up.
    v.benchmark_low,  -- 行业参考下限. What is usual elsewhere, from. Not to be added up.
    v.benchmark_high,  -- 行业参考上限. What is usual elsewhere, to. Not to be added up.
    v.status,  -- 状态编码. ok, watch, alert, no_baseline, immature or stale.
    case v.status
        when 'ok' then '正常'
        when 'watch' then '关注'
        when 'alert' then '预警'
        when 'no_baseline' then '无基线'
        when 'immature' then '未成熟'
        when 'stale' then '数据过期'
    end as status_name_zh  -- 状态. Name of the status.
from {{ ref('kpi_value') }} as v
inner join {{ ref('kpi_catalog') }} as k on v.kpi_code = k.kpi_code
left join {{ ref('dim_date') }} as d on v.as_of_date = d.calendar_date
