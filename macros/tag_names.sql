{#- Names of the values of tags in schema bi. Short lists are written as a CASE: a query that does not ask for the name
    then does not pay for it, as it would for a join. -#}

{#- Rows with the names of a tag's values, as (value, name_zh, name_en): from tag_values.csv, or from the list that the
    values come from, if it is one of siyu's and has names. -#}
{%- macro has_list(tag) -%}
{%- set table, _, column = tag.values_from.partition('.') -%}
{%- set rows = reference(table) if column and table not in ['campaigns', 'content', 'products', 'staff'] else [] -%}
{%- if rows and 'name_zh' in rows[0] and 'name_en' in rows[0] and rows | length <= 50
    and rows | map(attribute=column) | unique | list | length == rows | length -%} yes {%- endif -%}
{%- endmacro -%}

{#- Whether names of the tag's values are looked up in tag_member: 'yes' or ''. -#}
{%- macro is_joined(tag) -%}
{%- if tag.values_from in ['channels', 'campaigns.campaign_id', 'staff.staff_id'] -%} yes {%- endif -%}
{%- endmacro -%}

{#- The name of a tag's value, in the language 'zh' or 'en'; the value itself if it has no name. -#}
{%- macro tag_name(tag, language) -%}
{%- set code = 't.' ~ tag.tag_code -%}
{%- set table, _, column = tag.values_from.partition('.') -%}
{%- if is_joined(tag) | trim -%}
coalesce(n_{{ tag.tag_code }}.name_{{ language }}, {{ code }})
{%- elif not tag.values_from or has_list(tag) | trim -%}
{%- set rows = reference(table) if tag.values_from
    else reference('tag_values') | selectattr('tag_code', 'equalto', tag.tag_code) | list -%}
case {{ code }}
        {%- for row in rows if row['name_' ~ language] %}
        when {{ literal(row[column or 'tag_value']) }} then {{ literal(row['name_' ~ language]) }}
        {%- endfor %}
        else {{ code }}
    end
{%- else -%}
{{ code }}
{%- endif -%}
{%- endmacro -%}

{#- The columns of tags in schema bi: the value and its names. A tag without names has the value alone, under its
    Chinese name. -#}
{%- macro tag_columns(tags) -%}
{%- for tag in tags %}
    {%- if tag.is_multi == 'true' or (tag.values_from and not (is_joined(tag) | trim) and not (has_list(tag) | trim)) %}
    t.{{ tag.tag_code }},  -- {{ tag.name_zh }}. Tag: {{ tag.name_en }}{{ ', separated by commas' if tag.is_multi == 'true' }}.
    {%- else %}
    t.{{ tag.tag_code }},  -- {{ tag.name_zh }}编码. Tag: {{ tag.name_en }}.
    {{ tag_name(tag, 'zh') }}
        as {{ tag.tag_code }}_name_zh,  -- {{ tag.name_zh }}. Name of {{ tag.tag_code }}.
    {{ tag_name(tag, 'en') }}
        as {{ tag.tag_code }}_name_en,  -- {{ tag.name_zh }}英文名. Name of {{ tag.tag_code }}.
    {%- endif %}
{%- endfor %}
{%- endmacro -%}

{#- The joins that tag_columns needs. -#}
{%- macro tag_name_joins(tags) -%}
{%- for tag in tags if is_joined(tag) | trim %}
left join {{ ref('tag_member') }} as n_{{ tag.tag_code }}
    on
        n_{{ tag.tag_code }}.tag_code = {{ literal(tag.tag_code) }}
        and t.{{ tag.tag_code }} = n_{{ tag.tag_code }}.tag_value
{%- endfor %}
{%- endmacro -%}
