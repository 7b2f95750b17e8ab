select
    date_trunc('week', moved_date) as week,
    direction_name_zh as direction,
    count(*) as moves
from bi.stage_moves
where is_counted
group by date_trunc('week', moved_date), direction_name_zh
