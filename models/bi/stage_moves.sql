/*
description: Moves between stages 阶段变动, one row each; from, to, direction and evidence, with the
  company and owner that the person has now.
grain: [person_id, moved_at, to_stage, direction]
*/
{{ config(
    materialized='view',
    published='view',
    entities={'person': 'person_id', 'account': 'account_id', 'channel': 'channel', 'journey_stage': 'to_stage'},
    time='moved_date',
    measures={'*': 'count'}
) }}
select
    t.one_id as person_id,  -- 客户编号. The person.
    t.moved_at,  -- 变动时间. When (UTC).
    t.from_stage,  -- 原阶段编码. Stage before the move; NULL = unknown before.
    f.name_zh as from_stage_name_zh,  -- 原阶段. Name of the stage before.
    f.name_en as from_stage_name_en,  -- 原阶段英文名. Its name in English.
    t.to_stage,  -- 新阶段编码. Stage after the move.
    s.name_zh as to_stage_name_zh,  -- 新阶段. Name of the stage after.
    s.name_en as to_stage_name_en,  -- 新阶段英文名. Its name in English.
    t.direction,  -- 方向编码. forward, back, or re_entry (had reached it before a setback).
    case t.direction when 'forward' then '前进' when 'back' then '后退' else '重新进入' end
        as direction_name_zh,  -- 方向. Name of direction.
    t.reason,  -- 依据. Kind of evidence; lost or refunded for a move back.
    t.channel,  -- 渠道编码. Channel of the evidence.
    c.name_zh as channel_name_zh,  -- 渠道. Name of the channel.
    c.name_en as channel_name_en,  -- 渠道英文名. Its name in English.
    t.record_id,  -- [pii] 记录. The record that is the evidence.
    a.account_id,  -- 企业编号. Company of the person now.
    n.company_name as account_name,  -- 企业. Name of the company.
    p.exclusion,  -- 排除原因编码. Why the person is no lead; NULL = not excluded.
    p.exclusion is null as is_counted  -- 是否计入漏斗. True = not excluded, as in the KPIs of the funnel.
from {{ ref('stage_transition') }} as t
left join {{ ref('dim_stage') }} as f on t.from_stage = f.stage
left join {{ ref('dim_stage') }} as s on t.to_stage = s.stage
left join {{ ref('dim_channel') }} as c on t.channel = c.channel
left join {{ ref('person_stage') }} as p on t.person_key = p.person_key
left join {{ ref('person_account') }} as a on t.person_key = a.person_key and a.is_current
left join {{ ref('account') }} as n on a.account_id = n.account_id
