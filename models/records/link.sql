/*
description: A person became reachable, or stopped being reachable.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['started_at']) }}
{{ union_shape('link') }}
