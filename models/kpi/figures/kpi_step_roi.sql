/*
description: What each step of spend brings back over the last days; the gross margin of the deals
  of people whom its campaigns met before, less the spend, by the spend.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [step_roi]
*/
{{ config(published=false) }}
with

-- A deal counts once for each step, however many campaigns of it the buyer met.
deal_steps as (
    select distinct
        d.channel,
        d.deal_id,
        d.person_key,
        s.step
    from {{ ref('deal_campaign') }} as d
    inner join {{ ref('campaign_step') }} as s on d.campaign_id = s.campaign_id
),

deals as (
    select distinct
        channel,
        deal_id,
        person_key
    from deal_steps
),

lines as (
    select
        channel,
        deal_id,
        person_key,
        revenue_date,
        sum(margin_amount) as margin
    from {{ ref('revenue_line') }}
    group by channel, deal_id, person_key, revenue_date
),

parts as (
    select
        'spend_step' as dimension,
        s.step as member,
        l.revenue_date as day,
        l.margin,
        cast(0 as decimal(18, 2)) as spend
    from lines as l
    inner join deal_steps as s
        on l.channel = s.channel and l.deal_id = s.deal_id and l.person_key = s.person_key
    union all
    select
        'total' as dimension,
        null as member,
        l.revenue_date as day,
        l.margin,
        0 as spend
    from lines as l
    inner join deals as d
        on l.channel = d.channel and l.deal_id = d.deal_id and l.person_key = d.person_key
    union all
    select
        'spend_step' as dimension,
        step as member,
        cost_date as day,
        0 as margin,
        amount as spend
    from {{ ref('cost_day') }}
    where kind = 'spend'
    union all
    select
        'total' as dimension,
        null as member,
        cost_date as day,
        0 as margin,
        amount as spend
    from {{ ref('cost_day') }}
    where kind = 'spend'
),

{{ moving_sums('rolling', 'parts', ['margin', 'spend']) }},

figures as (
    select
        as_of_date,
        dimension,
        member,
        margin - spend as gain,
        spend
    from rolling
    where spend > 0
)

{{ kpi_rows('figures', [['step_roi', 'gain', 'spend']]) }}
