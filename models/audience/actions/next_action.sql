/*
description: The one best next step with each person (下一步), by next_action_rules.csv; what to do,
  over which touchpoint, who does it, until when, and why. Nobody who is kept out is listed.
grain: [one_id]
*/
with

rules as (
    select
        rule,
        cast(priority as bigint) as priority,
        cast(due_days as bigint) as due_days,
        owner_role,
        why_zh,
        why_en
    from {{ ref('next_action_rules') }}
),

chosen as (
    select
        o.person_key,
        o.rule,
        o.kind,
        o.touchpoint,
        o.is_playbook,
        o.event_id,
        case when o.kind = 'send_content' then c.content_id end as content_id
    from {{ ref('action_option') }} as o
    left join {{ ref('next_content') }} as c on o.person_key = c.person_key
    where o.kind <> 'send_content' or c.content_id is not null
    qualify row_number() over (partition by o.person_key order by o.rule_no) = 1
),

open_handoffs as (
    select
        person_key,
        owner_staff,
        due_at
    from {{ ref('lead_handoff') }}
    where status = 'open'
    qualify
        row_number() over (
            partition by person_key
            order by case step when 'sdr_to_sales' then 0 else 1 end, step
        ) = 1
)

select
    a.one_id,  -- The person.
    c.person_key,  -- Number of the person in this release, for joins.
    a.account_id,  -- The current company; NULL = unknown.
    c.kind,  -- What to do, such as send_content or follow_up.
    c.rule,  -- Rule of next_action_rules.csv.
    r.priority,  -- Its priority; the lowest comes first.
    c.touchpoint,  -- Touchpoint to use; NULL = none is needed.
    c.content_id,  -- Item of content.csv to send; NULL = another kind of action.
    c.event_id,  -- Event to invite to; NULL = another kind of action.
    case when c.is_playbook then s.scenario end
        as scenario,  -- Playbook that the action is a step of; NULL = none.
    case when c.is_playbook then s.step_no end as step_no,  -- Its step; NULL = no playbook.
    case c.kind
        when 'hand_off' then h.owner_staff
        when 'invite' then i.inviter_staff
        else coalesce(o.staff_id, a.owner_staff)
    end as owner_staff,  -- Member of staff who does it; of the role of the rule, if any has it.
    case c.kind
        when 'hand_off' then h.due_at
        else
            fn_local_midnight(cast(fn_as_of() + (r.due_days + 1) * interval 1 day as date))
            - interval 1 second
    end as due_at,  -- Until when it has to be done (UTC): the last second of a business day.
    r.why_zh,  -- Why, in Chinese.
    r.why_en  -- Why, in English.
from chosen as c
inner join {{ ref('audience_person') }} as a on c.person_key = a.person_key
inner join rules as r on c.rule = r.rule
left join {{ ref('sop_position') }} as s on c.person_key = s.person_key
left join open_handoffs as h on c.person_key = h.person_key
left join {{ ref('invite_list') }} as i
    on c.person_key = i.person_key and c.event_id = i.event_id
left join {{ ref('person_owner') }} as o on a.one_id = o.one_id and r.owner_role = o.role
