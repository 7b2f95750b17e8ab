{#- The number of business days that a dimension is kept for, as kpi_dimensions.csv says. -#}
{%- macro kpi_days(dimension) -%}
{%- for row in reference('kpi_dimensions') if row.dimension == dimension -%}
{{ var(row.days) }}
{%- endfor -%}
{%- endmacro -%}

{#- The days after which a cohort of a KPI is mature, as kpis.csv says. -#}
{%- macro kpi_window(kpi_code) -%}
{%- for row in reference('kpis') if row.kpi_code == kpi_code -%}
{{ row.window_days }}
{%- endfor -%}
{%- endmacro -%}

{#- Whom KPIs about people do not count: staff, competitors and bots. For an anti join by person_key. -#}
{%- macro outsiders() -%}
(
    select distinct person_key
    from {{ ref('person_exclusion') }}
    where kind in ('staff', 'competitor', 'bot')
)
{%- endmacro -%}

{#- A rate or ratio; NULL without a denominator. -#}
{%- macro ratio(numerator, denominator) -%}
cast(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0) as decimal(24, 6))
{%- endmacro -%}

{#- CTE `name`: each row of the CTE `facts` once for each dimension, with its member. `columns` are the columns of facts
    to keep. A member that is not known is NULL.

    `own`: dimensions by the row's own columns. Facts must have the column that decides: channel; campaign_id (campaign,
    scene); staff_id (staff, team); product_id (product, product_line); content_id (content); group_kind.
    `of_person`, `of_account`: dimensions by who the person (person_key) or the company (account_key) is. Somebody in
    several segments has a row for each of them. A dimension that no model in kpi/members yields has only NULL. -#}
{%- macro by_dimension(name, facts, columns, own=[], of_person=[], of_account=[]) -%}
{%- set direct = {
    'total': 'cast(null as varchar)', 'channel': 'f.channel', 'campaign': 'f.campaign_id', 'staff': 'f.staff_id',
    'product': 'f.product_id', 'content': 'f.content_id', 'group_kind': 'f.group_kind'
} -%}
{%- set joined = {
    'scene': ('dim_campaign', 'campaign_id'), 'team': ('dim_staff', 'staff_id'),
    'product_line': ('dim_product', 'product_id')
} -%}
{{ name }} as (
{%- for dimension in own %}
    select
        '{{ dimension }}' as dimension,
        {{ direct[dimension] if dimension in direct else 'd.' ~ dimension }} as member,
        f.{{ columns | join(',\n        f.') }}
    from {{ facts }} as f
    {%- if dimension in joined %}
    left join {{ ref(joined[dimension][0]) }} as d
        on f.{{ joined[dimension][1] }} = d.{{ joined[dimension][1] }}
    {%- endif %}
    {%- if not loop.last or of_person or of_account %}
    union all
    {%- endif %}
{%- endfor %}
{%- for dimension in of_person %}
    select
        '{{ dimension }}' as dimension,
        m.member,
        f.{{ columns | join(',\n        f.') }}
    from {{ facts }} as f
    left join {{ ref('kpi_entity_member') }} as m
        on f.person_key = m.entity_key and m.level = 'person' and m.dimension = '{{ dimension }}'
    {%- if not loop.last or of_account %}
    union all
    {%- endif %}
{%- endfor %}
{%- for dimension in of_account %}
    select
        '{{ dimension }}' as dimension,
        m.member,
        f.{{ columns | join(',\n        f.') }}
    from {{ facts }} as f
    left join {{ ref('kpi_entity_member') }} as m
        on f.account_key = m.entity_key and m.level = 'account' and m.dimension = '{{ dimension }}'
    {%- if not loop.last %}
    union all
    {%- endif %}
{%- endfor %}
)
{%- endmacro -%}

{#- The final query of a figure model: a row for each KPI and row of the CTE `source`, which has the columns as_of_date,
    dimension and member. `figures` is a list of [kpi_code, numerator] for counts and amounts, of
    [kpi_code, numerator, denominator] for rates and ratios, of [kpi_code, numerator, denominator, value] where the value
    is not their quotient, such as a median. Rows without a numerator are left out. -#}
{%- macro kpi_rows(source, figures) -%}
{%- for figure in figures -%}
{%- set first = loop.first -%}
select
    as_of_date,{{ '  -- Business date; of a cohort, the day on which it began.' if first }}
    '{{ figure[0] }}' as kpi_code,{{ '  -- KPI.' if first }}
    dimension,{{ '  -- Dimension, as in kpi_dimensions.csv.' if first }}
    member,{{ '  -- Member of the dimension; NULL = total, or unknown.' if first }}
    cast({{ figure[1] }} as decimal(38, 2)) as numerator,{{ '  -- Numerator; the figure itself, if it is a count or an amount.' if first }}
    cast({{ figure[2] if figure | length > 2 else 'null' }} as decimal(38, 2)) as denominator,{{ '  -- Denominator; NULL for counts and amounts.' if first }}
{%- if figure | length > 3 %}
    cast({{ figure[3] }} as decimal(24, 6)) as value{{ '  -- The figure; NULL without a denominator.' if first }}
{%- elif figure | length > 2 %}
    {{ ratio(figure[1], figure[2]) }} as value{{ '  -- The figure; NULL without a denominator.' if first }}
{%- else %}
    cast({{ figure[1] }} as decimal(24, 6)) as value{{ '  -- The figure; NULL without a denominator.' if first }}
{%- endif %}
from {{ source }}
where ({{ figure[1] }}) is not null
{%- if not loop.last %}
union all
{% endif %}
{%- endfor -%}
{%- endmacro -%}

{#- The edge of a band as a figure again; that of an amount comes from the logarithmic scale. Edges end where a figure
    would not fit its column. -#}
{%- macro band_edge(edge) -%}
greatest(least(
        case
            when unit in ('count', 'rate', 'minutes', 'hours', 'days') and {{ edge }} < 0 then 0.0
            when unit = 'rate' and {{ edge }} > 1 then 1.0
            when not is_amount then {{ edge }}
            when {{ edge }} < 0 then -baseline * (exp(least(-{{ edge }}, 100.0)) - 1.0)
            else baseline * (exp(least({{ edge }}, 100.0)) - 1.0)
        end,
        1e17
    ), -1e17)
{%- endmacro -%}
