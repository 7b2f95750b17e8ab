/*
description: Rules of next_action_rules.csv that apply to each person, with the touchpoint to use.
  Whether there is content left to send is not judged here.
grain: [person_key, rule]
*/
-- noqa: disable=LT02
{{- config(published=false) }}
{#- Columns of the table that list values which a person must have one of. -#}
{%- set conditions = [
    'audience', 'stage', 'need_status', 'open_ticket', 'churn_risk', 'renewal_due',
    'repurchase_status', 'advocacy', 'has_cross_sell_gap', 'is_invited', 'is_sop_due', 'is_dormant'
] %}
with

rules as (
    select
        rule,
        kind,
        row_number() over (order by cast(priority as bigint), rule) as rule_no,
        kind in ('hand_off', 'resolve_ticket') as is_inside,
        kind in ('follow_up', 'hand_off', 'resolve_ticket') as is_personal,
        {%- for condition in conditions %}
        {{ condition }},
        {%- endfor %}
        handoff_status,
        cast(silent_days_from as bigint) as silent_days_from,
        cast(our_touches_to as bigint) as our_touches_to,
        touchpoint
    from {{ ref('next_action_rules') }}
),

-- The earliest event that a person is invited to.
invitations as (
    select
        l.person_key,
        l.event_id,
        l.touchpoint
    from {{ ref('invite_list') }} as l
    left join {{ ref('invite_event') }} as e on l.event_id = e.event_id
    qualify
        row_number() over (
            partition by l.person_key order by e.event_date asc nulls last, l.event_id asc
        ) = 1
),

handoff_rules as (
    select
        r.rule_no,
        s.status
    from rules as r
    cross join unnest(string_split(r.handoff_status, '|')) as s (status)
),

handoffs as (
    select distinct
        h.person_key,
        r.rule_no
    from {{ ref('lead_handoff') }} as h
    inner join handoff_rules as r on h.status = r.status
),

-- Conditions as texts, as the table has them; NULL matches nothing.
told as (
    select
        a.person_key,
        a.audience,
        a.stage,
        p.need_status,
        p.open_ticket,
        p.churn_risk,
        p.renewal_due,
        p.repurchase_status,
        p.advocacy,
        case when p.cross_sell_gap is not null then 'true' else 'false' end as has_cross_sell_gap,
        case when i.person_key is not null then 'true' else 'false' end as is_invited,
        case s.is_due when true then 'true' when false then 'false' end as is_sop_due,
        case when a.is_dormant then 'true' else 'false' end as is_dormant,
        a.silent_days,
        a.our_touch_count,
        a.is_fatigued,
        a.consent_status = 'refused' as is_refused,
        i.event_id,
        coalesce(i.touchpoint, '') as invite_touchpoint,
        s.touchpoint as sop_touchpoints
    from {{ ref('audience_person') }} as a
    inner join {{ ref('person_profile') }} as p on a.one_id = p.one_id
    left join {{ ref('sop_position') }} as s on a.person_key = s.person_key
    left join invitations as i on a.person_key = i.person_key
    where a.audience <> 'kept_out'
),

people as (
    select
        person_key,
        {%- for condition in conditions %}
        {{ condition }},
        {%- endfor %}
        concat_ws(
            '|'
            {%- for condition in conditions %},
            coalesce({{ condition }}, '')
            {%- endfor %}
        ) as situation,
        silent_days,
        our_touch_count,
        is_fatigued,
        is_refused,
        event_id,
        invite_touchpoint,
        sop_touchpoints
    from told
),

-- Many people are in the same situation, so each one is compared with the rules once.
situations as (
    select
        situation,
        {%- for condition in conditions %}
        min({{ condition }}) as {{ condition }}{{ ',' if not loop.last }}
        {%- endfor %}
    from people
    group by situation
),

fitting as (
    select
        s.situation,
        r.rule_no
    from situations as s
    inner join rules as r
        on
            {%- for condition in conditions %}
            {{ 'and ' if not loop.first }}(
                r.{{ condition }} is null
                or coalesce(
                    list_contains(string_split(r.{{ condition }}, '|'), s.{{ condition }}), false
                )
            )
            {%- endfor %}
),

-- The touchpoints that suit a rule, separated by |; a playbook only prefers its own.
candidates as (
    select
        p.person_key,
        r.rule_no,
        r.is_inside,
        r.is_personal,
        case
            when r.kind = 'invite' then p.invite_touchpoint
            when r.is_sop_due = 'true' then p.sop_touchpoints
            else r.touchpoint
        end as touchpoints,
        coalesce(r.kind <> 'invite' and r.is_sop_due = 'true', false) as is_playbook,
        case when r.kind = 'invite' then p.event_id end as event_id
    from people as p
    inner join fitting as f on p.situation = f.situation
    inner join rules as r on f.rule_no = r.rule_no
    left join handoffs as h on p.person_key = h.person_key and r.rule_no = h.rule_no
    where
        (r.handoff_status is null or h.person_key is not null)
        -- Whoever never did anything is silent, too.
        and coalesce(p.silent_days >= r.silent_days_from, true)
        and coalesce(p.our_touch_count <= r.our_touches_to, true)
        and (r.is_inside or not p.is_fatigued)
        and not (r.kind = 'hand_off' and p.is_refused)
),

-- Of the ways that are allowed and suit the rule, the first one.
ways as (
    select
        c.person_key,
        c.rule_no,
        w.touchpoint
    from candidates as c
    inner join {{ ref('person_way') }} as w
        on
            c.person_key = w.person_key
            and case when c.is_personal then w.is_personal_allowed else w.is_marketing_allowed end
    where
        c.is_playbook
        or c.touchpoints is null
        or list_contains(string_split(c.touchpoints, '|'), w.touchpoint)
    qualify
        row_number() over (
            partition by c.person_key, c.rule_no
            order by
                case
                    when list_contains(string_split(c.touchpoints, '|'), w.touchpoint) then 0
                    else 1
                end,
                w.way_no
        ) = 1
)

select
    c.person_key,  -- Number of the person in this release, for joins.
    r.rule,  -- Rule of next_action_rules.csv.
    c.rule_no,  -- 1 = the first rule, by priority and name.
    r.kind,  -- Kind of the action.
    w.touchpoint,  -- Touchpoint to use; NULL = none is needed.
    c.is_playbook,  -- True = the action is the next step of the person's playbook.
    c.event_id  -- Event to invite to; NULL = another kind of action.
from candidates as c
inner join rules as r on c.rule_no = r.rule_no
left join ways as w on c.person_key = w.person_key and c.rule_no = w.rule_no
where c.is_inside or w.touchpoint is not null
