/*
description: Measures of identity quality; how many records were matched, how large people are, what
  was kept apart, and how correct the result is where labels exist.
grain: [as_of_date, metric, member]
*/
{%- set attributes = [
    'full_name', 'mobile', 'email', 'title', 'province', 'city', 'company_name'
] %}
with

person_identifiers as (
    select
        person_key,
        count(*) as identifier_count
    from {{ ref('one_id') }}
    group by person_key
),

people as (
    select
        p.person_key,
        p.channel_count,
        {%- for name in attributes %}
        p.{{ name }}_count,
        {%- endfor %}
        i.identifier_count
    from {{ ref('person') }} as p
    inner join person_identifiers as i on p.person_key = i.person_key
),

everybody as (
    select count(*) as people_count
    from people
),

-- What the last release knew: rows that are still open, and rows that this run closed.
known_before as (
    select
        'person' as entity,
        valid_to is not null as is_closed
    from {{ ref('one_id_history') }}
    where valid_from < fn_as_of() and coalesce(valid_to = fn_as_of(), true)
    union all
    select
        'company' as entity,
        valid_to is not null as is_closed
    from {{ ref('account_id_history') }}
    where valid_from < fn_as_of() and coalesce(valid_to = fn_as_of(), true)
),

bands as (
    select
        band,
        cast(min_identifiers as bigint) as min_identifiers,
        cast(max_identifiers as bigint) as max_identifiers
    from {{ ref('identity_size_bands') }}
),

counts as (
    select
        'people' as metric,
        'all' as member,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from people
    union all
    select
        'identifiers' as metric,
        status as member,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from {{ ref('identifier') }}
    group by status
    union all
    select
        'set_apart' as metric,
        reason as member,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from {{ ref('identity_audit') }}
    group by reason
    union all
    select
        'match_rate' as metric,
        coalesce(channel, 'all') as member,
        count(person_key) as numerator,
        count(*) as denominator
    from {{ ref('record_owner') }}
    group by grouping sets ((channel), ())
    union all
    select
        'accounts' as metric,
        'all' as member,
        count(*) as numerator,
        cast(null as bigint) as denominator
    from {{ ref('account') }}
    union all
    select
        'account_rate' as metric,
        coalesce(channel, 'all') as member,
        count(account_key) as numerator,
        count(*) as denominator
    from {{ ref('record_person') }}
    group by grouping sets ((channel), ())
    union all
    select
        'people_with_account' as metric,
        'all' as member,
        count(distinct a.person_key) as numerator,
        max(t.people_count) as denominator
    from everybody as t
    left join {{ ref('person_account') }} as a on a.is_current
    union all
    select
        'names_resolved' as metric,
        'all' as member,
        count(*) filter (where account_id is not null) as numerator,
        count(*) as denominator
    from {{ ref('company_name') }}
    union all
    select
        'churn' as metric,
        entity as member,
        count(*) filter (where is_closed) as numerator,
        count(*) as denominator
    from known_before
    group by entity
    union all
    -- Not count_if: without rows it is NULL on DuckDB and 0 on Spark.
    select
        'cross_channel_share' as metric,
        'all' as member,
        count(*) filter (where channel_count > 1) as numerator,
        count(*) as denominator
    from people
    union all
    select
        'size_share' as metric,
        b.band as member,
        count(p.person_key) as numerator,
        max(t.people_count) as denominator
    from bands as b
    cross join everybody as t
    left join people as p
        on
            b.min_identifiers <= p.identifier_count
            and coalesce(b.max_identifiers >= p.identifier_count, true)
    group by b.band
    union all
    select
        'names_per_person' as metric,
        'all' as member,
        coalesce(cast(sum(full_name_count) as bigint), 0) as numerator,
        count(*) filter (where full_name_count > 0) as denominator
    from people
    {%- for name in attributes %}
    union all
    select
        'conflict_rate' as metric,
        '{{ name }}' as member,
        count(*) filter (where {{ name }}_count > 1) as numerator,
        count(*) filter (where {{ name }}_count > 0) as denominator
    from people
    {%- endfor %}
),

rates as (
    select
        metric,
        member,
        cast(numerator as decimal(38, 6)) as numerator,
        cast(denominator as decimal(38, 6)) as denominator
    from counts
    union all
    select
        metric,
        member,
        numerator,
        denominator
    from {{ ref('identity_evaluation') }}
    union all
    select
        metric,
        member,
        numerator,
        denominator
    from {{ ref('candidate_evaluation') }}
)

select
    fn_as_of() as as_of_date,  -- Business date of the figures.
    r.metric,  -- What is measured, as in identity_metrics.csv.
    r.member,  -- all; a channel, status, reason, size, attribute, generator; labelled or decided.
    m.name_zh as metric_zh,  -- Chinese name.
    m.unit,  -- count, rate (0 to 1) or number.
    r.numerator,  -- Numerator.
    r.denominator,  -- Denominator; NULL = a count.
    cast(
        case
            when m.unit = 'count' then cast(r.numerator as double)
            else cast(r.numerator as double) / nullif(cast(r.denominator as double), 0)
        end as decimal(24, 6)
    ) as value  -- The figure; NULL = the denominator is 0.
from rates as r
inner join {{ ref('identity_metrics') }} as m on r.metric = m.metric
