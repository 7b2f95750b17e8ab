/*
description: The daily figures of a member of staff.
grain: [channel, record_id]
*/
{{ config(restate='record', calendar=['day']) }}
{{ union_shape('staff_day') }}
