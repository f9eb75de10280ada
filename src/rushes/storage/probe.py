"""Whether a place can be listed, written to and read from, and how far its clock is from this machine's."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from rushes.errors import RushesError
from rushes.storage.object_folder import object_folder
from rushes.storage.places import Remote, parse_place

MOST_SKEW_SECONDS = 300.0  # S3 takes no request whose clock is off by more than 900


@dataclass(frozen=True, slots=True)
class Probed:
    """What was found of a place.

    Attributes:
        place: where it is, without what may be a signature.
        reachable: it can be listed.
        writable: an object was written, read as it was, and removed again.
        skew_seconds: by how much its clock is ahead of this machine's; None where it is not known.
        reason: what is wrong and what to do; "" where nothing is.
    """

    place: str
    reachable: bool
    writable: bool
    skew_seconds: float | None
    reason: str


def probe(address: str) -> Probed:
    """Look at a place: list it, write a small object, read it and remove it. What goes wrong is an answer."""
    shown, reachable, skew = address.partition("?")[0], False, None
    key, word = f"rushes-probe-{secrets.token_hex(8)}", secrets.token_bytes(16)

    def reason_of(error: Exception) -> str:
        return str(error).removeprefix(f"{shown}: ").replace(f"{shown}{key}: ", "")

    try:
        place = parse_place(address)
        shown = str(place)
        folder = object_folder(place)
        next(iter(folder.listing()), None)
        reachable = True
        before = datetime.now(UTC)
        try:
            folder.write(key, word)
            state = folder.state(key)
            if folder.read(key) != word:
                return Probed(shown, True, False, None, "what is read is not what was written. Check the store")
            if isinstance(place, Remote) and state is not None and state.modified is not None:
                after = datetime.now(UTC)
                # A store states whole seconds: a second either way says nothing.
                late, early = (state.modified - after).total_seconds(), (state.modified - before).total_seconds()
                skew = 0.0 if early >= -1 and late <= 1 else round(late, 1)
        finally:
            # What went wrong before goes first: here nothing is raised that would stand in its place.
            try:
                left = folder.delete([key]).get(key)
            except (RushesError, OSError) as error:
                left = f"was not removed: {reason_of(error)}"
        if left is not None:
            return Probed(shown, True, False, skew, f"{key} was written and {left}")
    except (RushesError, OSError) as error:
        return Probed(shown, reachable, False, skew, reason_of(error))
    if skew is not None and abs(skew) > MOST_SKEW_SECONDS:
        return Probed(
            shown, True, True, skew, f"its clock and this machine's differ by {abs(skew):.0f} s. Set this one right"
        )
    return Probed(shown, True, True, skew, "")
