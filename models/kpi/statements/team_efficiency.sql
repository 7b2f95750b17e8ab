/*
description: What teams do and earn 团队人效 by month, for each team, each of its own people and each
  vendor; contacts, leads, revenue and campaigns, and what each of them is by head.
grain: [month, team, unit_kind, member]
*/
with

months as (
    select distinct cast(date_trunc('month', business_date) as date) as month_date
    from {{ ref('business_day') }}
),

members as (
    select
        staff_id,
        team,
        unit_kind,
        unit as member,
        monthly_cost,
        heads
    from {{ ref('staff_head') }}
),

-- The heads and the cost of each unit and team. What one of our own people costs is not shown.
staffed as (
    select
        team,
        unit_kind,
        member,
        sum(heads) as heads,
        case when unit_kind = 'vendor' then sum(monthly_cost) end as cost
    from members
    group by team, unit_kind, member
    union all
    select
        team,
        'team' as unit_kind,
        team as member,
        sum(heads) as heads,
        case when count(*) filter (where unit_kind = 'staff') <> 1 then sum(monthly_cost) end
            as cost
    from members
    where team is not null
    group by team
),

-- Work of nobody, or of somebody who is not in staff.csv, belongs to the unknown team.
work as (
    select
        cast(date_trunc('month', w.work_date) as date) as month_date,
        m.team,
        coalesce(m.unit_kind, 'staff') as unit_kind,
        case when m.staff_id is null then w.staff_id else m.member end as member,
        w.campaign_id,
        w.campaign_id || ' ' || coalesce(w.scene, '') as subproject,
        w.contacts,
        w.leads,
        w.revenue,
        w.is_project
    from {{ ref('staff_work') }} as w
    left join members as m on w.staff_id = m.staff_id
),

levels as (
    select
        month_date,
        team,
        unit_kind,
        member,
        campaign_id,
        subproject,
        contacts,
        leads,
        revenue,
        is_project
    from work
    union all
    select
        month_date,
        team,
        'team' as unit_kind,
        team as member,
        campaign_id,
        subproject,
        contacts,
        leads,
        revenue,
        is_project
    from work
),

sums as (
    select
        month_date,
        team,
        unit_kind,
        member,
        sum(contacts) as contacts,
        sum(leads) as leads,
        sum(revenue) as revenue,
        count(distinct campaign_id) filter (where is_project) as projects,
        count(distinct subproject) filter (where is_project) as subprojects
    from levels
    group by month_date, team, unit_kind, member
),

units as (
    select
        team,
        unit_kind,
        member
    from staffed
    union
    select
        team,
        unit_kind,
        member
    from sums
    union
    select
        cast(null as varchar) as team,
        'staff' as unit_kind,
        cast(null as varchar) as member
    union
    select
        cast(null as varchar) as team,
        'team' as unit_kind,
        cast(null as varchar) as member
),

figures as (
    select
        d.month_date,
        u.team,
        u.unit_kind,
        u.member,
        cast(coalesce(s.contacts, 0) as bigint) as contacts,
        cast(coalesce(s.leads, 0) as bigint) as leads,
        cast(coalesce(s.revenue, 0) as decimal(18, 2)) as revenue,
        coalesce(s.projects, 0) as projects,
        coalesce(s.subprojects, 0) as subprojects,
        cast(h.heads as decimal(18, 2)) as heads,
        cast(h.cost as decimal(18, 2)) as cost
    from months as d
    cross join units as u
    left join sums as s
        on
            d.month_date = s.month_date
            and u.unit_kind = s.unit_kind
            and u.team is not distinct from s.team
            and u.member is not distinct from s.member
    left join staffed as h
        on
            u.unit_kind = h.unit_kind
            and u.team is not distinct from h.team
            and u.member is not distinct from h.member
)

select
    strftime(f.month_date, '%Y-%m') as month,  -- Month, as in targets.csv: 2026-06.
    f.team,  -- Team 团队; NULL = unknown: work of nobody, or of somebody without a team in staff.csv.
    f.unit_kind,  -- team, staff (one of our own people) or vendor (all people of a vendor).
    case f.unit_kind when 'team' then '团队' when 'staff' then '员工' else '外包供应商' end
        as unit_kind_zh,  -- Chinese name of unit_kind.
    f.member,  -- Team, member of staff or vendor; NULL = unknown.
    case
        when f.unit_kind = 'staff' then coalesce(n.name_zh, f.member, '未知')
        else coalesce(f.member, '未知')
    end as member_zh,  -- Chinese name of the member.
    case
        when f.unit_kind = 'staff' then coalesce(n.name_en, f.member, 'Unknown')
        else coalesce(f.member, 'Unknown')
    end as member_en,  -- English name of the member.
    f.contacts,  -- Contacts of ours with people that arrived 有效触达, as in contacts_per_head.
    f.leads,  -- New leads 新增线索 of the month whom they own today.
    f.revenue,  -- Net revenue 净收入 of their deals, refunds included.
    f.projects,  -- Campaigns 项目 that they worked on; a team counts each once.
    f.subprojects,  -- Campaigns by scene 子项目 that they worked on.
    f.heads,  -- Heads 人头数 by staff.csv of today; NULL = unknown.
    f.cost,  -- Cost of a month 月成本; NULL for a single one of our own people, or unknown.
    {{ ratio('f.contacts', 'f.heads') }} as contacts_per_head,  -- contacts / heads 人均触达.
    {{ ratio('f.leads', 'f.heads') }} as leads_per_head,  -- leads / heads 人均新增线索.
    {{ ratio('f.revenue', 'f.heads') }} as revenue_per_head,  -- revenue / heads 人效.
    {{ ratio('f.projects', 'f.heads') }} as projects_per_head,  -- projects / heads 人均项目数.
    f.month_date < date_trunc('month', fn_as_of() + interval 1 day)
        as is_complete  -- True = the month has ended.
from figures as f
left join {{ ref('dim_staff') }} as n on f.unit_kind = 'staff' and f.member = n.staff_id
