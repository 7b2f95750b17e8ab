/*
description: The person that each record belongs to, by numbers; the person of its strongest used
  identifier, or else the person who held its contested identifier at that time, or else NULL.
grain: [channel, record_id]
*/
{{ config(published=false, restate='record', through={
    'combination_owner': ['combination_id'], 'contested_tenure': ['node'], 'node_person': ['node']
}) }}
with

-- 1. The person of each combination of identifiers: the one of its strongest used identifier.
matched as (
    select
        r.channel,
        r.record_id,
        r.seen_at,
        k.combination_id,
        k.person_key,
        k.strength,
        k.id_type,
        k.id_value,
        coalesce(k.is_contested, false) as is_contested
    from {{ ref('record_combination') }} as r
    left join {{ ref('combination_owner') }} as k
        on r.combination_id = k.combination_id and k.place = 1
    where r.state = 'current'
),

-- 2. The few records that have only contested identifiers belong to whoever held one at their time.
disputed as (
    select distinct
        channel,
        record_id,
        seen_at,
        combination_id
    from matched
    where is_contested
),

tenures as (
    select
        node,
        person_key,
        held_from,
        held_to,
        row_number() over (partition by node order by held_from, person_key) as tenure_no,
        count(*) over (partition by node) as tenure_count
    from {{ ref('contested_tenure') }}
    where is_handed_on
),

disputed_identifiers as (
    select
        d.channel,
        d.record_id,
        d.seen_at,
        i.node,
        i.strength,
        i.id_type,
        i.id_value
    from disputed as d
    inner join {{ ref('combination_owner') }} as i on d.combination_id = i.combination_id
    where d.seen_at is not null
),

moments as (
    select distinct
        node,
        seen_at
    from disputed_identifiers
),

-- An identifier that thousands of people used has thousands of tenures. One sort finds the tenure
-- of each record, so that records are not compared with every tenure.
timeline as (
    select
        node,
        held_from as moment,
        tenure_no
    from tenures
    union all
    select
        node,
        seen_at as moment,
        cast(null as bigint) as tenure_no
    from moments
),

begun as (
    select
        node,
        moment,
        max(tenure_no) over (partition by node order by moment) as begun_no
    from timeline
),

latest as (
    select
        node,
        moment,
        max(begun_no) as begun_no
    from begun
    group by node, moment
),

-- A tenure covers its own time; the first also covers the time before, and the last the time after.
claims as (
    select
        a.channel,
        a.record_id,
        a.seen_at,
        a.strength,
        a.id_type,
        a.id_value,
        t.person_key
    from disputed_identifiers as a
    inner join latest as l on a.node = l.node and a.seen_at = l.moment
    inner join tenures as t on a.node = t.node and coalesce(l.begun_no, 1) = t.tenure_no
    where l.begun_no is null or a.seen_at <= t.held_to or t.tenure_no = t.tenure_count
),

strongest_claims as (
    select
        channel,
        record_id,
        seen_at,
        person_key,
        strength,
        id_type,
        id_value
    from claims
    qualify
        row_number() over (
            partition by channel, record_id, seen_at order by strength, id_type, id_value
        ) = 1
),

-- 3. One owner for each exported row, which may be in several record shapes.
owners as (
    select
        channel,
        record_id,
        seen_at,
        person_key,
        strength,
        id_type,
        id_value,
        0 as is_disputed
    from matched
    where not is_contested
    union all
    select
        d.channel,
        d.record_id,
        d.seen_at,
        s.person_key,
        s.strength,
        s.id_type,
        s.id_value,
        1 as is_disputed
    from disputed as d
    left join strongest_claims as s
        on
            d.channel = s.channel
            and d.record_id = s.record_id
            and d.seen_at is not distinct from s.seen_at
    union all
    -- Records that a human linked and that have no identifier of their own.
    select
        m.channel,
        m.record_id,
        cast(null as timestamp) as seen_at,
        p.person_key,
        n.strength,
        'record' as id_type,
        n.id_value,
        0 as is_disputed
    from {{ ref('record_node') }} as n
    inner join matched as m on n.channel = m.channel and n.record_id = m.record_id
    inner join {{ ref('node_person') }} as p on n.node = p.node
),

seen as (
    select
        channel,
        record_id,
        min(seen_at) as seen_at,
        min(person_key) as person_key,
        max(person_key) as other_key
    from owners
    group by channel, record_id
),

-- Only where the shapes of a row name several people, the strongest identifier decides.
divided as (
    select
        channel,
        record_id
    from seen
    where person_key <> other_key
),

decided as (
    select
        o.channel,
        o.record_id,
        o.person_key
    from owners as o
    semi join divided as d on o.channel = d.channel and o.record_id = d.record_id
    where o.person_key is not null
    qualify
        row_number() over (
            partition by o.channel, o.record_id
            order by
                o.is_disputed, o.strength, o.id_type, o.id_value, o.seen_at, o.person_key
        ) = 1
)

select
    s.channel,  -- Channel code.
    s.record_id,  -- [pii] The exported row.
    s.seen_at,  -- When it happened (UTC).
    coalesce(d.person_key, s.person_key)
        as person_key  -- Number of the person in this release; NULL = unknown.
from seen as s
left join decided as d on s.channel = d.channel and s.record_id = d.record_id
