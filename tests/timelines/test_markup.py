"""Words on pages."""

from __future__ import annotations

from rushes.timelines.markup import breakable, text


def test_what_would_be_markup_is_escaped() -> None:
    assert text('<a href="x">&\'') == "&lt;a href=&quot;x&quot;&gt;&amp;&#x27;"


def test_a_name_may_be_broken_after_its_marks_and_nowhere_else() -> None:
    assert breakable("a_b-c.d/e f") == "a_<wbr>b-<wbr>c.<wbr>d/<wbr>e f"
    assert breakable("<_b>") == "&lt;_<wbr>b&gt;"
