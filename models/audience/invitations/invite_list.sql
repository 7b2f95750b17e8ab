/*
description: Whom to invite to each coming event (邀约名单), who invites them over which touchpoint,
  how well they fit, and why.
grain: [event_id, one_id]
*/
-- noqa: disable=LT02
{%- set parts = ['topic', 'product', 'form', 'place', 'activity', 'stage'] %}
with

invited as (
    select
        s.event_id,
        a.one_id,
        s.person_key,
        c.invite_no,
        s.score,
        {%- for part in parts %}
        s.{{ part }}_points,
        {%- endfor %}
        c.touchpoint,
        e.event_date,
        e.inviting_role,
        case when s.topic_points > 0 then 'top_topic' end as topic_condition,
        s.product_condition,
        s.form_condition,
        s.place_condition,
        s.activity_grade as activity_condition,
        s.stage as stage_condition,
        a.owner_staff,
        e.topic,
        e.product_line,
        e.form,
        case
            when s.place_condition = 'same_territory' then e.sales_territory
            else e.place
        end as place
    from {{ ref('invite_choice') }} as c
    inner join {{ ref('invite_score') }} as s
        on c.event_id = s.event_id and c.person_key = s.person_key
    inner join {{ ref('coming_event') }} as e on c.event_id = e.event_id
    inner join {{ ref('audience_person') }} as a on c.person_key = a.person_key
    where c.reason is null
),

names as (
    select
        tag_code,
        tag_value,
        name_zh,
        name_en
    from {{ ref('tag_member') }}
    where tag_code in ('product_interest', 'event_preference', 'activity_grade')
),

-- What stands for {value} in the words of each part.
named as (
    select
        i.event_id,
        i.one_id,
        {%- for language in ['zh', 'en'] %}
        i.topic as topic_{{ language }},
        coalesce(p.name_{{ language }}, i.product_line) as product_{{ language }},
        coalesce({{ 'f.name_zh' if language == 'zh' else 'lower(f.name_en)' }}, i.form)
            as form_{{ language }},
        i.place as place_{{ language }},
        coalesce(g.name_{{ language }}, i.activity_condition) as activity_{{ language }},
        coalesce(s.name_{{ language }}, i.stage_condition)
            as stage_{{ language }}{{ ',' if not loop.last }}
        {%- endfor %}
    from invited as i
    left join names as p on p.tag_code = 'product_interest' and i.product_line = p.tag_value
    left join names as f on f.tag_code = 'event_preference' and i.form = f.tag_value
    left join names as g on g.tag_code = 'activity_grade' and i.activity_condition = g.tag_value
    left join {{ ref('stages') }} as s on i.stage_condition = s.stage
),

words as (
    select
        i.event_id,
        i.one_id,
        {%- for language, mark in [('zh', '；'), ('en', '; ')] %}
        concat_ws(
            '{{ mark }}'
            {%- for part in parts %},
            case
                when i.{{ part }}_points > 0
                    then replace(
                        {{ part }}_rule.why_{{ language }},
                        '{value}',
                        coalesce(n.{{ part }}_{{ language }}, '')
                    )
            end
            {%- endfor %}
        ) as why_{{ language }}{{ ',' if not loop.last }}
        {%- endfor %}
    from invited as i
    inner join named as n on i.event_id = n.event_id and i.one_id = n.one_id
    {%- for part in parts %}
    left join {{ ref('invite_points') }} as {{ part }}_rule
        on
            {{ part }}_rule.part = '{{ part }}'
            and i.{{ part }}_condition = {{ part }}_rule.condition
    {%- endfor %}
)

select
    i.event_id,  -- The event, as in events.csv.
    i.one_id,  -- The person.
    i.person_key,  -- Number of the person in this release, for joins.
    i.invite_no,  -- Order of invitations to the event: 1 = first.
    i.score,  -- How well the person fits: sum of the points of all parts.
    i.topic_points,  -- Points because the event is about the person's top topic.
    i.product_points,  -- Points for the product line: interest in it, or a customer who owns it.
    i.form_points,  -- Points because the person came to events of this form.
    i.place_points,  -- Points because the event is near.
    i.activity_points,  -- Points for the activity grade.
    i.stage_points,  -- Points for the stage.
    w.why_zh,  -- What gave points, in Chinese.
    w.why_en,  -- What gave points, in English.
    coalesce(o.staff_id, i.owner_staff)
        as inviter_staff,  -- Who invites: their owner in the event's inviting_role; NULL = nobody.
    coalesce(o.basis, case when i.owner_staff is not null then 'owner' end)
        as inviter_basis,  -- Why they look after the person; owner = as the tag owner_staff says.
    i.touchpoint  -- Touchpoint for the invitation: the first that we may use for advertising.
from invited as i
inner join words as w on i.event_id = w.event_id and i.one_id = w.one_id
left join {{ ref('person_owner') }} as o
    on i.person_key = o.person_key and i.inviting_role = o.role
