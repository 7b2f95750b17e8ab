/*
description: Blocks of each generator of candidates by size. Too large a block is not searched; it
  is counted here, so that nobody believes that everything was compared.
grain: [entity, generator]
*/
{{ config(published=false) }}
with

blocks as (
    select
        'person' as entity,
        generator,
        block,
        count(*) as member_count
    from {{ ref('person_block') }}
    group by generator, block
    union all
    select
        'company' as entity,
        generator,
        block,
        count(*) as member_count
    from {{ ref('company_block') }}
    group by generator, block
)

select
    entity,  -- person or company.
    generator,  -- Generator, as in candidate_generators.csv.
    count(*) as block_count,  -- Number of blocks with at least two members.
    count(*) filter (
        where member_count > {{ var('candidate_block_size') }}
    ) as cut_count,  -- Number of blocks that are too large to be searched.
    cast(coalesce(sum(member_count) filter (
        where member_count > {{ var('candidate_block_size') }}
    ), 0) as bigint) as cut_member_count  -- Members of those blocks.
from blocks
where member_count > 1
group by entity, generator
