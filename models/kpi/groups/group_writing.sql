/*
description: Business days on which people wrote in a group, with the membership that the day falls
  into. Staff, competitors and bots are left out.
grain: [chat_id, person_key, written_date]
*/
{{ config(published=false) }}
with

outsiders as {{ outsiders() }},

messages as (
    select distinct
        t.group_id as chat_id,
        t.person_key,
        t.occurred_date as written_date
    from {{ ref('person_touch') }} as t
    anti join outsiders as o on t.person_key = o.person_key
    where
        t.action = 'group_message'
        and t.direction = 'inbound'
        and t.group_id is not null
        and t.occurred_date <= fn_as_of()
)

select
    m.chat_id,  -- Group.
    m.person_key,  -- Number of the person in this release; joins identity.person.
    m.written_date,  -- Business date.
    g.stretch_no,  -- Membership, as in group_member; NULL = no membership is known on that day.
    g.left_date  -- Business date on which that membership ended; NULL = a member, or none known.
from messages as m
left join {{ ref('group_member') }} as g
    on
        m.chat_id = g.chat_id
        and m.person_key = g.person_key
        and m.written_date >= g.joined_date
        and coalesce(m.written_date <= g.left_date, true)
qualify
    row_number() over (
        partition by m.chat_id, m.person_key, m.written_date order by g.stretch_no desc nulls last
    ) = 1
