/*
description: The health of each group (社群健康度) by week; members, who joined, left, writes and
  moves on, what they buy, and whether the group is dead or at risk. Staff, competitors and bots are
  no members. Weeks as far back as KPIs by kind of group.
grain: [chat_id, week]
*/
{%- set endless = "date '9999-12-31'" %}
{%- set stocks = ['members', 'koc', 'sieve_members', 'sieve_reached', 'overdue_members', 'dead'] %}
{#- What changes on a day: source, day, and the stocks that change. -#}
{%- set changes = [
    ('memberships', 'joined_date', {'members': '1', 'sieve_members': 'is_unsieved'}),
    ('memberships', 'left_date', {'members': '-1', 'sieve_members': '-is_unsieved'}),
    ('sieved', 'reached_date', {'sieve_reached': '1'}),
    ('sieved', 'left_date', {'sieve_reached': '-1'}),
    ('kocs', 'from_date', {'koc': '1'}),
    ('kocs', 'to_date', {'koc': '-1'}),
    ('waiting', 'from_date', {'overdue_members': '1'}),
    ('waiting', 'to_date', {'overdue_members': '-1'}),
    ('dead', 'from_date', {'dead': '1'}),
    ('dead', 'to_date', {'dead': '-1'})
] %}
with

weeks as (
    select
        {{ week_of('business_date') }} as week,
        cast(least({{ week_of('business_date') }} + interval 6 day, fn_as_of()) as date)
            as until_date
    from {{ ref('business_day') }}
    where days_ago < {{ kpi_days('group_kind') }}
    group by {{ week_of('business_date') }}
),

first_weeks as (
    select min(week) as first_week
    from weeks
),

memberships as (
    select
        m.chat_id,
        m.group_kind,
        m.person_key,
        m.stretch_no,
        m.joined_at,
        m.joined_date,
        m.left_at,
        m.left_date,
        m.is_left,
        m.is_dissolved,
        r.reached_at,
        r.reached_date,
        case when coalesce(r.reached_at > m.joined_at, true) then 1 else 0 end as is_unsieved
    from {{ ref('group_member') }} as m
    left join {{ ref('stage_reached') }} as r
        on m.person_key = r.person_key and r.stage = 'intent'
),

-- A group that was dissolved has rows until that week. One that goes on again was not dissolved.
chats as (
    select
        chat_id,
        group_kind,
        min(joined_date) as first_date,
        case
            when
                count(*) filter (where left_date is null) = 0
                and max(joined_at) < max(case when is_dissolved then left_at end)
                then max(case when is_dissolved then left_date end)
        end as dissolved_date
    from memberships
    group by chat_id, group_kind
),

-- 1. States at the end of each week, by what begins and what ends.
sieved as (
    select
        chat_id,
        reached_date,
        left_date
    from memberships
    where reached_at > joined_at and coalesce(reached_at < left_at, true)
),

writings as (
    select
        chat_id,
        written_date,
        left_date,
        lag(written_date, {{ threshold('koc_days') - 1 }}) over (
            partition by chat_id, person_key, stretch_no order by written_date
        ) as koc_date,
        lead(written_date) over (
            partition by chat_id, person_key, stretch_no order by written_date
        ) as next_date
    from {{ ref('group_writing') }}
    where stretch_no is not null
),

-- From the day that makes enough days of writing until the next one, or until the first of them is
-- too long ago.
koc_days as (
    select
        chat_id,
        written_date as from_date,
        least(
            coalesce(next_date, {{ endless }}),
            coalesce(left_date, {{ endless }}),
            cast(koc_date + {{ var('activity_days') }} * interval 1 day as date)
        ) as to_date
    from writings
    where koc_date is not null
),

kocs as (
    select
        chat_id,
        from_date,
        to_date
    from koc_days
    where from_date < to_date
),

overdue as (
    select
        person_key,
        channel,
        record_id,
        cast(opened_date + {{ threshold('ticket_days') }} * interval 1 day as date) as from_date,
        coalesce(resolved_date, {{ endless }}) as to_date
    from {{ ref('ticket_case') }}
    where
        person_key is not null
        and opened_date + {{ threshold('ticket_days') }} * interval 1 day
        < coalesce(resolved_date, {{ endless }})
),

overdue_gaps as (
    select
        person_key,
        channel,
        record_id,
        from_date,
        to_date,
        case
            when
                from_date <= max(to_date) over (
                    partition by person_key order by from_date, channel, record_id
                    rows between unbounded preceding and 1 preceding
                )
                then 0
            else 1
        end as is_new
    from overdue
),

overdue_numbered as (
    select
        person_key,
        from_date,
        to_date,
        sum(is_new) over (
            partition by person_key order by from_date, channel, record_id
            rows between unbounded preceding and current row
        ) as span_no
    from overdue_gaps
),

overdue_spans as (
    select
        person_key,
        span_no,
        min(from_date) as from_date,
        max(to_date) as to_date
    from overdue_numbered
    group by person_key, span_no
),

waiting_days as (
    select
        m.chat_id,
        greatest(m.joined_date, o.from_date) as from_date,
        least(coalesce(m.left_date, {{ endless }}), o.to_date) as to_date
    from memberships as m
    inner join overdue_spans as o on m.person_key = o.person_key
),

waiting as (
    select
        chat_id,
        from_date,
        to_date
    from waiting_days
    where from_date < to_date
),

dead as (
    select
        chat_id,
        from_date,
        to_date
    from {{ ref('group_span') }}
    where state = 'dead'
),

moves as (
    {%- for source, day, changed in changes %}
    select
        {%- for stock in stocks %}
        {{ changed.get(stock, '0') }} as {{ stock }},
        {%- endfor %}
        chat_id,
        {{ day }} as day
    from {{ source }}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
),

-- What began before the first week counts from then on.
weekly_moves as (
    select
        {%- for stock in stocks %}
        sum(m.{{ stock }}) as {{ stock }},
        {%- endfor %}
        m.chat_id,
        greatest({{ week_of('m.day') }}, f.first_week) as week
    from moves as m
    cross join first_weeks as f
    where m.day <= fn_as_of()
    group by m.chat_id, greatest({{ week_of('m.day') }}, f.first_week)
),

-- 2. What happened in each week.
flows as (
    select
        chat_id,
        {{ week_of('joined_date') }} as week,
        count(*) as joined,
        0 as left_members,
        0 as other_exits
    from memberships
    group by chat_id, {{ week_of('joined_date') }}
    union all
    select
        chat_id,
        {{ week_of('left_date') }} as week,
        0 as joined,
        count(*) filter (where is_left) as left_members,
        count(*) filter (where not is_left) as other_exits
    from memberships
    where left_date is not null
    group by chat_id, {{ week_of('left_date') }}
),

weekly_flows as (
    select
        chat_id,
        week,
        sum(joined) as joined,
        sum(left_members) as left_members,
        sum(other_exits) as other_exits
    from flows
    group by chat_id, week
),

writers as (
    select
        chat_id,
        {{ week_of('written_date') }} as week,
        count(distinct person_key) as active_members
    from {{ ref('group_writing') }}
    where stretch_no is not null
    group by chat_id, {{ week_of('written_date') }}
),

talks as (
    select
        group_id as chat_id,
        {{ week_of('day') }} as week,
        sum(messages) as messages,
        sum(member_messages) as member_messages
    from {{ ref('group_day') }}
    where day <= fn_as_of()
    group by group_id, {{ week_of('day') }}
),

sales as (
    select
        m.chat_id,
        {{ week_of('l.revenue_date') }} as week,
        count(distinct case when l.kind <> 'refund' then l.channel || ' ' || l.deal_id end)
            as deals,
        sum(l.amount) as revenue
    from memberships as m
    inner join {{ ref('revenue_line') }} as l
        on
            m.person_key = l.person_key
            and m.joined_at <= l.revenue_at
            and coalesce(m.left_at > l.revenue_at, true)
    group by m.chat_id, {{ week_of('l.revenue_date') }}
),

-- 3. A flash group has its first days to sell.
flash_chats as (
    select
        chat_id,
        cast(first_date + ({{ var('flash_days') }} - 1) * interval 1 day as date) as until_date
    from chats
    where group_kind = 'flash'
),

flash_members as (
    select
        f.chat_id,
        f.until_date,
        m.person_key,
        min(m.joined_at) as joined_at
    from flash_chats as f
    inner join memberships as m on f.chat_id = m.chat_id and f.until_date >= m.joined_date
    group by f.chat_id, f.until_date, m.person_key
),

flashes as (
    select
        m.chat_id,
        m.until_date,
        count(distinct m.person_key) as flash_members,
        count(distinct l.person_key) as flash_buyers
    from flash_members as m
    left join {{ ref('revenue_line') }} as l
        on
            m.person_key = l.person_key
            and l.kind <> 'refund'
            and m.joined_at <= l.revenue_at
            and m.until_date >= l.revenue_date
    group by m.chat_id, m.until_date
),

filled as (
    select
        {%- for stock in stocks %}
        sum(coalesce(m.{{ stock }}, 0)) over (
            partition by c.chat_id order by w.week
            rows between unbounded preceding and current row
        ) as {{ stock }},
        {%- endfor %}
        c.chat_id,
        c.group_kind,
        w.week,
        w.until_date,
        coalesce(c.dissolved_date <= w.until_date, false) as is_dissolved
    from chats as c
    inner join weeks as w
        on
            c.first_date <= w.until_date
            and coalesce(c.dissolved_date >= w.week, true)
    left join weekly_moves as m on c.chat_id = m.chat_id and w.week = m.week
)

select
    f.chat_id,  -- Group.
    f.week,  -- Week: its Monday.
    f.until_date,  -- Last business date of the row: Sunday, or as_of.
    f.group_kind,  -- Kind, as in groups.csv: service, topic, flash or deal; NULL = not listed.
    coalesce(k.name_zh, f.group_kind, '未知') as group_kind_zh,  -- Chinese name of the kind.
    coalesce(k.name_en, f.group_kind, 'Unknown') as group_kind_en,  -- English name of the kind.
    cast(
        f.members - coalesce(w.joined, 0) + coalesce(w.left_members, 0) + coalesce(w.other_exits, 0)
        as bigint
    ) as opening_members,  -- 期初: customers in the group when the week began.
    cast(coalesce(w.joined, 0) as bigint) as joined,  -- 入群: times that a customer joined.
    cast(coalesce(w.left_members, 0) as bigint)
        as left_members,  -- 退群: times that a customer left.
    cast(coalesce(w.other_exits, 0) as bigint)
        as other_exits,  -- 其他: members who ended because the group did, or for reasons unknown.
    cast(f.members as bigint) as members,  -- 期末: customers in the group at the end of until_date.
    coalesce(a.active_members, 0) as active_members,  -- Members who wrote in the week.
    {{ ratio(
        'coalesce(a.active_members, 0)',
        'f.members + coalesce(w.left_members, 0) + coalesce(w.other_exits, 0)'
    ) }} as active_rate,  -- active_members / members at any time of the week; NULL = nobody.
    cast(coalesce(t.messages, 0) as bigint) as messages,  -- Messages, those of our staff included.
    cast(coalesce(t.member_messages, 0) as bigint)
        as member_messages,  -- Messages that are not of our staff.
    {{ ratio('t.member_messages', 't.messages') }}
        as member_voice_share,  -- member_messages / messages; NULL = nobody wrote.
    cast(f.koc as bigint)
        as koc,  -- 活跃意见领袖: members who wrote on koc_days of the last activity_days.
    cast(f.sieve_members as bigint)
        as sieve_members,  -- Members who had not reached the stage intent when they joined.
    cast(f.sieve_reached as bigint)
        as sieve_reached,  -- Of them, who have reached it as members.
    {{ ratio('f.sieve_reached', 'f.sieve_members') }}
        as sieve_rate,  -- sieve_reached / sieve_members; NULL = nobody to sieve.
    coalesce(s.deals, 0) as deals,  -- Orders and won opportunities of members in the week.
    cast(coalesce(s.revenue, 0) as decimal(18, 2))
        as revenue,  -- Their revenue less refunds; somebody in two groups counts in both.
    h.flash_members,  -- Flash groups: who joined in the first flash_days; NULL = another kind.
    h.flash_buyers,  -- Of them, who bought in these days, after they joined.
    {{ ratio('h.flash_buyers', 'h.flash_members') }}
        as flash_conversion,  -- flash_buyers / flash_members: what a flash group is judged by.
    h.until_date as flash_until_date,  -- Last business date of these days.
    f.dead > 0
        as is_dead,  -- 沉默: no customer has written for group_dead_days at the end of until_date.
    cast(f.overdue_members as bigint)
        as overdue_members,  -- Members with an overdue ticket (ticket_days) at the end.
    f.overdue_members >= {{ var('group_risk_members') }}
        as is_at_risk,  -- 有风险: so many of them (group_risk_members) that they talk about it.
    f.is_dissolved  -- 已解散: the group was dissolved in this week, which is no loss of members.
from filled as f
left join {{ ref('group_kinds') }} as k on f.group_kind = k.group_kind
left join weekly_flows as w on f.chat_id = w.chat_id and f.week = w.week
left join writers as a on f.chat_id = a.chat_id and f.week = a.week
left join talks as t on f.chat_id = t.chat_id and f.week = t.week
left join sales as s on f.chat_id = s.chat_id and f.week = s.week
left join flashes as h on f.chat_id = h.chat_id
