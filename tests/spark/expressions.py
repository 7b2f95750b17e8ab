"""Rows that people and programs leave behind, and what the portable subset can do with them."""

from __future__ import annotations

from siyu.engines.sql import quoted

# A text and another one that it is compared with.
TEXTS: tuple[tuple[str | None, str | None], ...] = (
    (None, "a"), ("", "b"), ("a", ""), ("A", None), (None, None), (" a ", "a"), ("Ｚｈａｎｇ　１３", "zhang"),
    ("王芳", "王"),
    ("😀张", "😀"), ("a😀b", "😀b"), ("é", "e"), ("É", "é"), ("e\u0301", "é"), ("𠮷野", "𠮷"), ("x,y,,z", "x"),
    (",", ","),
    ("a|b", "|"), ("a, b, a", "a"), ("138 0000-1234", "138"), ("it's", "'s"), ("a%b_c", "%"), ("a.b", "a.b"),
    ("tab\tx", "x"), ("line\ny", "y"), ("\u200bz\u200b", "z"), ("  ", " "), ("\u3000", "\u00a0"),
    ("ZHANG@Firm.CN", "firm.cn"), ("000123", "123"), ("-5", "5"), ("a\\d", "\\d"), ("\\", "\\"), ("(a)[b]*", "[b]"),
    ("“a”–b", "–"), ("1", "1"), ("12.5", "12"), ("soon", "n"), ("2026-06-30", "2026"), ("2026-06-31", "31"),
    ("\ufeffq", "q"),
)  # fmt: skip
OF_TEXTS = r"""
levenshtein(s, o)
length(s)
trim(s, 'a ')
ltrim(s, ' ')
rtrim(s, ' ')
substr(s, 2)
substr(s, 2, 2)
substr(s, -2)
substr(s, length(s) - 1)
substr(s, 3, 0)
substr(s, cast(no as integer), 2)
substr(s, strpos(s, ':') + 1)
left(s, 2)
right(s, 2)
right(s, 0)
replace(s, 'a', 'bb')
replace(s, o, '-')
replace(s, '', 'q')
replace(s, '\', '/')
split_part(s, ',', 2)
split_part(s, '|', 1)
split_part(s, ', ', 3)
split_part(s, ',', 9)
split_part(s, '.', 1)
split_part(s, '@', 2)
strpos(s, o)
strpos(s, '')
contains(s, o)
contains(s, '')
starts_with(s, o)
ends_with(s, o)
lpad(s, 4, '0')
lpad(cast(no as varchar), 3, '0')
concat_ws('-', s, o)
concat_ws(', ', nullif(s, ''), o, 'c')
s || o
s || '·' || coalesce(o, '?')
'it''s \t ' || s
translate(s, 'aＺ１', 'b')
translate(s, '１３　', '13 ')
translate(s, 'aa', 'xy')
repeat(s, 2)
s like '%a%'
s like '_'
s like '%a_b%'
s not like '%,%'
s ilike 'A%'
s < o
s <= 'a'
s > 'Z'
s = o
s <> o
s is distinct from o
s is not distinct from nullif(o, 'b')
s between 'a' and 'b'
greatest(s, o)
greatest(s, null, 'b')
least(s, o)
least(s, null, 'b')
s in ('a', '', '王芳')
s not in ('a', 'b')
s in (o, null)
s is null
s = ''
nullif(s, '')
nullif(trim(s, ' '), '')
coalesce(s, o, 'none')
coalesce(nullif(split_part(s, '@', 2), ''), 'q')
case s when 'a' then 1 when '' then 2 end
case when s = 'a' then 'q' when s <> o then o end
case when s = 'a' or null then 1 else 0 end
s = 'a' or o is null
s = 'a' and o = 'b'
(s = 'a') = (o = 'a')
not contains(s, '|')
regexp_matches(s, '^[一-龥]{2,4}$')
regexp_matches(s, '[0-9]')
regexp_matches(s, '^.$')
regexp_matches(s, '(?i)firm')
regexp_matches(s, '[^a]')
regexp_matches(s, '^1[3-9]')
regexp_matches(s, '\.')
regexp_matches(s, '\d{3}')
regexp_matches(s, '')
regexp_matches(s, 'a.b')
regexp_matches(s, '^(a|x)')
regexp_matches(s, '[\x{200B}-\x{200F}\x{3000}\x{FEFF}]')
regexp_matches(s, '^[^a-zA-Z\x{00C0}-\x{024F}\x{0370}-\x{1FFF}]+$')
regexp_extract(s, '^(.*)@', 1)
regexp_extract(s, '^(.*?),', 1)
regexp_extract(s, '[0-9]+')
regexp_extract(s, '(x)|(y)', 2)
regexp_extract(s, '([a-z]+)', 0)
regexp_extract(s, '^([a-z]+)[.]', 1)
regexp_replace(s, '[ -]', '', 'g')
regexp_replace(s, '^', '>', 'g')
regexp_replace(s, '.', '+', 'g')
regexp_replace(s, '(?i)A', 'q', 'g')
regexp_replace(s, '[^0-9a-z]+', ' ', 'g')
regexp_replace(s, '(?:a|芳)$', '', 'g')
regexp_replace(s, '[\x{0009}-\x{000D}\x{00A0}\x{3000}]+', '', 'g')
md5(s)
sha256(s)
array_length(string_split(s, ','))
array_to_string(list_sort(string_split(s, ',')), '+')
array_to_string(list_sort(string_split(s, ' ')), ' ')
array_to_string(string_split(s, '.'), '_')
string_split(s, ',')[1]
list_contains(string_split(s, ', '), 'a')
list_contains(string_split(s, '|'), o)
coalesce(list_contains(string_split(s, '|'), o), false)
array_to_string(list_filter(string_split(s, ','), lambda x: x <> ''), '/')
array_to_string(list_transform(string_split(s, ','), lambda x: x || '!'), '/')
array_length(list_filter(string_split(s, ','), lambda x: x = ''))
lower(o)
length(s) - length(replace(s, 'a', ''))
fn_trim(s) || '|' || fn_trim(o)
"""

# A whole number, a larger one, an amount, one of 38 digits, and a double; their rounding often ends in a tie.
NUMBERS = (
    (None, None, None, None, None), (0, 0, "0", "0", "0"), (1, 1, "0.5", "1", "0.5"), (-1, -1, "-0.5", "-1", "-0.5"),
    (2, 3, "1.5", "2", "1.5"), (3, 7, "2.5", "3", "2.5"), (-3, -7, "-2.5", "-3", "-2.5"),
    (7, 2, "2.675", "9" * 38, "2.675"),
    (5, 3, "0.075001", "-" + "9" * 38, "0.0750004925"),
    (136982, 99, "4280.718438", "12345678901234567890", "4280.7184375"),
    (2000000, 9223372036854775807, "99999.999999", "7", "1e7"),
    (-2000000, -9223372036854775807, "-99999.999999", "-7", "-1e7"),
    (10, 100, "0.000001", "10", "1e-7"), (65536, 65535, "1.005", "5", "1.005"), (4, 1000, "8.345", "6", "8.345"),
    (6, 5, "1.115", "8", "1.115"), (9, 5, "0.285", "9", "0.285"), (11, 6, "0.145", "9", "0.1"),
    (12, 6, "0.1", "9", "0.3"),
    (13, 6, "1234.5", "9", "123456789.123456789"), (14, 6, "100", "9", "0.0001"), (15, 6, "10", "9", "999999.9999995"),
)  # fmt: skip
OF_NUMBERS = """
i + b % 1000
i * 2
b // 2 - 1
cast(i as bigint) * 1000
d + d
d - i
d * 2
cast(d as decimal(9, 2)) * cast(d as decimal(9, 2))
cast(d as decimal(18, 2)) * cast(d as decimal(18, 2))
round(cast(d as decimal(20, 2)) * cast(7.123456 as decimal(9, 6)), 2)
w + 0
i / 3
i / nullif(b, 0)
b / 7
d / nullif(d, 0)
x / 3
i // nullif(b, 0)
i // 3
b // 7
i // -3
i % 3
b % 7
i % -3
i % nullif(b, 0)
d % 1
-i
abs(i)
abs(d)
abs(x)
sign(i)
floor(d)
ceil(d)
floor(x)
ceil(x)
round(d)
round(d, 1)
round(d, 2)
round(d, -1)
round(x)
round(i / 2)
cast(floor(d) as bigint)
cast(round(d) as bigint)
cast(round(x) as bigint)
cast(x as decimal(18, 2))
cast(x as decimal(24, 6))
cast(x as decimal(20, 1))
cast(x as decimal(24, 0))
cast(x as decimal(18, 9))
cast((x) as decimal(38, 3))
cast(-x as decimal(38, 3))
cast(abs(x) as decimal(38, 6))
cast(nullif(x, 0) as decimal(38, 3))
cast(d as decimal(18, 2))
cast(d as decimal(18, 1))
cast(d as decimal(18, 0))
cast(d as decimal(20, 8))
cast(i as decimal(18, 2))
cast(d as double)
cast(w as double)
cast(b as double)
cast(i / 7 as decimal(18, 6))
cast(i / 99 as decimal(24, 6))
cast(i / 32.0 as decimal(24, 5))
cast(d / nullif(i, 0) as decimal(24, 6))
cast(cast(i as double) / nullif(b, 0) as decimal(38, 6))
cast(case when i > 0 then i / 7 else 0 end as decimal(24, 4))
cast(case when i > 0 then x when i < 0 then i / 2 end as decimal(24, 4))
cast(coalesce(i / nullif(b, 0), 0) as decimal(24, 4))
cast(coalesce(case when b > 5 then x end, i / 3, 0) as decimal(24, 4))
cast(greatest(i / 3, 0) as decimal(24, 2))
cast(least(greatest(x, -1e9), 1e9) as decimal(24, 6))
cast(100.0 * i / nullif(b, 0) as decimal(24, 2))
cast(round(100.0 * d, 1) as decimal(24, 1))
cast(d * 100 as decimal(24, 1))
try_cast(x as decimal(10, 2))
try_cast(x as decimal(5, 4))
try_cast(d as decimal(5, 2))
try_cast(d as decimal(9, 6))
try_cast(round(cast(d as decimal(20, 2)) * cast(7.123456 as decimal(9, 6)), 2) as decimal(18, 2))
try_cast(w as bigint)
try_cast(i as decimal(4, 1))
log10(abs(x) + 1)
ln(abs(x) + 1)
exp(least(x, 10))
cast(exp(least(x, 10)) as decimal(24, 6))
sqrt(abs(x))
power(2, least(i, 10))
power(2.0, -least(greatest(i, -10), 10))
cast(1.0 / (1.0 + pow(2.0, -least(greatest(d, -50), 50))) as decimal(4, 3))
cast(round(1000000000000 * power(0.5, least(greatest(i, 0), 40) / cast(30 as double))) as bigint)
cast(round(power(2, least(greatest(i, 1), 20) - 1)) as bigint)
cast(ln(abs(i) + 1.0) / ln(2.0) as decimal(8, 2))
cast(floor((10 * i + 3) / 6.0) / 100.0 as decimal(18, 2))
cast(floor(d * 10) as bigint)
cast(i as varchar)
cast(b as varchar)
cast(d as varchar)
cast(w as varchar)
cast(cast(d as decimal(18, 2)) as varchar)
cast(cast(d as decimal(18, 0)) as varchar)
cast(cast(d as decimal(18, 1)) as varchar) || ' %'
cast(i / 4 as varchar)
cast(i > 1 as varchar)
lpad(cast(i as varchar), 3, '0')
cast(i > 1 as integer)
i = d
d = x
i > x
i = i / 1
d between 0 and 1
i between 0 and 5 or d is null
i in (0, 1, null)
i is not distinct from b
coalesce(i, 0) + coalesce(d, 0)
coalesce(i, b)
greatest(i, d)
least(i, b, d)
greatest(i, null)
nullif(i, b)
case when d > 0 then d else 0 end
case when i > 0 then i / 2 end
case when i > 0 then i else d end
case when x > 1 then x else d end
case when b = 0 then 0 else i / b end
not (i > 1)
(i > 1) is not true
(i > 1) is true
bit_count(b)
b & 255
b | 1
xor(i, 3)
1 << least(greatest(i, 0), 5)
factorial(least(greatest(i, 0), 10))
0.1 + 0.2
1 / 3
5 // 2
1 - coalesce(d, 0)
d + 1.5
((cast(i as bigint) * 7 + 3) // 256) * 40503 % 65536
"""

# A day, a moment in UTC, a condition and a number of days.
MOMENTS = (
    (None, None, None, None), ("2025-12-31", "2025-12-31 15:59:59.999999", True, 1),
    ("2026-01-01", "2025-12-31 16:00:00", False, -1),
    ("2024-02-29", "2024-02-29 23:59:59", None, 0), ("2026-06-30", "2026-06-30 15:59:59", True, 5),
    ("2026-03-31", "2026-03-31 00:00:00", True, 1), ("1970-01-01", "1970-01-01 00:00:00", True, 31),
    ("1900-01-01", "1900-01-01 00:00:00", True, 3), ("1986-05-04", "1986-05-03 16:30:00", True, 4),
    ("1991-09-15", "1991-09-14 16:30:00", True, 2), ("1969-12-31", "1969-12-31 23:59:59.5", False, 7),
    ("2026-06-28", "2026-06-28 10:00:00.1", False, 30), ("2023-01-01", "2023-01-01 08:00:00.000001", False, 30),
    ("1582-10-10", "1582-10-10 01:02:03", True, 1), ("9000-12-31", "9000-12-31 23:59:59.123456", True, 0),
)  # fmt: skip
OF_MOMENTS = """
date_trunc('month', d)
date_trunc('year', d)
date_trunc('quarter', d)
date_trunc('week', d)
date_trunc('day', t)
date_trunc('hour', t)
date_trunc('minute', t)
date_trunc('second', t)
cast(date_trunc('month', d) as date)
cast(date_trunc('month', t) as date)
strftime(d, '%Y-%m')
strftime(d, '%Y-%m-%d')
strftime(d, '%d.%m.%Y')
strftime(d, '%Y')
strftime(d, '%y')
strftime(t, '%Y-%m-%d %H:%M')
date_diff('day', d, fn_as_of())
date_diff('day', fn_as_of(), d)
date_diff('day', d, cast(t as date))
date_diff('week', d, fn_as_of())
date_diff('day', date '1900-01-01', d) % 7
date_diff('hour', date_trunc('hour', t), date_trunc('hour', fn_as_of_end()))
date_diff('minute', date_trunc('minute', t), date_trunc('minute', fn_as_of_end()))
date_diff('second', date_trunc('second', t), date_trunc('second', fn_as_of_end()))
d + 1
d - 1
d + i * interval 1 day
d - i * interval 1 day
d + interval 1 month
d - interval 1 month
d + i * interval 1 month
d - interval 1 year
cast(d + interval 1 month as date)
cast(d - (i - 1) * interval 1 day as date)
date '1970-01-01' + i * interval 1 day
t + interval 1 hour
t - i * interval 1 hour
t + interval 1 second
t - interval 1 microsecond
t + interval '30' minute
date_trunc('month', d) + interval 1 month - interval 1 day
cast(d - (date_diff('day', date '1900-01-01', d) % 7) * interval 1 day as date)
cast(d as timestamp)
cast(t as date)
cast(d as varchar)
cast(t as varchar)
cast(cast(d as timestamp) as varchar)
cast(ok as varchar)
cast(ok as integer)
'at ' || d
'at ' || t
concat_ws('|', cast(d as varchar), cast(t as varchar))
year(d)
month(d)
day(d)
hour(t)
minute(t)
second(t)
extract(year from d)
extract(month from t)
quarter(d)
fn_local_date(t)
fn_local_hour(t)
fn_local_midnight(d)
fn_local_midnight(fn_as_of())
fn_as_of()
fn_as_of_end()
d < fn_as_of()
t < fn_as_of_end()
d = t
t >= d
t between date '2025-12-31' and date '2026-06-30'
d in (date '2026-01-01', date '2024-02-29')
coalesce(d, date '9999-12-31')
coalesce(t, timestamp '9999-12-31 00:00:00')
coalesce(d, t)
greatest(d, fn_as_of())
greatest(d, cast(t as date))
least(t, fn_as_of_end())
nullif(d, cast(t as date))
ok and d > date '2026-01-01'
ok or d is null
not ok
ok is true
ok is not true
ok = true
ok is distinct from false
case when ok then 'y' else 'n' end
case ok when true then 1 when false then 0 end
t at time zone 'UTC' at time zone 'Asia/Shanghai'
cast(fn_as_of() - (400 - 1) * interval 1 day as date)
date_trunc('month', fn_as_of() - (31 - 1) * interval 1 day)
timestamp '2026-06-30 12:34:56.789'
day(fn_as_of() + interval 1 day) = 1
array_length(generate_series(d, d + interval 3 day, interval 1 day))
cast(floor(date_diff('day', cast(date_trunc('year', d) as date), d) / 7) as bigint) + 1
cast(floor((10 * date_diff('second', date_trunc('second', t), date_trunc('second', fn_as_of_end())) + 3) / 6.0) / 100.0
 as decimal(24, 2))
cast('2026-06-30' as date)
cast('2026-06-30 01:02:03' as timestamp)
try_cast('2026-06-31' as date)
strftime(d, '%Y-%m') < '2026'
"""

# person, moment, amount, number, kind, condition
EVENTS = (
    ("p1", "2026-01-01 00:00:00", "10.50", 1, "a", True), ("p1", "2026-01-01 00:00:00", "10.50", 2, "b", False),
    ("p1", "2026-01-31 23:59:59", "-3.25", None, None, None), ("p1", "2026-03-01 12:00:00", None, 4, "", True),
    ("p2", "2026-01-05 08:00:00", "0.01", 9223372036854775807, "王", True),
    ("p2", "2025-12-31 16:00:00", "99999.99", 922337203685477580, "Ａ", None), ("p2", None, "5", 3, "a", False),
    ("p3", None, None, None, None, None), ("p4", "2026-06-30 10:00:00", "0", 0, "😀", False),
    (None, "2026-06-30 10:00:00", "7", 7, "z", True), (None, "2026-06-29 10:00:00", "7", 8, "Z", True),
    ("", "2026-06-30 10:00:00", "2.68", 5, "é", True), ("p5", "2026-06-01 00:00:00", "1", 1, "x, y", True),
    ("p5", "2026-06-02 00:00:00", "2", 2, "x", True), ("p5", "2026-06-03 00:00:00", "4", 3, "y", True),
    ("p5", "2026-06-07 00:00:00", "8", 4, "x", False), ("p5", "2026-06-08 00:00:00", "16", 5, None, True),
)  # fmt: skip
OF_GROUPS = """
count(*)
count(amount)
count(*) filter (where ok)
count(*) filter (where not ok)
count_if(ok)
count_if(amount > 1)
count_if(amount > 1 and ok)
count_if(amount > 1) filter (where ok)
sum(amount)
sum(amount) filter (where amount > 1000)
sum(amount * 2)
sum(amount * amount)
coalesce(sum(amount) filter (where kind = 'nobody'), 0)
sum(n % 1000)
cast(sum(n % 1000) as bigint)
sum(cast(no as integer))
sum(case when ok then 1 else 0 end)
sum(case when ok then amount end)
sum(cast(ratio as decimal(18, 4)))
avg(amount)
avg(no)
avg(n % 1000)
cast(avg(amount) as decimal(24, 6))
cast(avg(cast(cast(no as double) / 7 as decimal(18, 9))) as decimal(18, 9))
cast(sum(amount) / nullif(count(*), 0) as decimal(24, 6))
cast(sum(amount) as double) / nullif(count(amount), 0)
cast(cast(sum(amount) as double) / nullif(count(amount), 0) as decimal(24, 6))
min(amount)
max(amount)
min(kind)
max(kind)
min(seen)
max(day)
min(ok)
max(ok)
min(ratio)
max(ratio)
min(length(kind))
max(case when ok then kind end)
max(no) - min(no)
bool_or(ok)
bool_and(ok)
bool_or(amount > 3)
coalesce(bool_or(kind = 'a' and ok), false)
median(no)
median(no) filter (where ok)
median(cast(amount as double)) filter (where kind = 'nobody')
cast(median(date_diff('day', day, fn_as_of())) as decimal(24, 6))
string_agg(kind, ', ' order by kind)
string_agg(kind, ', ' order by kind desc)
string_agg(kind, ', ' order by no)
string_agg(kind, ', ' order by amount desc, no asc)
string_agg(kind, ', ' order by seen nulls first, no)
string_agg(kind, ', ' order by seen, no desc)
string_agg(kind, ', ' order by no) filter (where ok)
string_agg(kind, ', ' order by no) filter (where kind = 'nobody')
string_agg(kind || ' ' || n, ', ' order by n desc, kind asc, no)
string_agg(cast(no as varchar), ',' order by no)
string_agg(coalesce(kind, '-'), '' order by no)
string_agg(kind, '|' order by length(kind), kind)
arg_min(kind, no)
arg_max(no, amount) filter (where no not in (2, 11))
arg_max(kind, no) filter (where kind is not null)
arg_max(kind, struct_pack(a := amount, b := no)) filter (where kind is not null and amount is not null)
arg_max(no, struct_pack(a := seen, b := no)) filter (where seen is not null)
(max(struct_pack(a := seen, c := no)) filter (where seen is not null)).c
(min(struct_pack(a := no, c := kind))).c
(arg_max(struct_pack(v := kind, w := amount), no)).v
array_to_string(list_sort(coalesce(list(kind) filter (where kind is not null), [])), '/')
array_to_string(list_sort(coalesce(list(distinct kind) filter (where kind is not null), [])), '/')
array_length(coalesce(list(kind) filter (where kind is not null), []))
array_length(list_filter(coalesce(list(n) filter (where n is not null), []), lambda x: x > 2))
list_contains(coalesce(list(kind) filter (where kind is not null), []), 'a')
array_to_string(list_transform(list_sort(list(struct_pack(k := no, v := coalesce(kind, '?')))), lambda x: x.v), '/')
bit_or(n)
bit_count(bit_or(n))
cast(100.0 * count(*) filter (where ok) / count(*) as decimal(24, 4))
cast(count_if(ok) as double) / count(*)
cast(floor(cast(count(*) * 100 as double) / 7) as bigint)
"""
# Apart from the others: Spark 4.3 cannot carry out a string_agg beside two of them.
OF_DISTINCT = """
count(distinct kind)
count(distinct kind) filter (where ok)
count(distinct coalesce(kind, '?'))
count(distinct case when ok then kind end)
sum(distinct amount)
sum(amount)
max(kind)
"""
OF_DISTINCT_TEXTS = """
string_agg(distinct kind, ', ' order by kind)
string_agg(kind, ', ' order by no)
"""
OF_WINDOWS = """
row_number() over (partition by person order by no)
row_number() over (partition by person order by seen, no)
row_number() over (partition by person order by seen desc, no)
row_number() over (partition by person order by seen asc nulls first, no)
row_number() over (partition by person order by kind, no)
row_number() over (partition by person order by kind desc nulls last, no)
row_number() over (order by person, no)
rank() over (partition by person order by day)
dense_rank() over (order by amount desc)
ntile(3) over (order by no)
percent_rank() over (order by no)
cume_dist() over (order by amount, no)
lag(kind) over (partition by person order by no)
lead(kind) over (partition by person order by no)
lag(amount, 2) over (partition by person order by no)
lag(amount, 1, 0) over (partition by person order by no)
lead(day, 1, date '9999-12-31') over (partition by person order by seen, no)
lag(kind ignore nulls) over (order by no)
lead(kind ignore nulls) over (order by no)
last_value(kind ignore nulls) over (partition by person order by no)
last_value(kind ignore nulls) over (order by no rows between unbounded preceding and 1 preceding)
last_value(kind ignore nulls) over (order by no rows between unbounded preceding and current row)
last_value(kind) over (partition by person order by no rows between unbounded preceding and unbounded following)
first_value(kind) over (partition by person order by no)
first_value(kind ignore nulls) over (partition by person order by no desc)
nth_value(kind, 2) over (partition by person order by no)
sum(amount) over (partition by person)
sum(amount) over (partition by person order by day)
sum(amount) over (partition by person order by no rows between unbounded preceding and current row)
sum(amount) over (partition by person order by no rows between unbounded preceding and 1 preceding)
sum(amount) over (partition by person order by no rows between 1 preceding and 1 following)
sum(amount) over (partition by person order by day range between unbounded preceding and current row)
sum(amount) over (partition by person order by day range between interval 6 day preceding and current row)
sum(amount) over (partition by person order by day range between interval 56 day preceding and interval 1 day preceding)
sum(amount) over (partition by person order by day range between unbounded preceding and interval 30 day preceding)
count(*) over (partition by person order by day range between interval 6 day preceding and interval 1 day preceding)
count(*) over (partition by person order by seen range between interval 59999999 microsecond preceding and current row)
sum(no) over (partition by person order by seen range between unbounded preceding and interval 1 microsecond preceding)
sum(no) over (partition by person order by day range between interval 1 day preceding and interval 1 day following)
count(*) over (order by day range between interval 1 month preceding and current row)
count(*) over (partition by person)
count(kind) over (partition by person order by no)
count(*) over ()
max(day) over (partition by person order by no rows between unbounded preceding and 1 preceding)
min(kind) over (partition by person)
bool_or(ok) over (partition by person order by no)
count_if(ok) over (partition by person order by no)
count_if(amount > 3) over (partition by person)
count(*) filter (where ok) over (partition by person order by no)
sum(amount) filter (where ok) over (partition by person order by no)
median(no) over (partition by person)
median(no) over (partition by person order by no rows between 2 preceding and current row)
median(no) over (partition by person order by day range between interval 56 day preceding and interval 1 day preceding)
median(no) filter (where ok) over (partition by person order by no)
cast(median(no) over (partition by person order by no) as decimal(24, 6))
amount - lag(amount) over (partition by person order by no)
cast(cast(amount as double) / nullif(sum(amount) over (partition by person), 0) as decimal(18, 9))
date_diff('day', lag(day) over (partition by person order by seen, no), day)
sum(case when kind = 'a' then 1 else 0 end) over (partition by person order by no)
case when lag(kind) over (partition by person order by no) = kind then 0 else 1 end
"""
# All aggregates over no rows at all.
OVER_NOTHING = """
select count(*) as c, sum(amount) as s, max(day) as m, count_if(ok) as i, avg(amount) as a, median(no) as d,
 string_agg(kind, ',' order by no) as t, bool_or(ok) as b, count(distinct kind) as k, arg_max(kind, no) as q,
 (min(struct_pack(a := seen, b := no))).b as x, bit_or(n) as o, sum(case when ok then 1 else 0 end) as z,
 array_length(coalesce(list(kind) filter (where kind is not null), [])) as l,
 cast(sum(amount) as double) / count(*) as r
from records.nothing
"""
QUERIES = (
    OVER_NOTHING,
    "select person, sum(amount) as s, count(*) as c from records.nothing group by person",
    "select no from records.event qualify row_number() over (partition by person order by seen desc, no) = 1",
    "select no, kind from records.event qualify row_number() over (partition by person order by no) = count(*)"
    " over (partition by person)",
    "select person, count(*) as c from records.event group by person having count(*) > 1",
    "select person, count(*) as c from records.event group by person qualify row_number() over (order by person) < 3",
    "select person, kind, count(*) as c from records.event group by all",
    "select kind, person, count(*) as c from records.event group by grouping sets ((kind), (person), ())",
    "select coalesce(kind, 'all') as k, count(*) as c from records.event where kind <> '' group by grouping sets"
    " ((kind), ())",
    "select kind, ok, count(*) as c, grouping(kind) as g from records.event group by rollup (kind, ok)",
    "select e.no, k.name from records.event as e left join records.kind as k on e.kind = k.kind",
    "select e.no, k.name from records.event as e join records.kind as k on e.kind is not distinct from k.kind",
    "select e.no, k.name from records.event as e full join records.kind as k on e.kind = k.kind and k.place < 3",
    "select kind, e.no, k.name from records.event as e full join records.kind as k using (kind)",
    "select e.no from records.event as e semi join records.kind as k on e.kind = k.kind",
    "select e.no from records.event as e anti join records.kind as k on e.kind = k.kind",
    "select e.no from records.event as e anti join records.kind as k on e.kind is not distinct from k.kind",
    "select e.no, k.place from records.event as e cross join records.kind as k",
    "select e.no from records.event as e where exists (select 1 from records.kind as k where k.kind = e.kind)",
    "select e.no from records.event as e where e.kind not in (select kind from records.kind where kind is not null)",
    "select e.no from records.event as e where e.kind not in (select kind from records.kind)",
    "select e.no, (select max(k.place) from records.kind as k where k.kind = e.kind) as m from records.event as e",
    "select e.no, (select count(*) from records.kind as k where k.kind = e.kind) as m from records.event as e",
    "select e.no, x.c from records.event as e, lateral (select count(*) as c from records.kind as k where k.kind"
    " = e.kind) as x",
    "select no from records.event where amount > (select avg(amount) from records.event)",
    "select kind from records.event union select kind from records.kind",
    "select kind from records.event union all select name from records.kind",
    "select kind from records.event except select kind from records.kind",
    "select kind from records.event intersect select kind from records.kind",
    "select kind from records.event except all select kind from records.kind",
    "select cast(null as decimal(18, 2)) as x union all select 1 union all select cast(2.5 as decimal(9, 6))",
    "select no, u.part from records.event cross join unnest(string_split(kind, ', ')) as u (part)",
    "select no, u.place from records.event cross join unnest(range(1, length(kind) + 1)) as u (place)",
    "select no, u.place from records.event cross join unnest(generate_series(1, length(kind) + 1)) as u (place)",
    "select no, cast(u.d as date) as d from records.event"
    " cross join unnest(generate_series(day, day + interval 3 day, interval 1 day)) as u (d)",
    "select cast(u.d as date) as d from (select min(day) as a, max(day) as z from records.event)"
    " cross join unnest(generate_series(date_trunc('month', a), z, interval 1 month)) as u (d)",
    "select cast(u.d as date) as d from (select min(day) as a, max(day) as z from records.nothing)"
    " cross join unnest(generate_series(a, z, interval 1 day)) as u (d)",
    "select u.d from (select 1 as one) cross join unnest(generate_series("
    "cast(fn_as_of() - interval 2 day as timestamp), cast(fn_as_of() as timestamp), interval 1 day)) as u (d)",
    "select u.place from (select 1 as one) cross join unnest([1, 5, 8]) as u (place)",
    "select no, n.x from (select no, string_split(kind, ',') as l from records.event)"
    " cross join unnest(case when array_length(l) > 0 then l else [null] end) as n (x)",
    "select no, u.place, v.part from records.event cross join unnest(generate_series(1, 2)) as u (place)"
    " cross join unnest(string_split(kind, ',')) as v (part)",
    "select no, k, v from (select no, kind, person from records.event) unpivot (v for k in (kind, person))",
    "with e as (select no, kind from records.event), kind as (select no, upper(kind) as kind from e where kind < 'zz')"
    " select e.no, kind.kind from e join kind using (no)",
    "select a.no as one, b.no as other from records.event as a join records.event as b"
    " on a.person = b.person and a.no < b.no and b.day between a.day and cast(a.day + 6 * interval 1 day as date)",
    "select person, sum(amount) as amount from records.event group by person having sum(amount) > 5",
    "select person, count(*) as n, sum(count(*)) over () as total from records.event group by person",
    "select person, row_number() over (order by count(*) desc, person) as r from records.event group by person",
    "select person as kind, max(kind) as person from records.event group by person",
    "select upper(kind) as kind, count(*) as n from records.event where kind < 'zz' group by upper(kind)",
    "select case when ok then 'y' else 'n' end as ok, count(*) as n from records.event group by case when ok then"
    " 'y' else 'n' end",
    "select event.no from records.event where event.kind = 'a'",
    "select sum(x) as s from (values (1), (2), (null)) as v (x)",
    "select j ->> '$.a' as x from (values ('{\"a\": \"1\"}'), ('{\"b\": 1}'), (null)) as v (j)",
    "select no, s.a as a, s.b as b from (select no, struct_pack(a := kind, b := amount) as s from records.event)",
    "select no, '状态 now()' as \"名 称\" from records.event where kind = '王'",
    "select 1 as one where false",
    "select '2026' as \"year\", 1 as \"order\", 2 as \"Größe\", 3 as \"a\"\"b\", 4 as \"a.b\", 5 as \"A\"",
)  # fmt: skip

# What people enter, and what programs make of it.
VALUES = (
    None, "", " ", "\u200b \t", " \u200bR11\t", "\ufeff 王 芳\u00a0\u3000", "数控（ＣＮＣ）　Machine Tools",
    "１－４９人", "王芳", "王晓丽", "一汽",
    "第一汽车", "华阳机电", "müller", "mueller", "it's", "a\nb", "😀张", "a😀b", "x" * 200, "王" * 60, "ab\\c",
    "%_", "+86 138 0000 1234",
    "13800001234", "138-0000-1234", "０１３８００００１２３４", "１３８００００１２３４",
    "tel 13800001234, 13900001234", "008613800001234",
    "zhang.fang@firm.cn", "ＺＨＡＮＧ＠ＦＩＲＭ．ＣＮ", "a@b.cn@c.cn", "http://x.cn/?q=a%40b.cn",
    "oAbcdefghijklmnopqrstuvwxyz1", "wmAbcdefghijklmnopqrstuvwxyz123456",
    "31.12.2026 ", "2026-02-30", "2026年6月28日", "28.05.26", "6/28/2026 8:30", "2026-06-28 08:30 +0200",
    "2026-12-31 23:59", "epoch", "infinity",
    "1986-05-04 00:30", "1,234.50", "1.234,50", "1 234 567\u00a0890", "-1'000.5", "12 yuan", "1234567890123",
    "0.0000005", "-0", "１２",
    "上海市浦东新区张江路88号3幢201室", "Room 201, Bldg 3, 88 Zhangjiang Road, Shanghai 201203",
    "88 Rue de l'Église", "中国江苏省苏州市工业园区星湖街328号（近地铁）",
)  # fmt: skip
FORMATS = "['%Y-%m-%d', '%Y年%m月%d日', '%d.%m.%y', '%d.%m.%Y']"
MINUTES = "['%m/%d/%Y %H:%M', '%Y-%m-%d %H:%M']"
OF_VALUES = f"""
fn_trim(s)
fn_folded(s)
fn_address_words(s)
fn_address_key(fn_address_words(s))
fn_address(s)
fn_try_date(s, '%d.%m.%Y')
fn_try_date(s, {FORMATS})
fn_try_timestamp(s, '%Y-%m-%d %H:%M %z')
fn_try_timestamp(s, {MINUTES})
fn_try_decimal(s, '.')
fn_try_decimal(s, ',')
fn_edit_distance(s, o)
fn_similarity(s, o)
fn_abbreviates(s, o)
fn_keyed_hash(s)
fn_mask_text(s)
fn_identifier_kind(s)
fn_cleared(s)
fn_mask(s)
fn_local_date(t)
fn_local_hour(t)
fn_local_midnight(d)
fn_as_of()
fn_as_of_end()
fn_share(b, c, 7)
fn_share(b, 3, c)
fn_share(cast(b as decimal(38, 0)), c, 11)
fn_share_rest(b, c, 7)
fn_trim(upper(s)) || fn_mask(coalesce(o, '?'))
case when fn_trim(s) like '1%' then fn_mask(s) end
"""


def listed(text: str) -> list[str]:
    """Return the expressions of a text: one a line; a line that begins with a blank goes on with the one before."""
    return [line for line in text.replace("\n ", " ").split("\n") if line]


def values(rows: tuple[tuple[object, ...], ...], *columns: str) -> str:
    """Return a query of rows with their number: `columns` are names with their types."""
    cells = (", ".join("null" if cell is None else quoted(cell) for cell in row) for row in rows)
    names = [column.split(" ", 1) for column in columns]
    chosen = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in names)
    listed_rows = ", ".join(f"({number}, {row})" for number, row in enumerate(cells, start=1))
    named = ", ".join(name for name, _ in names)
    return f"select cast(no as bigint) as no, {chosen} from (values {listed_rows}) as v (no, {named})"
