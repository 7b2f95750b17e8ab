/*
description: What the private-domain fit 私域适配 of each product line rests on; seven factors with
  figure, source, points of fit_rules.csv and the evidence in words. Data count if they rest on at
  least fit_rows cases, else the marks of product_traits.csv.
grain: [product_line, factor]
*/
with

factors as (
    select
        'trial_cost' as factor,
        1 as factor_order,
        '试错成本' as factor_zh,
        'Trial cost' as factor_en,
        'amount' as data_unit,
        '首单金额中位数' as measure_zh,
        'median first order' as measure_en,
        '买家' as basis_zh,
        'buyers' as basis_en,
        'low_decision_cost' as trait
    union all
    select
        'brand_power' as factor,
        2 as factor_order,
        '品牌力（反向）' as factor_zh,
        'Brand power (inverse)' as factor_en,
        null as data_unit,
        null as measure_zh,
        null as measure_en,
        null as basis_zh,
        null as basis_en,
        'brand_power' as trait
    union all
    select
        'loyalty' as factor,
        3 as factor_order,
        '忠诚度' as factor_zh,
        'Loyalty' as factor_en,
        'rate' as data_unit,
        '{{ var('fit_repeat_days') }} 天内复购买家占比' as measure_zh,
        'buyers who came back within {{ var('fit_repeat_days') }} days' as measure_en,
        '买家' as basis_zh,
        'buyers' as basis_en,
        'loyalty' as trait
    union all
    select
        'purchase_cycle' as factor,
        4 as factor_order,
        '购买周期（反向）' as factor_zh,
        'Purchase cycle (inverse)' as factor_en,
        'days' as data_unit,
        '两次购买间隔中位数' as measure_zh,
        'median gap between purchases' as measure_en,
        '次复购' as basis_zh,
        'repeat purchases' as basis_en,
        null as trait
    union all
    select
        'audience_precision' as factor,
        5 as factor_order,
        '人群精准度' as factor_zh,
        'Audience precision' as factor_en,
        'rate' as data_unit,
        '前两大客群占比' as measure_zh,
        'share of the two largest groups' as measure_en,
        '客户' as basis_zh,
        'customers' as basis_en,
        null as trait
    union all
    select
        'differentiation' as factor,
        6 as factor_order,
        '差异化' as factor_zh,
        'Differentiation' as factor_en,
        null as data_unit,
        null as measure_zh,
        null as measure_en,
        null as basis_zh,
        null as basis_en,
        'differentiation' as trait
    union all
    select
        'price_per_order' as factor,
        7 as factor_order,
        '客单价' as factor_zh,
        'Price per order' as factor_en,
        'amount' as data_unit,
        '订单金额中位数' as measure_zh,
        'median order' as measure_en,
        '订单' as basis_zh,
        'orders' as basis_en,
        null as trait
),

product_lines as (
    select distinct product_line
    from {{ ref('dim_product') }}
    where product_line is not null
),

chosen as (
    select
        l.product_line,
        f.factor,
        f.factor_order,
        f.factor_zh,
        f.factor_en,
        f.measure_zh,
        f.measure_en,
        f.basis_zh,
        f.basis_en,
        f.trait,
        d.detail_zh,
        d.detail_en,
        coalesce(d.source, t.source, 'missing') as source,
        case when d.source is not null then d.figure else t.figure end as figure,
        case when d.source is not null then f.data_unit when t.source is not null then 'score' end
            as unit,
        d.basis_count
    from product_lines as l
    cross join factors as f
    left join {{ ref('fit_figure') }} as d
        on
            l.product_line = d.product_line
            and f.factor = d.factor
            and d.source = 'data'
            and d.basis_count >= {{ threshold('fit_rows') }}
    left join {{ ref('fit_figure') }} as t
        on l.product_line = t.product_line and f.factor = t.factor and t.source = 'traits'
),

judged as (
    select
        product_line,
        factor,
        factor_order,
        factor_zh,
        factor_en,
        measure_zh,
        measure_en,
        basis_zh,
        basis_en,
        trait,
        detail_zh,
        detail_en,
        source,
        figure,
        unit,
        basis_count,
        {{ fit_points('factor', 'source', 'figure') }} as points,
        {{ fit_most_points('factor', 'source') }} as most_points,
        {{ fit_text('figure', 'unit', '天', '分（满分 5）') }} as figure_zh,
        {{ fit_text('figure', 'unit', 'days', 'of 5') }} as figure_en
    from chosen
)

select
    product_line,  -- Product line, as in products.csv.
    factor,  -- Factor, as in fit_rules.csv.
    factor_order,  -- Order of the factors, for reports.
    factor_zh,  -- Chinese name of the factor.
    factor_en,  -- English name of the factor.
    source,  -- data, traits (a mark of product_traits.csv) or missing.
    case source when 'data' then '数据' when 'traits' then '人工评分' else '缺失' end
        as source_zh,  -- Chinese name of the source.
    figure,  -- The figure; NULL = missing.
    unit,  -- amount, rate (0 to 1), days or score (1 to 5); NULL = missing.
    basis_count,  -- Buyers, orders, gaps or customers that data rest on; else NULL.
    points,  -- Points of fit_rules.csv; NULL = missing.
    most_points,  -- The most points that this factor could have; NULL = missing.
    case source
        when 'data'
            then
                measure_zh || ' ' || figure_zh || coalesce('：' || detail_zh, '') || '（'
                || cast(basis_count as varchar) || ' ' || basis_zh || '）'
        when 'traits' then 'product_traits.csv 的 ' || trait || ' ' || figure_zh
        else '缺失：' || coalesce('product_traits.csv 没有 ' || trait, '数据不足')
    end as evidence_zh,  -- What the points rest on, in Chinese.
    case source
        when 'data'
            then
                measure_en || ' ' || figure_en || coalesce(': ' || detail_en, '') || ' ('
                || cast(basis_count as varchar) || ' ' || basis_en || ')'
        when 'traits' then trait || ' of product_traits.csv ' || figure_en
        else 'missing: ' || coalesce('no ' || trait || ' in product_traits.csv', 'too few records')
    end as evidence_en  -- What the points rest on, in English.
from judged
