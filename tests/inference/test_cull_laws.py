"""Whatever is done in whatever order, a sidecar is what a photographer's program wrote last, or a cull that stands."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import booleans, sampled_from

from inference.culls import make_cull, make_shoot, originals, sidecar
from rushes.errors import CullError
from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull

NAMES = ["a", "b", "c"]
CULLS = ["one", "two"]


class Culling(RuleBasedStateMachine):
    """Two culls of one shoot, and an editor that writes, changes and removes sidecars in between."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.base = Path(self.place.name)
        self.shoot = make_shoot(self.base / "lake", [f"{name}.CR3" for name in NAMES], sidecars={"a.xmp": sidecar("a")})
        self.raws = originals(self.shoot)
        self.edits = 0
        self.theirs = {name: self.now(name) for name in NAMES}  # what the editor left last

    def teardown(self) -> None:
        self.place.cleanup()

    def now(self, name: str) -> bytes | None:
        path = self.shoot / f"{name}.xmp"
        return path.read_bytes() if path.exists() else None

    @rule(cull=sampled_from(CULLS), profile=sampled_from(["adobe", "bridge"]), stopped=booleans())
    def cull(self, cull: str, profile: str, stopped: bool) -> None:
        picks, rejects = (["a.CR3", "b.CR3"], ["c.CR3"]) if cull == "one" else (["c.CR3"], ["a.CR3", "b.CR3"])
        made = make_cull(self.shoot, picks, rejects, bundle=cull, name=cull)
        applied = apply_cull(made, Outputs(profile=profile), folder=self.base / "culls" / cull, stop=lambda: stopped)
        assert applied.failures == ()

    @rule(cull=sampled_from(CULLS))
    def undo(self, cull: str) -> None:
        with suppress(CullError):  # there is none yet, or a later one wrote over it
            undo_cull(self.base / "culls" / cull)

    @rule(name=sampled_from(NAMES))
    def edit(self, name: str) -> None:
        self.edits += 1
        before = self.now(name) or sidecar("new")
        data = before + f"<!-- edit {self.edits} -->\n".encode()
        (self.shoot / f"{name}.xmp").write_bytes(data)
        self.theirs[name] = data

    @rule(name=sampled_from(NAMES))
    def remove(self, name: str) -> None:
        (self.shoot / f"{name}.xmp").unlink(missing_ok=True)
        self.theirs[name] = None

    @rule()
    def undo_all(self) -> None:
        for cull in CULLS * 2:  # one of the two orders is the right one
            self.undo(cull)
        assert {name: self.now(name) for name in NAMES} == self.theirs

    @invariant()
    def photographs_are_as_they_were(self) -> None:
        assert originals(self.shoot) == self.raws
        assert not [path for path in self.shoot.iterdir() if path.name.startswith(".")]


TestCulling = Culling.TestCase
TestCulling.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
