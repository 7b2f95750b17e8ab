/*
description: Leads with a hot or ripe score whom nobody owns.
grain: [one_id]
name_zh: 无人跟进的热线索
name_en: Hot leads without an owner
purpose: Give each of them to somebody within a day. A hot lead cools down while nobody owns it.
owner: sales operations
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '线索评分高，无归属员工' as why_zh,  -- Why they are in, in Chinese.
    'The lead score is high, and nobody owns them.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where is_lead and lead_score_band in ('hot', 'ripe') and owner_staff is null
