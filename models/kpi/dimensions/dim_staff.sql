/*
description: Members of staff, from staff.csv, without what they cost.
grain: [staff_id]
*/
{{ config(entities={'staff': 'staff_id'}) }}
with

-- A key that staff.csv has twice counts once, so that joins do not repeat rows.
members as (
    select
        staff_id,
        team,
        role,
        outsourced,
        vendor,
        {{ optional_column('staff', 'name_zh') }} as name_zh,
        {{ optional_column('staff', 'name_en') }} as name_en
    from {{ ref('staff') }}
    where staff_id is not null
    qualify
        row_number() over (
            partition by staff_id order by team, role, outsourced, vendor, name_zh, name_en
        ) = 1
)

select
    staff_id,  -- Key; member of the KPI dimension 'staff'.
    team,  -- Team.
    role,  -- Role, such as sales or sdr.
    outsourced = 'true' as is_outsourced,  -- True = works for a vendor.
    vendor,  -- Vendor.
    {{ member_names('staff_id') }}
from members
