/*
description: What each member of staff did and earned on each business day, by campaign and scene;
  contacts that arrived, new leads, revenue.
grain: [work_date, staff_id, campaign_id, scene]
*/
{{ config(published=false) }}
{%- set from_date = 'date_trunc(\'month\', ' ~ kpi_first_day('total') ~ ')'
    ~ ' - ' ~ var('heads_days') ~ ' * interval 1 day' %}
with

-- A message to a group reaches nobody in particular; one that was only sent may not have arrived.
touches as (
    select
        t.occurred_date as work_date,
        t.staff_id,
        t.campaign_id,
        coalesce(t.scene, c.scene) as scene,
        count(*) filter (
            where
            t.direction = 'outbound'
            and t.medium is distinct from 'group'
            and (t.outcome in ('delivered', 'clicked') or {{ is_conversation('t') }})
        ) as contacts
    from {{ ref('person_touch') }} as t
    anti join {{ outsiders() }} as x on t.person_key = x.person_key
    left join {{ ref('dim_campaign') }} as c on t.campaign_id = c.campaign_id
    where
        t.staff_id is not null
        and t.occurred_at < fn_as_of_end()
        and t.occurred_date >= {{ from_date }}
    group by t.occurred_date, t.staff_id, t.campaign_id, coalesce(t.scene, c.scene)
),

deals as (
    select
        r.revenue_date as work_date,
        r.staff_id,
        r.campaign_id,
        c.scene,
        coalesce(count_if(r.kind <> 'refund'), 0) as deals,
        sum(r.amount) as revenue
    from {{ ref('revenue_line') }} as r
    left join {{ ref('dim_campaign') }} as c on r.campaign_id = c.campaign_id
    where r.revenue_date >= {{ from_date }}
    group by r.revenue_date, r.staff_id, r.campaign_id, c.scene
),

-- A lead belongs to whoever owns the person today.
leads as (
    select
        l.lead_date as work_date,
        m.member as staff_id,
        count(*) as leads
    from {{ ref('lead_start') }} as l
    left join {{ ref('kpi_entity_member') }} as m
        on l.person_key = m.entity_key and m.level = 'person' and m.dimension = 'staff'
    where l.lead_date >= {{ from_date }}
    group by l.lead_date, m.member
),

work as (
    select
        work_date,
        staff_id,
        campaign_id,
        scene,
        contacts,
        0 as leads,
        cast(0 as decimal(18, 2)) as revenue,
        1 as is_active
    from touches
    union all
    select
        work_date,
        staff_id,
        campaign_id,
        scene,
        0 as contacts,
        0 as leads,
        revenue,
        case when staff_id is not null and deals > 0 then 1 else 0 end as is_active
    from deals
    union all
    select
        work_date,
        staff_id,
        null as campaign_id,
        null as scene,
        0 as contacts,
        leads,
        cast(0 as decimal(18, 2)) as revenue,
        0 as is_active
    from leads
)

select
    work_date,  -- Business date.
    staff_id,  -- Member of staff of the touch or deal; owner of the lead; NULL = unknown.
    campaign_id,  -- Campaign of the touch or deal; NULL = none.
    scene,  -- Scene of the touch, or else of the campaign; NULL = none.
    cast(sum(contacts) as bigint)
        as contacts,  -- Contacts of ours with known people that arrived, without groups.
    cast(sum(leads) as bigint) as leads,  -- People who became leads that day.
    cast(sum(revenue) as decimal(18, 2)) as revenue,  -- Net revenue, refunds included.
    campaign_id is not null and max(is_active) = 1
        as is_project  -- True = a touch or a purchase names the campaign and the member of staff.
from work
group by work_date, staff_id, campaign_id, scene
