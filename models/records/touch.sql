/*
description: One action of a person, or one contact that we made with them.
grain: [channel, record_id]
*/
{{ config(restricted=false) }}
{{ union_shape('touch') }}
