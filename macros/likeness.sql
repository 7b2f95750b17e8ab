{#- Candidates: names for comparison, blocks, near misses, and what evidence weighs. -#}

{#- CTEs up to `keyed`: the Chinese characters of each name, and its Latin words in order of the alphabet, both without
    forms of address. -#}
{%- macro parted_person_names(names) -%}
{%- set chinese, latin = [], [] -%}
{%- for row in reference('forms_of_address') -%}
{%- set _ = (latin if row.word | lower != row.word | upper else chinese).append(row.word | lower) -%}
{%- endfor -%}
folded as (
    select
        full_name,
        regexp_replace(fn_folded(full_name), '[^㐀-鿿]', '', 'g') as han,
        trim(regexp_replace(fn_folded(full_name), '[^a-zß-ɏ]+', ' ', 'g')) as words
    from {{ names }}
),

addressed as (
    select
        full_name,
        case
            when length(han) = 2
                then regexp_replace(han, '^(?:.[总工董局处科哥姐]|{{ one_of(chinese) }})$', '', 'g')
            else regexp_replace(han, '{{ one_of(chinese) }}$', '', 'g')
        end as han,
        trim(regexp_replace(' ' || words || ' ', '(?: {{ one_of(latin) }})+ ', ' ', 'g')) as words
    from folded
),

keyed as (
    select
        full_name,
        han,
        array_to_string(list_sort(string_split(words, ' ')), ' ') as latin
    from addressed
)
{%- endmacro -%}

{#- A text without each of its letters in turn, and the text itself. Two texts that share one of these differ by at most
    one letter: a letter more, another letter, or two neighbours swapped (Garbe 2012, symmetric deletes). Digits stay:
    another number is another thing, not a slip. Rows of `relation` are repeated; the result is the column `spelling`. `places`: how
    many letters from the beginning are left out in turn; the default is all, and none. -#}
{%- macro spellings_of(relation, columns, text, places='') -%}
select
    {%- for column in columns %}
    r.{{ column }},
    {%- endfor %}
    substr(r.{{ text }}, 1, u.place - 1) || substr(r.{{ text }}, u.place + 1) as spelling
from {{ relation }} as r
cross join unnest(generate_series(1, {{ places or 'length(r.' ~ text ~ ') + 1' }})) as u (place)
where
    not regexp_matches(substr(r.{{ text }}, u.place, 1), '[0-9]')
    -- Of two equal letters in a row, either leaves the same.
    and (u.place = 1 or substr(r.{{ text }}, u.place, 1) <> substr(r.{{ text }}, u.place - 1, 1))
{%- endmacro -%}

{#- Whether two texts differ in one letter, but in no digit. Few texts have digits, and taking them out is slow. -#}
{%- macro differ_in_a_letter(one, other) -%}
{{ one }} <> {{ other }}
            and fn_edit_distance({{ one }}, {{ other }}) <= 1
            and (
                not regexp_matches({{ one }} || {{ other }}, '[0-9]')
                or regexp_replace({{ one }}, '[^0-9]', '', 'g') = regexp_replace({{ other }}, '[^0-9]', '', 'g')
            )
{%- endmacro -%}

{#- How much it says that two of `all_count` share a value that `holder_count` of them have: log2 of the odds, in bits. -#}
{%- macro rarity_bits(all_count, holder_count) -%}
cast(ln(cast({{ all_count }} as double) / greatest({{ holder_count }}, 0.05)) / ln(2.0) as decimal(8, 2))
{%- endmacro -%}

{#- The parts of a composite but for one: each part is what stands between bars. -#}
{%- macro without_part(value, part_no, part_count) -%}
{%- for part in range(1, part_count + 1) -%}
{{ " || '|' || " if not loop.first }}case when {{ part_no }} = {{ part }} then '' else split_part({{ value }}, '|', {{ part }}) end
{%- endfor -%}
{%- endmacro -%}

{#- CTEs up to `found`: pairs of each block that is not too large, of which `proof` holds; it may compare a.value with
    b.value, and is what the pair has in common. A pair is verified where it is found: comparing all values of both sides
    would be a product of hundreds. -#}
{%- macro pairs_of_blocks(blocks, proof) -%}
small_blocks as (
    select
        generator,
        block
    from {{ blocks }}
    group by generator, block
    having count(*) between 2 and {{ var('candidate_block_size') }}
),

members as (
    select
        b.generator,
        b.block,
        b.value,
        b.cluster_key
    from {{ blocks }} as b
    inner join small_blocks as s on b.generator = s.generator and b.block = s.block
),

compared as (
    select
        a.cluster_key as left_key,
        b.cluster_key as right_key,
        a.generator,
        a.value as left_value,
        b.value as right_value,
        {{ proof }} as evidence
    from members as a
    inner join members as b
        on a.generator = b.generator and a.block = b.block and a.cluster_key < b.cluster_key
),

-- Not a condition on evidence itself: the engine would compare the two texts for it, and again for the column.
found as (
    select
        left_key,
        right_key,
        generator,
        evidence,
        left_value,
        right_value
    from compared
    group by left_key, right_key, generator, evidence, left_value, right_value
    having count(evidence) > 0
)
{%- endmacro -%}

{#- The pairs that matcher_pairs.csv names by their records, as pairs of owners. -#}
{%- macro pairs_of_matchers(entity, owners) -%}
select distinct
        least(a.cluster_key, b.cluster_key) as left_key,
        greatest(a.cluster_key, b.cluster_key) as right_key,
        '{{ entity }}_matcher' as generator,
        'matcher' as evidence,
        cast(null as varchar) as left_value,
        cast(null as varchar) as right_value
    from {{ ref('matcher_pairs') }} as m
    inner join {{ owners }} as a on m.left_record = a.channel || ':' || a.record_id
    inner join {{ owners }} as b on m.right_record = b.channel || ':' || b.record_id
    inner join {{ ref('candidate_generators') }} as g on g.generator = '{{ entity }}_matcher'
    where m.entity = '{{ entity }}' and g.is_on = 'true' and a.cluster_key <> b.cluster_key
{%- endmacro -%}

{#- CTEs up to `undecided`: of CTEs of pairs, those that no human decided about. -#}
{%- macro undecided_pairs(found, decided, clusters) -%}
decided as (
    select distinct
        least(a.cluster_key, b.cluster_key) as left_key,
        greatest(a.cluster_key, b.cluster_key) as right_key
    from {{ decided }} as d
    inner join {{ clusters }} as a on d.node = a.node
    inner join {{ clusters }} as b on d.lesser_node = b.node
    where d.decision = 'unlink'
),

all_pairs as (
    {%- for name in found %}
    select
        left_key,
        right_key,
        generator,
        evidence,
        left_value,
        right_value
    from {{ name }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

undecided as (
    select
        p.left_key,
        p.right_key,
        p.generator,
        p.evidence,
        p.left_value,
        p.right_value
    from all_pairs as p
    anti join decided as d on p.left_key = d.left_key and p.right_key = d.right_key
)
{%- endmacro -%}

{#- CTEs up to `chosen`: of `findings` (left_key, right_key, evidence, holder_count, left_value, right_value) the one of
    each field that says most for the pair. Among equals, the first by name and value. A finding may name what it is about:
    same_part:birth_date is the evidence same_part in the field part:birth_date. -#}
{%- macro weighed_findings(entity, all_count) -%}
everybody as (
    {{ all_count }}
),

weighed as (
    select
        f.left_key,
        f.right_key,
        e.evidence,
        e.field || substr(f.evidence, length(e.evidence) + 1) as field,
        f.left_value,
        f.right_value,
        case
            when e.by_rarity = 'true'
                then least(
                    cast(e.bits as decimal(8, 2)) + {{ rarity_bits('a.all_count', 'f.holder_count') }},
                    cast(e.most_bits as decimal(8, 2))
                )
            else cast(e.bits as decimal(8, 2))
        end as bits
    from findings as f
    inner join {{ ref('candidate_evidence') }} as e
        on e.entity = '{{ entity }}' and split_part(f.evidence, ':', 1) = e.evidence
    cross join everybody as a
),

chosen as (
    select
        left_key,
        right_key,
        evidence,
        field,
        left_value,
        right_value,
        bits
    from weighed
    qualify
        row_number() over (
            partition by left_key, right_key, field
            order by bits desc, evidence, left_value, right_value
        ) = 1
)
{%- endmacro -%}

{#- CTE `compared`: the values of both sides of each pair, kind by kind. A join on the kind itself would tempt an engine
    to join all values of one kind first. -#}
{%- macro compared_values(values, kinds) -%}
compared as (
    {%- for kind in kinds %}
    select
        p.left_key,
        p.right_key,
        '{{ kind }}' as kind,
        a.value as left_value,
        b.value as right_value,
        a.holder_count as left_count
    from pairs as p
    inner join {{ ref(values) }} as a on p.left_key = a.cluster_key and a.kind = '{{ kind }}'
    inner join {{ ref(values) }} as b on p.right_key = b.cluster_key and b.kind = '{{ kind }}'
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{%- endmacro -%}

{#- Whether two composites agree in all parts but one, and nearly in that. -#}
{%- macro near_parts(one, other, part_count) -%}
(
            {%- for part in range(1, part_count + 1) %}
            {{ 'or ' if not loop.first }}(
                fn_similarity(split_part({{ one }}, '|', {{ part }}), split_part({{ other }}, '|', {{ part }}))
                >= {{ var('candidate_similarity') }}
                {%- for same in range(1, part_count + 1) if same != part %}
                and split_part({{ one }}, '|', {{ same }}) = split_part({{ other }}, '|', {{ same }})
                {%- endfor %}
            )
            {%- endfor %}
        )
{%- endmacro -%}

{#- What outside matchers say about the pairs, as findings. They weigh nothing: the probability counts by itself. -#}
{%- macro matcher_findings(entity, owners) -%}
select
        least(a.cluster_key, b.cluster_key) as left_key,
        greatest(a.cluster_key, b.cluster_key) as right_key,
        'matcher' as evidence,
        cast(null as bigint) as holder_count,
        m.matcher || ' ' || m.probability as left_value,
        cast(null as varchar) as right_value
    from {{ ref('matcher_pairs') }} as m
    inner join {{ owners }} as a on m.left_record = a.channel || ':' || a.record_id
    inner join {{ owners }} as b on m.right_record = b.channel || ':' || b.record_id
    inner join {{ ref('candidate_generators') }} as g on g.generator = '{{ entity }}_matcher'
    where m.entity = '{{ entity }}' and g.is_on = 'true' and a.cluster_key <> b.cluster_key
{%- endmacro -%}

{#- Pairs with their score (Fellegi and Sunter 1969): the prior odds of any pair, twice candidate_share per member, times
    what each finding says for or against it. A generator counts only if what it needs was found. -#}
{%- macro scored_pairs(entity, pairs, evidence, owners, all_count) -%}
{%- set share = {'person': 'candidate_share', 'company': 'candidate_share_companies'}[entity] -%}
with

everybody as (
    {{ all_count }}
),

needed as (
    select
        g.generator,
        u.evidence
    from {{ ref('candidate_generators') }} as g
    cross join unnest(string_split(g.needs, '|')) as u (evidence)
    where g.entity = '{{ entity }}'
),

proven as (
    select distinct
        p.left_key,
        p.right_key,
        p.generator
    from {{ pairs }} as p
    inner join needed as n on p.generator = n.generator
    inner join {{ evidence }} as e
        on p.left_key = e.left_key and p.right_key = e.right_key and n.evidence = e.evidence
),

generated as (
    select
        left_key,
        right_key,
        string_agg(generator, ', ' order by generator) as generators
    from proven
    group by left_key, right_key
),

weights as (
    select
        left_key,
        right_key,
        sum(bits) as bits
    from {{ evidence }}
    group by left_key, right_key
),

-- Beyond 40 bits on either side nothing changes in three digits.
odds as (
    select
        g.left_key,
        g.right_key,
        g.generators,
        greatest(least(
            cast(w.bits as double)
            + ln(2.0 * {{ var(share) }} / greatest(a.all_count, 1)) / ln(2.0),
            40.0
        ), -40.0) as bits
    from generated as g
    inner join weights as w on g.left_key = w.left_key and g.right_key = w.right_key
    cross join everybody as a
),

matched as (
    {{ matcher_scores(entity, owners) }}
),

-- A matcher has weighed the same evidence in its own way: its probability counts if it is greater.
scored as (
    select
        o.left_key,
        o.right_key,
        o.generators,
        greatest(
            cast(1.0 / (1.0 + pow(2.0, -o.bits)) as decimal(4, 3)), coalesce(m.probability, 0)
        ) as score
    from odds as o
    left join matched as m on o.left_key = m.left_key and o.right_key = m.right_key
)

select
    left_key,  -- The one with the lesser number within this release.
    right_key,  -- The one with the greater number.
    generators,  -- Who found the pair, as in candidate_generators.csv.
    score  -- Probability that the two are one, by the evidence; 0 to 1.
from scored
where score >= {{ var('candidate_min_score') }}
{%- endmacro -%}

{#- The greatest probability that a matcher gives each pair. -#}
{%- macro matcher_scores(entity, owners) -%}
select
        least(a.cluster_key, b.cluster_key) as left_key,
        greatest(a.cluster_key, b.cluster_key) as right_key,
        max(cast(m.probability as decimal(4, 3))) as probability
    from {{ ref('matcher_pairs') }} as m
    inner join {{ owners }} as a on m.left_record = a.channel || ':' || a.record_id
    inner join {{ owners }} as b on m.right_record = b.channel || ':' || b.record_id
    inner join {{ ref('candidate_generators') }} as g on g.generator = '{{ entity }}_matcher'
    where m.entity = '{{ entity }}' and g.is_on = 'true' and a.cluster_key <> b.cluster_key
    group by least(a.cluster_key, b.cluster_key), greatest(a.cluster_key, b.cluster_key)
{%- endmacro -%}

{#- A core without what abbreviations leave out at the front: 第一汽车 is 一汽, 中国石油 is 石油. -#}
{%- macro without_ordinal(core) -%}
regexp_extract({{ core }}, '^(?:中国|中华)?第?(.*)$', 1)
{%- endmacro -%}

{#- Candidates that join by themselves: the score reaches join_candidates_from, neither side has another candidate with
    such a score, no identifier of a unique type contradicts, and the two together are not too large. -#}
{%- macro joined_candidates(entity, candidates, clusters, identifiers) -%}
with

scored as (
    select
        left_key,
        right_key,
        score
    from {{ candidates }}
    where
        {{ var('join_candidates_from') }} > 0
        and score >= cast({{ var('join_candidates_from') }} as decimal(4, 3))
),

sides as (
    select
        left_key as side_key
    from scored
    union all
    select
        right_key as side_key
    from scored
),

single as (
    select side_key
    from sides
    group by side_key
    having count(*) = 1
),

members as (
    select
        s.side_key,
        i.id_type,
        t.is_unique = 'true' as is_unique,
        t.counts_to_size = 'true' as counts_to_size
    from single as s
    inner join {{ clusters }} as c on s.side_key = c.cluster_key
    inner join {{ identifiers }} as i on c.node = i.node
    inner join {{ ref('identifier_types') }} as t on i.id_type = t.id_type
),

-- Two logins, or two credit codes, are never joined without a human.
-- A join on the type would tempt an engine to join all identifiers of one type first.
unique_types as (
    select
        s.left_key,
        s.right_key,
        m.id_type,
        m.side_key
    from scored as s
    inner join members as m on s.left_key = m.side_key
    where m.is_unique
    union
    select
        s.left_key,
        s.right_key,
        m.id_type,
        m.side_key
    from scored as s
    inner join members as m on s.right_key = m.side_key
    where m.is_unique
),

contradicting as (
    select
        left_key,
        right_key
    from unique_types
    group by left_key, right_key, id_type
    having count(*) > 1
),

sizes as (
    select
        side_key,
        count(*) filter (where counts_to_size) as size
    from members
    group by side_key
)

select
    s.left_key,  -- The one that remains, with the lesser number within this release.
    s.right_key,  -- The one that becomes a part of it.
    s.score,  -- Score of the candidate.
    cast({{ var('join_candidates_from') }} as decimal(4, 3)) as join_from  -- The setting in force.
from scored as s
inner join sizes as a on s.left_key = a.side_key
inner join sizes as b on s.right_key = b.side_key
anti join contradicting as c on s.left_key = c.left_key and s.right_key = c.right_key
where a.size + b.size <= {{ var('max_identifiers_per_' ~ entity) }}
{%- endmacro -%}

{#- CTE `joined`: candidates that joined by themselves, as findings of the audit. -#}
{%- macro joined_findings(joins, id) -%}
joined as (
    select
        'edge' as subject,
        'joined_candidate' as reason,
        a.id_type,
        a.id_value,
        b.id_type as other_id_type,
        b.id_value as other_id_value,
        o.{{ id }},
        cast(null as varchar) as other_{{ id }},
        cast(null as bigint) as counted,
        cast(null as bigint) as allowed,
        'score ' || j.score as detail,
        cast(null as varchar) as sample
    from {{ joins }} as j
    inner join identifiers as a on j.left_key = a.node
    inner join identifiers as b on j.right_key = b.node
    inner join owners as o on j.left_key = o.node
)
{%- endmacro -%}
