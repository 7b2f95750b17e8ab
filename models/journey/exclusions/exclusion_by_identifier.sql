/*
description: People whom a rule names by an identifier of theirs or of their company.
grain: [person_key, rule, since_at]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
{%- set ids = id_types('person') + id_types('company') %}
with

written as (
    select
        rule,
        split_part(trim(value), ':', 1) as id_type,
        substr(trim(value), strpos(trim(value), ':') + 1) as named_value
    from {{ exclusion_rules_by(['identifier']) }}
),

named as (
    select
        rule,
        id_type,
        case id_type
            {%- for id in ids %}
            when '{{ id }}'
                then
                    {{ normal_identifier(id, 'named_value') }}
            {%- endfor %}
        end as id_value
    from written
),

people as (
    select
        n.rule,
        p.person_key,
        p.first_seen_at as since_at,
        cast(null as timestamp) as until_at
    from named as n
    inner join {{ ref('one_id') }} as o on n.id_type = o.id_type and n.id_value = o.id_value
    inner join {{ ref('person') }} as p on o.person_key = p.person_key
),

keys as (
    select
        n.rule,
        n.id_type,
        coalesce(c.name_key, n.id_value) as id_value
    from named as n
    left join {{ ref('company_name') }} as c
        on n.id_type = 'company_name' and n.id_value = c.company_name
),

colleagues as (
    select
        k.rule,
        p.person_key,
        p.valid_from_at as since_at,
        p.valid_to_at as until_at
    from keys as k
    inner join {{ ref('account_id') }} as m on k.id_type = m.id_type and k.id_value = m.id_value
    inner join {{ ref('person_account') }} as p on m.account_key = p.account_key
    where p.valid_from_at < fn_as_of_end()
)

select
    person_key,  -- Number of the person in this release; joins identity.person.
    rule,  -- Rule of exclusion_rules.csv.
    since_at,  -- When the person became known, or joined the company (UTC).
    min(until_at) as until_at,  -- When the person left the company (UTC); NULL = still there.
    cast(null as varchar) as channel,  -- Always NULL: the rule itself names the person.
    cast(null as varchar) as record_id  -- [pii] Always NULL: the rule itself names the person.
from people
where since_at < fn_as_of_end()
group by person_key, rule, since_at
union all
select
    person_key,
    rule,
    since_at,
    max(until_at) as until_at,
    cast(null as varchar) as channel,
    cast(null as varchar) as record_id
from colleagues
group by person_key, rule, since_at
