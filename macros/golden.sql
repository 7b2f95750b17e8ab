{#- The value that stands in the golden record, with its channel and moment: of the channel that source_priority.csv
    puts first for the attribute, else (or among equals) the latest; ties by channel and record. A mobile that a person
    gave comes before one that staff noted. -#}
{%- macro best_value(attribute) -%}
arg_max(
    struct_pack(v := {{ attribute }}, c := channel, t := observed_at),
    struct_pack(
        p := -{{ attribute }}_priority, s := {{ 'is_own_word' if attribute == 'mobile' else '1' }}, t := observed_at,
        c := channel, r := record_id
    )
) filter (where {{ attribute }} is not null)
{%- endmacro -%}
