/*
description: The tags; what each one means, what it depends on, how many people have it, how it
  changed, and who reads it.
grain: [tag_code]
*/
with

catalog as (
    select
        t.tag_code,
        cast(t.class_no as bigint) as class_no,
        t.class,
        t.name_zh,
        t.name_en,
        t.level,
        t.kind,
        t.mode,
        t.value_list,
        t.decision,
        'tags.' || t.class_no || '_' || t.class as model
    from {{ ref('tags') }} as t
),

people as (
    select count(*) as people_count
    from {{ ref('person') }}
),

tagged as (
    select
        tag_code,
        count(distinct one_id) as tagged_count,
        count(distinct tag_value) as distinct_values,
        max(evidence_at) as freshest_at
    from {{ ref('person_tag') }}
    group by tag_code
),

sizes_now as (
    select
        tag_code,
        tag_value,
        count(*) as size_now
    from {{ ref('person_tag') }}
    group by tag_code, tag_value
),

sizes_before as (
    select
        tag_code,
        tag_value,
        count(*) as size_before
    from {{ previous('tags.person_tag') }}
    group by tag_code, tag_value
),

totals_now as (
    select
        tag_code,
        sum(size_now) as total_now
    from sizes_now
    group by tag_code
),

totals_before as (
    select
        tag_code,
        sum(size_before) as total_before
    from sizes_before
    group by tag_code
),

shares as (
    select
        coalesce(n.tag_code, b.tag_code) as tag_code,
        cast(cast(coalesce(n.size_now, 0) as double) / tn.total_now as decimal(9, 6)) as share_now,
        cast(cast(coalesce(b.size_before, 0) as double) / tb.total_before as decimal(9, 6))
            as share_before
    from sizes_now as n
    full outer join sizes_before as b on n.tag_code = b.tag_code and n.tag_value = b.tag_value
    inner join totals_now as tn on coalesce(n.tag_code, b.tag_code) = tn.tag_code
    inner join totals_before as tb on coalesce(n.tag_code, b.tag_code) = tb.tag_code
),

drifts as (
    select
        tag_code,
        sum(abs(share_now - share_before)) as moved_share
    from shares
    group by tag_code
),

sources as (
    select
        model,
        string_agg(distinct source_model, ', ' order by source_model) as source_models
    from {{ source('ops', 'column_lineage') }}
    group by model
),

readers as (
    select
        c.tag_code,
        string_agg(distinct l.model, ', ' order by l.model) as used_by
    from catalog as c
    inner join {{ source('ops', 'column_lineage') }} as l
        on l.source_model = 'tags.person_tag' and l.source_column = 'tag_value'
    inner join {{ source('ops', 'model') }} as m
        on l.model = m.model and m.schema_name in ('audience', 'kpi')
    where contains(m.compiled_sql, '''' || c.tag_code || '''')
    group by c.tag_code
)

select
    c.tag_code,  -- Tag.
    c.class_no,  -- Class number, 1 to 18.
    c.class,  -- Class of the tag.
    c.name_zh,  -- Chinese name.
    c.name_en,  -- English name.
    c.level,  -- person or account.
    c.kind,  -- attribute, interest or activity.
    c.mode,  -- static or dynamic.
    c.value_list,  -- Values it can take.
    c.decision,  -- Decision that it serves.
    s.source_models,  -- Models that its values depend on, from lineage.
    m.rule_version,  -- Hash of the compiled rule.
    cast(cast(coalesce(t.tagged_count, 0) as double) / nullif(p.people_count, 0) as decimal(9, 6))
        as coverage_rate,  -- People with the tag / all people, 0 to 1.
    date_diff('day', fn_local_date(t.freshest_at), fn_as_of())
        as freshness_days,  -- Days since its latest evidence.
    coalesce(t.distinct_values, 0) as distinct_values,  -- Number of values in use.
    cast(d.moved_share / 2 as decimal(9, 6))
        as drift,  -- Share of people who would have to change value to match the last release.
    r.used_by,  -- Audiences and KPIs that read it, from lineage.
    case
        when coalesce(t.tagged_count, 0) = 0 then 'uncomputable'
        when r.used_by is null then 'unused'
        else 'live'
    end as status  -- live, unused or uncomputable.
from catalog as c
cross join people as p
inner join {{ source('ops', 'model') }} as m on c.model = m.model
left join tagged as t on c.tag_code = t.tag_code
left join drifts as d on c.tag_code = d.tag_code
left join sources as s on c.model = s.model
left join readers as r on c.tag_code = r.tag_code
