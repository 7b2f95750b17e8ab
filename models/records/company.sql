/*
description: What one channel knows about one company.
grain: [channel, record_id]
*/
{{ union_shape('company') }}
