/*
description: The used identifiers of each combination, with the person that each belongs to; the
  first one that is not contested tells whose the records of the combination are.
grain: [combination_id, id_type]
*/
{{ config(
    published=false, restate='combination', through={'one_id': ['id_type', 'id_value']}
) }}
select
    c.combination_id,  -- Number of the combination.
    o.id_type,  -- Identifier type.
    o.id_value,  -- [pii] The identifier.
    o.node,  -- Number of the identifier in this release.
    o.person_key,  -- Number of the person in this release.
    o.strength,  -- 1 is the strongest.
    o.is_contested,  -- True = cut between people.
    row_number() over (
        partition by c.combination_id order by o.is_contested, o.strength, o.id_type, o.id_value
    ) as place  -- 1 = the identifier that decides.
from {{ ref('combination_identifier') }} as c
inner join {{ ref('one_id') }} as o on c.id_type = o.id_type and c.id_value = o.id_value
