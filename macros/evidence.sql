{#- What people and companies have in common: identifiers that were seen together on records. -#}

{#- The identifiers of every version of every record of some shapes: current records up to as_of from the record tables,
    records after as_of and earlier versions from staging. `values` maps a column to its SQL. One landing may bring
    several versions that are equal in all of this; they are one. -#}
{%- macro identified_records(shapes, values) -%}
{%- for shape, moment in shapes %}
{%- for part in ['current', 'beyond', 'superseded'] %}
    select{{ ' distinct' if part == 'superseded' }}
        channel,
        record_id,
        '{{ shape }}' as shape,
        '{{ part }}' as state,
        landed_seq,
        {{ moment }} as seen_at,
        {%- for column, value in values.items() %}
        {{ value }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {%- if part == 'current' %}
    from {{ ref(shape) }}
    {%- elif part == 'beyond' %}
    from ({{ union_shape(shape, beyond=true) }}) as {{ shape }}_beyond
    {%- else %}
    from ({{ union_shape(shape, bounded=false, versions='superseded') }}) as {{ shape }}_superseded
    {%- endif %}
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
{%- if not loop.last %}
    union all
{%- endif %}
{%- endfor %}
{%- endmacro -%}

{#- A number of a combination of values that depends on nothing but the values: which column each is of and how long it
    is keep two combinations apart. -#}
{%- macro combination_number(columns) -%}
case
    when coalesce({{ columns | join(', ') }}) is not null
        then md5(concat_ws(
            ',',
            {%- for column in columns %}
            '{{ loop.index }}:' || length({{ column }}) || ':' || {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        ))
end
{%- endmacro -%}

{#- CTEs up to `numbered`: the versions of records that have a value, and those that meet `condition`, with the number of
    their combination. -#}
{%- macro numbered_records(shapes, values, condition='') -%}
{%- set listed = values | join(', ') -%}
records as (
    {{ identified_records(shapes, values) }}
),

numbered as (
    select
        channel,
        record_id,
        shape,
        state,
        landed_seq,
        seen_at,
        {{ listed }},
        {{ combination_number(values) }} as combination_id
    from records
    where coalesce({{ listed }}) is not null{{ ' or ' ~ condition if condition }}
)
{%- endmacro -%}

{#- CTEs up to `grouped`: the distinct combinations of `columns` in `relation`, with times, counts and channels. -#}
{%- macro distinct_combinations(relation, columns) -%}
by_channel as (
    select
        combination_id,
        channel,
        {{ columns | join(', ') }},
        min(landed_seq) as first_landed_seq,
        min(seen_at) as first_seen_at,
        max(seen_at) as last_seen_at,
        min(seen_at) filter (where state <> 'superseded') as first_current_at,
        max(seen_at) filter (where state <> 'superseded') as last_current_at,
        count_if(state <> 'superseded') as record_count
    from {{ relation }}
    where combination_id is not null
    group by combination_id, channel, {{ columns | join(', ') }}
),

grouped as (
    select
        combination_id,
        {{ columns | join(', ') }},
        min(first_landed_seq) as first_landed_seq,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(first_current_at) as first_current_at,
        max(last_current_at) as last_current_at,
        sum(record_count) as record_count,
        string_agg(channel, ', ' order by channel) as channels
    from by_channel
    group by combination_id, {{ columns | join(', ') }}
)
{%- endmacro -%}

{#- CTEs up to `pairs_seen`: pairs of `nodes` (combination_id, node, strength) that occur together in `combination`, with the
    strength of the weaker end, times and channels. -#}
{%- macro seen_together(combination) -%}
pairs as (
    select
        a.node,
        b.node as lesser_node,
        greatest(a.strength, b.strength) as strength,
        a.combination_id
    from nodes as a
    inner join nodes as b on a.combination_id = b.combination_id and a.node > b.node
),

channel_lists as (
    select
        p.node,
        p.lesser_node,
        c.channels,
        max(p.strength) as strength,
        min(c.first_current_at) as first_seen_at,
        max(c.last_current_at) as last_seen_at
    from pairs as p
    inner join {{ combination }} as c on p.combination_id = c.combination_id
    group by p.node, p.lesser_node, c.channels
),

pair_lists as (
    select
        node,
        lesser_node,
        max(strength) as strength,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        min(channels) as channels,
        max(channels) as other_channels
    from channel_lists
    group by node, lesser_node
),

-- Few pairs have several lists of channels. Only these lists are split and united.
pair_channels as (
    select distinct
        l.node,
        l.lesser_node,
        u.channel
    from channel_lists as l
    semi join pair_lists as p
        on l.node = p.node and l.lesser_node = p.lesser_node and p.channels <> p.other_channels
    cross join unnest(string_split(l.channels, ', ')) as u (channel)
),

united_lists as (
    select
        node,
        lesser_node,
        string_agg(channel, ', ' order by channel) as channels
    from pair_channels
    group by node, lesser_node
),

pairs_seen as (
    select
        p.node,
        p.lesser_node,
        p.strength,
        p.first_seen_at,
        p.last_seen_at,
        coalesce(u.channels, p.channels) as channels
    from pair_lists as p
    left join united_lists as u on p.node = u.node and p.lesser_node = u.lesser_node
)
{%- endmacro -%}

{#- CTEs up to `counted`: the number of neighbours of each node of `edges`, for each type that is as strong or stronger
    and each type in neighbour_limits.csv. -#}
{%- macro counted_neighbours(edges, identifiers) -%}
limits as (
    select
        id_type,
        cast(strength as bigint) as strength,
        cast(max_neighbours as bigint) as max_neighbours
    from {{ ref('identifier_types') }}
    where max_neighbours is not null
),

-- Limits for pairs of types. They also hold where the neighbour is of a weaker type.
pair_limits as (
    select
        id_type,
        neighbour,
        cast(max_count as bigint) as max_neighbours
    from {{ ref('neighbour_limits') }}
),

{{ both_ways(edges) }},

counted as (
    select
        n.node,
        b.id_type as neighbour_type,
        coalesce(l.max_neighbours, t.max_neighbours) as max_neighbours,
        count(*) as neighbour_count
    from neighbours as n
    inner join {{ identifiers }} as a on n.node = a.node
    inner join {{ identifiers }} as b on n.neighbour = b.node
    left join limits as t on a.id_type = t.id_type
    left join pair_limits as l on a.id_type = l.id_type and b.id_type = l.neighbour
    where a.id_type <> b.id_type and (l.max_neighbours is not null or b.strength <= t.strength)
    group by n.node, b.id_type, coalesce(l.max_neighbours, t.max_neighbours)
)
{%- endmacro -%}

{#- Decisions as they were written, with company names replaced by their key. -#}
{%- macro keyed_decisions() -%}
    select
        d.rule_no,
        d.origin,
        d.decision,
        d.decided_at,
        d.decided_by,
        d.reason,
        d.left_type as one_type,
        case when d.left_type = 'company_name' then a.name_key else d.left_value end as one_value,
        d.right_type as other_type,
        case when d.right_type = 'company_name' then b.name_key else d.right_value end
            as other_value
    from {{ ref('written_decision') }} as d
    left join {{ ref('company_name_part') }} as a
        on d.left_type = 'company_name' and d.left_value = a.company_name
    left join {{ ref('company_name_part') }} as b
        on d.right_type = 'company_name' and d.right_value = b.company_name
{%- endmacro -%}

{#- Pairs of identifiers that a human linked or unlinked, by their numbers; only the latest decision. A link of records
    also links their identifiers of each unique type that both have: two linked logins count as one login. -#}
{%- macro decided_pairs(identifiers, entity) -%}
with

decisions as (
    select
        rule_no,
        decision,
        decided_at,
        left_type,
        left_value,
        right_type,
        right_value
    from {{ ref('human_decision') }}
    where is_latest and decision in ('link', 'unlink') and entity = '{{ entity }}'
),

identifiers as (
    select
        id_type,
        id_value,
        node
    from {{ identifiers }}
    where verdict = 'valid'
),

named as (
    select
        greatest(a.node, b.node) as node,
        least(a.node, b.node) as lesser_node,
        d.decision,
        d.decided_at,
        d.rule_no
    from decisions as d
    inner join identifiers as a on d.left_type = a.id_type and d.left_value = a.id_value
    inner join identifiers as b on d.right_type = b.id_type and d.right_value = b.id_value
    where a.node <> b.node
),

-- A link stands as long as the latest decision about the same identifiers is a link.
standing as (
    select
        h.rule_no,
        h.decided_at,
        h.left_type,
        h.left_value,
        h.right_type,
        h.right_value,
        h.left_record,
        h.right_record
    from {{ ref('human_decision') }} as h
    inner join decisions as d
        on
            h.left_type = d.left_type
            and h.left_value = d.left_value
            and h.right_type = d.right_type
            and h.right_value = d.right_value
            and h.decision = d.decision
    where h.decision = 'link' and coalesce(h.left_record, h.right_record) is not null
),

logins as (
    select
        r.channel || ':' || r.record_id as record,
        r.id_type,
        i.node
    from {{ ref('named_record_identifier') }} as r
    inner join identifiers as i on r.id_type = i.id_type and r.id_value = i.id_value
    where r.is_unique and r.entity = '{{ entity }}'
),

unique_types as (
    select id_type
    from {{ ref('identifier_types') }}
    where is_unique = 'true'
),

-- The unique identifiers on each side of a link that names a record.
side_logins as (
    select
        d.rule_no,
        d.decided_at,
        'left' as side,
        l.id_type,
        l.node
    from standing as d
    inner join logins as l on d.left_record = l.record
    union all
    select
        d.rule_no,
        d.decided_at,
        'right' as side,
        l.id_type,
        l.node
    from standing as d
    inner join logins as l on d.right_record = l.record
    union all
    select
        d.rule_no,
        d.decided_at,
        'left' as side,
        i.id_type,
        i.node
    from standing as d
    inner join identifiers as i on d.left_type = i.id_type and d.left_value = i.id_value
    inner join unique_types as u on i.id_type = u.id_type
    where d.left_record is null
    union all
    select
        d.rule_no,
        d.decided_at,
        'right' as side,
        i.id_type,
        i.node
    from standing as d
    inner join identifiers as i on d.right_type = i.id_type and d.right_value = i.id_value
    inner join unique_types as u on i.id_type = u.id_type
    where d.right_record is null
),

implied as (
    select
        greatest(a.node, b.node) as node,
        least(a.node, b.node) as lesser_node,
        max(a.decided_at) as decided_at
    from side_logins as a
    inner join side_logins as b
        on a.rule_no = b.rule_no and a.id_type = b.id_type and a.side = 'left' and b.side = 'right'
    where a.node <> b.node
    group by greatest(a.node, b.node), least(a.node, b.node)
)

-- Of a decision that names the pair and one that implies it, the later one counts.
select
    coalesce(n.node, i.node) as node,  -- Identifier with the greater number.
    coalesce(n.lesser_node, i.lesser_node) as lesser_node,  -- Identifier with the lesser number.
    case when coalesce(n.decision = 'unlink' and n.decided_at >= i.decided_at, i.node is null)
        then n.decision else 'link' end as decision,  -- link or unlink.
    greatest(n.decided_at, i.decided_at) as decided_at,  -- When (UTC).
    case when n.decision = 'link' or i.node is null or n.decided_at >= i.decided_at then n.rule_no end
        as rule_no  -- Number of the decision; NULL = it follows from a link of records.
from named as n
full outer join implied as i on n.node = i.node and n.lesser_node = i.lesser_node
{%- endmacro -%}

{#- The company identifier of a record. The domain of a mail address counts as well. -#}
{%- macro company_value(id) -%}
{%- if id == 'email_domain' -%}
coalesce(email_domain, nullif(split_part(email, '@', 2), ''))
{%- else -%}
{{ id_value(id) }}
{%- endif -%}
{%- endmacro -%}

{#- The query of an agglomeration from here on: `pairs` (node, lesser_node, kind, decided_at, strength, first_seen_at and
    the columns of `carried`) in the order in which they are tried, with their constraints. `nodes` has node, id_type,
    id_value and component. An unlink between two components has no effect and is left out. -#}
{%- macro tried_in_order(entity, carried={}) -%}
{%- set stands_first =
    'a.id_type < b.id_type or (a.id_type = b.id_type and a.id_value < b.id_value)' -%}
unique_types as (
    select
        id_type,
        row_number() over (order by id_type) as unique_no
    from {{ ref('identifier_types') }}
    where is_unique = 'true' and entity = '{{ entity }}'
),

constrained as (
    select
        n.node,
        n.component,
        n.id_type,
        n.id_value,
        coalesce(u.unique_no, 0) as unique_no,
        case when t.counts_to_size = 'true' then 1 else 0 end as size
    from nodes as n
    -- A record that is an identifier of its own has no type, and does not count.
    left join {{ ref('identifier_types') }} as t on n.id_type = t.id_type
    left join unique_types as u on n.id_type = u.id_type
),

edges as (
    select
        p.node,
        p.lesser_node,
        p.kind,
        {%- for column in carried %}
        p.{{ column }},
        {%- endfor %}
        p.decided_at,
        p.strength,
        p.first_seen_at,
        least(a.id_type, b.id_type) as first_type,
        case when {{ stands_first }} then a.id_value else b.id_value end as first_value,
        greatest(a.id_type, b.id_type) as last_type,
        case when {{ stands_first }} then b.id_value else a.id_value end as last_value,
        a.unique_no as node_unique,
        b.unique_no as lesser_unique,
        a.size as node_size,
        b.size as lesser_size
    from pairs as p
    inner join constrained as a on p.node = a.node
    inner join constrained as b on p.lesser_node = b.node
    -- Written so that no engine pairs all identifiers of a component first.
    where a.component - b.component = 0
)

select
    row_number() over (
        order by
            case when kind = 0 then 1 else 0 end asc, decided_at desc nulls last, kind desc,
            strength asc, first_seen_at asc nulls last, first_type asc, first_value asc,
            last_type asc, last_value asc
    ) as edge_no,  -- Order in which they are tried.
    kind,  -- 0: seen together on records; 1: linked by a human; 2: unlinked by a human.
    {%- for column, documentation in carried.items() %}
    {{ column }},  -- {{ documentation }}
    {%- endfor %}
    node,  -- Identifier with the greater number.
    lesser_node,  -- Identifier with the lesser number.
    node_unique,  -- Number of the unique type of node; 0 = its type is not unique.
    lesser_unique,  -- Number of the unique type of lesser_node.
    node_size,  -- 1 = node counts towards the size of a {{ entity }}.
    lesser_size  -- 1 = lesser_node counts towards it.
from edges
{%- endmacro -%}

{#- CTE `neighbours`: every edge in both directions. -#}
{%- macro both_ways(edges) -%}
neighbours as (
    select
        node,
        lesser_node as neighbour
    from {{ edges }}
    union all
    select
        lesser_node as node,
        node as neighbour
    from {{ edges }}
)
{%- endmacro -%}

{#- CTEs up to `shared`: shared identifiers, except those that a human linked. -#}
{%- macro shared_and_unlinked(shared, decided) -%}
linked as (
    select node
    from {{ decided }}
    where decision = 'link'
    union
    select lesser_node as node
    from {{ decided }}
    where decision = 'link'
),

shared as (
    select distinct s.node
    from {{ shared }} as s
    anti join linked as l on s.node = l.node
)
{%- endmacro -%}
