/*
description: Prospects who asked for a price or looked at prices, and then went silent.
grain: [one_id]
name_zh: 询价后沉默
name_en: Silent after looking at prices
purpose: Ask them what holds them back before they decide for somebody else.
owner: sales
audience: prospects
*/
{{- config(published=false, materialized='view') }}
with

signs as (
    select
        p.one_id,
        case when p.price_interest = 'asked' then '询过价' else '看过价格' end as what_zh,
        case when p.price_interest = 'asked' then 'Asked for a price' else 'Looked at prices' end
            as what_en,
        cast(a.silent_days as varchar) as silent_days
    from {{ ref('person_profile') }} as p
    inner join {{ ref('audience_person') }} as a on p.one_id = a.one_id
    where p.price_interest in ('asked', 'viewed') and a.is_silent and a.silent_days is not null
)

select
    one_id,  -- The person.
    what_zh || '，已沉默 ' || silent_days || ' 天' as why_zh,  -- Why they are in, in Chinese.
    what_en || ', and did nothing for ' || silent_days || ' days.'
        as why_en  -- Why they are in, in English.
from signs
