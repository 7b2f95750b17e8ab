/*
description: What data stewards decided about duplicates and erasure. An invalid identifier becomes
  NULL, and the decision has no effect until it is corrected in the CRM.
grain: [record_id]
*/
-- noqa: disable=LT02
{%- set ids = id_types('person') + id_types('company') %}
with

decisions as (
    select
        decision_id,
        decision,
        left_type,
        left_value,
        right_type,
        right_value,
        decided_by,
        reason,
        decided_at,
        _landed_seq
    from {{ source('crm', 'decisions') }}
),

named as (
    select
        decision_id,
        'left' as side,
        left_type as named_type,
        left_value as named_value
    from decisions
    union all
    select
        decision_id,
        'right' as side,
        right_type as named_type,
        right_value as named_value
    from decisions
    where right_value is not null
),

typed as (
    select
        decision_id,
        side,
        {% call checked('named_type', 'no identifier type') -%}
        case
            when lower(trim(named_type)) in ('{{ ids | join("', '") }}')
                then lower(trim(named_type))
        end
        {%- endcall %} as id_type,
        named_value
    from named
),

-- One column per type, so that an invalid value is counted under its intended type.
spread as (
    select
        decision_id,
        side,
        id_type,
        {%- for id in ids %}
        case when id_type = '{{ id }}' then named_value end
            as {{ id_column(id) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from typed
),

identified as (
    select
        decision_id,
        side,
        id_type || ':' || case id_type
            {%- for id in ids %}
            when '{{ id }}'
                then
                    {{ normal_identifier(id, id_column(id)) }}
            {%- endfor %}
        end as identifier
    from spread
),

sides as (
    select
        decision_id,
        max(identifier) filter (where side = 'left') as left_id,
        max(identifier) filter (where side = 'right') as right_id
    from identified
    group by decision_id
)

select
    'crm' as channel,
    'decisions:' || d.decision_id as record_id,
    d._landed_seq as landed_seq,
    d.decision,
    d.decided_at,
    nullif(trim(d.decided_by), '') as decided_by,
    s.left_id,
    s.right_id,
    nullif(trim(d.reason), '') as reason
from decisions as d
inner join sides as s on d.decision_id = s.decision_id
