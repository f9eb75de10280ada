from __future__ import annotations

import numpy as np
from benchmarks.cut_films import move_over, write_known_film
from benchmarks.cuts import Score, score_cuts

from footage.spliced import picture
from rushes.footage.shot import Cut
from rushes.footage.video import index_video

KNOWN = [Cut(30, "hard", 30, 30), Cut(70, "dissolve", 60, 80), Cut(120, "fade", 110, 130)]


def test_each_known_cut_counts_once_within_the_tolerance():
    assert score_cuts([30, 70, 120], KNOWN) == Score(3, 0, 0)
    assert score_cuts([28, 58, 132], KNOWN) == Score(3, 0, 0)
    assert score_cuts([27, 57, 133], KNOWN) == Score(0, 3, 3)
    assert score_cuts([30, 31, 65, 75], KNOWN) == Score(2, 2, 1)
    assert score_cuts([], KNOWN) == Score(0, 0, 3)


def test_scores_are_those_of_the_counts():
    score = Score(6, 2, 4)
    assert (score.precision, score.recall, score.errors) == (0.75, 0.6, 6)
    assert score.f1 == 12 / 18
    assert Score(1, 0, 0) + Score(2, 3, 4) == Score(3, 3, 4)


def test_a_spliced_film_has_the_frames_and_cuts_that_are_stated(tmp_path):
    dice = np.random.default_rng(3)
    takes = [move_over(picture(seed), dice) for seed in range(5)]
    film = write_known_film(tmp_path / "known.mp4", takes, seed=5)
    assert len(film.cuts) == 4
    places = [0, *(place for cut in film.cuts for place in (cut.start, cut.ordinal, cut.stop)), 10**6]
    assert places == sorted(places)
    assert index_video(film.path).frame_count > film.cuts[-1].stop
