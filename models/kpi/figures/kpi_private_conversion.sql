/*
description: How much more often people whom our own channels brought become customers than people
  whom public ones brought; of people who came in the last days, within the window.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [private_vs_public_conversion]
*/
{{ config(published=false) }}
{%- set columns = ['private_people', 'private_customers', 'public_people', 'public_customers'] %}
with

people as (
    select
        least(coalesce(fn_local_date(p.first_seen_at), b.first_date), b.first_date) as known_date,
        fn_local_date(p.first_seen_at) as seen_date,
        b.first_date as customer_date,
        coalesce(c.domain, h.domain) as domain
    from {{ ref('person') }} as p
    left join {{ ref('customer') }} as b on p.person_key = b.person_key
    left join {{ ref('dim_campaign') }} as c on p.source_campaign_id = c.campaign_id
    left join {{ ref('dim_channel') }} as h on p.first_channel = h.channel
    anti join {{ outsiders() }} as x on p.person_key = x.person_key
),

-- Somebody comes on the day of their earliest record or purchase.
judged as (
    select
        coalesce(known_date, seen_date) as day,
        domain = 'private' as is_private,
        coalesce(
            date_diff('day', coalesce(known_date, seen_date), customer_date)
            <= {{ kpi_window('private_vs_public_conversion') }},
            false
        ) as is_customer
    from people
    where domain in ('private', 'public')
),

facts as (
    select
        'total' as dimension,
        cast(null as varchar) as member,
        day,
        case when is_private then 1 else 0 end as private_people,
        case when is_private and is_customer then 1 else 0 end as private_customers,
        case when is_private then 0 else 1 end as public_people,
        case when not is_private and is_customer then 1 else 0 end as public_customers
    from judged
),

{{ moving_sums('rolling', 'facts', columns) }},

-- One share by the other; multiplied out, both sides are whole numbers.
figures as (
    select
        as_of_date,
        dimension,
        member,
        private_customers * public_people as private_part,
        public_customers * private_people as public_part
    from rolling
    where public_customers > 0 and private_people > 0
)

{{ kpi_rows('figures', [['private_vs_public_conversion', 'private_part', 'public_part']]) }}
