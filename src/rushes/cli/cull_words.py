"""What `rushes cull` says: the proposal, what it promises, and what was written or taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cli.door import Door, plural, table_of

if TYPE_CHECKING:
    from rushes.inference.cull import FoundPhotographs
    from rushes.inference.cull_apply import Applied
    from rushes.inference.cull_folders import FoundCull
    from rushes.inference.cull_undo import Undone
    from rushes.inference.verdicts import Cull, Verdict

_SHOOTS_SHOWN = 6
_REJECTS_SHOWN = 8
_KEPT_SHOWN = 5


def say_cull(door: Door, cull: Cull, found: FoundPhotographs, *, seconds: float, dry_run: bool, look: str) -> None:
    """Say what is proposed, what can be promised, and what to look at.

    Args:
        look: the command that shows the cull's audit sample.
    """
    count = len(cull.verdicts)
    picks = len(cull.picks)
    paired = sum(bool(one.companions) for one in found.photographs)
    beside = f", {paired:,} of them raw with the camera's JPEG or HEIC" if paired else ""
    rate = f", {count / seconds:.1f} a second" if seconds >= 1 else ""
    door.say(f"{plural(count, 'photograph')}{beside}; {seconds:.1f} s{rate}")
    if found.videos:
        door.say(f"{plural(found.videos, 'film')} passed over: a cull is of photographs")
    if found.gathered:
        door.warn(
            f"note: {plural(len(found.gathered), 'file')} left out that an earlier cull copied or linked here, "
            f"{found.gathered[0]} first"
        )
    if found.twins:
        earlier, later = found.twins[0]
        door.warn(
            f"note: {plural(len(found.twins), 'photograph')} of the same bytes as another of this shoot, {later} as "
            f"{earlier} first: each is judged by itself"
        )
    if count:
        would = "would pick" if dry_run else "picks"
        door.say(f"{would} {picks:,} ({picks / count:.0%}), rejects {count - picks:,}{_over_top(cull)}")
    if count and picks == count and cull.promise["aimed"] is not None:
        door.warn(
            f"note: nothing is rejected: by its validation shoots this model cannot keep {cull.control[10:]} of the "
            "good ones and leave any of these out. Ask for a lower --recall, or train on more shoots"
        )
    _say_promise(door, cull)
    _say_series(door, cull)
    _say_rejects(door, cull)
    drawn = [one for one in cull.rejects if one.audited]
    if drawn and not dry_run:
        door.say(f"\n{plural(len(drawn), 'reject')} drawn at random for you to look at: {look}")
    judged = {one.path for one in cull.verdicts}
    for one in cull.unreadable:
        if one.path in judged:
            door.warn(f"note: {one}. It was judged by what could be seen")
        else:
            door.fail_item(f"{one} It has no verdict" if one.reason.endswith(".") else f"{one}. It has no verdict")


def _over_top(cull: Cull) -> str:
    """Return why other than so many are picked as were asked for; "" where they are."""
    asked = int(cull.control[4:]) if cull.control.startswith("top ") else len(cull.picks)
    more = len(cull.picks) - min(asked, len(cull.verdicts))
    if more > 0:
        return f"; {more} more than asked for: of a bracket or the like that is kept whole, or of the same score"
    return f"; {-more} fewer than asked for: bursts are thinned" if more < 0 else ""


def say_unread(door: Door, cull: Cull, profile: str | None) -> None:
    """Warn of sidecars that the profile's editor does not read, before they are written."""
    if profile is None:
        return
    from rushes.xmp.profiles import PROFILES, unread_sidecar

    warnings = Counter(unread_sidecar(Path(one.path), PROFILES[profile]) for one in cull.verdicts)
    for warning, count in warnings.items():
        if warning:
            door.warn(f"note: {plural(count, 'photograph')}: {warning}")


def _say_promise(door: Door, cull: Cull) -> None:
    promise = cull.promise
    chosen = " (chosen on validation shoots)" if promise["aimed"] is not None else ""
    door.say(f"{cull.control}: {cull.class_name} from a score of {cull.threshold:.3g} on{chosen}")
    for key, words in (
        ("unseen", "on validation shoots, each by a threshold chosen on the others"),
        ("validation", "on validation shoots"),
        ("test", "on test shoots, which nothing was chosen by"),
    ):
        if promise[key] is not None and (key != "validation" or promise["unseen"] is None):
            door.say(f"  {words}: {_found(promise[key])}")
    here = promise["here"]
    if promise["validation"] is not None:
        known = (promise["unseen"] or promise["validation"])["recall"]["low"] is not None
        by = "by their scores and by these shoots" if known else "by their scores alone"
        rejects = plural(len(cull.rejects), "reject")
        door.say(
            f"  here: about {here['misses']:.1f} good ones are expected among the {rejects} "
            f"({here['misses_low']:.1f} to {here['misses_high']:.1f}), {by}"
        )
    _say_single_shoots(door, cull)
    shoots = (promise["unseen"] or promise["validation"] or {}).get("shoots", [])
    if len(shoots) > 1:
        rows = [
            [one["shoot"], one["photographs"], one["keepers"], one["kept"], _share(one["kept"], one["keepers"]),
             _share(one["picked"], one["photographs"])]
            for one in shoots[:_SHOOTS_SHOWN]
        ]  # fmt: skip
        title = "Shoots whose good ones are known, the lowest recall first"
        door.show(table_of(title, ["shoot", "photographs", "good", "kept", "recall", "picked"], rows))
    for note in promise["notes"]:
        door.warn(f"note: {note}")


def _say_single_shoots(door: Door, cull: Cull) -> None:
    """Say how single shoots vary around the recall of all: a new shoot is one of these, and no mean."""
    found = cull.promise["unseen"] or cull.promise["validation"]
    recalls = [one["kept"] / one["keepers"] for one in found["shoots"] if one["keepers"]] if found else []
    if len(recalls) < 2:
        return
    asked = cull.control.removeprefix("recall >= ")
    reach = (
        f"; {sum(one >= float(asked) for one in recalls)} of {len(recalls)} reach {asked}"
        if asked != cull.control
        else ""
    )
    door.say(f"  single shoots: recall {min(recalls):.3f} to {max(recalls):.3f}{reach}")


def _found(found: Mapping[str, Any]) -> str:
    return f"recall {_estimate(found['recall'])}, picking {_estimate(found['keep_rate'])} of all"


def _estimate(estimate: Mapping[str, Any]) -> str:
    """Return a share over all shoots with where its mean over such shoots lies: an interval, of few shoots a range."""
    if estimate["value"] is None:
        return "undefined"
    if estimate["low"] is None or estimate["high"] is None:
        return f"{estimate['value']:.3f}"
    kind = "95 %" if estimate["level"] is not None else f"range over {plural(estimate['groups'], 'shoot')}"
    return f"{estimate['value']:.3f} ({kind}: {estimate['low']:.3f} to {estimate['high']:.3f})"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "–"


def _say_series(door: Door, cull: Cull) -> None:
    if not cull.series:
        return
    kinds: Counter[str] = Counter(one.kind for one in cull.series)
    members = sum(len(one.members) for one in cull.series)
    words = {"burst": "bursts", "bracket": "brackets", "focus stack": "focus stacks", "panorama": "panoramas"}
    named = ", ".join(plural(kinds[kind], kind, many) for kind, many in words.items() if kinds[kind])
    door.say(f"{named}: {plural(members, 'photograph')}; brackets, stacks and panoramas are kept or rejected whole")


def _say_rejects(door: Door, cull: Cull) -> None:
    """Show the rejects nearest to the threshold, with what speaks against them: where a look pays first."""
    nearest = sorted(cull.rejects, key=lambda one: -one.score)[:_REJECTS_SHOWN]
    if not nearest:
        return
    rows = [
        [_short(one.path, cull.folder), f"{one.score:.3f}", _against(one)]
        for one in nearest
    ]  # fmt: skip
    door.show(table_of("Rejects nearest to being picked", ["photograph", "score", "against it"], rows))
    if any(one.reasons for one in nearest):
        door.say(
            "What is measured is among what this model takes; which of it decided is not said"
            if cull.takes_measures
            else "What is measured are facts beside the score: this model takes the pixels alone"
        )


def _against(verdict: Verdict) -> str:
    """Return what was measured against a photograph, else what decided."""
    against = [one for one in verdict.reasons if one.speaks == "against" and one.measure != "duplicate"]
    return against[0].words if against else verdict.why


def _short(path: str, folder: str) -> str:
    inside = Path(path)
    return str(inside.relative_to(folder)) if inside.is_relative_to(folder) else path


def say_applied(door: Door, applied: Applied) -> None:
    """Say what was written, and what of the photographer's own was left as it was."""
    done = [
        plural(applied.sidecars, "sidecar") if applied.sidecars else "",
        plural(applied.copies, "copy", "copies") if applied.copies else "",
        plural(applied.links, "link") if applied.links else "",
        plural(applied.tables, "table") if applied.tables else "",
    ]
    said = ", ".join(one for one in done if one) or "nothing new"
    before = f"; {applied.before:,} done before" if applied.before else ""
    same = f"; {applied.unchanged:,} stood there already" if applied.unchanged else ""
    door.say(f"wrote {said}{same}{before} ({applied.seconds:.1f} s)")
    for path, kept in list(applied.kept.items())[:_KEPT_SHOWN]:
        door.warn(f"note: {path}: your own mark stands as it was ({'; '.join(kept)})")
    if len(applied.kept) > _KEPT_SHOWN:
        door.warn(f"note: … and {len(applied.kept) - _KEPT_SHOWN} more sidecars in which your own marks were left")


def say_undone(door: Door, undone: Undone) -> None:
    """Say what was taken back."""
    done = [
        f"{undone.restored:,} restored byte for byte" if undone.restored else "",
        f"{undone.removed:,} removed that were not there before" if undone.removed else "",
        f"{plural(undone.copies, 'copy', 'copies')} removed" if undone.copies else "",
        f"{plural(undone.links, 'link')} removed" if undone.links else "",
        f"{undone.already:,} taken back already" if undone.already else "",
        f"{undone.left:,} left to do" if undone.left else "",
    ]
    said = ", ".join(one for one in done if one) or "nothing stood any more"
    door.say(f"{undone.folder.name}: {said} ({undone.seconds:.1f} s)")


def say_culls(door: Door, culls: Sequence[FoundCull], home: Path) -> None:
    """Show the culls that there are."""
    if not culls:
        door.say(f"no culls in {home}")
        return
    rows = [
        [one.name, one.created_at[:16].replace("T", " "), one.shoot, one.state, one.writes, one.copies + one.links]
        for one in culls
    ]
    columns = ["cull", "made (UTC)", "shoot", "state", "files written", "copies and links"]
    door.show(table_of(None, columns, rows, whole=("cull",)))
