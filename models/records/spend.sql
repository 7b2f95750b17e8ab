/*
description: Money spent.
grain: [channel, record_id]
*/
{{ union_shape('spend') }}
