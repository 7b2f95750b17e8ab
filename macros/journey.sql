{#- Rows of people, each with its segment between two setbacks; 0 = before the first. -#}
{%- macro with_segment(relation, moment, columns) -%}
select
    {%- for column in columns %}
    r.{{ column }},
    {%- endfor %}
    r.person_key,
    r.{{ moment }},
    coalesce(s.setback_no, 0) as segment_no,
    s.setback_at as segment_from
from {{ relation }} as r
left join {{ ref('stage_setback') }} as s
    on
        r.person_key = s.person_key
        and r.{{ moment }} > s.setback_at
        and coalesce(r.{{ moment }} <= s.next_setback_at, true)
{%- endmacro -%}

{#- A number of stage_rules.csv. -#}
{%- macro stage_rule(name) -%}
(select cast(max(value) as bigint) from {{ ref('stage_rules') }} where rule = '{{ name }}')
{%- endmacro -%}

{#- The rank of a stage. -#}
{%- macro stage_rank(stage) -%}
(select cast(max(stage_rank) as bigint) from {{ ref('stages') }} where stage = '{{ stage }}')
{%- endmacro -%}

{#- 0.5 to the power of `halvings`, exactly. -#}
{%- macro decay(halvings) -%}
cast({{ '%.7f' | format(0.5 ** halvings) }} as decimal(8, 7))
{%- endmacro -%}

{#- All versions of contact records, because a former version still counts as evidence. -#}
{%- macro contact_versions(columns) -%}
select
    channel,
    record_id,
    observed_at,
    {{ columns | join(', ') }}
from {{ ref('contact') }}
union all
select
    channel,
    record_id,
    observed_at,
    {{ columns | join(', ') }}
from ({{ union_shape('contact', versions='superseded') }}) as superseded
{%- endmacro -%}

{#- The rows of exclusion_rules.csv with one of some signals. -#}
{%- macro exclusion_rules_by(signals) -%}
(
    select
        rule,
        value
    from {{ ref('exclusion_rules') }}
    where signal in ('{{ signals | join("', '") }}')
)
{%- endmacro -%}

{#- Was the person of a row excluded at its moment? `x` is a row of the model exclusion. An exclusion holds from since_at
    (included) until until_at (not included); without until_at it still holds. -#}
{%- macro excluded_at(row, moment) -%}
{{ row }}.person_key = x.person_key
and {{ row }}.{{ moment }} >= x.since_at
and coalesce({{ row }}.{{ moment }} < x.until_at, true)
{%- endmacro -%}

{#- Does an exclusion still hold at the end of as_of? -#}
{%- macro excluded_now() -%}
(until_at is null or until_at >= fn_as_of_end())
{%- endmacro -%}

{#- CTE `partners`: when people were partners. What they do in that time is not evidence of a stage. -#}
{%- macro partner_times() -%}
partners as (
    select
        person_key,
        since_at,
        until_at
    from {{ ref('exclusion') }}
    where kind = 'partner' and not is_overruled
)
{%- endmacro -%}

{#- Is a touch a conversation? The person answered or replied, or there was a visit or meeting that did not fail. -#}
{%- macro is_conversation(touch) -%}
(
    {{ touch }}.outcome in ('answered', 'replied')
    or ({{ touch }}.action in ('visit', 'meeting') and coalesce({{ touch }}.outcome, '') <> 'failed')
)
{%- endmacro -%}

{#- The record that is the evidence, with its moment: of several the earliest, then by channel and record. -#}
{%- macro proof(row, moment) -%}
struct_pack(
    occurred_at := {{ row }}.{{ moment }}, channel := {{ row }}.channel, record_id := {{ row }}.record_id
)
{%- endmacro -%}

{#- CTE `referrals`: contacts and links that name another person as referrer, with both people. -#}
{%- macro referrals() -%}
named_referrers as (
    select
        channel,
        record_id,
        observed_at as occurred_at,
        referrer_type,
        fn_trim(referrer_value) as referrer_value
    from {{ ref('contact') }}
    where referrer_value is not null
    union all
    select
        channel,
        record_id,
        started_at as occurred_at,
        referrer_type,
        fn_trim(referrer_value) as referrer_value
    from {{ ref('link') }}
    where referrer_value is not null
),

referrals as (
    select
        o.person_key as referrer_key,
        r.person_key,
        n.channel,
        n.occurred_at
    from named_referrers as n
    inner join {{ ref('record_person') }} as r
        on n.channel = r.channel and n.record_id = r.record_id
    inner join {{ ref('one_id') }} as o
        on n.referrer_type = o.id_type and n.referrer_value = o.id_value
    where r.person_key <> o.person_key
)
{%- endmacro -%}
