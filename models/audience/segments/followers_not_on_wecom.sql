/*
description: Leads who follow the Official Account, but have added no member of staff on WeCom.
grain: [one_id]
name_zh: 已关注公众号未加企微的线索
name_en: Followers who are not on WeCom
purpose: Invite them to add a member of staff, so that we can answer them in person.
owner: private domain operations
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '已关注公众号，尚未添加企微' as why_zh,  -- Why they are in, in Chinese.
    'Follows the Official Account, and is not on WeCom.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where
    is_lead
    and list_contains(string_split(reachable_touchpoints, ', '), 'official_account')
    and not list_contains(string_split(reachable_touchpoints, ', '), 'wecom')
