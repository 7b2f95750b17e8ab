/*
description: Open tickets at the end of each business day, and tickets of the last days for each
  customer.
grain: [as_of_date, kpi_code, dimension, member]
kpis: [open_tickets, tickets_per_customer]
*/
{{ config(published=false) }}
with

-- Whoever bought up to a day is a customer from then on.
customers as (
    select
        r.person_key,
        min(r.revenue_date) as first_date
    from {{ ref('revenue_line') }} as r
    anti join {{ outsiders() }} as o on r.person_key = o.person_key
    where r.kind <> 'refund' and r.person_key is not null
    group by r.person_key
),

moves as (
    select
        channel,
        person_key,
        account_key,
        opened_date as day,
        1 as open_tickets,
        1 as new_tickets,
        0 as customers
    from {{ ref('ticket_case') }}
    union all
    select
        channel,
        person_key,
        account_key,
        cast(opened_date + {{ var('mau_days') }} * interval 1 day as date) as day,
        0 as open_tickets,
        -1 as new_tickets,
        0 as customers
    from {{ ref('ticket_case') }}
    union all
    select
        channel,
        person_key,
        account_key,
        resolved_date as day,
        -1 as open_tickets,
        0 as new_tickets,
        0 as customers
    from {{ ref('ticket_case') }}
    where resolved_date is not null
    union all
    select
        null as channel,
        person_key,
        null as account_key,
        first_date as day,
        0 as open_tickets,
        0 as new_tickets,
        1 as customers
    from customers
),

{{ by_dimension(
    'facts', 'moves', ['day', 'open_tickets', 'new_tickets', 'customers'],
    own=['total', 'channel'], of_person=['segment'], of_account=['industry']
) }},

-- Customers have no channel or industry of tickets.
deltas as (
    select
        dimension,
        member,
        day,
        open_tickets,
        new_tickets,
        customers
    from facts
    where dimension in ('total', 'segment') or customers = 0
),

{{ running_sums('daily', 'deltas', ['open_tickets', 'new_tickets', 'customers']) }},

figures as (
    select
        as_of_date,
        dimension,
        member,
        open_tickets,
        case when customers > 0 then new_tickets end as new_tickets,
        customers
    from daily
)

{{ kpi_rows('figures', [
    ['open_tickets', 'open_tickets'],
    ['tickets_per_customer', 'new_tickets', 'customers']
]) }}
