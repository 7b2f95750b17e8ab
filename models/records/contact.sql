/*
description: What one channel knows of one person.
grain: [channel, record_id]
*/
{{ union_shape('contact') }}
