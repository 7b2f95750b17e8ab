/*
description: The tags 标签目录; what each one means, whether the data can fill it, how many have it,
  how its values moved, and who reads it. A tag of people and companies is reckoned over both.
grain: [tag_code]
*/
{%- set epsilon = '0.0001' %}
with

listed as (
    select
        tag_code,
        string_agg(tag_value, ', ' order by cast(value_order as bigint)) as value_list
    from {{ ref('tag_values') }}
    group by tag_code
),

-- One row for each level of a tag, with the scope of that level.
applicable as (
    select
        t.tag_code,
        s.level,
        s.scope,
        s.entity_count
    from {{ ref('tags') }} as t
    inner join {{ ref('tag_scope_size') }} as s
        on
            contains(', ' || t.applies_to || ',', ', ' || s.scope || ',')
            and contains(', ' || t.level || ',', ', ' || s.level || ',')
),

scopes as (
    select
        tag_code,
        cast(sum(entity_count) as bigint) as scope_count
    from applicable
    group by tag_code
),

rules as (
    select
        tag_code,
        string_agg(rule_version, ', ' order by level desc) as rule_version
    from {{ source('ops', 'tag_rule') }}
    group by tag_code
),

rule_sources as (
    select distinct
        r.tag_code,
        trim(s.source_model) as source_model
    from {{ source('ops', 'tag_rule') }} as r
    cross join unnest(string_split(r.source_models, ',')) as s (source_model)
),

sources as (
    select
        tag_code,
        string_agg(source_model, ', ' order by source_model) as source_models
    from rule_sources
    group by tag_code
),

-- Rows are people or companies, unless a tag has several values: only these are counted apart.
tagged_by_level as (
    {%- for table, id in [('person_tag', 'one_id'), ('account_tag', 'account_id')] %}
    select
        t.tag_code,
        count(*) as tagged_count,
        max(t.evidence_at) as freshest_at
    from {{ ref(table) }} as t
    inner join {{ ref('tags') }} as g on t.tag_code = g.tag_code
    where g.is_multi is distinct from 'true'
    group by t.tag_code
    union all
    select
        t.tag_code,
        count(distinct t.{{ id }}) as tagged_count,
        max(t.evidence_at) as freshest_at
    from {{ ref(table) }} as t
    inner join {{ ref('tags') }} as g on t.tag_code = g.tag_code
    where g.is_multi = 'true'
    group by t.tag_code
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

tagged as (
    select
        tag_code,
        cast(sum(tagged_count) as bigint) as tagged_count,
        max(freshest_at) as freshest_at
    from tagged_by_level
    group by tag_code
),

used_values as (
    select
        tag_code,
        count(distinct tag_value) as distinct_values
    from {{ ref('tag_size') }}
    where entity_count > 0
    group by tag_code
),

-- Population stability index: sum of (p - q) * ln(p / q) over the values, p now and q then. A share
-- of 0 counts as epsilon, so that the index stays finite.
shares as (
    select
        tag_code,
        level,
        greatest(share, {{ epsilon }}) as share,
        case when share_before is not null then greatest(share_before, {{ epsilon }}) end
            as share_before,
        case when share_long_before is not null then greatest(share_long_before, {{ epsilon }}) end
            as share_long_before
    from {{ ref('tag_size') }}
    where share is not null
),

terms as (
    select
        tag_code,
        level,
        {{ psi_term('share', 'share_before') }} as term,
        {{ psi_term('share', 'share_long_before') }} as long_term
    from shares
),

drifts_by_level as (
    select
        tag_code,
        level,
        sum(term) as drift,
        sum(long_term) as drift_long
    from terms
    group by tag_code, level
),

drifts as (
    select
        tag_code,
        max(drift) as drift,
        max(drift_long) as drift_long
    from drifts_by_level
    group by tag_code
),

missing as (
    select
        tag_code,
        string_agg(
            case
                when input like 'reference:%'
                    then 'no rows in ' || substr(input, 11) || '.csv'
                else 'no channel fills ' || input
            end,
            '; ' order by input
        ) as missing
    from {{ ref('tag_input') }}
    where not is_filled
    group by tag_code
),

readers as (
    select
        tag_code,
        string_agg(model, ', ' order by model) as used_by
    from (select distinct tag_code, model from {{ source('ops', 'tag_reader') }})
    group by tag_code
)

select
    t.tag_code,  -- Tag.
    cast(t.class_no as bigint) as class_no,  -- Class number, 1 to 18.
    t.class,  -- Class of the tag.
    t.name_zh,  -- Chinese name.
    t.name_en,  -- English name.
    t.level,  -- person, account, or both.
    t.kind,  -- attribute, interest or activity.
    t.mode,  -- static or dynamic.
    t.is_multi = 'true' as is_multi,  -- True = a person or company can have several values.
    t.applies_to,  -- Scopes to which it applies, as in tag_scopes.csv.
    coalesce(v.value_list, t.values_from)
        as value_list,  -- Values in order, or where they come from.
    t.decision,  -- Decision that it serves.
    t.rule,  -- The rule in words.
    s.source_models,  -- What its rule rests on, from lineage, without base models.
    r.rule_version,  -- Hash of the rule: that of people, then that of companies.
    coalesce(g.tagged_count, 0) as tagged_count,  -- People and companies with the tag.
    p.scope_count,  -- People and companies to whom it applies.
    cast(cast(coalesce(g.tagged_count, 0) as double) / nullif(p.scope_count, 0) as decimal(9, 6))
        as coverage_rate,  -- tagged_count / scope_count, 0 to 1; NULL = it applies to nobody.
    date_diff('day', fn_local_date(g.freshest_at), fn_as_of())
        as freshness_days,  -- Days since its latest evidence.
    coalesce(u.distinct_values, 0) as distinct_values,  -- Number of values in use.
    cast(d.drift as decimal(18, 6))
        as drift,  -- Population stability index against the last published date; the greater level.
    cast(d.drift_long as decimal(18, 6))
        as drift_30d,  -- The same against drift_days ago.
    b.used_by,  -- Audiences and KPIs that read it, from lineage.
    case
        when m.missing is not null or coalesce(g.tagged_count, 0) = 0 and p.scope_count > 0
            then 'uncomputable'
        when b.used_by is null then 'unused'
        else 'live'
    end as status,  -- live, unused or uncomputable.
    case
        when m.missing is not null then m.missing
        when coalesce(g.tagged_count, 0) = 0 and p.scope_count > 0
            then 'nobody to whom it applies has the evidence'
    end as missing  -- What an uncomputable tag lacks.
from {{ ref('tags') }} as t
left join listed as v on t.tag_code = v.tag_code
left join scopes as p on t.tag_code = p.tag_code
left join rules as r on t.tag_code = r.tag_code
left join sources as s on t.tag_code = s.tag_code
left join tagged as g on t.tag_code = g.tag_code
left join used_values as u on t.tag_code = u.tag_code
left join drifts as d on t.tag_code = d.tag_code
left join missing as m on t.tag_code = m.tag_code
left join readers as b on t.tag_code = b.tag_code
