/*
description: Company names as they were given, each split into region and core. Region and core
  together are the key by which different spellings of one company meet. A text with a mobile, a
  mail address or a WeChat ID is the name of no company.
grain: [company_name]
*/
{{ config(published=false) }}
-- noqa: disable=LT02
with

names as (
    select company_name
    from {{ ref('company_combination') }}
    where company_name is not null
    union
    select left_value as company_name
    from {{ ref('written_decision') }}
    where left_type = 'company_name' and left_value is not null
    union
    select right_value as company_name
    from {{ ref('written_decision') }}
    where right_type = 'company_name' and right_value is not null
),

{{ parted_names('names') }}

select
    company_name,  -- [public] Name as given.
    case when length(core) >= 2 or (region <> '' and core <> '') then region || core end
        as name_key,  -- [public] Region and core, the identifier; NULL = no name remains.
    region,  -- [public] Region in the name; empty = none.
    core,  -- [public] The name without region and legal form.
    words,  -- [public] The core, with the blanks between its words.
    is_complete  -- True = ends with a registered legal form. Otherwise it may be a short name.
from parted
where fn_identifier_kind(company_name) is null
