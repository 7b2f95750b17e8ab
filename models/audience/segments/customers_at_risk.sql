/*
description: Customers with a high risk of churn, or with an overdue ticket and falling activity.
grain: [one_id]
name_zh: 有流失风险的客户
name_en: Customers at risk
purpose: Solve what bothers them, and call them, before they leave.
owner: customer success
audience: customers
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    case when churn_risk = 'high' then '流失风险高' else '工单超期，活跃下降' end
        as why_zh,  -- Why they are in, in Chinese.
    case
        when churn_risk = 'high' then 'The risk of churn is high.'
        else 'A ticket is overdue, and their activity falls.'
    end as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where churn_risk = 'high' or (open_ticket = 'overdue' and activity_trend = 'falling')
