/*
description: One row a person; the file (档案), which says who this is, and the portrait (画像),
  which says what they care about now. Its columns follow from tags.csv.
grain: [one_id]
*/
{{ config(parts='one_id', restate='person', through={'account_profile': ['account_id']}) }}
-- noqa: disable=LT02,AL09
{%- set own = reference('tags')
    | selectattr('level', 'in', ['person', 'person, account']) | list %}
{%- set company = reference('tags')
    | selectattr('level', 'in', ['account', 'person, account']) | list %}
{%- set own_codes = own | map(attribute='tag_code') | list %}
{{- several_values('person_tag', 'one_id', own) }}
select
    p.one_id,  -- The person.
    p.full_name,  -- [pii] Name.
    p.mobile,  -- [pii] Mobile, E.164.
    p.email,  -- [pii] Mail address.
    p.title,  -- Job title.
    p.city,  -- City.
    p.first_seen_at,  -- Earliest record (UTC).
    p.last_seen_at,  -- Latest record (UTC).
    p.record_count,  -- Number of records.
    s.is_dormant,  -- True = no inbound touch for dormant_days; NULL = no stage.
    s.trust_step,  -- Trust in four steps 信任四步: lead, settled, won or loyal.
    s.is_lead,  -- True = has reached the stage of a lead and is not excluded.
    {%- for tag in own %}
    {{ tag_column(tag) }},  -- {{ tag.name_zh }} {{ tag.name_en }}.
    {%- endfor %}
    c.account_id,  -- The current company.
    {%- for tag in company %}
    {%- set column = ('account_' if tag.tag_code in own_codes) ~ tag.tag_code %}
    a.{{ tag.tag_code }}
        as {{ column }},  -- Current company: {{ tag.name_zh }} {{ tag.name_en }}.
    {%- endfor %}
    a.account_name  -- Name of the current company.
from {{ ref('person') }} as p
{{- tag_joins('person_tag', 'one_id', 'p', own) }}
left join {{ ref('person_stage') }} as s on p.person_key = s.person_key
left join {{ ref('person_account') }} as c on p.person_key = c.person_key and c.is_current
left join {{ ref('account_profile') }} as a on c.account_id = a.account_id
