/*
description: Touches 触达与互动 by business date, channel, campaign and kind, with the stage that the
  person is in now; how many, and of how many people.
grain: [touch_date, channel, campaign_id, behaviour, direction, stage]
*/
{{ config(
    entities={'channel': 'channel', 'campaign': 'campaign_id', 'journey_stage': 'stage'},
    time='touch_date',
    measures={'touch_count': 'sum', 'failed_count': 'sum', 'duration_seconds': 'sum', 'people_count': 'none'}
) }}
with

counted as (
    select
        t.occurred_date,
        t.channel,
        t.campaign_id,
        t.behaviour,
        t.direction,
        s.stage,
        count(*) as touch_count,
        count(*) filter (where t.outcome = 'failed') as failed_count,
        count(distinct t.person_key) as people_count,
        sum(t.duration_seconds) as duration_seconds
    from {{ ref('person_touch') }} as t
    left join {{ ref('person_stage') }} as s on t.person_key = s.person_key
    group by t.occurred_date, t.channel, t.campaign_id, t.behaviour, t.direction, s.stage
)

select
    t.occurred_date as touch_date,  -- 触达日期. Business date of the touches.
    t.channel,  -- 渠道编码. Channel.
    c.name_zh as channel_name_zh,  -- 渠道. Name of the channel.
    c.name_en as channel_name_en,  -- 渠道英文名. Its name in English.
    c.domain,  -- 流量域. private or public: whose traffic it is.
    t.campaign_id,  -- 活动编码. Campaign; NULL = none.
    m.name_zh as campaign_name_zh,  -- 活动. Name of the campaign.
    m.name_en as campaign_name_en,  -- 活动英文名. Its name in English.
    m.scene as campaign_scene,  -- 活动场景. Scene of the campaign, such as expo or search.
    t.behaviour,  -- 行为编码. view, download, register, interact, attend, purchase or service.
    case t.behaviour
        when 'view' then '浏览' when 'download' then '下载' when 'register' then '注册'
        when 'interact' then '互动' when 'attend' then '参加' when 'purchase' then '购买'
        when 'service' then '服务'
    end as behaviour_name_zh,  -- 行为. Name of behaviour.
    t.direction,  -- 方向编码. inbound: theirs; outbound: ours.
    case t.direction when 'inbound' then '客户主动' when 'outbound' then '我方触达' end
        as direction_name_zh,  -- 方向. Name of direction.
    t.stage,  -- 当前阶段编码. Stage that the person is in now; NULL = in none.
    g.name_zh as stage_name_zh,  -- 当前阶段. Name of the stage.
    g.name_en as stage_name_en,  -- 当前阶段英文名. Its name in English.
    t.touch_count,  -- 触达次数. Touches. Adds up.
    t.failed_count,  -- 失败次数. Of these, touches of ours that did not arrive. Adds up.
    cast(t.duration_seconds as bigint)
        as duration_seconds,  -- 时长秒数. Seconds, where the channel says so. Adds up.
    t.people_count  -- 人数. People of this row. Not to be added up: one counts in several.
from counted as t
left join {{ ref('dim_channel') }} as c on t.channel = c.channel
left join {{ ref('dim_campaign') }} as m on t.campaign_id = m.campaign_id
left join {{ ref('dim_stage') }} as g on t.stage = g.stage
