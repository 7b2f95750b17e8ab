/*
description: Deals 成交与商机, one row each; orders and opportunities, won, lost or open, with buyer,
  company, owner, products, campaign, net revenue and the touches that it is attributed to.
grain: [deal_key]
*/
{{ config(
    entities={
        'deal': 'deal_key', 'person': 'person_id', 'account': 'account_id', 'channel': 'channel', 'staff': 'owner_id',
        'campaign': 'campaign_id'
    },
    time='opened_date',
    measures={
        '*': 'count', 'revenue_amount': 'sum by revenue_date', 'margin_amount': 'sum by revenue_date',
        'listed_amount': 'sum', 'line_count': 'sum'
    }
) }}
with

deal_lines as (
    select
        d.channel,
        d.deal_id,
        d.kind,
        d.status,
        d.occurred_at,
        d.closed_at,
        d.expected_date,
        d.campaign_id,
        d.staff_id,
        d.sdr_id,
        d.product_id,
        d.opportunity_id,
        d.purchase_path,
        d.amount,
        p.one_id,
        p.account_id,
        case when d.kind = 'refund' then 1 else 0 end as is_refund,
        row_number() over (
            partition by d.channel, d.deal_id
            order by
                case when d.kind = 'refund' then 1 else 0 end,
                d.line_no nulls last,
                d.occurred_at,
                d.record_id
        ) as place
    from {{ ref('deal') }} as d
    left join {{ ref('record_person') }} as p
        on d.channel = p.channel and d.record_id = p.record_id
    where d.deal_id is not null and d.occurred_at < fn_as_of_end()
),

deal_products as (
    select distinct
        l.channel,
        l.deal_id,
        coalesce(r.product_line, l.product_id) as product_line
    from deal_lines as l
    left join {{ ref('dim_product') }} as r on l.product_id = r.product_id
    where l.product_id is not null
),

product_lines as (
    select
        channel,
        deal_id,
        string_agg(product_line, ', ' order by product_line) as product_lines
    from deal_products
    group by channel, deal_id
),

deals as (
    select
        channel,
        deal_id,
        min(kind) filter (where place = 1) as kind,
        min(status) filter (where place = 1) as status,
        coalesce(min(occurred_at) filter (where is_refund = 0), min(occurred_at)) as opened_at,
        max(closed_at) as closed_at,
        max(expected_date) as expected_date,
        min(campaign_id) filter (where place = 1) as campaign_id,
        min(staff_id) filter (where place = 1) as staff_id,
        min(sdr_id) filter (where place = 1) as sdr_id,
        min(opportunity_id) filter (where place = 1) as opportunity_id,
        min(purchase_path) filter (where place = 1) as purchase_path,
        coalesce(
            min(one_id) filter (where place = 1),
            min(one_id)
        ) as one_id,
        coalesce(
            min(account_id) filter (where place = 1),
            min(account_id)
        ) as account_id,
        cast(sum(amount) filter (where is_refund = 0) as decimal(18, 2)) as listed_amount,
        count(*) filter (where is_refund = 0) as line_count,
        count_if(is_refund = 1) > 0 as has_refund
    from deal_lines
    group by channel, deal_id
),

-- Only what counts as revenue is in revenue_line: a won opportunity whose order is known is not.
revenue as (
    select
        channel,
        deal_id,
        cast(sum(amount) as decimal(18, 2)) as revenue_amount,
        cast(sum(margin_amount) as decimal(18, 2)) as margin_amount,
        coalesce(min(revenue_at) filter (where kind <> 'refund'), min(revenue_at)) as revenue_at
    from {{ ref('revenue_line') }}
    group by channel, deal_id
),

credit as (
    select
        channel,
        deal_id,
        min(touch_channel) filter (where model = 'first') as first_touch_channel,
        min(touch_campaign_id) filter (where model = 'first') as first_touch_campaign_id,
        min(touch_channel) filter (where model = 'last') as last_touch_channel,
        min(touch_campaign_id) filter (where model = 'last') as last_touch_campaign_id
    from {{ ref('attribution') }}
    where model in ('first', 'last')
    group by channel, deal_id
)

select
    d.channel || ':' || d.deal_id as deal_key,  -- 成交键. Key of the table: channel and number.
    d.channel,  -- 渠道编码. Channel that delivers the deal.
    c.name_zh as channel_name_zh,  -- 渠道. Name of the channel.
    c.name_en as channel_name_en,  -- 渠道英文名. Name of the channel in English.
    d.deal_id,  -- 单号. Order or opportunity number.
    d.kind,  -- 类型编码. order, opportunity, or refund, whose order is missing.
    case d.kind when 'order' then '订单' when 'opportunity' then '商机' else '退款' end
        as kind_name_zh,  -- 类型. Name of kind.
    d.status,  -- 来源状态. Status as its source says.
    case
        when d.kind = 'opportunity' and d.status in ('won', 'lost') then d.status
        when d.kind = 'opportunity' then 'open'
        when r.deal_id is not null then 'won'
        else 'lost'
    end as outcome,  -- 结果编码. won, lost or open; an order that is cancelled or paid back is lost.
    case
        when d.kind = 'opportunity' and d.status = 'won' then '赢单'
        when d.kind = 'opportunity' and d.status = 'lost' then '输单'
        when d.kind = 'opportunity' then '进行中'
        when r.deal_id is not null then '赢单'
        else '输单'
    end as outcome_name_zh,  -- 结果. Name of outcome.
    d.one_id as person_id,  -- 客户编号. The buyer; NULL = no known person.
    d.account_id,  -- 企业编号. The company; NULL = unknown.
    a.company_name as account_name,  -- 企业. Name of the company.
    d.staff_id as owner_id,  -- 负责人编码. Member of staff of the deal.
    f.name_zh as owner_name_zh,  -- 负责人. Name of the owner.
    f.name_en as owner_name_en,  -- 负责人英文名. Name of the owner in English.
    f.team as owner_team,  -- 团队. Team of the owner.
    d.sdr_id,  -- SDR编码. SDR who handed it over.
    l.product_lines,  -- 产品线. Product lines, separated by commas.
    d.purchase_path,  -- 采购路径. Path by which it was bought, such as direct or tender.
    d.opportunity_id,  -- 来源商机. Opportunity that the order comes from.
    d.campaign_id,  -- 活动编码. Campaign that its source names.
    m.name_zh as campaign_name_zh,  -- 活动. Name of the campaign.
    m.name_en as campaign_name_en,  -- 活动英文名. Name of the campaign in English.
    t.first_touch_channel,  -- 首次触点渠道编码. Channel of the first touch of the journey.
    u.name_zh as first_touch_channel_name_zh,  -- 首次触点渠道. Its name.
    u.name_en as first_touch_channel_name_en,  -- 首次触点渠道英文名. Its name in English.
    t.first_touch_campaign_id,  -- 首次触点活动编码. Campaign of the first touch.
    t.last_touch_channel,  -- 末次触点渠道编码. Channel of the last touch before the deal.
    w.name_zh as last_touch_channel_name_zh,  -- 末次触点渠道. Its name.
    w.name_en as last_touch_channel_name_en,  -- 末次触点渠道英文名. Its name in English.
    t.last_touch_campaign_id,  -- 末次触点活动编码. Campaign of the last touch.
    d.opened_at,  -- 开始时间. When it was ordered or opened (UTC).
    d.closed_at,  -- 关闭时间. When the opportunity was won or lost (UTC).
    d.expected_date,  -- 预计成交日期. Business date on which it is expected to close.
    r.revenue_at,  -- 收入时间. When its revenue counts (UTC); NULL = it has none.
    fn_local_date(r.revenue_at) as revenue_date,  -- 收入日期. Business date of revenue_at.
    r.deal_id is not null as has_revenue,  -- 是否计入收入. True = it counts as revenue.
    d.has_refund,  -- 是否退款. True = something was paid back.
    cast(coalesce(r.revenue_amount, 0) as decimal(18, 2))
        as revenue_amount,  -- 净收入. Net revenue, less refunds; adds up to the KPI net_revenue.
    cast(coalesce(r.margin_amount, 0) as decimal(18, 2))
        as margin_amount,  -- 毛利. Gross margin of revenue_amount.
    d.listed_amount,  -- 单据金额. As listed, also of lost and open deals. Filter by outcome.
    d.line_count  -- 明细行数. Lines of the deal.
from deals as d
left join revenue as r on d.channel = r.channel and d.deal_id = r.deal_id
left join product_lines as l on d.channel = l.channel and d.deal_id = l.deal_id
left join credit as t on d.channel = t.channel and d.deal_id = t.deal_id
left join {{ ref('account') }} as a on d.account_id = a.account_id
left join {{ ref('dim_channel') }} as c on d.channel = c.channel
left join {{ ref('dim_channel') }} as u on t.first_touch_channel = u.channel
left join {{ ref('dim_channel') }} as w on t.last_touch_channel = w.channel
left join {{ ref('dim_campaign') }} as m on d.campaign_id = m.campaign_id
left join {{ ref('dim_staff') }} as f on d.staff_id = f.staff_id
