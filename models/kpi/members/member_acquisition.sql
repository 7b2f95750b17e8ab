/*
description: The channel, campaign and scene that brought each person, for KPIs about people.
grain: [level, entity_key, dimension]
*/
{{ config(published=false, materialized='view') }}
select
    'person' as level,  -- person: the key is one of a person.
    person_key as entity_key,  -- Number of the person in this release.
    'channel' as dimension,  -- channel, campaign or scene.
    first_channel as member  -- Channel of the earliest record; campaign and its scene.
from {{ ref('person') }}
union all
select
    'person' as level,
    person_key as entity_key,
    'campaign' as dimension,
    source_campaign_id as member
from {{ ref('person') }}
union all
select
    'person' as level,
    p.person_key as entity_key,
    'scene' as dimension,
    c.scene as member
from {{ ref('person') }} as p
inner join {{ ref('dim_campaign') }} as c on p.source_campaign_id = c.campaign_id
