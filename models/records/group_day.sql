/*
description: The daily figures of a group.
grain: [channel, record_id]
*/
{{ union_shape('group_day') }}
