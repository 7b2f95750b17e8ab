/*
description: The daily figures of a member of staff.
grain: [channel, record_id]
*/
{{ union_shape('staff_day') }}
