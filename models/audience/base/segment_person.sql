/*
description: Who is in which segment, from the models in models/audience/segments. People whose
  audience does not fit the segment are left out, and so is whoever asked to be erased.
grain: [segment, one_id]
*/
{{- config(published=false) }}
with

found as (
    {{ union_models('audience/segments', {
        'one_id': 'varchar', 'why_zh': 'varchar', 'why_en': 'varchar'
    }, model_column='model') }}
)

select
    s.segment,  -- Segment, as in ops.segment.
    a.one_id,  -- The person.
    a.person_key,  -- Number of the person in this release, for joins.
    f.why_zh,  -- Why the person is in, in Chinese.
    f.why_en,  -- Why the person is in, in English.
    a.account_id,  -- The current company; NULL = unknown.
    a.owner_staff  -- Member of staff who owns the person; NULL = nobody.
from found as f
inner join {{ source('ops', 'segment') }} as s on f.model = s.model
inner join {{ ref('audience_person') }} as a on f.one_id = a.one_id
where
    not a.is_erased
    and case s.audience
        when 'prospects' then a.audience = 'prospect'
        when 'customers' then a.audience = 'customer'
        when 'partners' then a.audience = 'partner'
        when 'people' then a.audience in ('prospect', 'customer')
        when 'kept_out' then a.audience = 'kept_out'
        else false
    end
