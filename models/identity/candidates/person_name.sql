/*
description: Names of people as they were given, and the key by which spellings of one name meet. A
  name with Chinese characters counts by these alone. Forms of address (先生, 经理, Mr) are dropped.
grain: [full_name]
*/
{{ config(published=false) }}
with

names as (
    select distinct full_name
    from {{ ref('contact') }}
    where full_name is not null
),

{{ parted_person_names('names') }}

select
    full_name,  -- [pii] Name as given.
    case
        when length(han) >= 2 then han
        when han = '' and regexp_matches(latin, '[^ ]{2}.* [^ ]|[^ ] .*[^ ]{2}') then latin
    end as name_key  -- [pii] Name for comparison; NULL = less than a whole name, such as 王总.
from keyed
