/*
description: One action of a person, or one contact that we made with them.
grain: [channel, record_id]
*/
{{ union_shape('touch') }}
