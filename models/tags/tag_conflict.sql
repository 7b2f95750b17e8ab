/*
description: Where two channels contradict each other (渠道冲突), by attribute and pair of channels.
  Each channel counts with its latest value. Texts without a code and names of no known company
  are left out.
grain: [level, attribute, channel, other_channel]
*/
-- noqa: disable=LT02
{%- set levels = [
    ('person', 'person_contact', 'person_key', [
        'full_name', 'title', 'province', 'city', 'company_name', 'mobile', 'email'
    ]),
    ('account', 'account_record', 'account_key', [
        'company_name', 'industry', 'company_size', 'province'
    ])
] %}
{%- set given_as = {'company_size': 'size'} %}
{%- set forms = {
    'province': 'region_forms', 'industry': 'industry_forms', 'company_size': 'size_forms'
} %}
{%- set comparable = {
    'province': 'province_code.code', 'industry': 'industry_code.code',
    'company_size': 'company_size_code.code', 'mobile': 'l.mobile', 'email': 'l.email',
    'company_name': 'company.account_id',
    'city': 'coalesce(city_region.region, lower(trim(l.city)))'
} %}
with

{{ region_forms() }},

{{ aliased_forms('industry', 'industries', 'industry') }},

{{ aliased_forms('size', 'company_sizes', 'company_size') }},

{%- for level, records, key, attributes in levels %}

{{ level }}_channels as (
    select
        {{ key }},
        channel,
        count(*) as record_count
    from {{ ref(records) }}
    group by {{ key }}, channel
),

-- Who is known to one channel only cannot be in conflict.
{{ level }}_several as (
    select {{ key }}
    from {{ level }}_channels
    group by {{ key }}
    having count(*) > 1
),

{{ level }}_given as (
    select
        c.{{ key }},
        c.channel,
        n.record_count,
        {%- for attribute in attributes %}
        {%- set column = given_as.get(attribute, attribute) %}
        case when trim(c.{{ column }}) <> '' then c.{{ column }} end as {{ attribute }},
        {%- endfor %}
        struct_pack(
            is_dated := c.observed_at is not null,
            observed_at := c.observed_at,
            record_id := c.record_id
        ) as place
    from {{ ref(records) }} as c
    inner join {{ level }}_channels as n on c.{{ key }} = n.{{ key }} and c.channel = n.channel
    inner join {{ level }}_several as s on c.{{ key }} = s.{{ key }}
),

-- Most channels have one record of each. To look for the latest one takes time.
{{ level }}_latest as (
    select
        {{ key }},
        channel,
        {%- for attribute in attributes %}
        {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ level }}_given
    where record_count = 1
    union all
    select
        {{ key }},
        channel,
        {%- for attribute in attributes %}
        arg_max({{ attribute }}, place) filter (where {{ attribute }} is not null)
            as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ level }}_given
    where record_count > 1
    group by {{ key }}, channel
),
{%- for attribute in attributes if attribute in forms %}

{{ coded_texts(level ~ '_' ~ attribute, level ~ '_latest', attribute, forms[attribute]) }},
{%- endfor %}
{%- if 'city' in attributes %}

{{ level }}_city as (
    select
        t.text,
        f.region
    from (
        select distinct city as text
        from {{ level }}_latest
    ) as t
    inner join region_forms as f on fn_folded(t.text) = f.form
),
{%- endif %}

-- Short and full names of one company are equal. tags.unmapped_value counts texts without a code.
{{ level }}_comparable as (
    select
        l.{{ key }},
        l.channel,
        {%- for attribute in attributes %}
        {{ comparable.get(attribute, 'lower(trim(l.' ~ attribute ~ '))') }}
            as {{ attribute }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ level }}_latest as l
    {%- for attribute in attributes if attribute in forms %}
    left join {{ level }}_{{ attribute }} as {{ attribute }}_code
        on l.{{ attribute }} = {{ attribute }}_code.text
    {%- endfor %}
    {%- if 'city' in attributes %}
    left join {{ level }}_city as city_region on l.city = city_region.text
    {%- endif %}
    left join {{ ref('company_name') }} as company on l.company_name = company.company_name
),

{{ level }}_pairs as (
    select
        a.channel,
        b.channel as other_channel,
        {%- for attribute in attributes %}
        count_if(a.{{ attribute }} is not null and b.{{ attribute }} is not null)
            as {{ attribute }}_compared,
        count_if(a.{{ attribute }} <> b.{{ attribute }})
            as {{ attribute }}_conflicts{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ level }}_comparable as a
    inner join {{ level }}_comparable as b on a.{{ key }} = b.{{ key }} and a.channel < b.channel
    group by a.channel, b.channel
),
{%- endfor %}

counted as (
    {%- for level, records, key, attributes in levels %}
    {%- set is_last_level = loop.last %}
    {%- for attribute in attributes %}
    select
        '{{ level }}' as level,
        '{{ attribute }}' as attribute,
        '{{ given_as.get(attribute, attribute) }}' as prioritised,
        channel,
        other_channel,
        {{ attribute }}_compared as compared_count,
        {{ attribute }}_conflicts as conflict_count
    from {{ level }}_pairs
    where {{ attribute }}_compared > 0{{ '\n    union all' if not (is_last_level and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

priorities as (
    select
        attribute,
        channel,
        min(cast(priority as bigint)) as priority
    from {{ ref('source_priority') }}
    group by attribute, channel
),

judged as (
    select
        c.level,
        c.attribute,
        c.channel,
        c.other_channel,
        c.compared_count,
        c.conflict_count,
        coalesce(p.priority, {{ var('unlisted_priority') }}) as priority,
        coalesce(o.priority, {{ var('unlisted_priority') }}) as other_priority
    from counted as c
    left join priorities as p on c.prioritised = p.attribute and c.channel = p.channel
    left join priorities as o on c.prioritised = o.attribute and c.other_channel = o.channel
)

select
    level,  -- person or account.
    attribute,  -- What they contradict each other about.
    channel,  -- One channel, the first in the order of the alphabet.
    other_channel,  -- The other channel.
    cast(compared_count as bigint)
        as compared_count,  -- People or companies for whom both give a value.
    cast(conflict_count as bigint)
        as conflict_count,  -- Those of them for whom the latest values differ.
    cast(cast(conflict_count as double) / compared_count as decimal(9, 6))
        as conflict_rate,  -- conflict_count / compared_count, 0 to 1.
    case
        when priority < other_priority then channel
        when priority > other_priority then other_channel
    end as winner,  -- The channel that source_priority.csv puts first; NULL = neither.
    compared_count >= {{ var('min_compared') }}
    and conflict_count * 100 > compared_count * {{ var('max_conflict_percent') }}
        as is_above_limit  -- True = conflict_rate is too high, of at least min_compared.
from judged
