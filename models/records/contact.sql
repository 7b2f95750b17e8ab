/*
description: What one channel knows about one person.
grain: [channel, record_id]
*/
{{ union_shape('contact') }}
