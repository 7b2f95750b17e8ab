/*
description: The member of staff who owns each person, and the team, for KPIs about people.
grain: [level, entity_key, dimension]
*/
{{ config(published=false, materialized='view') }}
with

owners as (
    select
        s.person_key,
        p.owner_staff
    from {{ ref('person_profile') }} as p
    inner join {{ ref('person_scope') }} as s on p.one_id = s.one_id
    where p.owner_staff is not null
)

select
    'person' as level,  -- person: the key is one of a person.
    person_key as entity_key,  -- Number of the person in this release.
    'staff' as dimension,  -- staff or team.
    owner_staff as member  -- Member of staff, as the tag owner_staff says; the team of staff.csv.
from owners
union all
select
    'person' as level,
    o.person_key as entity_key,
    'team' as dimension,
    s.team as member
from owners as o
inner join {{ ref('dim_staff') }} as s on o.owner_staff = s.staff_id
