/*
description: Which people each member of staff reaches 导购客群, one to one or in a group of theirs, and
  since when. Of several at a time, the one whose link began first is the owner.
grain: [person_key, staff_id, held_from]
*/
{{- config(published=false) }}
{%- set endless = "timestamp '9999-12-31 00:00:00'" %}
with

stretches as (
    select
        person_key,
        member as staff_id,
        reachable_from,
        coalesce(reachable_to, {{ endless }}) as reachable_to
    from {{ ref('reachable_stretch') }}
    where dimension = 'staff' and coalesce(reachable_from < reachable_to, true)
),

-- A holder becomes the owner when all holders who began earlier are gone.
turns as (
    select
        person_key,
        staff_id,
        reachable_from,
        reachable_to,
        greatest(
            reachable_from,
            coalesce(
                max(reachable_to) over (
                    partition by person_key order by reachable_from, staff_id
                    rows between unbounded preceding and 1 preceding
                ),
                reachable_from
            )
        ) as owned_from
    from stretches
),

parts as (
    select
        person_key,
        staff_id,
        reachable_from as began_at,
        reachable_from as held_from,
        least(owned_from, reachable_to) as held_to,
        false as is_owner
    from turns
    where reachable_from < owned_from
    union all
    select
        person_key,
        staff_id,
        reachable_from as began_at,
        owned_from as held_from,
        reachable_to as held_to,
        true as is_owner
    from turns
    where owned_from < reachable_to
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    staff_id,  -- Member of staff who can reach the person.
    began_at,  -- Since when, without a break (UTC).
    held_from,  -- Beginning of this part of that time (UTC).
    nullif(held_to, {{ endless }}) as held_to,  -- Its end (UTC); NULL = it goes on.
    is_owner  -- True = of those who reach the person in this time, this one began first.
from parts
