/*
description: Every identifier of companies seen, and whether it is a valid one that is not blocked;
  these are numbered in anchor order. Domains of free mail are blocked.
grain: [id_type, id_value]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
with

listed as (
    {{ listed_values() }}
    union all
    select
        'email_domain' as id_type,
        email_domain as id_value,
        'free mail' as why
    from {{ ref('free_mail_domains') }}
),

{{ judged_identifiers('company', ref('company_combination_identifier')) }},

names as (
    select
        name_key,
        bool_or(is_complete) as is_complete,
        max(region) <> '' as is_placed
    from {{ ref('company_name_part') }}
    where name_key is not null
    group by name_key
)

select
    j.id_type,  -- Identifier type, as in identifier_types.csv.
    j.id_value,  -- The identifier; of a name its key.
    j.verdict,  -- valid, invalid, blocked_rule, blocked_value or blocked_pattern.
    case when j.verdict like 'blocked%' then j.blocked_why end
        as blocked_why,  -- Who excluded it, or why it is listed.
    j.strength,  -- 1 is the strongest.
    j.first_landed_seq,  -- First landing that brought it, in any version of a record.
    j.first_seen_at,  -- Earliest record that carries it, in any version (UTC).
    j.last_seen_at,  -- Latest record that carries it, in any version (UTC).
    cast(j.record_count as bigint) as record_count,  -- Current records that carry it.
    coalesce(n.is_complete, true)
        as is_complete,  -- False: a name that was never given with its legal form.
    coalesce(n.is_placed, true) as is_placed,  -- False: a name that tells no region.
    case
        when j.verdict = 'valid'
            then row_number() over (
                order by
                    case when j.verdict = 'valid' then 0 else 1 end,
                    j.first_landed_seq,
                    j.strength,
                    j.id_type,
                    j.id_value
            )
    end as node  -- Number in anchor order within this build; only of valid ones.
from judged as j
left join names as n on j.id_type = 'company_name' and j.id_value = n.name_key
