/*
description: Contacts of members of staff on WeCom, one row per contact, member of staff and list.
  Each further mobile number in a remark is a separate row.
grain: [record_id]
*/
with

contacts as (
    select
        'contacts' as export,
        external_userid,
        userid,
        name,
        position,
        corp_name,
        corp_full_name,
        unionid,
        remark,
        added_at,
        remark_corp_name,
        remark_mobiles,
        add_way,
        state,
        {{ listed_at() }} as listed_at,
        _landed_seq
    from {{ source('wecom', 'contacts') }}
    union all
    select
        'contact_details' as export,
        external_userid,
        userid,
        name,
        position,
        corp_name,
        corp_full_name,
        unionid,
        remark,
        added_at,
        remark_corp_name,
        remark_mobiles,
        add_way,
        state,
        {{ listed_at() }} as listed_at,
        _landed_seq
    from {{ source('wecom', 'contact_details') }}
),

-- ["13800000001","13000000002"] is 13800000001,13000000002 without the signs of JSON.
mobile_lists as (
    select
        export,
        external_userid,
        userid,
        _landed_seq,
        regexp_replace(remark_mobiles, '[\[\]"]', '', 'g') as mobiles
    from contacts
    where remark_mobiles is not null
),

remark_mobiles as (
    select
        m.export,
        m.external_userid,
        m.userid,
        m._landed_seq,
        u.place,
        split_part(m.mobiles, ',', cast(u.place as integer)) as remark_mobile
    from mobile_lists as m
    cross join unnest(generate_series(1, array_length(string_split(m.mobiles, ',')))) as u (place)
),

valid_mobiles as (
    select
        export || ':' || external_userid || '|' || userid as record_id,
        _landed_seq as landed_seq,
        place,
        {{ normal_mobile('remark_mobile') }} as mobile
    from remark_mobiles
),

-- A contact has several earlier versions; each mobile number counts from its own landing.
first_places as (
    select
        record_id,
        landed_seq,
        mobile,
        min(place) as place
    from valid_mobiles
    where mobile is not null
    group by record_id, landed_seq, mobile
),

mobiles as (
    select
        record_id,
        landed_seq,
        mobile,
        row_number() over (
            partition by record_id, landed_seq order by place, mobile
        ) as mobile_no
    from first_places
),

live_codes as (
    {{ live_codes() }}
),

add_ways as (
    select
        add_way,
        min(name) as name
    from {{ ref('wecom_add_ways') }}
    group by add_way
),

known as (
    select
        c.export || ':' || c.external_userid || '|' || c.userid as record_id,
        c._landed_seq as landed_seq,
        {{ normal_unionid('c.unionid') }} as unionid,
        {{ normal_external_userid('c.external_userid') }} as external_userid,
        {{ mobile_in_text('c.remark') }} as text_mobile,
        coalesce(
            {{ normal_company_name('c.remark_corp_name') }},
            {{ normal_company_name('c.corp_full_name') }},
            {{ normal_company_name('c.corp_name') }}
        ) as company_name,
        greatest(c.listed_at, c.added_at) as observed_at,
        nullif(trim(c.name), '') as full_name,
        nullif(trim(c.position), '') as title,
        coalesce(w.name, c.add_way) as add_way,
        l.campaign_id as source_campaign_id
    from contacts as c
    left join live_codes as l on c.state = l.state
    left join add_ways as w on c.add_way = w.add_way
)

select
    'wecom' as channel,
    k.record_id,
    k.landed_seq,
    k.unionid,
    k.external_userid,
    coalesce(m.mobile, k.text_mobile) as mobile,
    k.company_name,
    k.observed_at,
    k.full_name,
    k.title,
    k.add_way,
    k.source_campaign_id,
    case when coalesce(m.mobile, k.text_mobile) is not null then 'staff_remark' end as mobile_source
from known as k
left join mobiles as m
    on k.record_id = m.record_id and k.landed_seq = m.landed_seq and m.mobile_no = 1
union all
select
    'wecom' as channel,
    k.record_id || '#' || cast(m.mobile_no as varchar) as record_id,
    k.landed_seq,
    k.unionid,
    k.external_userid,
    m.mobile,
    null as company_name,
    k.observed_at,
    null as full_name,
    null as title,
    null as add_way,
    null as source_campaign_id,
    'staff_remark' as mobile_source
from known as k
inner join mobiles as m on k.record_id = m.record_id and k.landed_seq = m.landed_seq
where m.mobile_no > 1
