/*
description: People of competitors, who are on no list.
grain: [one_id]
name_zh: 竞争对手（不触达）
name_en: Competitors, kept out
purpose: Send them nothing. Look here when somebody asks why a person is on no list.
owner: marketing operations
audience: kept_out
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '竞争对手' as why_zh,  -- Why they are in, in Chinese.
    'Works for a competitor.' as why_en  -- Why they are in, in English.
from {{ ref('audience_person') }}
where relationship_type = 'competitor'
