{#- Numbers in scattered order: a Feistel network of four rounds over 16-bit halves, which maps every number below 2^32
    to exactly one other. Contraction by least neighbour needs it: a chain of 1, 2, 3 … would take too many rounds. -#}
{%- set KEYS = [24151, 51713, 12983, 44497] -%}

{%- macro scatter_round(half, key) -%}
((({{ half }} * {{ half }} + {{ half }} * {{ key }}) // 256) * 40503 + {{ half }} * 9973 + {{ key }}) % 65536
{%- endmacro -%}

{#- CTEs `<name>_0` … from a relation: `columns` scattered, other columns as they are. -#}
{%- macro scattered(name, relation, columns) -%}
{{ name }}_0 as (
    select
        {%- for column in columns %}
        {{ column }} // 65536 as {{ column }}_l,
        {{ column }} % 65536 as {{ column }}_r{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
),
{%- for key in KEYS %}

{{ name }}_{{ loop.index }} as (
    select
        {%- for column in columns %}
        {{ column }}_r as {{ column }}_l,
        ({{ column }}_l + {{ scatter_round(column ~ '_r', key) }}) % 65536 as {{ column }}_r{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ name }}_{{ loop.index0 }}
){{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro -%}

{#- The inverse for one column; the other columns are passed through. -#}
{%- macro gathered(name, relation, column, carried) -%}
{{ name }}_0 as (
    select
        {{ column }} // 65536 as {{ column }}_l,
        {{ column }} % 65536 as {{ column }}_r,
        {{ carried }}
    from {{ relation }}
),
{%- for key in KEYS | reverse %}

{{ name }}_{{ loop.index }} as (
    select
        ({{ column }}_r + 65536 - {{ scatter_round(column ~ '_l', key) }}) % 65536 as {{ column }}_l,
        {{ column }}_l as {{ column }}_r,
        {{ carried }}
    from {{ name }}_{{ loop.index0 }}
){{ ',' if not loop.last }}
{%- endfor %}
{%- endmacro -%}

{#- CTEs up to `reached`: the node that each node of `ends` (both directions) reaches after four steps to its least
    neighbour. -#}
{%- macro four_steps_down(ends) -%}
one_step as (
    select
        node,
        least(node, min(neighbour)) as label
    from {{ ends }}
    group by node
),

two_steps as (
    select
        a.node,
        b.label
    from one_step as a
    inner join one_step as b on a.label = b.node
),

reached as (
    select
        a.node,
        b.label
    from two_steps as a
    inner join two_steps as b on a.label = b.node
)
{%- endmacro -%}
