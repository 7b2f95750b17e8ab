/*
description: Gross margin of each product line within fit_days, and the tickets about it. Tickets
  that name no known device are spread over the lines like those that do.
grain: [product_line]
*/
{{ config(published=false) }}
with

margins as (
    select
        p.product_line,
        sum(r.margin_amount) as margin_amount
    from {{ ref('revenue_line') }} as r
    inner join {{ ref('dim_product') }} as p on r.product_id = p.product_id
    where
        p.product_line is not null
        and r.revenue_date > fn_as_of() - {{ var('fit_days') }} * interval 1 day
    group by p.product_line
),

-- A serial number that several records name has the product of the latest.
devices as (
    select
        d.device_serial,
        p.product_line
    from {{ ref('device') }} as d
    inner join {{ ref('dim_product') }} as p on d.product_id = p.product_id
    where d.device_serial is not null and p.product_line is not null
    qualify
        row_number() over (
            partition by d.device_serial
            order by d.observed_at desc nulls last, d.channel asc, d.record_id asc
        ) = 1
),

tickets as (
    select d.product_line
    from {{ ref('ticket') }} as t
    left join devices as d on t.device_serial = d.device_serial
    where
        t.opened_at < fn_as_of_end()
        and fn_local_date(t.opened_at) > fn_as_of() - {{ var('fit_days') }} * interval 1 day
),

totals as (
    select
        count(*) as ticket_count,
        count(product_line) as known_count
    from tickets
),

tickets_of_lines as (
    select
        product_line,
        count(*) as known_count
    from tickets
    where product_line is not null
    group by product_line
),

product_lines as (
    select distinct product_line
    from {{ ref('dim_product') }}
    where product_line is not null
)

select
    l.product_line,  -- Product line.
    cast(coalesce(m.margin_amount, 0) as decimal(18, 2)) as margin_amount,  -- Gross margin.
    coalesce(k.known_count, 0) as known_tickets,  -- Tickets that name a device of the line.
    case
        when t.ticket_count = 0 then cast(0 as decimal(18, 2))
        else
            cast(
                cast(coalesce(k.known_count, 0) as double) * t.ticket_count
                / nullif(t.known_count, 0) as decimal(18, 2)
            )
    end as ticket_count  -- Tickets of the line; NULL = no ticket names a known device.
from product_lines as l
cross join totals as t
left join margins as m on l.product_line = m.product_line
left join tickets_of_lines as k on l.product_line = k.product_line
