/*
description: People and companies that are probably the same (疑似重复), for a human to accept or
  refuse, with the evidence and what would follow. siyu link and siyu unlink decide them.
grain: [candidate_id]
*/
-- noqa: disable=LT02
{%- set shapes = ['touch', 'link', 'deal', 'ticket'] %}
with

pairs as (
    select
        'person' as entity,
        c.left_key,
        c.right_key,
        c.generators,
        c.score,
        j.right_key is not null as is_joined
    from {{ ref('person_candidate') }} as c
    left join {{ ref('person_join') }} as j
        on c.left_key = j.left_key and c.right_key = j.right_key
    union all
    select
        'company' as entity,
        c.left_key,
        c.right_key,
        c.generators,
        c.score,
        j.right_key is not null as is_joined
    from {{ ref('company_candidate') }} as c
    left join {{ ref('company_join') }} as j
        on c.left_key = j.left_key and c.right_key = j.right_key
),

owners as (
    select
        'person' as entity,
        o.node,
        o.id_type,
        o.id_value,
        o.person_key as owner_key,
        o.one_id
    from {{ ref('one_id') }} as o
    union all
    select
        'company' as entity,
        a.node,
        a.id_type,
        a.id_value,
        a.account_key as owner_key,
        a.account_id as one_id
    from {{ ref('account_id') }} as a
),

sided as (
    select
        p.entity,
        p.left_key,
        p.right_key,
        p.generators,
        p.score,
        p.is_joined,
        a.id_type as left_type,
        a.id_value as left_value,
        a.owner_key as left_owner,
        a.one_id as left_id,
        b.id_type as right_type,
        b.id_value as right_value,
        b.owner_key as right_owner,
        b.one_id as right_id
    from pairs as p
    inner join owners as a on p.entity = a.entity and p.left_key = a.node
    inner join owners as b on p.entity = b.entity and p.right_key = b.node
),

-- A human looked at the pair and was not sure. The latest verdict counts.
verdicts as (
    select
        left_id,
        right_id,
        verdict,
        cast(decided_at as timestamp) as decided_at
    from {{ ref('candidate_decisions') }}
    qualify
        row_number() over (
            partition by left_id, right_id
            order by cast(decided_at as timestamp) desc, verdict asc, candidate_id asc
        ) = 1
),

unsure as (
    select
        split_part(left_id, ':', 1) as left_type,
        substr(left_id, strpos(left_id, ':') + 1) as left_value,
        split_part(right_id, ':', 1) as right_type,
        substr(right_id, strpos(right_id, ':') + 1) as right_value,
        decided_at
    from verdicts
    where verdict = 'unsure'
),

unsure_pairs as (
    select
        a.entity,
        least(a.owner_key, b.owner_key) as left_owner,
        greatest(a.owner_key, b.owner_key) as right_owner,
        max(u.decided_at) as decided_at
    from unsure as u
    inner join owners as a on u.left_type = a.id_type and u.left_value = a.id_value
    inner join owners as b on u.right_type = b.id_type and u.right_value = b.id_value
    group by a.entity, least(a.owner_key, b.owner_key), greatest(a.owner_key, b.owner_key)
),

texts as (
    select
        'person' as entity,
        e.left_key,
        e.right_key,
        e.evidence,
        e.left_value,
        e.right_value,
        e.bits
    from {{ ref('person_evidence') }} as e
    semi join {{ ref('person_candidate') }} as c
        on e.left_key = c.left_key and e.right_key = c.right_key
    union all
    select
        'company' as entity,
        e.left_key,
        e.right_key,
        e.evidence,
        e.left_value,
        e.right_value,
        e.bits
    from {{ ref('company_evidence') }} as e
    semi join {{ ref('company_candidate') }} as c
        on e.left_key = c.left_key and e.right_key = c.right_key
),

worded as (
    select
        t.entity,
        t.left_key,
        t.right_key,
        t.bits,
        t.evidence,
        replace(
            replace(w.text_en, '{left}', coalesce(t.left_value, '')),
            '{right}', coalesce(t.right_value, '')
        ) as text_en,
        replace(
            replace(w.text_zh, '{left}', coalesce(t.left_value, '')),
            '{right}', coalesce(t.right_value, '')
        ) as text_zh
    from texts as t
    inner join {{ ref('candidate_evidence') }} as w
        on t.entity = w.entity and t.evidence = w.evidence
),

evidence as (
    select
        entity,
        left_key,
        right_key,
        string_agg(evidence || ' ' || bits, ', ' order by bits desc, evidence asc) as weights,
        string_agg(evidence, ', ' order by bits desc, evidence asc)
            filter (where bits >= 0) as found_for,
        string_agg(evidence, ', ' order by bits, evidence)
            filter (where bits < 0) as found_against,
        string_agg(text_en, '; ' order by bits desc, evidence asc, text_en asc)
            filter (where bits >= 0) as text_for,
        string_agg(text_en, '; ' order by bits, evidence, text_en)
            filter (where bits < 0) as text_against,
        string_agg(text_zh, '；' order by bits desc, evidence asc, text_en asc)
            filter (where bits >= 0) as text_for_zh,
        string_agg(text_zh, '；' order by bits, evidence, text_en)
            filter (where bits < 0) as text_against_zh
    from worded
    group by entity, left_key, right_key
),

wanted as (
    select
        entity,
        left_owner as owner_key
    from sided
    union
    select
        entity,
        right_owner as owner_key
    from sided
),

owned as (
    select
        w.entity,
        w.owner_key,
        r.channel,
        r.record_id
    from wanted as w
    inner join {{ ref('record_person') }} as r
        on w.entity = 'person' and w.owner_key = r.person_key
    union all
    select
        w.entity,
        w.owner_key,
        r.channel,
        r.record_id
    from wanted as w
    inner join {{ ref('record_person') }} as r
        on w.entity = 'company' and w.owner_key = r.account_key
),

counted as (
    select
        entity,
        owner_key,
        count(*) as record_count
    from owned
    group by entity, owner_key
),
{%- for shape in shapes %}

{{ shape }}_counts as (
    select
        o.entity,
        o.owner_key,
        {%- if shape == 'deal' %}
        count(distinct s.channel || ':' || s.deal_id) as counted,
        coalesce(sum(s.amount), 0) as amount
        {%- else %}
        count(distinct o.record_id) as counted
        {%- endif %}
    from owned as o
    inner join {{ ref(shape) }} as s on o.channel = s.channel and o.record_id = s.record_id
    group by o.entity, o.owner_key
),
{%- endfor %}

sizes as (
    select
        c.entity,
        c.owner_key,
        c.record_count,
        {%- for shape in shapes %}
        coalesce({{ shape }}_counts.counted, 0) as {{ shape }}_count,
        {%- endfor %}
        coalesce(deal_counts.amount, 0) as deal_amount
    from counted as c
    {%- for shape in shapes %}
    left join {{ shape }}_counts
        on c.entity = {{ shape }}_counts.entity and c.owner_key = {{ shape }}_counts.owner_key
    {%- endfor %}
),

sized as (
    select
        s.entity,
        s.left_key,
        s.right_key,
        coalesce(a.record_count, 0) as left_record_count,
        coalesce(b.record_count, 0) as right_record_count,
        coalesce(a.deal_count, 0) as left_deal_count,
        coalesce(b.deal_count, 0) as right_deal_count,
        cast(
            coalesce(a.deal_amount, 0) + coalesce(b.deal_amount, 0) as decimal(18, 2)
        ) as deal_amount,
        coalesce(a.ticket_count, 0) + coalesce(b.ticket_count, 0) as ticket_count,
        least(coalesce(a.touch_count, 0), coalesce(b.touch_count, 0)) > 0 as has_touches_of_both,
        least(coalesce(a.link_count, 0), coalesce(b.link_count, 0)) > 0 as has_links_of_both
    from sided as s
    left join sizes as a on s.entity = a.entity and s.left_owner = a.owner_key
    -- What joined by itself has its records once.
    left join sizes as b
        on s.entity = b.entity and s.right_owner = b.owner_key and s.left_owner <> s.right_owner
),

effects as (
    select
        s.entity,
        s.left_key,
        s.right_key,
        string_agg(e.kpi_code, ', ' order by e.kpi_code) as kpis
    from sized as s
    inner join {{ ref('candidate_effects') }} as e
        on
            s.entity = e.entity
            and case e.happens_with
                when 'records' then true
                when 'touches_of_both' then s.has_touches_of_both
                when 'links_of_both' then s.has_links_of_both
                when 'deals_of_one' then s.left_deal_count + s.right_deal_count > 0
                when 'deals_of_both' then least(s.left_deal_count, s.right_deal_count) > 0
                when 'tickets_of_one' then s.ticket_count > 0
                else false
            end
    group by s.entity, s.left_key, s.right_key
),

stated as (
    select
        s.entity,
        s.left_key,
        s.right_key,
        s.generators,
        s.score,
        s.left_type,
        s.left_value,
        s.left_id,
        s.right_type,
        s.right_value,
        s.right_id,
        case
            when s.is_joined then 'joined'
            when u.decided_at is not null then 'unsure'
            else 'open'
        end as status,
        u.decided_at as unsure_at,
        fn_keyed_hash(
            s.left_type || ':' || s.left_value || '|' || s.right_type || ':' || s.right_value
        ) as hashed
    from sided as s
    left join unsure_pairs as u
        on
            s.entity = u.entity
            and least(s.left_owner, s.right_owner) = u.left_owner
            and greatest(s.left_owner, s.right_owner) = u.right_owner
)

select
    'K' || left(s.hashed, 12) as candidate_id,  -- The pair, as long as both keep their IDs.
    row_number() over (
        order by
            case s.status when 'open' then 0 when 'unsure' then 1 else 2 end,
            s.score desc,
            z.left_record_count + z.right_record_count desc,
            s.hashed
    ) as candidate_no,  -- Place in the list of this release; siyu link and unlink take it.
    s.entity,  -- person or company.
    s.status,  -- open; unsure: a human was not sure; joined: by join_candidates_from.
    s.score,  -- Probability that the two are one, by the evidence; 0 to 1.
    s.generators,  -- Who found the pair, as in candidate_generators.csv.
    s.left_id,  -- The person (P…) or company (C…) that was known first.
    s.right_id,  -- The other one. It becomes the first one if they are linked.
    s.left_type,  -- Type of the oldest identifier of the first one.
    s.left_value,  -- [pii] That identifier.
    s.right_type,  -- Type of the oldest identifier of the other one.
    s.right_value,  -- [pii] That identifier.
    e.found_for,  -- What speaks for it, the strongest first, as in candidate_evidence.csv.
    e.found_against,  -- What speaks against it; NULL = nothing.
    e.weights,  -- How much each finding says, in bits; one bit doubles the odds.
    e.text_for,  -- [pii] What speaks for it, in words.
    e.text_against,  -- [pii] What speaks against it, in words.
    e.text_for_zh,  -- [pii] What speaks for it, in Chinese.
    e.text_against_zh,  -- [pii] What speaks against it, in Chinese.
    z.left_record_count,  -- Records of the first one.
    z.right_record_count,  -- Records of the other one, which would move.
    z.left_deal_count,  -- Orders and opportunities of the first one.
    z.right_deal_count,  -- Orders and opportunities of the other one, which would move.
    z.deal_amount,  -- Amount of the deals of both.
    k.kpis,  -- KPIs that would change, by kpi_code.
    s.unsure_at  -- When a human was not sure (UTC).
from stated as s
inner join evidence as e
    on s.entity = e.entity and s.left_key = e.left_key and s.right_key = e.right_key
inner join sized as z
    on s.entity = z.entity and s.left_key = z.left_key and s.right_key = z.right_key
left join effects as k
    on s.entity = k.entity and s.left_key = k.left_key and s.right_key = k.right_key
