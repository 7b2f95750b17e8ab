/*
description: Events of events.csv that are still to come, with typed columns.
grain: [event_id]
*/
{{ config(published=false) }}
select
    e.event_id,  -- The event.
    cast(e.event_date as date) as event_date,  -- Business date of the event.
    e.form,  -- online or offline.
    e.place,  -- Province in which it takes place; NULL = online.
    t.territory as sales_territory,  -- Sales territory of the province; NULL = online.
    e.topic,  -- Topic, as in content.csv; NULL = no topic.
    e.product_line,  -- Product line; NULL = no product line.
    cast(e.seats as bigint) as seats,  -- How many people may be invited.
    e.inviting_role,  -- Role of the staff who invite.
    coalesce(e.audience, 'people')
        as audience,  -- prospects, customers, people (both of them) or partners.
    {{ optional_column('events', 'campaign_id') }}
        as campaign_id,  -- Campaign whose registrations count; NULL = none.
    coalesce(e.name_zh, e.name_en, e.event_id) as name_zh,  -- Chinese name.
    coalesce(e.name_en, e.name_zh, e.event_id) as name_en  -- English name.
from {{ ref('events') }} as e
left join {{ ref('territories') }} as t on e.place = t.province
where cast(e.event_date as date) > fn_as_of()
