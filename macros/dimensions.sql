{#- A column of a reference table that may be left out: NULL if the table has no such column. -#}
{%- macro optional_column(table, column) -%}
{%- set rows = reference(table) -%}
{%- if rows and column in rows[0] -%} {{ column }} {%- else -%} cast(null as varchar) {%- endif -%}
{%- endmacro -%}

{#- Both names of a member, which stand in for each other; its key if it has neither. -#}
{%- macro member_names(key) -%}
coalesce(name_zh, name_en, {{ key }}) as name_zh,  -- Chinese name; the key if no name is given.
    coalesce(name_en, name_zh, {{ key }}) as name_en  -- English name; the key if no name is given.
{%- endmacro -%}

{#- The Chinese name in the title of a channel: up to the word with its last Chinese character. -#}
{%- macro title_zh(title) -%}
nullif(regexp_extract({{ title }}, '^(.*[一-龥][^ ]*)', 1), '')
{%- endmacro -%}

{#- The English name in the title of a channel: what follows the Chinese name. -#}
{%- macro title_en(title) -%}
nullif(trim(substr({{ title }}, length(regexp_extract({{ title }}, '^(.*[一-龥][^ ]*)', 1)) + 1)), '')
{%- endmacro -%}
