/*
description: Customers with a device whose warranty ends within renewal_days days, or has ended.
grain: [one_id]
name_zh: 待续约客户
name_en: Customers due for renewal
purpose: Offer a service contract in time.
owner: customer success
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case when renewal_due = 'due' then '设备质保即将到期' else '设备质保已到期' end
        as why_zh,  -- Why they are in, in Chinese.
    case
        when renewal_due = 'due' then 'The warranty of a device ends soon.'
        else 'The warranty of a device has ended.'
    end as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where renewal_due in ('due', 'overdue')
