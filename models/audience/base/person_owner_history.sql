/*
description: Owners whom siyu assigned, by business date. Tonight's assignments begin with those of
  the night before, so that nobody gets another owner without a reason.
grain: [one_id, role, staff_id, valid_from]
*/
{{ config(published=false, materialized='history') }}
with

earlier as (
    select
        one_id,
        role,
        staff_id,
        valid_from,
        valid_to
    from {{ previous('this') }}
),

assigned as (
    select
        one_id,
        role,
        staff_id
    from {{ ref('person_owner') }}
    where basis in ('kept', 'territory', 'pool')
),

still_open as (
    select
        one_id,
        role,
        staff_id,
        valid_from
    from earlier
    where valid_to is null
)

select
    cast(one_id as varchar) as one_id,  -- The person, by the ID of that time.
    cast(role as varchar) as role,  -- sdr, sales or service.
    cast(staff_id as varchar) as staff_id,  -- Member of staff whom siyu assigned.
    cast(valid_from as date) as valid_from,  -- First business date of the assignment.
    cast(valid_to as date)
        as valid_to  -- Business date from which it no longer holds; NULL = it holds.
from earlier
where valid_to is not null
union all
select
    coalesce(o.one_id, a.one_id) as one_id,
    coalesce(o.role, a.role) as role,
    coalesce(o.staff_id, a.staff_id) as staff_id,
    coalesce(o.valid_from, fn_as_of()) as valid_from,
    case when a.one_id is null then fn_as_of() end as valid_to
from still_open as o
full outer join assigned as a
    on o.one_id = a.one_id and o.role = a.role and o.staff_id = a.staff_id
