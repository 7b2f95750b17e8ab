/*
description: A day of a member of staff in numbers.
grain: [channel, record_id]
*/
{{ union_shape('staff_day') }}
