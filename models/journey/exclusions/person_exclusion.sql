/*
description: Why each excluded person is not a lead at the end of as_of. Of several kinds of
  exclusion the most important one is shown.
grain: [person_key]
*/
{{ config(published=false) }}
select
    person_key,  -- Number of the person in this release; joins identity.person.
    kind,  -- staff, bot, competitor, partner or learner, in this order.
    rule,  -- Rule that excludes the person.
    since_at  -- Since when (UTC).
from {{ ref('exclusion') }}
where not is_overruled and {{ excluded_now() }}
qualify
    row_number() over (
        partition by person_key
        order by
            case kind
                when 'staff' then 1
                when 'bot' then 2
                when 'competitor' then 3
                when 'partner' then 4
                else 5
            end,
            since_at, rule
    ) = 1
