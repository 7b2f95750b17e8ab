/*
description: Over which touchpoints we reach each person, and whether we may. Advertising needs more
  consent than an answer; consent_rules.csv says which.
grain: [one_id, touchpoint]
*/
{{- config(published=false) }}
{%- macro allowed(basis) -%}
not is_unsubscribed
    and consent_status <> 'refused'
    and coalesce(
        {{ basis }} in ('link', 'not_refused')
        or ({{ basis }} = 'granted' and consent_status = 'granted'),
        false
    )
{%- endmacro %}
with

ways as (
    select
        person_key,
        touchpoint,
        started_at
    from {{ ref('person_link') }}
    where ended_at is null
    union all
    select
        person_key,
        'mobile' as touchpoint,
        cast(null as timestamp) as started_at
    from {{ ref('person') }}
    where mobile is not null
    union all
    select
        person_key,
        'email' as touchpoint,
        cast(null as timestamp) as started_at
    from {{ ref('person') }}
    where email is not null
),

reached as (
    select
        person_key,
        touchpoint,
        max(started_at) as started_at
    from ways
    group by person_key, touchpoint
),

-- Whoever unsubscribed stays unsubscribed, unless they open a new link themselves.
refusals as (
    select
        r.person_key,
        m.touchpoint,
        max(t.occurred_at) as refused_at
    from {{ ref('touch') }} as t
    inner join {{ ref('record_person') }} as r
        on t.channel = r.channel and t.record_id = r.record_id
    inner join {{ ref('touchpoint_media') }} as m on t.medium = m.medium
    where t.failed_reason = 'unsubscribed' and r.person_key is not null
    group by r.person_key, m.touchpoint
),

judged as (
    select
        a.one_id,
        a.person_key,
        r.touchpoint,
        cast(t.touchpoint_order as bigint) as touchpoint_order,
        coalesce(p.best_touchpoint = r.touchpoint, false) as is_best,
        a.consent_status,
        coalesce(u.refused_at >= coalesce(r.started_at, u.refused_at), false) as is_unsubscribed,
        c.marketing_basis,
        c.personal_basis
    from reached as r
    inner join {{ ref('audience_person') }} as a on r.person_key = a.person_key
    inner join {{ ref('person_profile') }} as p on a.one_id = p.one_id
    inner join {{ ref('touchpoints') }} as t on r.touchpoint = t.touchpoint
    left join refusals as u on r.person_key = u.person_key and r.touchpoint = u.touchpoint
    left join {{ ref('consent_rules') }} as c on r.touchpoint = c.touchpoint
)

select
    one_id,  -- The person.
    person_key,  -- Number of the person in this release, for joins.
    touchpoint,  -- Touchpoint that reaches the person.
    cast(row_number() over (
        partition by person_key
        order by case when is_best then 0 else 1 end, touchpoint_order, touchpoint
    ) as bigint) as way_no,  -- 1 = to try first: the best touchpoint, then by touchpoint_order.
    is_unsubscribed,  -- True = the person unsubscribed from this touchpoint.
    {{ allowed('marketing_basis') }}
        as is_marketing_allowed,  -- True = we may use it for advertising.
    {{ allowed('personal_basis') }}
        as is_personal_allowed  -- True = we may use it for what somebody asked for.
from judged
