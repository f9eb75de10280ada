from __future__ import annotations

from collections.abc import Iterator

import pytest

from rushes.scale.here import Here
from scale.engine_contract import (  # noqa: F401
    test_a_bug_of_building_is_seen_as_one,
    test_an_error_of_building_ends_the_map,
    test_an_error_that_a_person_can_put_right_ends_the_map,
    test_an_item_on_which_the_work_fails_is_lost_alone,
    test_an_item_that_ends_its_process_is_lost_alone,
    test_an_item_that_takes_too_long_is_lost_alone,
    test_an_item_whose_process_died_once_is_tried_again,
    test_every_item_is_answered_once,
    test_items_are_taken_only_as_they_are_needed,
    test_large_items_and_large_answers_pass_each_other,
    test_no_items_give_nothing,
    test_progress_counts_items,
    test_the_map_ends_where_it_is_stopped,
    test_what_is_done_can_be_taken_in_order,
    test_what_is_under_way_is_not_waited_for_when_the_iterator_is_closed,
    test_what_the_work_keeps_is_there_once_its_chunk_is_given,
    test_what_the_work_reads_comes_along,
    test_work_is_built_once_in_each_process,
    test_work_that_keeps_nothing_has_a_folder_of_its_own,
)


@pytest.fixture(scope="module")
def engine() -> Iterator[Here]:
    engine = Here(workers=2)
    yield engine
    engine.close()
