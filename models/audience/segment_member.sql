/*
description: Who is in which named segment 分群 today, since when, and why.
grain: [segment, one_id]
*/
select
    p.segment,  -- Segment.
    p.one_id,  -- The person.
    p.person_key,  -- Number of the person in this release, for joins.
    h.valid_from as since_date,  -- Business date since which they have been in it.
    h.reason,  -- Why they came: data, rule or identity, see segment_history.
    p.why_zh,  -- Why they are in it, in Chinese.
    p.why_en,  -- Why they are in it, in English.
    p.account_id,  -- The current company; NULL = unknown.
    p.owner_staff  -- Member of staff who owns the person; NULL = nobody.
from {{ ref('segment_person') }} as p
inner join {{ ref('segment_history') }} as h
    on p.segment = h.segment and p.one_id = h.one_id and h.valid_to is null
