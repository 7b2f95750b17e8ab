{#- The value of the latest record that has one; ties by channel and record. -#}
{%- macro latest(column) -%}
arg_max({{ column }}, struct_pack(a := observed_at, b := channel, c := record_id))
    filter (where {{ column }} is not null)
{%- endmacro -%}
{%- macro latest_channel(column) -%}
arg_max(channel, struct_pack(a := observed_at, b := channel, c := record_id))
    filter (where {{ column }} is not null)
{%- endmacro -%}
{%- macro latest_at(column) -%}
max(observed_at) filter (where {{ column }} is not null)
{%- endmacro -%}
