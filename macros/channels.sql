{#- What the staging of several channels shares. -#}

{#- The 活码 table, one row per state, even if the file has repeated rows. -#}
{%- macro live_codes() -%}
select
    state,
    campaign_id,
    staff_id,
    scene
from {{ ref('live_codes') }}
qualify row_number() over (partition by state order by campaign_id, staff_id, scene) = 1
{%- endmacro -%}

{#- The moment from which a row of a list is known: the date of the list, or else of its landing. -#}
{%- macro listed_at() -%}
fn_local_midnight(coalesce(_file_date, _landed_date))
{%- endmacro -%}

{#- When a mass message of WeCom went out. Only recipients who received it have a time, others have none or 0. A member of
    staff sends to all recipients at once. -#}
{%- macro sent_at() -%}
coalesce(
    case when status = '1' then send_time end,
    min(case when status = '1' then send_time end) over (partition by msgid, userid),
    {{ listed_at() }}
)
{%- endmacro -%}

{#- The campaigns that groups belong to, one row per group. -#}
{%- macro group_campaigns() -%}
select
    chat_id,
    campaign_id
from {{ ref('groups') }}
qualify row_number() over (partition by chat_id order by campaign_id) = 1
{%- endmacro -%}

{#- Is a member of a group, or who invited one, an external contact? A member of staff does not count as an invalid value. -#}
{%- macro is_external(column) -%}
regexp_matches(fn_trim({{ column }}), '{{ id_regex('external_userid') }}')
{%- endmacro -%}
