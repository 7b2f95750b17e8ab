/*
description: Campaigns, from campaigns.csv, with their names.
grain: [campaign_id]
*/
{{ config(entities={'campaign': 'campaign_id'}) }}
with

-- A key that campaigns.csv has twice counts once, so that joins do not repeat rows.
members as (
    select
        campaign_id,
        domain,
        scene,
        step,
        {{ optional_column('campaigns', 'name_zh') }} as name_zh,
        {{ optional_column('campaigns', 'name_en') }} as name_en
    from {{ ref('campaigns') }}
    where campaign_id is not null
    qualify
        row_number() over (
            partition by campaign_id order by domain, scene, step, name_zh, name_en
        ) = 1
)

select
    campaign_id,  -- Key; member of the KPI dimension 'campaign'.
    domain,  -- private or public: whose traffic it brings.
    scene,  -- Scene, such as expo or search.
    step,  -- Step that it serves, such as acquire, nurture or convert.
    {{ member_names('campaign_id') }}
from members
