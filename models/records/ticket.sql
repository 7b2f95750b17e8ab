/*
description: A service case.
grain: [channel, record_id]
*/
{{ union_shape('ticket') }}
