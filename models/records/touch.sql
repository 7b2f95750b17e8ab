/*
description: One action of a person, or one contact that we made with them.
grain: [channel, record_id]
*/
{{ config(restricted=false, restate='record', calendar=['occurred_at']) }}
{{ union_shape('touch') }}
