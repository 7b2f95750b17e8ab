/*
description: What one channel knows of one company.
grain: [channel, record_id]
*/
{{ union_shape('company') }}
