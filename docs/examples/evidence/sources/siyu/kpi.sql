-- The KPIs of the whole, a day each. Everything that a source query returns is sent to every reader's browser.
select
    business_date,
    month,
    days_ago,
    kpi_code,
    kpi_name_zh || ' ' || kpi_name_en as kpi,
    unit,
    cast(numerator as double) as numerator,
    cast(value as double) as value,
    cast(band_low as double) as band_low,
    cast(band_high as double) as band_high,
    status,
    status_name_zh
from bi.kpi_daily
where dimension = 'total'
