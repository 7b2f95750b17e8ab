/*
description: Money that was spent.
grain: [channel, record_id]
*/
{{ union_shape('spend') }}
