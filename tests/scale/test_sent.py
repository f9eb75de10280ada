from __future__ import annotations

import pickle

from rushes.errors import MediaError, RushesError
from rushes.scale.engine import Lost
from rushes.scale.sent import died, packed_answers, sendable_error


class Unsendable(RushesError):
    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.why = lambda: said


def test_an_error_is_sent_as_it_was_raised_and_one_that_cannot_be_by_its_text() -> None:
    try:
        raise MediaError("bucket", "does not answer") from ValueError("why")
    except MediaError as error:
        sent, trace = sendable_error(error)
    assert (type(sent), sent.__cause__) == (MediaError, None)
    assert "ValueError: why" in trace
    sent, _ = sendable_error(Unsendable("a reason"))
    assert (type(sent), str(sent)) == (RushesError, "a reason")


def test_answers_that_cannot_be_sent_are_lost_alone() -> None:
    first, second = pickle.loads(packed_answers(pickle.dumps, [1, lambda: 2]))
    assert first == 1
    assert isinstance(second, Lost)


def test_the_end_of_a_process_is_named_where_it_is_known() -> None:
    assert "twice, as the system does" in died().reason
    assert "twice (SIGKILL), as the system does" in died("SIGKILL").reason
    assert "twice (exit status 3), which damaged files do" in died("exit status 3").reason
