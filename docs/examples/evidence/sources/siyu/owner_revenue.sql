select
    coalesce(owner_name_zh, '未知 Unknown') as owner,
    count(*) as deals,
    cast(sum(revenue_amount) as double) as revenue
from bi.deals
where has_revenue
group by coalesce(owner_name_zh, '未知 Unknown')
