"""What a store vouches for of an object."""

from __future__ import annotations

from datetime import UTC, datetime

from rushes.storage.stores import State, is_other


def test_an_etag_is_compared_however_the_store_quotes_it() -> None:
    quoted, bare, weak = State(5, '"0x8DC"'), State(5, "0x8DC"), State(5, 'W/"0x8DC"')
    assert quoted.mark == bare.mark == weak.mark == "0x8DC"
    assert not is_other(quoted, bare)
    assert is_other(bare, State(5, "0x8DD"))


def test_without_an_etag_the_time_of_the_last_change_tells_states_apart() -> None:
    one, other = (State(5, None, datetime(2026, 11, 25, 1, 2, 3, part, UTC)) for part in (4, 5))
    assert one.mark == "2026-11-25T01:02:03.000004Z"
    assert one.mark != other.mark
    assert State(5).mark == ""
