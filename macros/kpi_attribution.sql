{#- Does a touch count in attribution? Purchases are the deal itself, and service comes after a sale. A touch of ours
    counts if it arrived, as in lead_contact; messages to a whole group do not. -#}
{%- macro is_attributed(touch) -%}
(
    coalesce({{ touch }}.behaviour not in ('purchase', 'service'), true)
    and (
        ({{ var('attribution_inbound') }} and {{ touch }}.direction = 'inbound')
        or (
            {{ var('attribution_outbound') }}
            and {{ touch }}.direction = 'outbound'
            and {{ touch }}.medium is distinct from 'group'
            and ({{ touch }}.outcome in ('delivered', 'clicked') or {{ is_conversation(touch) }})
        )
    )
)
{%- endmacro -%}
