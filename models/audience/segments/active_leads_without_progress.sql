/*
description: Leads with an intent who were active in the last 30 days, but have been in that stage
  for more than 30 days.
grain: [one_id]
name_zh: 活跃但停滞的意向线索
name_en: Active leads without progress
purpose: Find out what holds them back, and remove it. They still look, and nobody moves them on.
owner: sales
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '近 30 天活跃，停留在意向阶段 ' || stage_age_band || ' 天'
        as why_zh,  -- Why they are in, in Chinese.
    'Active in the last 30 days, and in the stage intent for ' || stage_age_band || ' days.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where
    journey_stage = 'intent'
    and stage_age_band in ('31-90', '91+')
    and recency_band in ('0-7', '8-30')
