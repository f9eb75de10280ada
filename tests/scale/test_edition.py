from __future__ import annotations

import pytest

from rushes.errors import EngineError
from rushes.scale.edition import edition_here, require_same, why_other

OURS = {"rushes": "0.1.0", "digest": "a" * 64, "python": "3.11"}


def test_a_node_with_other_versions_is_told_what_it_has_and_what_this_machine_has() -> None:
    assert why_other(OURS | {"name": "10.0.0.2"}, OURS) == ""
    assert "has no rushes. Install rushes 0.1.0 there" in why_other({"rushes": "", "python": "3.11"}, OURS)
    other = why_other(OURS | {"digest": "b" * 64}, OURS)
    assert other.startswith(
        "has rushes 0.1.0, Python 3.11 of other source (digest bbbbbbbbbbbb), and this machine digest aaaaaaaaaaaa"
    )
    newer = why_other(OURS | {"rushes": "0.2.0", "digest": "b" * 64, "python": "3.12"}, OURS)
    assert newer.startswith("has rushes 0.2.0, Python 3.12, and this machine rushes 0.1.0, Python 3.11. Install")


def test_a_process_with_another_rushes_than_the_one_that_gave_it_work_says_so() -> None:
    require_same(edition_here(), machine="10.0.0.2")
    with pytest.raises(EngineError, match=r"node 10\.0\.0\.2 has rushes .*Install the same on every node"):
        require_same(dict(edition_here()) | {"digest": "b" * 64}, machine="10.0.0.2")
