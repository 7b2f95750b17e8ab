/*
description: A human decision: link, unlink, exclude or erase.
grain: [channel, record_id]
*/
{{ union_shape('rule') }}
