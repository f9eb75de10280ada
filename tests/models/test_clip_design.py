"""The shape of a network for shots, as values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rushes.models.backbones import Backbone
from rushes.models.clip_design import ShotDesign, ShotHeadDesign

SCALE = ShotHeadDesign("scale", ("CS", "MS", "LS"), pooling="gru", subject="apart", loss="ordinal")
MOVEMENT = ShotHeadDesign(
    "movement", ("static", "motion", "push", "pull"), see="both", motion="boosted", rounds=40, depth=3
)
PAN = ShotHeadDesign("pan", ("no", "yes"), see="motion", motion="linear")


def test_a_design_comes_back_from_what_json_keeps() -> None:
    backbone = Backbone("mobilenetv2_100", {"pad_type": "same"})
    design = ShotDesign(backbone, (SCALE, MOVEMENT, PAN), shared=True, frames=8, features=("zoom",), series=("z", "t"))
    assert ShotDesign.from_table(json.loads(json.dumps(design.to_table()))) == design
    still = ShotDesign(None, (PAN,), features=("zoom",))
    assert ShotDesign.from_table(json.loads(json.dumps(still.to_table()))) == still


def test_views_are_what_any_head_is_given() -> None:
    assert ShotDesign(Backbone("x"), (SCALE,)).views == ("subject", "background")
    assert ShotDesign(Backbone("x"), (SCALE, MOVEMENT, PAN)).views == ("whole", "subject", "background")
    assert ShotDesign(None, (PAN,)).views == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"see": "frames", "motion": "linear"},
        {"see": "both", "motion": "none"},
        {"see": "frames", "used": "motion"},
        {"see": "motion", "motion": "linear", "used": "frames"},
        {"see": "smell"},
    ],
)
def test_a_head_that_contradicts_itself_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a head that sees"):
        ShotHeadDesign("scale", ("CS", "LS"), **wrong)


def test_a_network_has_a_backbone_only_where_it_sees_frames() -> None:
    for backbone, head in ((Backbone("x"), PAN), (None, SCALE)):
        with pytest.raises(ValueError, match="a backbone is needed"):
            ShotDesign(backbone, (head,))
    with pytest.raises(ValueError, match="one head for each task"):
        ShotDesign(None, (PAN, PAN))


def test_what_a_head_rests_on_is_part_of_its_design() -> None:
    table = MOVEMENT.to_table() | {"used": "motion"}
    head = ShotHeadDesign.from_table(table)
    assert (head.sees_frames, head.sees_motion) == (False, True)
    assert (MOVEMENT.sees_frames, MOVEMENT.sees_motion) == (True, True)
