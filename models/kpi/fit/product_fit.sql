/*
description: How far each product line fits the private domain 产品线私域适配, whether it fits a
  community, and the way to sell it that is recommended, with what both rest on. The figures of the
  seven factors are in kpi.product_fit_factor.
grain: [product_line]
*/
{%- set of_data = "source = 'data'" %}
with

factors as (
    select
        product_line,
        {%- for factor in [
            'trial_cost', 'brand_power', 'loyalty', 'purchase_cycle', 'audience_precision',
            'differentiation', 'price_per_order'
        ] %}
        max(points) filter (where factor = '{{ factor }}') as {{ factor }},
        {%- endfor %}
        count(points) as known_factors,
        count(*) as factor_count,
        cast(coalesce(sum(points), 0) as bigint) as points,
        cast(coalesce(sum(most_points), 0) as bigint) as most_points,
        max(figure) filter (where factor = 'purchase_cycle' and {{ of_data }}) as cycle_days,
        bool_or(
            factor in ('trial_cost', 'price_per_order') and coalesce(points = most_points, false)
        ) as is_costly,
        string_agg(factor_zh || '：' || evidence_zh, '；' order by factor_order) as evidence_zh,
        string_agg(factor_en || ': ' || evidence_en, '; ' order by factor_order) as evidence_en
    from {{ ref('product_fit_factor') }}
    group by product_line
),

marks as (
    select
        product_line,
        trait,
        cast(score as bigint) >= {{ threshold('fit_trait_score') }} as is_strong
    from {{ ref('product_traits') }}
),

traits as (
    select
        product_line,
        count(
            case
                when
                    is_strong
                    and trait in (
                        'standard', 'low_decision_cost', 'talking_topic', 'needs_service'
                    )
                    then 1
            end
        ) as trait_count,
        coalesce(bool_or(trait = 'needs_service' and is_strong), false) as needs_service,
        coalesce(bool_or(trait = 'talking_topic' and is_strong), false) as is_talked_about,
        coalesce(bool_or(trait = 'low_decision_cost' and is_strong), false) as is_easy_to_buy
    from marks
    group by product_line
),

customers as (
    select
        product_line,
        count(distinct buyer_key) as customer_count
    from {{ ref('line_purchase') }}
    group by product_line
),

needs as (
    select
        product_line,
        top_zh,
        top_en,
        cast(cast(top_count as double) / known_count as decimal(9, 6)) as need_share
    from {{ ref('line_audience') }}
    where tag_code = 'top_topic' and known_count >= {{ threshold('fit_rows') }}
),

conditions as (
    select
        f.product_line,
        f.trial_cost,
        f.brand_power,
        f.loyalty,
        f.purchase_cycle,
        f.audience_precision,
        f.differentiation,
        f.price_per_order,
        f.known_factors,
        f.factor_count,
        f.points,
        f.most_points,
        f.cycle_days,
        f.is_costly,
        f.evidence_zh,
        f.evidence_en,
        n.need_share,
        n.top_zh as need_zh,
        n.top_en as need_en,
        s.margin_amount,
        s.ticket_count,
        coalesce(c.customer_count, 0) as customer_count,
        coalesce(t.trait_count, 0) as trait_count,
        coalesce(t.needs_service, false) as needs_service,
        coalesce(t.is_talked_about, false) as is_talked_about,
        coalesce(t.is_easy_to_buy, false) as is_easy_to_buy,
        cast(s.ticket_count * {{ threshold('fit_ticket_cost') }} as decimal(18, 2))
            as service_cost_amount,
        case
            when f.known_factors >= {{ threshold('fit_factors') }}
                then
                    case
                        when f.points * 100 >= f.most_points * {{ threshold('fit_all_percent') }}
                            then 'all'
                        when f.points * 100 >= f.most_points * {{ threshold('fit_mostly_percent') }}
                            then 'mostly'
                        when f.points * 100 >= f.most_points * {{ threshold('fit_partly_percent') }}
                            then 'partly'
                        else 'barely'
                    end
        end as grade
    from factors as f
    inner join {{ ref('line_service') }} as s on f.product_line = s.product_line
    left join traits as t on f.product_line = t.product_line
    left join customers as c on f.product_line = c.product_line
    left join needs as n on f.product_line = n.product_line
),

answers as (
    select
        product_line,
        trial_cost,
        brand_power,
        loyalty,
        purchase_cycle,
        audience_precision,
        differentiation,
        price_per_order,
        known_factors,
        factor_count,
        points,
        most_points,
        cycle_days,
        is_costly,
        evidence_zh,
        evidence_en,
        need_share,
        need_zh,
        need_en,
        margin_amount,
        ticket_count,
        customer_count,
        trait_count,
        needs_service,
        is_talked_about,
        is_easy_to_buy,
        service_cost_amount,
        grade,
        customer_count >= {{ threshold('fit_customers') }} as has_customers,
        coalesce(need_share * 100 >= {{ threshold('fit_need_percent') }}, false) as has_need,
        coalesce(cycle_days <= {{ threshold('fit_cycle_days') }}, false) as has_cycle,
        trait_count >= {{ threshold('fit_trait_count') }} as has_traits,
        margin_amount > 0 and coalesce(margin_amount >= service_cost_amount, false)
            as is_service_covered
    from conditions
),

ways as (
    select
        product_line,
        trial_cost,
        brand_power,
        loyalty,
        purchase_cycle,
        audience_precision,
        differentiation,
        price_per_order,
        known_factors,
        factor_count,
        points,
        most_points,
        cycle_days,
        evidence_zh,
        evidence_en,
        need_share,
        need_zh,
        need_en,
        margin_amount,
        ticket_count,
        customer_count,
        trait_count,
        service_cost_amount,
        is_service_covered,
        grade,
        has_customers,
        has_need,
        has_cycle,
        has_traits,
        has_customers and has_need and has_cycle and has_traits as is_community_fit,
        case
            when grade is null then null
            when grade = 'barely' then 'public_ads'
            when has_customers and has_need and has_cycle and has_traits then 'community'
            when grade in ('all', 'mostly') and is_costly then 'one_to_one'
            when needs_service and is_service_covered then 'service_group'
            when is_talked_about then 'topic_group'
            when is_easy_to_buy then 'flash_group'
            when grade in ('all', 'mostly') then 'one_to_one'
            else 'public_ads'
        end as recommended_way
    from answers
)

select
    w.product_line,  -- Product line, as in products.csv.
    w.grade,  -- all, mostly, partly or barely; NULL = fewer than fit_factors factors are known.
    case w.grade
        when 'all' then '全部适配'
        when 'mostly' then '大部分适配'
        when 'partly' then '部分适配'
        when 'barely' then '基本不适配'
        else '资料不足'
    end as grade_zh,  -- Chinese name of the grade.
    case w.grade
        when 'all' then 'Fits in all ways'
        when 'mostly' then 'Mostly fits'
        when 'partly' then 'Partly fits'
        when 'barely' then 'Barely fits'
        else 'Too little is known'
    end as grade_en,  -- English name of the grade.
    w.points,  -- Points of the known factors.
    w.most_points,  -- The most points that the known factors could have.
    {{ ratio('w.points', 'w.most_points') }}
        as fit_rate,  -- points / most_points, 0 to 1; the grade follows from it.
    w.known_factors,  -- Factors with a figure, 0 to 7.
    {{ ratio('w.known_factors', 'w.factor_count') }}
        as coverage_rate,  -- known_factors / 7, 0 to 1.
    w.trial_cost,  -- Points for the trial cost 试错成本; NULL = missing, as in the next columns.
    w.brand_power,  -- Points for the brand power 品牌力 (inverse).
    w.loyalty,  -- Points for loyalty 忠诚度.
    w.purchase_cycle,  -- Points for the purchase cycle 购买周期 (inverse).
    w.audience_precision,  -- Points for audience precision 人群精准度.
    w.differentiation,  -- Points for differentiation 差异化.
    w.price_per_order,  -- Points for the price per order 客单价.
    w.is_community_fit,  -- True = a community suits it: the four conditions hold.
    {{ fit_condition('w.has_customers', '是', '否') }}
    || '：客户 ' || cast(w.customer_count as varchar)
    || '（至少 {{ threshold('fit_customers') }}）；'
    || {{ fit_condition('w.has_need', '是', '否') }}
    || '：同一需求 '
    || coalesce(w.need_zh || ' ' || {{ fit_percent('w.need_share') }}, '未知')
    || '（至少 {{ threshold('fit_need_percent') }} %）；'
    || {{ fit_condition('w.has_cycle', '是', '否') }}
    || '：复购间隔 ' || coalesce({{ fit_days('w.cycle_days') }} || ' 天', '未知')
    || '（至多 {{ threshold('fit_cycle_days') }} 天）；'
    || {{ fit_condition('w.has_traits', '是', '否') }}
    || '：产品特征 ' || cast(w.trait_count as varchar)
    || '（至少 {{ threshold('fit_trait_count') }}）'
        as community_why_zh,  -- The four conditions of a community, in Chinese.
    {{ fit_condition('w.has_customers', 'yes', 'no') }}
    || ': customers ' || cast(w.customer_count as varchar)
    || ' (at least {{ threshold('fit_customers') }}); '
    || {{ fit_condition('w.has_need', 'yes', 'no') }}
    || ': one need '
    || coalesce(w.need_en || ' ' || {{ fit_percent('w.need_share') }}, 'unknown')
    || ' (at least {{ threshold('fit_need_percent') }} %); '
    || {{ fit_condition('w.has_cycle', 'yes', 'no') }}
    || ': days between purchases ' || coalesce({{ fit_days('w.cycle_days') }}, 'unknown')
    || ' (at most {{ threshold('fit_cycle_days') }}); '
    || {{ fit_condition('w.has_traits', 'yes', 'no') }}
    || ': traits ' || cast(w.trait_count as varchar)
    || ' (at least {{ threshold('fit_trait_count') }})'
        as community_why_en,  -- The four conditions of a community, in English.
    w.customer_count,  -- Buyers 客户数 within fit_days, people and companies.
    w.margin_amount,  -- Gross margin 毛利 within fit_days, after refunds.
    w.ticket_count,  -- Tickets of the line within fit_days; NULL = no ticket names a known device.
    w.service_cost_amount,  -- ticket_count x fit_ticket_cost 服务成本; NULL = unknown.
    w.is_service_covered,  -- True = there is a margin, and it is at least service_cost_amount.
    w.recommended_way,  -- Way to sell it; NULL = without a grade.
    coalesce(r.name_zh, '资料不足，先补数据') as way_zh,  -- Chinese name of the way.
    coalesce(r.name_en, 'Too little is known') as way_en,  -- English name of the way.
    coalesce(r.why_zh, '在 product_traits.csv 中补充评分。') as why_zh,  -- Why this way, in Chinese.
    coalesce(r.why_en, 'Add marks to product_traits.csv.') as why_en,  -- Why this way, in English.
    w.evidence_zh,  -- What the seven factors rest on, in Chinese.
    w.evidence_en  -- What the seven factors rest on, in English.
from ways as w
left join {{ ref('fit_ways') }} as r on w.recommended_way = r.recommended_way
