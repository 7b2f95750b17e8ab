/*
description: The named segments 分群; what each is for, how many are in it, and how many came and
  went since the last release, for each reason.
grain: [segment]
*/
-- noqa: disable=LT02
{%- set reasons = ['data', 'rule', 'identity'] %}
with

moves as (
    select
        segment,
        count(*) filter (where valid_to is null) as person_count,
        count(*) filter (where valid_from < fn_as_of()) as person_count_before,
        {%- for reason in reasons %}
        count(*) filter (where valid_from = fn_as_of() and reason = '{{ reason }}')
            as came_{{ reason }}_count,
        count(*) filter (where valid_to = fn_as_of() and end_reason = '{{ reason }}')
            as went_{{ reason }}_count{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('segment_history') }}
    where valid_to is null or valid_to = fn_as_of()
    group by segment
),

-- Segments that the last release had, with or without anybody in them.
known as (
    select distinct segment
    from {{ ref('segment_rule_history') }}
    where valid_from < fn_as_of() and coalesce(valid_to >= fn_as_of(), true)
)

select
    s.segment,  -- Segment.
    s.name_zh,  -- Chinese name.
    s.name_en,  -- English name.
    s.purpose,  -- What it is for.
    s.owner,  -- Role or team that answers for it.
    s.audience,  -- Whom it holds: prospects, customers, partners, people (both) or kept_out.
    coalesce(m.person_count, 0) as person_count,  -- People in it.
    case when k.segment is not null then coalesce(m.person_count_before, 0) end
        as person_count_before,  -- People in it in the last release; NULL = it is new.
    coalesce(m.came_data_count + m.came_rule_count + m.came_identity_count, 0)
        as came_count,  -- People who came since then.
    coalesce(m.came_data_count, 0)
        as came_data_count,  -- Of them, because of what they did, or because time passed.
    coalesce(m.came_rule_count, 0) as came_rule_count,  -- Of them, because the rule changed.
    coalesce(m.came_identity_count, 0)
        as came_identity_count,  -- Of them, because people were merged or split.
    coalesce(m.went_data_count + m.went_rule_count + m.went_identity_count, 0)
        as went_count,  -- People who went since then.
    coalesce(m.went_data_count, 0)
        as went_data_count,  -- Of them, because of what they did, or because time passed.
    coalesce(m.went_rule_count, 0) as went_rule_count,  -- Of them, because the rule changed.
    coalesce(m.went_identity_count, 0)
        as went_identity_count,  -- Of them, because people were merged or split.
    s.rule_version  -- Hash of what decides who is in, see ops.segment.
from {{ source('ops', 'segment') }} as s
left join moves as m on s.segment = m.segment
left join known as k on s.segment = k.segment
