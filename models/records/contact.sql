/*
description: What one channel knows about one person.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['observed_at']) }}
{{ union_shape('contact') }}
