select
    stage_rank,
    stage_name_zh || ' ' || stage_name_en as stage,
    count(*) as people
from bi.person
where stage is not null
group by stage_rank, stage_name_zh || ' ' || stage_name_en
