/*
description: Kept edges as pairs of numbers, the seed of the components.
grain: [node, parent]
*/
select
    node,  -- Identifier with the greater number.
    lesser_node as parent  -- Identifier with the lesser number.
from {{ ref('edge') }}
where is_kept
