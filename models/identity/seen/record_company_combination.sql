/*
description: The company identifiers of each version of each record that has any, with the number of
  their combination. If a record has no mail domain, the domain of its mail address counts.
grain: [channel, record_id, shape, state, landed_seq, seen_at, combination_id]
*/
{{ config(
    published=false, restate='record',
    calendar=['observed_at', 'occurred_at', 'started_at', 'opened_at']
) }}
-- noqa: disable=LT02
{%- set values = {} %}
{%- for id in id_types('company') %}
{%- set _ = values.update({id_column(id): company_value(id)}) %}
{%- endfor %}
{%- set shapes = [
    ('contact', 'observed_at'), ('touch', 'occurred_at'), ('link', 'started_at'),
    ('deal', 'occurred_at'), ('ticket', 'opened_at'), ('company', 'observed_at')
] %}
with

{{ numbered_records(shapes, values) }}

select
    channel,  -- Channel code.
    record_id,  -- [pii] The exported row.
    shape,  -- Record shape.
    state,  -- current; beyond: after as_of; superseded: an earlier version of a record.
    landed_seq,  -- Landing that brought it.
    seen_at,  -- When it happened (UTC).
    {%- for column in values %}
    {%- set mark = '[public] ' if column == 'email_domain' else '' %}
    {{ column }},  -- {{ mark }}Identifier of this type, if the record carries one.
    {%- endfor %}
    combination_id  -- Number of the values together; the same in every build.
from numbered
