/*
description: The blocks in which each generator looks for candidates among people. Only people of
  one block are compared with each other.
grain: [generator, block, value, cluster_key]
*/
{{ config(published=false) }}
{%- set composites = [] %}
{%- for row in reference('identifier_types') if row.parts and row.entity == 'person' %}
{%- set _ = composites.append((row.id_type, row.parts.split('+') | length)) %}
{%- endfor %}
with

-- A mobile in three pieces. One wrong digit, or two that were swapped, leave one of them as it was.
pieces as (
    select
        v.cluster_key,
        substr(v.value, u.place, 4) || '.' || u.place as piece,
        v.value as mobile
    from {{ ref('person_value') }} as v
    cross join unnest([1, 5, 8]) as u (place)
    where v.kind = 'mobile'
),

-- A mail address by its mailbox, and by its domain with the begin or the end of the mailbox.
mails as (
    select
        cluster_key,
        value as mail,
        split_part(value, '@', 1) as mailbox,
        split_part(value, '@', 2) as domain
    from {{ ref('person_value') }}
    where kind = 'mail'
),

mail_pieces as (
    select
        cluster_key,
        mail,
        mailbox as piece
    from mails
    union
    select
        cluster_key,
        mail,
        left(mailbox, 3) || '…@' || domain as piece
    from mails
    union
    select
        cluster_key,
        mail,
        '…' || right(mailbox, 3) || '@' || domain as piece
    from mails
),

names as (
    select
        cluster_key,
        value,
        holder_count
    from {{ ref('person_value') }}
    where kind = 'name'
),

sounds as (
    select
        cluster_key,
        value
    from {{ ref('person_value') }}
    where kind = 'sound'
),

companies as (
    select
        cluster_key,
        value
    from {{ ref('person_value') }}
    where kind = 'company'
),

long_names as (
    select
        cluster_key,
        value
    from names
    where length(value) >= {{ var('candidate_near_length') }}
),

spelled as (
    {{ spellings_of('long_names', ['cluster_key', 'value'], 'value') }}
),
{%- for id_type, part_count in composites %}

{{ id_column(id_type) }}_parts as (
    select
        v.cluster_key,
        v.value,
        u.part_no
    from {{ ref('person_value') }} as v
    cross join unnest(generate_series(1, {{ part_count }})) as u (part_no)
    where v.kind = '{{ id_type }}'
),
{%- endfor %}

blocks as (
    select
        'near_mobile' as generator,
        n.value || '|' || p.piece as block,
        p.mobile as value,
        n.cluster_key
    from names as n
    inner join pieces as p on n.cluster_key = p.cluster_key
    union all
    select
        'near_mail' as generator,
        n.value || '|' || p.piece as block,
        p.mail as value,
        n.cluster_key
    from names as n
    inner join mail_pieces as p on n.cluster_key = p.cluster_key
    union all
    select
        'same_company' as generator,
        n.value || '|' || c.value as block,
        n.value,
        n.cluster_key
    from names as n
    inner join companies as c on n.cluster_key = c.cluster_key
    union all
    select
        'near_name' as generator,
        s.spelling || '|' || c.value as block,
        s.value,
        s.cluster_key
    from spelled as s
    inner join companies as c on s.cluster_key = c.cluster_key
    union all
    select
        'near_name' as generator,
        s.value || '|' || c.value as block,
        s.value || '|' || c.value as value,
        s.cluster_key
    from sounds as s
    inner join companies as c on s.cluster_key = c.cluster_key
    union all
    select
        'rare_name' as generator,
        value as block,
        value,
        cluster_key
    from names
    where holder_count <= {{ var('candidate_rare_name') }}
    {%- for id_type, part_count in composites %}
    union all
    select
        'near_composite' as generator,
        '{{ id_type }}|' || part_no || '|' || {{ without_part('value', 'part_no', part_count) }} as block,
        split_part(value, '|', part_no) as value,
        cluster_key
    from {{ id_column(id_type) }}_parts
    {%- endfor %}
)

select
    b.generator,  -- Generator, as in candidate_generators.csv.
    b.block,  -- [pii] What the people of a block have in common.
    b.value,  -- [pii] The value by which they are compared.
    b.cluster_key  -- The person within this release.
from blocks as b
inner join {{ ref('candidate_generators') }} as g on b.generator = g.generator
where g.is_on = 'true'
