/*
description: Texts for industry, size and province that map to no code (未映射的值), by channel. Add an
  alias to industries.csv or company_sizes.csv, or a region to regions.csv.
grain: [attribute, channel, raw_value]
*/
{%- set attributes = [
    ('industry', 'account_record', 'account_key', 'industry', 'industry_forms'),
    ('company_size', 'account_record', 'account_key', 'size', 'size_forms'),
    ('account_province', 'account_record', 'account_key', 'province', 'region_forms'),
    ('province', 'person_contact', 'person_key', 'province', 'region_forms')
] %}
with

{{ region_forms() }},

{{ aliased_forms('industry', 'industries', 'industry') }},

{{ aliased_forms('size', 'company_sizes', 'company_size') }},

forms as (
    {%- for attribute, records, key, column, forms in attributes %}
    select
        '{{ attribute }}' as attribute,
        form
    from {{ forms }}{{ '\n    union all' if not loop.last }}
    {%- endfor %}
),

given as (
    {%- for attribute, records, key, column, forms in attributes %}
    select distinct
        '{{ attribute }}' as attribute,
        channel,
        {{ key }} as entity_key,
        {{ column }} as text
    from {{ ref(records) }}
    where {{ column }} is not null{{ '\n    union all' if not loop.last }}
    {%- endfor %}
),

-- Few different texts: each one is looked up once.
texts as (
    select distinct
        attribute,
        text
    from given
),

trimmed as (
    select
        attribute,
        text,
        fn_trim(text) as raw_value,
        fn_folded(text) as form
    from texts
),

judged as (
    select
        t.attribute,
        t.text,
        t.raw_value,
        f.form is not null as is_mapped
    from trimmed as t
    left join forms as f on t.attribute = f.attribute and t.form = f.form
    where t.raw_value is not null
),

-- One row for each person or company and text.
said as (
    select
        g.attribute,
        g.channel,
        g.entity_key,
        j.raw_value,
        j.is_mapped
    from given as g
    inner join judged as j on g.attribute = j.attribute and g.text = j.text
    group by g.attribute, g.channel, g.entity_key, j.raw_value, j.is_mapped
),

entities as (
    select
        attribute,
        channel,
        entity_key,
        count_if(not is_mapped) as unmapped_texts
    from said
    group by attribute, channel, entity_key
),

channels as (
    select
        attribute,
        channel,
        count(*) as given_count,
        count_if(unmapped_texts > 0) as unmapped_count
    from entities
    group by attribute, channel
),

counted as (
    select
        attribute,
        channel,
        raw_value,
        count(*) as entity_count
    from said
    where not is_mapped
    group by attribute, channel, raw_value
)

select
    t.attribute,  -- Tag that cannot be given: industry, company_size, account_province or province.
    t.channel,  -- Channel that writes the text.
    t.raw_value,  -- The text, without outer blanks.
    t.entity_count,  -- Companies with this text; people for province.
    c.given_count,  -- Companies or people for whom the channel gives any text.
    cast(cast(c.unmapped_count as double) / c.given_count as decimal(9, 6))
        as unmapped_rate,  -- Share of them with any text that maps to nothing, 0 to 1.
    c.unmapped_count * 100 > c.given_count * {{ var('max_unmapped_percent') }}
        as is_above_limit  -- True = unmapped_rate is above max_unmapped_percent.
from counted as t
inner join channels as c on t.attribute = c.attribute and t.channel = c.channel
