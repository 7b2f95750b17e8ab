/*
description: A device that a company owns (安装基数, installed base).
grain: [channel, record_id]
*/
{{ union_shape('device') }}
