/*
description: The coming events (即将举办的活动), how many people fit each of them, how many are invited,
  and why the others are not.
grain: [event_id]
*/
-- noqa: disable=LT02
{%- set not_meant = [
    'erased', 'learner', 'competitor', 'bot', 'staff', 'kept_out', 'wrong_audience', 'too_far'
] %}
{%- set fitting = ['already_registered', 'unreachable', 'no_consent', 'fatigued', 'no_seat'] %}
with

-- Counted before anybody is invited, so that the sums prove that nobody got lost.
fits as (
    select
        event_id,
        count(*) as match_count,
        count(*) filter (
            where
                reason is null
                or reason not in (
                    {%- for reason in not_meant %}
                    '{{ reason }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
        ) as fitting_count
    from {{ ref('invite_standing') }}
    group by event_id
),

listed as (
    select
        event_id,
        count(*) as invited_count
    from {{ ref('invite_list') }}
    group by event_id
),

left_out as (
    select
        event_id,
        {%- for reason in fitting %}
        sum(person_count) filter (where reason = '{{ reason }}') as {{ reason }}_count,
        {%- endfor %}
        sum(person_count) filter (where reason = 'wrong_audience') as wrong_audience_count,
        sum(person_count) filter (where reason = 'too_far') as too_far_count,
        sum(person_count) filter (
            where reason in ('erased', 'learner', 'competitor', 'bot', 'staff', 'kept_out')
        ) as kept_out_count
    from {{ ref('invite_left_out') }}
    group by event_id
)

select
    e.event_id,  -- The event, as in events.csv.
    e.event_date,  -- Business date of the event.
    e.name_zh,  -- Chinese name.
    e.name_en,  -- English name.
    e.form,  -- online or offline.
    e.place,  -- Province in which it takes place; NULL = online.
    e.topic,  -- Topic; NULL = none.
    e.product_line,  -- Product line; NULL = none.
    e.audience,  -- Whom it is for: prospects, customers, people (both of them) or partners.
    e.inviting_role,  -- Role of the staff who invite.
    e.seats,  -- How many people may be invited.
    cast(coalesce(f.match_count, 0) as bigint)
        as match_count,  -- People with enough points, whoever they are.
    cast(coalesce(o.kept_out_count, 0) as bigint)
        as kept_out_count,  -- Those of them who are on no list: learners, competitors, erased …
    cast(coalesce(o.wrong_audience_count, 0) as bigint)
        as wrong_audience_count,  -- Those of them for whom the event is not meant.
    cast(coalesce(o.too_far_count, 0) as bigint)
        as too_far_count,  -- Those of them whom invite_points.csv leaves out for the place.
    cast(coalesce(f.fitting_count, 0) as bigint) as fitting_count,  -- The others: they fit.
    cast(coalesce(l.invited_count, 0) as bigint)
        as invited_count,  -- Those who fit and are on the list.
    {%- for reason, meaning in [
        ('already_registered', 'have registered already'),
        ('unreachable', 'cannot be reached'),
        ('no_consent', 'did not allow advertising where we reach them'),
        ('fatigued', 'hear enough from us, other invitations included'),
        ('no_seat', 'come too late for a seat'),
    ] %}
    cast(coalesce(o.{{ reason }}_count, 0) as bigint)
        as {{ reason }}_count{{ ',' if not loop.last }}  -- Those who fit and {{ meaning }}.
    {%- endfor %}
from {{ ref('coming_event') }} as e
left join fits as f on e.event_id = f.event_id
left join listed as l on e.event_id = l.event_id
left join left_out as o on e.event_id = o.event_id
