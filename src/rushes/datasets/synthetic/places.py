"""All places, by name."""

from __future__ import annotations

from collections.abc import Mapping

from rushes.datasets.synthetic.indoors import INDOORS
from rushes.datasets.synthetic.outdoors import OUTDOORS
from rushes.datasets.synthetic.place import Place

PLACES: Mapping[str, Place] = {**OUTDOORS, **INDOORS}
