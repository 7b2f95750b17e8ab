/*
description: The identifiers of each version of each record, with the number of their combination;
  the input of OneID. A current record is listed even if it has none.
grain: [channel, record_id, shape, state, landed_seq, seen_at, combination_id]
*/
{{ config(
    published=false, restate='record',
    calendar=['observed_at', 'occurred_at', 'started_at', 'opened_at']
) }}
-- noqa: disable=LT02
{%- set values = {} %}
{%- for id in id_types('person') %}
{%- set _ = values.update({id_column(id): id_value(id)}) %}
{%- endfor %}
{%- set shapes = [
    ('contact', 'observed_at'), ('touch', 'occurred_at'), ('link', 'started_at'),
    ('deal', 'occurred_at'), ('ticket', 'opened_at')
] %}
with

{{ numbered_records(shapes, values, "state = 'current'") }}

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    shape,  -- Record shape.
    state,  -- current; beyond: after as_of; superseded: an earlier version of a record.
    landed_seq,  -- Landing that brought it.
    seen_at,  -- When it happened (UTC).
    {%- for column in values %}
    {{ column }},  -- [pii] Identifier of this type, if the record carries one.
    {%- endfor %}
    combination_id  -- Number of the values together; the same in every build.
from numbered
