{#- Is a number in the band of a row of tag_bands.csv (from <= number < to)? -#}
{%- macro in_band(row, number) -%}
{{ 'true' if not row['from'] and not row['to'] }}
        {%- if row['from'] %}{{ number }} >= {{ row['from'] }}{% endif %}
        {%- if row['from'] and row['to'] %} and {% endif %}
        {%- if row['to'] %}{{ number }} < {{ row['to'] }}{% endif %}
{%- endmacro -%}

{#- The value of a banded tag: the band of tag_bands.csv that holds a number. -#}
{%- macro band(tag_code, number) -%}
case
    {%- for row in reference('tag_bands') | selectattr('tag_code', 'equalto', tag_code) %}
    when {{ in_band(row, number) }} then {{ literal(row.band) }}
    {%- endfor %}
end
{%- endmacro -%}

{#- The value of the first row of a reference table whose regular expression matches a text in lower case; NULL without
    a text. `columns` names the order, the expression and the value. -#}
{%- macro first_match(table, columns, text) -%}
case
    when {{ text }} is null then cast(null as varchar)
    {%- for row in reference(table, order=columns.order) %}
    when regexp_matches(lower({{ text }}), {{ literal(row[columns.regex] | lower) }})
        then {{ literal(row[columns.value]) }}
    {%- endfor %}
end
{%- endmacro -%}

{#- Days from the business date of a moment to as_of. -#}
{%- macro days_ago(date) -%}
date_diff('day', {{ date }}, fn_as_of())
{%- endmacro -%}

{#- Days from as_of to a date; below 0 if it is over. -#}
{%- macro days_left(date) -%}
date_diff('day', fn_as_of(), {{ date }})
{%- endmacro -%}

{#- The latest of some rows, with its channel, as evidence of a tag. -#}
{%- macro latest_proof(moment, channel='channel') -%}
max(struct_pack(occurred_at := {{ moment }}, channel := {{ channel }}))
{%- endmacro -%}

{#- CTEs `<name>_channels`, `<name>`: of the signs of each person (value_rank, channel, last_at) those of the lowest
    rank, with the latest as `proof` and the number of channels. -#}
{%- macro top_sign(name, signs) -%}
{{ name }}_channels as (
    select
        person_key,
        value_rank,
        channel,
        max(last_at) as last_at
    from {{ signs }}
    group by person_key, value_rank, channel
),

{{ name }}_ranks as (
    select
        person_key,
        value_rank,
        {{ latest_proof('last_at') }} as proof,
        count(*) as channel_count
    from {{ name }}_channels
    group by person_key, value_rank
),

{{ name }} as (
    select
        person_key,
        min(value_rank) as value_rank,
        arg_min(proof, value_rank) as proof,
        arg_min(channel_count, value_rank) as channel_count
    from {{ name }}_ranks
    group by person_key
)
{%- endmacro -%}

{#- The role in the buying group that a job title stands for. -#}
{%- macro buying_role(title) -%}
{{ first_match('buying_roles', {'order': 'role_order', 'regex': 'title_regex', 'value': 'buying_role'}, title) }}
{%- endmacro -%}

{#- A profile joins a tag with one value as it is. Tags with several values are listed first, in the order of their text,
    by the CTE `several`. These are far fewer rows than all, so they alone are grouped. -#}
{%- macro several_values(table, id, tags) -%}
{%- set several = tags | selectattr('is_multi', 'equalto', 'true') | list %}
{%- if several %}
with

several as (
    select
        {{ id }},
        {%- for tag in several %}
        string_agg(tag_value, ', ' order by tag_value)
            filter (where tag_code = {{ literal(tag.tag_code) }})
            as {{ tag.tag_code }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(table) }}
    where
        tag_code in (
            {%- for tag in several %}
            {{ literal(tag.tag_code) }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
    group by {{ id }}
)
{% endif %}
{%- endmacro -%}

{#- A column of a profile: the value of a tag, or the list of its values. -#}
{%- macro tag_column(tag) -%}
{{ 'several.' ~ tag.tag_code if tag.is_multi == 'true' else 'tag_' ~ tag.tag_code ~ '.tag_value as ' ~ tag.tag_code }}
{%- endmacro -%}

{#- The joins of a profile: one for each tag with one value, one for all others. `entity` is the alias of the person or
    company. -#}
{%- macro tag_joins(table, id, entity, tags) -%}
{%- for tag in tags if tag.is_multi != 'true' %}
left join {{ ref(table) }} as tag_{{ tag.tag_code }}
    on
        {{ entity }}.{{ id }} = tag_{{ tag.tag_code }}.{{ id }}
        and tag_{{ tag.tag_code }}.tag_code = {{ literal(tag.tag_code) }}
{%- endfor %}
{%- if tags | selectattr('is_multi', 'equalto', 'true') | list %}
left join several on {{ entity }}.{{ id }} = several.{{ id }}
{%- endif %}
{%- endmacro -%}

{#- A term of the population stability index: (p - q) * ln(p / q), as a decimal so that sums are exact. -#}
{%- macro psi_term(now, before) -%}
cast(
            ({{ now }} - {{ before }}) * ln(cast({{ now }} as double) / cast({{ before }} as double))
            as decimal(18, 9)
        )
{%- endmacro -%}

{#- CTE `verified_mobiles`: people whose mobile of identity.person they gave themselves, that is, on a contact whose
    mobile_source is not staff_remark; with the latest such contact and the number of channels. -#}
{%- macro verified_mobiles() -%}
own_mobiles as (
    select
        p.person_key,
        c.channel,
        max(c.observed_at) as observed_at
    from {{ ref('person_contact') }} as c
    inner join {{ ref('person') }} as p on c.person_key = p.person_key and c.mobile = p.mobile
    where c.mobile_source is distinct from 'staff_remark'
    group by p.person_key, c.channel
),

verified_mobiles as (
    select
        person_key,
        {{ latest_proof('observed_at') }} filter (where observed_at is not null) as proof,
        count(*) as source_count
    from own_mobiles
    group by person_key
)
{%- endmacro -%}

{#- CTE `<name>_evidence`: for each person or company, how many channels give the value that the golden record has, and
    the latest record that does. `records` holds what channels say, `golden` what counts, `key` joins them. -#}
{%- macro golden_evidence(name, records, golden, key, attributes) -%}
{{ name }}_by_channel as (
    select
        c.{{ key }},
        c.channel,
        {%- for attribute in attributes %}
        count_if(c.{{ attribute }} = g.{{ attribute }}) as {{ attribute }}_count,
        max(c.observed_at) filter (where c.{{ attribute }} = g.{{ attribute }})
            as {{ attribute }}_at{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(records) }} as c
    inner join {{ ref(golden) }} as g on c.{{ key }} = g.{{ key }}
    group by c.{{ key }}, c.channel
),

{{ name }}_evidence as (
    select
        {{ key }},
        {%- for attribute in attributes %}
        count_if({{ attribute }}_count > 0) as {{ attribute }}_channels,
        {{ latest_proof(attribute ~ '_at') }}
            filter (where {{ attribute }}_at is not null)
            as {{ attribute }}_proof{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ name }}_by_channel
    group by {{ key }}
)
{%- endmacro -%}

{#- CTE `<name>_forms`: how channels write the values of a reference table: the code, the names, and the aliases, which a
    bar separates. -#}
{%- macro aliased_forms(name, table, code) -%}
{{ name }}_words as (
    {%- for word in [code, 'name_zh', 'name_en'] %}
    select
        {{ code }} as code,
        {{ word }} as word
    from {{ ref(table) }}
    union all
    {%- endfor %}
    select
        r.{{ code }} as code,
        a.alias as word
    from {{ ref(table) }} as r
    cross join unnest(string_split(r.aliases, '|')) as a (alias)
),

{{ name }}_forms as (
    select
        fn_folded(word) as form,
        min(code) as code
    from {{ name }}_words
    where fn_folded(word) is not null
    group by fn_folded(word)
)
{%- endmacro -%}

{#- CTE `name`: the codes of the texts in a column, by the CTE `forms`. Texts are few, so each one is folded once; texts
    that map to nothing are left out. -#}
{%- macro coded_texts(name, relation, column, forms) -%}
{{ name }} as (
    select
        t.text,
        f.code
    from (
        select distinct {{ column }} as text
        from {{ relation }}
    ) as t
    inner join {{ forms }} as f on fn_folded(t.text) = f.form
)
{%- endmacro -%}

{#- CTE `bought`: what people or companies bought, from purchase_line; `key` is person_key or account_key. Sums are cast,
    because a union with a decimal of 38 digits would cut the digits after the point. -#}
{%- macro bought_by(key) -%}
bought_lines as (
    select
        {{ key }},
        channel,
        earned_at,
        purchase_date,
        amount,
        margin_amount,
        is_kept,
        {{ days_ago('purchase_date') }} as days_ago
    from {{ ref('purchase_line') }}
    where {{ key }} is not null
),

bought as (
    select
        {{ key }},
        cast(sum(amount) filter (where days_ago < {{ threshold('tier_days') }}) as decimal(24, 2))
            as tier_amount,
        {{ latest_proof('earned_at') }} filter (where days_ago < {{ threshold('tier_days') }})
            as tier_proof,
        count(distinct channel) filter (where days_ago < {{ threshold('tier_days') }})
            as tier_channels,
        cast(sum(margin_amount) as decimal(28, 6)) as margin_amount,
        {{ latest_proof('earned_at') }} as margin_proof,
        count(distinct channel) as margin_channels,
        cast(sum(amount) filter (where days_ago < {{ threshold('rfm_days') }}) as decimal(24, 2))
            as rfm_amount,
        count(distinct purchase_date) filter (
            where is_kept and days_ago < {{ threshold('rfm_days') }}
        ) as rfm_dates,
        min(days_ago) filter (where is_kept) as days_since,
        count(distinct purchase_date) filter (where is_kept) as purchase_dates,
        {{ latest_proof('earned_at') }} filter (where is_kept) as kept_proof,
        count(distinct channel) filter (where is_kept) as kept_channels
    from bought_lines
    group by {{ key }}
)
{%- endmacro -%}

{#- The row of rfm_segments.csv for a row of the CTE `bought`. A buyer without lines is in the last one: a won
    opportunity may hold while the order that fulfils it counts as nothing (docs/money.md). -#}
{%- macro rfm_segment(row) -%}
case
            {%- for segment in reference('rfm_segments') %}
            when
                coalesce({{ row }}.days_since < {{ threshold('rfm_recent_days') }}, false)
                = {{ segment.is_recent }}
                and (coalesce({{ row }}.rfm_dates, 0) >= {{ threshold('rfm_purchase_days') }})
                = {{ segment.is_frequent }}
                and (coalesce({{ row }}.rfm_amount, 0) >= {{ threshold('rfm_amount') }})
                = {{ segment.is_monetary }}
                then {{ literal(segment.rfm_segment) }}
            {%- endfor %}
        end
{%- endmacro -%}

{#- The last columns of a class model, from a CTE `tagged` with score, proof and source_count. -#}
{%- macro tag_row(id, whose) -%}
{{ id }},  -- {{ whose }}.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    try_cast(score as decimal(18, 4))
        as score,  -- Figure that the value was derived from; NULL also if it has too many digits.
    proof.occurred_at
        as evidence_at,  -- Latest evidence (UTC); NULL = the value rests on the absence of any.
    proof.channel as evidence_channel,  -- Channel of the evidence.
    cast(source_count as bigint) as source_count  -- Number of channels with evidence.
{%- endmacro -%}
