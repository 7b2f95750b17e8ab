{#- The value of the golden record, with its channel and moment. The channel that source_priority.csv puts first for the
    attribute wins; among equals the latest value, then by channel and record. A mobile number that the person gave comes
    before one that staff noted. -#}
{%- macro best_value(attribute) -%}
arg_max(
    struct_pack(value := {{ attribute }}, channel := channel, observed_at := observed_at),
    struct_pack(
        priority := -{{ attribute }}_priority,
        is_own_word := {{ 'is_own_word' if attribute == 'mobile' else '1' }},
        observed_at := observed_at,
        channel := channel,
        record_id := record_id
    )
) filter (where {{ attribute }} is not null)
{%- endmacro -%}
