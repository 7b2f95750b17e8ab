/*
description: Class 02, job and role 职务角色; the function and level of a person in the company, and the
  role in its buying group, by the job title.
grain: [one_id, tag_code, tag_value]
*/
{{- config(published=false, materialized='view') }}
with

people as (
    select
        one_id,
        person_key,
        title
    from {{ ref('person') }}
    where trim(title) <> ''
),

{{ golden_evidence('file', 'person_contact', 'person', 'person_key', ['title']) }},

-- Few different titles: each one is matched once.
titles as (
    select distinct title
    from people
),

roles as (
    select
        title,
        {{ first_match('job_functions', {
            'order': 'function_order', 'regex': 'title_regex', 'value': 'job_function'
        }, 'title') }} as job_function,
        {{ first_match('seniorities', {
            'order': 'seniority_order', 'regex': 'title_regex', 'value': 'seniority'
        }, 'title') }} as seniority,
        {{ buying_role('title') }} as buying_role
    from titles
),

known as (
    select
        p.one_id,
        r.job_function,
        r.seniority,
        r.buying_role,
        e.title_proof as proof,
        e.title_channels as source_count
    from people as p
    inner join roles as r on p.title = r.title
    left join file_evidence as e on p.person_key = e.person_key
),

tagged as (
    select
        one_id,
        'job_function' as tag_code,
        job_function as tag_value,
        proof,
        source_count
    from known
    where job_function is not null
    union all
    select
        one_id,
        'seniority' as tag_code,
        seniority as tag_value,
        proof,
        source_count
    from known
    where seniority is not null
    union all
    select
        one_id,
        'buying_role' as tag_code,
        buying_role as tag_value,
        proof,
        source_count
    from known
    where buying_role is not null
)

select
    one_id,  -- The person.
    tag_code,  -- Tag, as in the tag catalog.
    tag_value,  -- Its value.
    cast(null as decimal(18, 4)) as score,  -- NULL: a title is no figure.
    proof.occurred_at as evidence_at,  -- Latest contact with this title (UTC).
    proof.channel as evidence_channel,  -- Channel of the evidence.
    cast(coalesce(source_count, 0) as bigint) as source_count  -- Channels with this title.
from tagged
