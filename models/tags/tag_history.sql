/*
description: Tags of people and companies by business date, as they were published, with the reason
  of each change.
grain: [level, entity_id, tag_code, tag_value, valid_from]
*/
{{ config(materialized='history') }}
with

earlier as (
    select
        level,
        entity_id,
        tag_code,
        tag_value,
        valid_from,
        valid_to,
        reason,
        end_reason
    from {{ previous('this') }}
),

still_open as (
    select
        level,
        entity_id,
        tag_code,
        tag_value,
        valid_from,
        reason
    from earlier
    where valid_to is null
),

tagged as (
    select
        'person' as level,
        one_id as entity_id,
        tag_code,
        tag_value
    from {{ ref('person_tag') }}
    union all
    select
        'account' as level,
        account_id as entity_id,
        tag_code,
        tag_value
    from {{ ref('account_tag') }}
),

-- Identifiers that changed their owner today: the entity that lost them, and the one that has them.
moves as (
    {%- for level, table, id in [
        ('person', 'one_id_history', 'one_id'), ('account', 'account_id_history', 'account_id')
    ] %}
    select
        '{{ level }}' as level,
        o.{{ id }} as old_id,
        n.{{ id }} as new_id
    from {{ ref(table) }} as o
    inner join {{ ref(table) }} as n
        on o.id_type = n.id_type and o.id_value = n.id_value and o.valid_to = n.valid_from
    where o.valid_to = fn_as_of() and o.{{ id }} is distinct from n.{{ id }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

regrouped as (
    select
        level,
        old_id as entity_id
    from moves
    where old_id is not null
    union
    select
        level,
        new_id as entity_id
    from moves
    where new_id is not null
),

-- Rules that had another version before.
new_rules as (
    select
        level,
        tag_code
    from {{ ref('tag_rule_history') }}
    where valid_to = fn_as_of()
),

-- One join tells what began and what ended: both sides are large, and what differs is small.
changed as (
    select
        coalesce(o.level, t.level) as level,
        coalesce(o.entity_id, t.entity_id) as entity_id,
        coalesce(o.tag_code, t.tag_code) as tag_code,
        coalesce(o.tag_value, t.tag_value) as tag_value,
        o.valid_from,
        o.reason as opened_for,
        t.level is null as is_closed
    from still_open as o
    full outer join tagged as t
        on
            o.entity_id = t.entity_id
            and o.tag_code = t.tag_code
            and o.tag_value = t.tag_value
            and o.level = t.level
    where o.level is null or t.level is null
),

-- Whoever had no tag before is new: that is data, whichever rules changed.
ruled as (
    select distinct
        c.level,
        c.entity_id
    from changed as c
    inner join new_rules as r on c.level = r.level and c.tag_code = r.tag_code
),

known as (
    select distinct
        o.level,
        o.entity_id
    from still_open as o
    semi join ruled as r on o.level = r.level and o.entity_id = r.entity_id
),

explained as (
    select
        c.level,
        c.entity_id,
        c.tag_code,
        c.tag_value,
        c.valid_from,
        c.opened_for,
        c.is_closed,
        case
            when g.entity_id is not null then 'identity'
            when r.tag_code is not null and k.entity_id is not null then 'rule'
            else 'data'
        end as why
    from changed as c
    left join regrouped as g on c.level = g.level and c.entity_id = g.entity_id
    left join new_rules as r on c.level = r.level and c.tag_code = r.tag_code
    left join known as k on c.level = k.level and c.entity_id = k.entity_id
)

select
    cast(level as varchar) as level,  -- person or account.
    cast(entity_id as varchar)
        as entity_id,  -- The person (one_id) or company (account_id), by its ID of that time.
    cast(tag_code as varchar) as tag_code,  -- Tag.
    cast(tag_value as varchar) as tag_value,  -- Its value.
    cast(valid_from as date) as valid_from,  -- First business date of the value.
    cast(valid_to as date)
        as valid_to,  -- Business date from which it no longer holds; NULL = it holds.
    cast(reason as varchar)
        as reason,  -- Why it began: data, rule (a new rule) or identity (a merge or a split).
    cast(end_reason as varchar)
        as end_reason  -- Why it ended: data, rule or identity; NULL = it holds.
from earlier
where valid_to is not null
union all
select
    o.level,
    o.entity_id,
    o.tag_code,
    o.tag_value,
    o.valid_from,
    cast(null as date) as valid_to,
    o.reason,
    cast(null as varchar) as end_reason
from still_open as o
anti join changed as c
    on
        c.is_closed
        and o.level = c.level
        and o.entity_id = c.entity_id
        and o.tag_code = c.tag_code
        and o.tag_value = c.tag_value
union all
select
    level,
    entity_id,
    tag_code,
    tag_value,
    coalesce(valid_from, fn_as_of()) as valid_from,
    case when is_closed then fn_as_of() end as valid_to,
    coalesce(opened_for, why) as reason,
    case when is_closed then why end as end_reason
from explained
