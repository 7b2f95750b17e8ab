/*
description: One row a company; the file (档案) and the portrait (画像). Its columns follow from
  tags.csv.
grain: [account_id]
*/
-- noqa: disable=LT02,AL09
{%- set own = reference('tags')
    | selectattr('level', 'in', ['account', 'person, account']) | list %}
{{- several_values('account_tag', 'account_id', own) }}
select
    a.account_id,  -- The company.
    a.company_name as account_name,  -- Company name.
    a.credit_code,  -- Unified social credit code (统一社会信用代码).
    a.email_domain,  -- Corporate mail domain.
    a.first_seen_at,  -- Earliest record (UTC).
    a.last_seen_at,  -- Latest record (UTC).
    {%- for tag in own %}
    {{ tag_column(tag) }},  -- {{ tag.name_zh }} {{ tag.name_en }}.
    {%- endfor %}
    a.people_count,  -- Number of current people.
    a.record_count  -- Number of records.
from {{ ref('account') }} as a
{{- tag_joins('account_tag', 'account_id', 'a', own) }}
