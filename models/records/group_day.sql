/*
description: The daily figures of a group.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['day']) }}
{{ union_shape('group_day') }}
