/*
description: Days on which a message that a member of staff sent reached a person. Calls, visits and
  messages that failed are none.
grain: [person_key, message_date]
*/
{{ config(published=false) }}
select
    person_key,  -- Number of the person in this release, for joins.
    occurred_date as message_date  -- Business date.
from {{ ref('person_touch') }}
where
    direction = 'outbound'
    and staff_id is not null
    and outcome in ('delivered', 'clicked', 'replied')
    and occurred_at < fn_as_of_end()
group by person_key, occurred_date
