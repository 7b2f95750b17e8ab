/*
description: The steps that each campaign serves, by campaigns.csv and by what its money was spent
  on; a booth acquires, and the gifts at it nurture.
grain: [campaign_id, step]
*/
{{ config(published=false) }}
select distinct
    campaign_id,  -- Campaign.
    step  -- acquire, nurture, convert or serve.
from (
    select
        campaign_id,
        step
    from {{ ref('dim_campaign') }}
    where step is not null
    union all
    select
        campaign_id,
        step
    from {{ ref('spend') }}
    where campaign_id is not null and spend_date <= fn_as_of()
) as steps
