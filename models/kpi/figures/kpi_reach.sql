/*
description: Asset KPIs; how many people we can reach at the end of each business day, how many of
  them each member of staff owns, and how many ended a link themselves.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [reachable_people, guide_customers, guide_customers_held, unfollow_rate]
*/
{{ config(published=false) }}
with

people_flows as (
    select
        'people' as stock,
        dimension,
        member,
        flow_date,
        added_count + returned_count as come_count,
        lost_count + erased_count as gone_count,
        leaver_count
    from {{ ref('reachable_flow') }}
    where dimension in ('total', 'channel', 'touchpoint')
),

-- Each member of staff has all people that they hold, and those of them that they own.
held_moves as (
    select
        'held' as stock,
        member as staff_id,
        flow_date,
        added_count + returned_count as come_count,
        lost_count + erased_count as gone_count,
        leaver_count
    from {{ ref('reachable_flow') }}
    where dimension = 'staff'
    union all
    select
        'owned' as stock,
        staff_id,
        fn_local_date(held_from) as flow_date,
        count(*) as come_count,
        0 as gone_count,
        0 as leaver_count
    from {{ ref('guide_customer') }}
    where is_owner
    group by staff_id, fn_local_date(held_from)
    union all
    select
        'owned' as stock,
        staff_id,
        fn_local_date(held_to) as flow_date,
        0 as come_count,
        count(*) as gone_count,
        0 as leaver_count
    from {{ ref('guide_customer') }}
    where is_owner and held_to is not null
    group by staff_id, fn_local_date(held_to)
),

{{ by_dimension(
    'staff_flows', 'held_moves', ['stock', 'flow_date', 'come_count', 'gone_count', 'leaver_count'],
    own=['total', 'staff', 'team']
) }},

flows as (
    select
        stock,
        dimension,
        member,
        flow_date,
        come_count,
        gone_count,
        leaver_count
    from people_flows
    union all
    select
        stock,
        dimension,
        member,
        flow_date,
        come_count,
        gone_count,
        leaver_count
    from staff_flows
),

-- The days that each dimension is kept for.
kept_days as (
    {%- for dimension in ['total', 'channel', 'touchpoint', 'staff', 'team'] %}
    select
        '{{ dimension }}' as dimension,
        business_date
    from {{ ref('business_day') }}
    where days_ago < {{ kpi_days(dimension) }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

first_days as (
    select
        dimension,
        min(business_date) as first_date
    from kept_days
    group by dimension
),

-- What happened before the kept days is in the stock that they begin with.
series as (
    select
        f.stock,
        f.dimension,
        f.member,
        min(f.flow_date) as begin_date,
        sum(
            case when f.flow_date < k.first_date then f.come_count - f.gone_count else 0 end
        ) as opening_count
    from flows as f
    inner join first_days as k on f.dimension = k.dimension
    group by f.stock, f.dimension, f.member
),

daily as (
    select
        stock,
        dimension,
        member,
        flow_date,
        sum(come_count) as come_count,
        sum(gone_count) as gone_count,
        sum(leaver_count) as leaver_count
    from flows
    group by stock, dimension, member, flow_date
),

filled as (
    select
        s.stock,
        s.dimension,
        s.member,
        d.business_date as as_of_date,
        s.opening_count,
        coalesce(f.come_count, 0) as come_count,
        coalesce(f.gone_count, 0) as gone_count,
        coalesce(f.leaver_count, 0) as leaver_count
    from series as s
    inner join kept_days as d
        on s.dimension = d.dimension and s.begin_date <= d.business_date
    left join daily as f
        on
            s.stock = f.stock
            and s.dimension = f.dimension
            and s.member is not distinct from f.member
            and d.business_date = f.flow_date
),

closed as (
    select
        stock,
        dimension,
        member,
        as_of_date,
        opening_count + sum(come_count - gone_count) over (
            partition by stock, dimension, member order by as_of_date
            rows between unbounded preceding and current row
        ) as closing_count,
        gone_count,
        leaver_count
    from filled
),

-- At the end of the day; and, of everybody who could be reached on the day, who left. People have
-- left members of staff, so the total of held is no rate of people.
figures as (
    select
        as_of_date,
        dimension,
        member,
        case when stock = 'people' then closing_count end as reachable_count,
        case when stock = 'owned' then closing_count end as owned_count,
        case when stock = 'held' then closing_count end as held_count,
        case
            when
                (stock = 'people' or (stock = 'held' and dimension <> 'total'))
                and closing_count + gone_count > 0
                then leaver_count
        end as leaver_count,
        closing_count + gone_count as base_count
    from closed
)

{{ kpi_rows('figures', [
    ['reachable_people', 'reachable_count'],
    ['guide_customers', 'owned_count'],
    ['guide_customers_held', 'held_count'],
    ['unfollow_rate', 'leaver_count', 'base_count']
]) }}
