/*
description: Customers who are not satisfied with our service, and who bought for much or are of a
  high tier.
grain: [one_id]
name_zh: 高价值不满意客户
name_en: Valuable and unsatisfied customers
purpose: Have a manager call them, before they look elsewhere.
owner: customer success
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case
        when service_satisfaction = 'unsatisfied' then '对服务不满意' else '对服务评价一般'
    end as why_zh,  -- Why they are in, in Chinese.
    case
        when service_satisfaction = 'unsatisfied' then 'Unsatisfied with our service.'
        else 'Neither satisfied nor unsatisfied with our service.'
    end as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where
    service_satisfaction in ('unsatisfied', 'neutral')
    and (ltv_band in ('10k-50k', '50k+') or customer_tier in ('strategic', 'key'))
