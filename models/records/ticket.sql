/*
description: A service case.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['opened_at']) }}
{{ union_shape('ticket') }}
