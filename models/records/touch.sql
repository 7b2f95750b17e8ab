/*
description: One behaviour of a person, or one contact made with them.
grain: [channel, record_id]
*/
{{ union_shape('touch') }}
