/*
description: The energy formula of private domain 私域能量公式 by month. guide_customers x reach_rate x
  scene_conversion_rate x revenue_per_buyer = net_amount of the guide customers whom we reached; two
  more lines complete net revenue.
grain: [month, line]
*/
with

lines as (
    select
        'reached' as line,
        1 as line_order,
        '已触达的导购客群' as line_zh,
        'Guide customers reached' as line_en
    union all
    select
        'not_reached' as line,
        2 as line_order,
        '未触达的导购客群' as line_zh,
        'Guide customers not reached' as line_en
    union all
    select
        'no_guide' as line,
        3 as line_order,
        '非导购客群与未识别客户' as line_zh,
        'Buyers who are no guide customers, and unknown ones' as line_en
),

months as (
    select distinct cast(date_trunc('month', business_date) as date) as month_date
    from {{ ref('business_day') }}
),

-- The months of each stretch; a month that two stretches of a person share counts once.
guide_ranges as (
    select
        person_key,
        cast(date_trunc('month', from_date) as date) as from_month,
        cast(date_trunc('month', least(to_date - interval 1 day, fn_as_of())) as date) as to_month
    from {{ ref('guide_stretch') }}
),

guide_months as (
    select distinct
        g.person_key,
        m.month_date
    from guide_ranges as g
    inner join months as m on m.month_date between g.from_month and g.to_month
),

message_months as (
    select distinct
        person_key,
        cast(date_trunc('month', message_date) as date) as month_date
    from {{ ref('message_day') }}
),

people as (
    select
        g.person_key,
        g.month_date,
        case when m.person_key is not null then 'reached' else 'not_reached' end as line
    from guide_months as g
    left join message_months as m
        on g.person_key = m.person_key and g.month_date = m.month_date
),

people_of_lines as (
    select
        month_date,
        line,
        count(*) as people_count
    from people
    group by month_date, line
),

buyer_months as (
    select
        cast(date_trunc('month', revenue_date) as date) as month_date,
        person_key,
        buyer_key,
        max(case when kind <> 'refund' then 1 else 0 end) as is_buyer,
        sum(amount) as amount
    from {{ ref('revenue_line') }}
    group by date_trunc('month', revenue_date), person_key, buyer_key
),

revenue_of_lines as (
    select
        b.month_date,
        coalesce(p.line, 'no_guide') as line,
        coalesce(sum(b.is_buyer) filter (where b.buyer_key is not null), 0) as buyer_count,
        sum(b.amount) as amount
    from buyer_months as b
    left join people as p on b.person_key = p.person_key and b.month_date = p.month_date
    group by b.month_date, coalesce(p.line, 'no_guide')
),

figures as (
    select
        m.month_date,
        l.line,
        l.line_order,
        l.line_zh,
        l.line_en,
        case when l.line <> 'no_guide' then coalesce(p.people_count, 0) end as people_count,
        cast(coalesce(r.buyer_count, 0) as bigint) as buyer_count,
        cast(coalesce(r.amount, 0) as decimal(18, 2)) as net_amount
    from months as m
    cross join lines as l
    left join people_of_lines as p on m.month_date = p.month_date and l.line = p.line
    left join revenue_of_lines as r on m.month_date = r.month_date and l.line = r.line
),

counted as (
    select
        month_date,
        line,
        line_order,
        line_zh,
        line_en,
        people_count,
        buyer_count,
        net_amount,
        case
            when line = 'reached'
                then cast(sum(people_count) over (partition by month_date) as bigint)
        end as guide_customers
    from figures
)

select
    strftime(month_date, '%Y-%m') as month,  -- Month, as in targets.csv: 2026-06.
    line,  -- reached, not_reached or no_guide.
    line_order,  -- Order of the lines, for reports.
    line_zh,  -- Chinese name of the line.
    line_en,  -- English name of the line.
    guide_customers,  -- People who were guide customers 导购客群 on a day of the month; line reached.
    people_count,  -- Guide customers of the line: a message of staff arrived in the month, or not.
    buyer_count,  -- Known buyers of the month among them; no_guide: all other known buyers.
    case when line = 'reached' then {{ ratio('people_count', 'guide_customers') }} end
        as reach_rate,  -- people_count / guide_customers 营销传递率; line reached.
    case when line = 'reached' then {{ ratio('buyer_count', 'people_count') }} end
        as scene_conversion_rate,  -- buyer_count / people_count 场景转化率; line reached.
    {{ ratio('net_amount', 'buyer_count') }}
        as revenue_per_buyer,  -- net_amount / buyer_count 客单价; NULL without buyers.
    net_amount,  -- Net revenue 净收入 of the line; lines add up to that of the month.
    month_date < date_trunc('month', fn_as_of() + interval 1 day)
        as is_complete  -- True = the month has ended.
from counted
