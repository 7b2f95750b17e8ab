select
    month,
    coalesce(member_name_zh, member) as channel,
    cast(sum(numerator) as double) as revenue
from bi.kpi_daily
where kpi_code = 'net_revenue' and dimension = 'channel'
group by month, coalesce(member_name_zh, member)
