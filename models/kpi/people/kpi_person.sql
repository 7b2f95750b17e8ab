/*
description: People whom KPIs count, without staff, competitors and bots. Of the people who belong
  to the same members of every dimension, one stands for all, so that KPIs by dimension read few
  rows.
grain: [person_key]
*/
{{ config(published=false) }}
with

outsiders as {{ outsiders() }},

-- Each member as a number, because texts of a million people are slow to compare.
numbered as (
    select
        dimension,
        member,
        row_number() over (order by dimension, member) as member_no
    from (
        select distinct
            dimension,
            member
        from {{ ref('kpi_entity_member') }}
        where level = 'person'
    ) as members
),

profiles as (
    select
        m.entity_key as person_key,
        string_agg(cast(n.member_no as varchar), ',' order by n.member_no) as profile
    from {{ ref('kpi_entity_member') }} as m
    inner join numbered as n on m.dimension = n.dimension and m.member = n.member
    where m.level = 'person'
    group by m.entity_key
)

select
    p.person_key,  -- Number of the person in this release; joins identity.person.
    min(p.person_key) over (partition by f.profile) as peer_key  -- The person who stands for all.
from {{ ref('person') }} as p
left join profiles as f on p.person_key = f.person_key
anti join outsiders as o on p.person_key = o.person_key
