"""Explained answers as values and as a page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.evaluation.explanation import (
    ExplainedPicture,
    ExplainedVideo,
    FrameOf,
    Lookalike,
    Stretch,
    choose_frames,
    measure_changes,
    picture_maps,
)
from rushes.evaluation.explanation_page import Explanation, format_explanation_page
from rushes.evaluation.occlusion import compare_maps, occlude
from rushes.evaluation.painted_heat import view_of
from rushes.learning.explain_pictures import LookedInside, SeenLayer
from rushes.learning.known_samples import KnownSample

CLASSES = ("bright", "dark <script>")
SHOWN = Preprocessing(48, 32, fit="crop")


def answer(pixels):
    bright = pixels.astype(np.float64).mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, 1 - bright], axis=1)


def explained(*, frame=None, heat=True, lookalikes=(), sha256=""):
    pixels = np.full((60, 120, 3), 40, np.uint8)
    pixels[10:30, 50:80] = 250
    prepared = prepare(pixels, SHOWN)
    occlusion = occlude(answer, prepared)
    warm = np.clip(occlusion.falls, 0, 1) if heat else None
    picture, covered, over = picture_maps(pixels, prepared, SHOWN, heat=warm, occlusion=occlusion)
    return ExplainedPicture(
        path="stills/<b>one</b>.jpg",
        kind="frame" if frame else "photo",
        probabilities=answer(prepared[None])[0].astype(np.float32),
        class_index=1,
        picture=picture,
        covered=covered,
        warm=over,
        occlusion=occlusion,
        agreement=compare_maps(warm, occlusion) if heat else None,
        lookalikes=lookalikes,
        frame=frame,
        sha256=sha256,
    )


def video():
    table = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8]], np.float32)
    places = [
        FrameOf(at * 10, float(at), f"00:00:0{at}:00", change) for at, change in enumerate(measure_changes(table))
    ]
    return ExplainedVideo(
        path="film.mp4",
        duration_seconds=3.0,
        seconds=(0.0, 1.0, 2.0),
        timecodes=tuple(place.timecode for place in places),
        probabilities=table,
        timeline=(Stretch(0, 2, "00:00:00:00", "00:00:02:00", "bright", 0.9),
                  Stretch(2, 3, "00:00:02:00", "00:00:03:00", "dark <script>", 0.8)),
        shown=tuple(explained(frame=place, heat=False) for place in places),
        notes=("Something was left out.",),
    )  # fmt: skip


def whole(*answers, **more):
    return Explanation(
        kind="run", name="a run", identity="a run", task="light", classes=CLASSES, answers=answers, **more
    )


def test_a_change_is_the_probability_that_moved():
    table = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.5, 0.0, 0.5]]
    assert measure_changes(np.array(table)).tolist() == [0.0, 0.5, 0.5, 0.0]
    assert measure_changes(np.zeros((0, 3))).tolist() == []


def test_the_strongest_changes_are_among_the_frames_and_the_rest_is_spread():
    table = np.tile([1.0, 0.0], (100, 1))
    table[37:] = [0.0, 1.0]
    table[60] = [0.05, 0.95]  # no change to speak of
    chosen = choose_frames(table, 8)
    assert len(chosen) == 8
    assert chosen == sorted(set(chosen))
    assert 37 in chosen
    assert 60 not in chosen
    assert chosen[0] == 0
    assert choose_frames(table[:5], 8) == [0, 1, 2, 3, 4]


def test_maps_are_grey_but_for_what_they_say():
    pixels = np.zeros((32, 48, 3), np.uint8)
    pixels[..., 0] = 200
    flat = occlude(lambda shown: np.tile([1.0, 0.0], (len(shown), 1)), pixels)
    picture, covered, warm = picture_maps(pixels, pixels, Preprocessing(48, 32), heat=None, occlusion=flat)
    from rushes.footage.picture import decode_picture

    assert warm is None
    assert np.ptp(decode_picture(covered.data).astype(int), axis=2).max() <= 4
    assert np.ptp(decode_picture(picture.data).astype(int), axis=2).min() > 100


def test_a_page_holds_all_it_shows_and_escapes_what_it_is_told():
    like = Lookalike(KnownSample("film_FRM-00-00-01-00", "bright", "film", "00:00:01:00"), 0.99999, b"RIFF")
    other = Lookalike(KnownSample("gone", "dark <script>", "shoot", ""), 0.4, b"")
    page = format_explanation_page(
        whole(explained(lookalikes=(like, other)), video(), heat_said="It is warm.", searched=321,
              sanity=("It can be believed.", "By this much."), notes=("Nothing else.",))
    )  # fmt: skip
    assert page.count("<script>") == 1  # its own
    assert "beforeprint" in page
    assert "dark &lt;script&gt;" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("<article") == 4
    for said in ("It is warm.", "It can be believed.", "By this much.", "321 training pictures",
                 "Nothing else.", "Something was left out.", "nearly the same",
                 "00:00:01:00", "no picture", "Whether both maps agree is undefined"):  # fmt: skip
        assert said in page, said
    first = re.findall(r'<article class="answer" id="video-0-frame-(\d)"', page)
    assert first[0] == "2"
    assert page.count("<polygon") == 2


def test_a_page_of_one_picture_says_its_answer_at_once_and_no_heat_where_there_is_none():
    page = format_explanation_page(whole(explained(heat=False)))
    assert "Why <strong>dark &lt;script&gt;</strong> was answered" in page
    assert "<b>Heat</b>" not in page
    assert "Can the heat be believed" not in page


def test_many_classes_share_the_last_colour():
    dice = np.random.default_rng(0)
    table = dice.dirichlet(np.ones(20), 5).astype(np.float32)
    names = tuple(f"class {at}" for at in range(20))
    film = ExplainedVideo("film.mp4", 5.0, (0.0, 1.0, 2.0, 3.0, 4.0), ("00:00:00:00",) * 5, table, (), ())
    page = format_explanation_page(Explanation("bundle", "b", "id", "t", names, (film,)))
    assert page.count("<polygon") == 8
    assert "all others" in page


def test_maps_of_layers_stand_in_a_section_of_their_own():
    layer = SeenLayer("stem", "Conv2d", 8, 6, 5)
    looked = LookedInside((layer,), layer, np.array([[3, 1]]), np.random.default_rng(0).random((1, 2, 6, 5)),
                          np.random.default_rng(1).random((8, 3, 3, 3)), "stem")  # fmt: skip
    page = format_explanation_page(whole(explained()), layers=[looked])
    assert "Inside the network" in page
    assert "8 first filters (stem)" in page
    assert "channels 3, 1" in page
    without = LookedInside((layer,), layer, looked.channels, looked.maps, None, "")
    assert "first filters" not in format_explanation_page(whole(explained()), layers=[without])


@pytest.mark.parametrize("heat", [True, False])
def test_an_explanation_is_plain_values(heat):
    import json

    like = Lookalike(KnownSample("one", "bright", "film", "00:00:01:00"), 0.5, b"")
    table = json.loads(json.dumps(explained(heat=heat, lookalikes=(like,)).to_table(CLASSES)))
    assert table["predicted_class"] == "dark <script>"
    assert table["neighbours"] == [
        {
            "name": "one",
            "class": "bright",
            "group": "film",
            "timecode": "00:00:01:00",
            "likeness": 0.5,
            "same_file": False,
        }
    ]
    assert (table["agreement"] is None) != heat
    assert json.loads(json.dumps(video().to_table(CLASSES)))["frames"][2]["change"] == pytest.approx(0.7)


def test_only_the_same_file_is_called_the_picture_that_was_trained_on():
    like = Lookalike(KnownSample("one", "bright", "film", "", sha256="ab" * 32), 1.0, b"")
    same = format_explanation_page(whole(explained(lookalikes=(like,), sha256="ab" * 32)))
    assert "This very file is among them: it was trained on." in same
    for another in ("cd" * 32, ""):
        one = explained(lookalikes=(like,), sha256=another)
        page = format_explanation_page(whole(one))
        assert "trained on" not in page
        assert "nearly the same picture to the model; likely a neighbouring frame" in page
        assert one.to_table(CLASSES)["neighbours"][0]["same_file"] is False


def test_of_a_padded_picture_the_map_lies_on_the_picture():
    padded = Preprocessing(64, 64, fit="pad")
    pixels = np.full((120, 40, 3), 40, np.uint8)
    pixels[:40, :] = 250
    prepared = prepare(pixels, padded)
    occlusion = occlude(answer, prepared, class_index=0, view=view_of(pixels, padded))
    _, covered, _ = picture_maps(pixels, prepared, padded, heat=None, occlusion=occlusion)
    from rushes.footage.picture import decode_picture

    warm = decode_picture(covered.data).astype(int)
    assert warm.shape[:2] == (120, 40)
    assert (warm[10:30, 10:30, 0] - warm[10:30, 10:30, 2]).min() > 10
    assert (warm[100:, :, 0] - warm[100:, :, 2]).max() < 10
