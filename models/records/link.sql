/*
description: A person became reachable, or stopped being reachable.
grain: [channel, record_id]
*/
{{ union_shape('link') }}
