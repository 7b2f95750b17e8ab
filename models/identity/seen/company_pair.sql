/*
description: Pairs of valid company identifiers that were seen together on current records. Short
  names join nothing. A name without a region joins only on records with an account or a credit
  code. On other records a name joins a mail domain only if most of the records that have the domain
  and a full name have this name.
grain: [node, lesser_node]
*/
{{ config(published=false) }}
with

masters as (
    select distinct combination_id
    from {{ ref('company_combination_identifier') }}
    where id_type in ('credit_code', 'crm_account_id')
),

nodes as (
    select
        i.combination_id,
        i.id_type,
        i.record_count,
        m.combination_id is not null as is_master,
        s.node,
        s.strength
    from {{ ref('company_combination_identifier') }} as i
    inner join {{ ref('company_identifier') }} as s
        on i.id_type = s.id_type and i.id_value = s.id_value
    left join masters as m on i.combination_id = m.combination_id
    where
        s.verdict = 'valid'
        and i.record_count > 0
        and s.is_complete
        and (s.is_placed or m.combination_id is not null)
),

{{ seen_together(ref('company_combination')) }},

-- A domain that many companies use, such as an unlisted provider's, identifies none of them.
names_of_domains as (
    select
        d.node as domain_node,
        n.node as name_node,
        max(case when n.is_master then 1 else 0 end) as is_master,
        sum(n.record_count) as record_count
    from nodes as d
    inner join nodes as n on d.combination_id = n.combination_id
    where d.id_type = 'email_domain' and n.id_type = 'company_name'
    group by d.node, n.node
),

weighed as (
    select
        domain_node,
        name_node,
        is_master,
        record_count,
        sum(record_count) over (partition by domain_node) as all_count
    from names_of_domains
),

rare as (
    select
        greatest(domain_node, name_node) as node,
        least(domain_node, name_node) as lesser_node
    from weighed
    where is_master = 0 and 2 * record_count <= all_count
)

select
    p.node,  -- Identifier with the greater number.
    p.lesser_node,  -- Identifier with the lesser number.
    p.strength,  -- Strength of the weaker end; 1 is the strongest.
    p.first_seen_at,  -- Earliest current record with both (UTC).
    p.last_seen_at,  -- Latest current record with both (UTC).
    p.channels  -- Channels that brought the pair.
from pairs_seen as p
anti join rare as r on p.node = r.node and p.lesser_node = r.lesser_node
