/*
description: A person became reachable, or stopped being so.
grain: [channel, record_id]
*/
{{ union_shape('link') }}
