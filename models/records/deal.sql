/*
description: A line of an order, a refund, or an opportunity.
grain: [channel, record_id]
*/
{{ union_shape('deal') }}
