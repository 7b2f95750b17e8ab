/*
description: Every company identifier that was seen, and whether it is valid and not blocked. Valid
  identifiers are numbered in anchor order. Free mail domains are blocked.
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
    j.id_value,  -- The identifier; for a name its key.
    j.verdict,  -- valid, invalid, blocked_rule, blocked_value or blocked_pattern.
    case when j.verdict like 'blocked%' then j.blocked_why end
        as blocked_why,  -- Who excluded it, or why it is listed.
    j.strength,  -- 1 is the strongest.
    j.first_landed_seq,  -- First landing that brought it, in any version of a record.
    j.first_seen_at,  -- Earliest record with the identifier, in any version (UTC).
    j.last_seen_at,  -- Latest record with the identifier, in any version (UTC).
    cast(j.record_count as bigint) as record_count,  -- Number of current records with it.
    coalesce(n.is_complete, true)
        as is_complete,  -- False = a name that never ends with a legal form.
    coalesce(n.is_placed, true) as is_placed,  -- False = a name without a region.
    case
        when j.verdict = 'valid'
            then row_number() over (
                order by j.first_landed_seq, j.strength, j.id_type, j.id_value
            )
    end as node  -- Number in anchor order, also of the others; NULL if it is not valid.
from judged as j
left join names as n on j.id_type = 'company_name' and j.id_value = n.name_key
