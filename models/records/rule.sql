/*
description: A human decision: link, unlink, exclude or erase.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['decided_at']) }}
{{ union_shape('rule') }}
