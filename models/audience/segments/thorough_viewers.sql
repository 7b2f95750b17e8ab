/*
description: Prospects who followed shows for long and act in many ways, over two channels or more
  of late.
grain: [one_id]
name_zh: 深度互动的潜客
name_en: Prospects who look thoroughly
purpose: Offer them a demonstration. They know what we have to say.
owner: content marketing
audience: prospects
*/
{{- config(published=false, materialized='view') }}
select
    one_id,  -- The person.
    '长时间观看直播或回放，行为种类：' || behaviour_breadth || '，近 30 天活跃渠道：' || active_channels_30d
        as why_zh,  -- Why they are in, in Chinese.
    'Followed shows for long; kinds of behaviour: ' || behaviour_breadth
    || '; channels of the last 30 days: ' || active_channels_30d || '.'
        as why_en  -- Why they are in, in English.
from {{ ref('person_profile') }}
where
    watch_depth in ('long', 'rewatched')
    and behaviour_breadth in ('4', '5', '6', '7')
    and active_channels_30d not in ('0', '1')
