/*
description: Who of our staff owns each prospect and customer, in each role. Who has the opportunity
  or the WeCom link owns the person; siyu assigns the others evenly, and an owner stays the owner.
grain: [one_id, role]
*/
-- noqa: disable=LT02
{{- config(published=false) }}
{#- CTEs that seat the rows of `wanting` (role, team, person_key, queue_no) on the rows of `members`
    (role, team, staff_id, load): one after the other to the member with the least people, ties by
    staff_id. Members in the order of their load form bands: in band m, the first m members take
    turns until they have as many people as member m + 1. -#}
{%- macro seat(name, wanting, members) -%}
{{ name }}_ranks as (
    select
        role,
        team,
        staff_id,
        load,
        row_number() over (partition by role, team order by load, staff_id) as load_no,
        lead(load) over (partition by role, team order by load, staff_id) as next_load
    from {{ members }}
),

{{ name }}_bands as (
    select
        role,
        team,
        load_no as band_no,
        cast(coalesce(sum(load_no * (next_load - load)) over (
            partition by role, team order by load_no
            rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as band_from
    from {{ name }}_ranks
    qualify next_load is null or next_load > load
),

{{ name }}_turns as (
    select
        b.role,
        b.team,
        b.band_no,
        r.staff_id,
        row_number() over (
            partition by b.role, b.team, b.band_no order by r.staff_id
        ) - 1 as turn
    from {{ name }}_bands as b
    inner join {{ name }}_ranks as r
        on b.role = r.role and b.team = r.team and b.band_no >= r.load_no
),

{{ name }}_queue as (
    select
        role,
        team,
        cast(null as bigint) as person_key,
        band_from as place,
        band_no,
        band_from
    from {{ name }}_bands
    union all
    select
        role,
        team,
        person_key,
        queue_no - 1 as place,
        cast(null as bigint) as band_no,
        cast(null as bigint) as band_from
    from {{ wanting }}
),

{{ name }}_places as (
    select
        role,
        team,
        person_key,
        place,
        max(band_no) over (
            partition by role, team order by place
            range between unbounded preceding and current row
        ) as band_no,
        max(band_from) over (
            partition by role, team order by place
            range between unbounded preceding and current row
        ) as band_from
    from {{ name }}_queue
),

{{ name }} as (
    select
        p.person_key,
        p.role,
        t.staff_id
    from {{ name }}_places as p
    inner join {{ name }}_turns as t
        on
            p.role = t.role
            and p.team = t.team
            and p.band_no = t.band_no
            and (p.place - p.band_from) % p.band_no = t.turn
    where p.person_key is not null
)
{%- endmacro %}
with

staff as (
    select distinct
        staff_id,
        role
    from {{ ref('staff') }}
    where role in ('sdr', 'sales', 'service')
),

people as (
    select
        a.one_id,
        a.person_key,
        a.sales_territory,
        p.first_seen_at,
        s.is_reachable,
        a.audience = 'customer' or s.is_served as is_served
    from {{ ref('audience_person') }} as a
    inner join {{ ref('person') }} as p on a.person_key = p.person_key
    inner join {{ ref('person_scope') }} as s on a.person_key = s.person_key
    where a.audience in ('prospect', 'customer')
),

open_deals as (
    select
        h.person_key,
        h.held_from,
        h.channel,
        h.deal_id,
        d.staff_id,
        d.sdr_id
    from {{ ref('deal_hold') }} as h
    inner join {{ ref('deal') }} as d on h.channel = d.channel and h.record_id = d.record_id
    where h.hold = 'open' and h.held_to is null
),

-- Assignments of earlier nights, under the current ID of the person.
earlier as (
    select
        coalesce(a.one_id, o.one_id) as one_id,
        case when coalesce(a.one_id, o.one_id) = o.one_id then 0 else 1 end as is_other,
        o.role,
        o.staff_id,
        o.valid_from
    from {{ previous('audience.person_owner_history') }} as o
    left join {{ ref('one_id_alias') }} as a on o.one_id = a.former_one_id and a.is_primary
    where o.valid_to is null
),

-- Of several opportunities or links the latest counts. Of several assignments, after a merge, that
-- of the ID that stays counts, then the first.
claims as (
    select
        person_key,
        staff_id,
        1 as step_no,
        held_from as claimed_at,
        0 as is_other,
        cast(null as date) as since_date,
        channel || ':' || deal_id as claimed_by
    from open_deals
    union all
    select
        person_key,
        sdr_id as staff_id,
        1 as step_no,
        held_from as claimed_at,
        0 as is_other,
        cast(null as date) as since_date,
        channel || ':' || deal_id as claimed_by
    from open_deals
    union all
    select
        person_key,
        holder_id as staff_id,
        2 as step_no,
        started_at as claimed_at,
        0 as is_other,
        cast(null as date) as since_date,
        channel || ':' || record_id as claimed_by
    from {{ ref('person_link') }}
    where touchpoint = 'wecom' and ended_at is null
),

owned as (
    select
        p.person_key,
        s.role,
        c.staff_id,
        c.step_no,
        c.claimed_at,
        c.is_other,
        c.since_date,
        c.claimed_by
    from claims as c
    inner join people as p on c.person_key = p.person_key
    inner join staff as s on c.staff_id = s.staff_id
    union all
    select
        p.person_key,
        e.role,
        e.staff_id,
        3 as step_no,
        cast(null as timestamp) as claimed_at,
        e.is_other,
        e.valid_from as since_date,
        cast(null as varchar) as claimed_by
    from earlier as e
    inner join people as p on e.one_id = p.one_id
    inner join staff as s on e.staff_id = s.staff_id and e.role = s.role
    where p.is_reachable and (e.role <> 'service' or p.is_served)
),

known as (
    select
        person_key,
        role,
        staff_id,
        case step_no when 1 then 'opportunity' when 2 then 'link' else 'kept' end as basis
    from owned
    qualify
        row_number() over (
            partition by person_key, role
            order by
                step_no asc,
                claimed_at desc nulls last,
                is_other asc,
                since_date asc,
                claimed_by asc,
                staff_id asc
        ) = 1
),

loads as (
    select
        role,
        staff_id,
        count(*) as load
    from known
    group by role, staff_id
),

needs as (
    {%- for role in ['sdr', 'sales', 'service'] %}
    select
        person_key,
        '{{ role }}' as role,
        sales_territory,
        first_seen_at,
        one_id
    from people
    where is_reachable{{ ' and is_served' if role == 'service' }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

leads as (
    select
        person_key,
        case step when 'marketing_to_sdr' then 'sdr' else 'sales' end as role,
        max(qualified_at) as qualified_at
    from {{ ref('handoff_qualification') }}
    group by person_key, step
),

-- Leads come first, so that each member gets as many of them as the others.
vacant as (
    select
        n.person_key,
        n.role,
        n.sales_territory,
        row_number() over (
            partition by n.role
            order by l.qualified_at nulls last, n.first_seen_at nulls last, n.one_id
        ) as vacant_no
    from needs as n
    anti join known as k on n.person_key = k.person_key and n.role = k.role
    left join leads as l on n.person_key = l.person_key and n.role = l.role
),

territory_members as (
    select
        s.role,
        t.territory as team,
        s.staff_id,
        coalesce(l.load, 0) as load
    from (
        select distinct
            territory,
            staff_id
        from {{ ref('territory_staff') }}
    ) as t
    inner join staff as s on t.staff_id = s.staff_id
    left join loads as l on s.role = l.role and s.staff_id = l.staff_id
),

territory_wanting as (
    select
        v.person_key,
        v.role,
        v.sales_territory as team,
        row_number() over (
            partition by v.role, v.sales_territory order by v.vacant_no
        ) as queue_no
    from vacant as v
    semi join territory_members as m on v.role = m.role and v.sales_territory = m.team
),

{{ seat('by_territory', 'territory_wanting', 'territory_members') }},

territory_loads as (
    select
        role,
        staff_id,
        count(*) as load
    from by_territory
    group by role, staff_id
),

pool_members as (
    select
        s.role,
        'pool' as team,
        s.staff_id,
        coalesce(l.load, 0) + coalesce(t.load, 0) as load
    from staff as s
    left join loads as l on s.role = l.role and s.staff_id = l.staff_id
    left join territory_loads as t on s.role = t.role and s.staff_id = t.staff_id
),

pool_wanting as (
    select
        v.person_key,
        v.role,
        'pool' as team,
        row_number() over (partition by v.role order by v.vacant_no) as queue_no
    from vacant as v
    anti join by_territory as t on v.person_key = t.person_key and v.role = t.role
),

{{ seat('by_pool', 'pool_wanting', 'pool_members') }},

owners as (
    select
        person_key,
        role,
        staff_id,
        basis
    from known
    union all
    select
        person_key,
        role,
        staff_id,
        'territory' as basis
    from by_territory
    union all
    select
        person_key,
        role,
        staff_id,
        'pool' as basis
    from by_pool
)

select
    p.one_id,  -- The person.
    o.person_key,  -- Number of the person in this release, for joins.
    o.role,  -- sdr, sales or service.
    o.staff_id,  -- Member of staff who owns the person in this role.
    o.basis  -- opportunity, link, kept (assigned on an earlier night), territory or pool.
from owners as o
inner join people as p on o.person_key = p.person_key
