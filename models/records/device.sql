/*
description: A device that a company owns (安装基数, installed base).
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['observed_at']) }}
{{ union_shape('device') }}
