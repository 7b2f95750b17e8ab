/*
description: What a head brings 人效; revenue, new leads, contacts and campaigns of the last days, by
  the heads of staff.csv.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [revenue_per_head, leads_per_head, contacts_per_head, projects_per_head,
  subprojects_per_head]
*/
{{ config(published=false) }}
{%- set window = var('heads_days') %}
{%- set columns = ['revenue', 'leads', 'contacts', 'projects', 'subprojects'] %}
with

{{ by_dimension(
    'members', ref('staff_head'), ['heads'], own=['total', 'staff', 'team']
) }},

heads as (
    select
        dimension,
        member,
        sum(heads) as heads
    from members
    where dimension = 'total' or member is not null
    group by dimension, member
    having sum(heads) > 0
),

{{ by_dimension(
    'facts', ref('staff_work'),
    ['work_date', 'campaign_id', 'scene', 'revenue', 'leads', 'contacts', 'is_project'],
    own=['total', 'staff', 'team']
) }},

days as (
    select
        dimension,
        member,
        work_date,
        sum(revenue) as revenue,
        sum(leads) as leads,
        sum(contacts) as contacts
    from facts
    group by dimension, member, work_date
),

project_days as (
    select distinct
        dimension,
        member,
        work_date,
        campaign_id
    from facts
    where is_project
),

subproject_days as (
    select distinct
        dimension,
        member,
        work_date,
        campaign_id,
        scene
    from facts
    where is_project
),

-- A campaign counts from each day with work on it, until the next one or the end of the window.
project_stretches as (
    select
        dimension,
        member,
        work_date,
        {{ days_to_next(['dimension', 'member', 'campaign_id'], 'work_date', [], window) }}
            as day_count,
        1 as projects,
        0 as subprojects
    from project_days
    union all
    select
        dimension,
        member,
        work_date,
        {{ days_to_next(['dimension', 'member', 'campaign_id', 'scene'], 'work_date', [], window) }}
            as day_count,
        0 as projects,
        1 as subprojects
    from subproject_days
),

-- Whoever did nothing has figures of 0 from the first kept day on.
changes as (
    select
        dimension,
        member,
        cast({{ kpi_first_day('total') }} as date) as day,
        cast(0 as decimal(38, 2)) as revenue,
        0 as leads,
        0 as contacts,
        0 as projects,
        0 as subprojects
    from heads
    union all
    select
        dimension,
        member,
        work_date as day,
        revenue,
        leads,
        contacts,
        0 as projects,
        0 as subprojects
    from days
    union all
    select
        dimension,
        member,
        cast(work_date + {{ window }} * interval 1 day as date) as day,
        -revenue as revenue,
        -leads as leads,
        -contacts as contacts,
        0 as projects,
        0 as subprojects
    from days
    union all
    select
        dimension,
        member,
        work_date as day,
        0 as revenue,
        0 as leads,
        0 as contacts,
        projects,
        subprojects
    from project_stretches
    union all
    select
        dimension,
        member,
        cast(work_date + day_count * interval 1 day as date) as day,
        0 as revenue,
        0 as leads,
        0 as contacts,
        -projects as projects,
        -subprojects as subprojects
    from project_stretches
),

{{ running_sums('rolling', 'changes', columns) }},

-- Work of somebody who is not in staff.csv counts in the total alone.
figures as (
    select
        r.as_of_date,
        r.dimension,
        r.member,
        {%- for column in columns %}
        r.{{ column }},
        {%- endfor %}
        h.heads
    from rolling as r
    inner join heads as h
        on r.dimension = h.dimension and r.member is not distinct from h.member
)

{{ kpi_rows('figures', [
    ['revenue_per_head', 'revenue', 'heads'],
    ['leads_per_head', 'leads', 'heads'],
    ['contacts_per_head', 'contacts', 'heads'],
    ['projects_per_head', 'projects', 'heads'],
    ['subprojects_per_head', 'subprojects', 'heads']
]) }}
