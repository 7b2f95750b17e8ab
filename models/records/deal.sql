/*
description: A line of an order, a refund, or an opportunity.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['occurred_at']) }}
{{ union_shape('deal') }}
