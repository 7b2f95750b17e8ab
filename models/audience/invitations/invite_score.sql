/*
description: Who fits which coming event; everybody whose topic or product line it is and who has at
  least invite_points_min points of invite_points.csv, whether or not we may invite them.
grain: [event_id, person_key]
*/
{{ config(published=false) }}
with

points as (
    select
        part,
        condition,
        cast(points as bigint) as points,
        leaves_out = 'true' as leaves_out
    from {{ ref('invite_points') }}
),

events as (
    select
        event_id,
        form,
        place,
        sales_territory,
        topic,
        product_line
    from {{ ref('coming_event') }}
),

people as (
    select
        a.person_key,
        a.one_id,
        a.account_id,
        a.audience,
        a.stage,
        p.event_preference,
        p.province,
        p.sales_territory,
        p.activity_grade
    from {{ ref('audience_person') }} as a
    inner join {{ ref('person_profile') }} as p on a.one_id = p.one_id
),

-- Only these people can fit, so nobody else is looked at.
matches as (
    select
        e.event_id,
        p.person_key,
        'top_topic' as condition
    from {{ ref('person_tag') }} as t
    inner join events as e on t.tag_value = e.topic
    inner join people as p on t.one_id = p.one_id
    where t.tag_code = 'top_topic'
    union all
    select
        e.event_id,
        p.person_key,
        'product_interest' as condition
    from {{ ref('person_tag') }} as t
    inner join events as e on t.tag_value = e.product_line
    inner join people as p on t.one_id = p.one_id
    where t.tag_code = 'product_interest'
    union all
    select
        e.event_id,
        p.person_key,
        'owned' as condition
    from {{ ref('account_tag') }} as t
    inner join events as e on t.tag_value = e.product_line
    inner join people as p on t.account_id = p.account_id
    where t.tag_code = 'owned_product_lines' and p.audience = 'customer'
),

matched as (
    select
        m.event_id,
        m.person_key,
        coalesce(max(case m.condition when 'top_topic' then o.points end), 0) as topic_points,
        coalesce(max(case m.condition when 'product_interest' then o.points end), 0)
            as interest_points,
        coalesce(max(case m.condition when 'owned' then o.points end), 0) as owned_points
    from matches as m
    inner join points as o on o.part in ('topic', 'product') and m.condition = o.condition
    where o.points > 0
    group by m.event_id, m.person_key
),

compared as (
    select
        m.event_id,
        m.person_key,
        m.topic_points,
        greatest(m.interest_points, m.owned_points) as product_points,
        case
            when m.owned_points > m.interest_points then 'owned'
            when m.interest_points > 0 then 'product_interest'
        end as product_condition,
        case
            when p.event_preference = e.form then 'same'
            when p.event_preference = 'both' then 'both'
            when p.event_preference in ('online', 'offline') then 'other'
            else 'none'
        end as form_condition,
        case
            when e.form = 'online' then 'online'
            when p.province is null then 'unknown'
            when p.province = e.place then 'same_province'
            when p.sales_territory = e.sales_territory then 'same_territory'
            else 'elsewhere'
        end as place_condition,
        p.activity_grade,
        p.stage
    from matched as m
    inner join events as e on m.event_id = e.event_id
    inner join people as p on m.person_key = p.person_key
),

scored as (
    select
        c.event_id,
        c.person_key,
        c.topic_points,
        c.product_points,
        c.product_condition,
        f.points as form_points,
        c.form_condition,
        l.points as place_points,
        c.place_condition,
        l.leaves_out,
        coalesce(g.points, 0) as activity_points,
        c.activity_grade,
        coalesce(s.points, 0) as stage_points,
        c.stage
    from compared as c
    inner join points as f on f.part = 'form' and c.form_condition = f.condition
    inner join points as l on l.part = 'place' and c.place_condition = l.condition
    left join points as g on g.part = 'activity' and c.activity_grade = g.condition
    left join points as s on s.part = 'stage' and c.stage = s.condition
),

summed as (
    select
        event_id,
        person_key,
        topic_points,
        product_points,
        product_condition,
        form_points,
        form_condition,
        place_points,
        place_condition,
        leaves_out,
        activity_points,
        activity_grade,
        stage_points,
        stage,
        topic_points + product_points + form_points + place_points + activity_points + stage_points
            as score
    from scored
)

select
    event_id,  -- The event.
    person_key,  -- Number of the person in this release, for joins.
    score,  -- Sum of the points.
    topic_points,  -- Points for the topic.
    product_points,  -- Points for the product line.
    product_condition,  -- product_interest or owned; NULL = neither.
    form_points,  -- Points for the form.
    form_condition,  -- same, both, other or none.
    place_points,  -- Points for the place.
    place_condition,  -- same_province, same_territory, elsewhere, unknown or online.
    leaves_out as is_too_far,  -- True = the row of the place says that it leaves people out.
    activity_points,  -- Points for the activity grade.
    activity_grade,  -- Activity grade; NULL = unknown.
    stage_points,  -- Points for the stage.
    stage  -- Stage; NULL = no stage.
from summed
where score >= {{ threshold('invite_points_min') }}
