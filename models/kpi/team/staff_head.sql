/*
description: How many heads each member of staff of staff.csv counts as. One of our own people is
  one. Somebody of a vendor is as many as the cost is average wages of our own people; one where the
  cost or the average is unknown.
grain: [staff_id]
*/
{{ config(published=false) }}
with

costs as (
    select
        staff_id,
        max(try_cast(monthly_cost as decimal(18, 2))) as monthly_cost
    from {{ ref('staff') }}
    where staff_id is not null
    group by staff_id
),

members as (
    select
        s.staff_id,
        s.team,
        coalesce(s.is_outsourced, false) as is_outsourced,
        s.vendor,
        c.monthly_cost
    from {{ ref('dim_staff') }} as s
    inner join costs as c on s.staff_id = c.staff_id
),

wages as (
    select
        sum(monthly_cost) as wage_sum,
        count(monthly_cost) as wage_count
    from members
    where not is_outsourced
)

select
    m.staff_id,  -- Member of staff.
    m.team,  -- Team; NULL = unknown.
    case when m.is_outsourced then 'vendor' else 'staff' end
        as unit_kind,  -- staff: one of our own people; vendor: works for a vendor.
    case when m.is_outsourced then m.vendor else m.staff_id end
        as unit,  -- The member of staff; of a vendor, the vendor: NULL = unknown.
    m.monthly_cost,  -- Cost of a month, as in staff.csv; NULL = unknown.
    cast(
        case
            when m.is_outsourced
                then coalesce({{ ratio('m.monthly_cost * w.wage_count', 'w.wage_sum') }}, 1)
            else 1
        end as decimal(18, 2)
    ) as heads  -- Heads, in hundredths.
from members as m
cross join wages as w
