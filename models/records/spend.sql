/*
description: Money that was spent.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['spend_date']) }}
{{ union_shape('spend') }}
