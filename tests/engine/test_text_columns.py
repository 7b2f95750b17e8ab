"""Text in columns of a terminal, where a Chinese character takes two."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from siyu.ask.text_columns import columns_of, cut_to, padded, wrapped

TEXTS = st.text(st.sampled_from("ab ,;，。中文（）1-"), max_size=60)


def test_a_chinese_character_takes_two_columns() -> None:
    assert [columns_of(text) for text in ("abc", "张三", "甲a", "，")] == [3, 4, 3, 2]
    assert padded("张三", 6) == "张三  " and padded("张三", 3) == "张三"
    assert cut_to("张三李四", 8) == "张三李四" and cut_to("张三李四", 7) == "张三李…" and cut_to("abcdef", 4) == "abc…"


def test_lines_end_between_words_and_characters() -> None:
    assert wrapped("same name 张三，男", 11) == ["same name", "张三，男"]
    assert wrapped("same name 张三，男", 14) == ["same name 张", "三，男"]  # 三 would fit, but not its comma
    assert wrapped("a verylongword b", 5) == ["a", "verylongword", "b"]
    assert wrapped("", 5) == [""]


@given(TEXTS, st.integers(4, 30))
def test_nothing_is_lost_and_no_line_is_too_long(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(columns_of(line) <= width or " " not in line for line in lines)
