/*
description: Prospects of companies that want to buy, whose decision maker we do not know.
grain: [one_id]
name_zh: 缺少决策人的意向客户
name_en: Intent without a decision maker
purpose: Ask these people who decides, and who else takes part in the purchase.
owner: sales
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '企业有意向，尚不认识其决策人' as why_zh,  -- Why they are in, in Chinese.
    'The company wants to buy, and we do not know who decides there.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where
    account_stage in ('intent', 'pending')
    and not list_contains(
        string_split(coalesce(buying_group_coverage, ''), ', '), 'decision_maker'
    )
