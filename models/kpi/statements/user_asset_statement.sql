/*
description: The user asset statement 用户资产表; by month and touchpoint, how many people could be
  reached at the beginning, who came, came back, were lost and were erased, and how many could be
  reached at the end. The line 'all' counts everybody once.
grain: [month, touchpoint]
*/
with

-- Months up to as_of; the last one may still run.
months as (
    select
        month,
        month_start_date,
        max(calendar_date) as until_date
    from {{ ref('dim_date') }}
    where days_ago >= 0
    group by month, month_start_date
),

first_months as (
    select min(month_start_date) as first_month
    from months
),

published as (
    select
        month,
        touchpoint,
        until_date,
        closing
    from {{ previous('this') }}
),

-- What happened before the first month of the calendar is part of its opening.
flows as (
    select
        coalesce(f.member, 'all') as touchpoint,
        f.flow_date,
        strftime(greatest(f.flow_date, m.first_month), '%Y-%m') as month,
        f.flow_date >= m.first_month as is_in_month,
        f.added_count,
        f.returned_count,
        f.lost_count,
        f.erased_count,
        f.added_count + f.returned_count - f.lost_count - f.erased_count as net_count
    from {{ ref('reachable_flow') }} as f
    cross join first_months as m
    where f.dimension in ('total', 'touchpoint')
),

-- `known_count` is the part of the month that the last release knew.
movements as (
    select
        f.month,
        f.touchpoint,
        sum(case when f.is_in_month then f.added_count else 0 end) as added,
        sum(case when f.is_in_month then f.returned_count else 0 end) as returned,
        sum(case when f.is_in_month then f.lost_count else 0 end) as lost,
        sum(case when f.is_in_month then f.erased_count else 0 end) as erased,
        sum(f.net_count) as net_count,
        sum(case when f.flow_date <= p.until_date then f.net_count else 0 end) as known_count
    from flows as f
    left join published as p on f.month = p.month and f.touchpoint = p.touchpoint
    group by f.month, f.touchpoint
),

-- Lines that were published stay, also if nobody is left in them.
line_months as (
    select
        touchpoint,
        month
    from movements
    union all
    select
        touchpoint,
        month
    from published
),

touchpoints as (
    select
        touchpoint,
        min(month) as first_month
    from line_months
    group by touchpoint
),

lines as (
    select
        m.month,
        m.until_date,
        t.touchpoint,
        coalesce(v.added, 0) as added,
        coalesce(v.returned, 0) as returned,
        coalesce(v.lost, 0) as lost,
        coalesce(v.erased, 0) as erased,
        coalesce(v.net_count, 0) as net_count,
        coalesce(v.known_count, 0) as known_count
    from touchpoints as t
    inner join months as m on t.first_month <= m.month
    left join movements as v on m.month = v.month and t.touchpoint = v.touchpoint
),

balanced as (
    select
        month,
        until_date,
        touchpoint,
        added,
        returned,
        lost,
        erased,
        known_count - net_count as unknown_count,
        sum(net_count) over (
            partition by touchpoint order by month
            rows between unbounded preceding and current row
        ) as closing
    from lines
)

select
    cast(b.month as varchar) as month,  -- Month, as 2026-07.
    cast(b.touchpoint as varchar)
        as touchpoint,  -- Touchpoint; all = any of them, everybody counted once.
    cast(
        case
            when b.touchpoint = 'all' then '全部触点（去重）' else coalesce(d.name_zh, b.touchpoint)
        end as varchar
    )
        as touchpoint_zh,  -- Chinese name of the touchpoint.
    cast(
        case
            when b.touchpoint = 'all' then 'All, without duplicates'
            else coalesce(d.name_en, b.touchpoint)
        end as varchar
    )
        as touchpoint_en,  -- English name of the touchpoint.
    cast(b.until_date as date)
        as until_date,  -- Last business date of the line: the end of the month, or as_of.
    cast(b.closing - b.added - b.returned + b.lost + b.erased as bigint)
        as opening,  -- 期初: people who could be reached when the month began.
    cast(b.added as bigint) as added,  -- 新增: people who could be reached for the first time.
    cast(b.returned as bigint) as returned,  -- 回流: times that a lost person came back.
    cast(b.lost as bigint) as lost,  -- 流失: times that the last open link of a person ended.
    cast(b.erased as bigint) as erased,  -- 删除: people who asked to be erased.
    cast(b.closing as bigint)
        as closing,  -- 期末: opening + added + returned - lost - erased, at the end of until_date.
    cast(b.closing + b.unknown_count - p.closing as bigint)
        as restated  -- 追溯调整: change of what the last release gave; NULL = a new line.
from balanced as b
left join published as p on b.month = p.month and b.touchpoint = p.touchpoint
left join {{ ref('dim_touchpoint') }} as d on b.touchpoint = d.touchpoint
