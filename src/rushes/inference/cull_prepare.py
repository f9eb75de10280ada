"""What a step of a cull still has to write, by what stands on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from rushes.errors import XmpError
from rushes.inference.cull_files import UnfitError, discard, holds_the_same, read_standing, refuse_second_name
from rushes.inference.cull_journal import Intent
from rushes.inference.cull_outputs import Decided, Gather, WriteSidecar, WriteTable
from rushes.inference.cull_work import Prepared, Work
from rushes.storage.files import digest_of_bytes, temporary_beside
from rushes.xmp.marks import CullMark, Marks
from rushes.xmp.merge import Merged, merge_mark, merge_marks
from rushes.xmp.profiles import PROFILES

Standing = tuple[bytes, os.stat_result]


def prepare(work: Work, step: WriteSidecar | Gather | WriteTable) -> list[Prepared]:
    """Return what a step has to write; nothing where it is done, or where it is listed why it cannot be.

    Folders that are missing are made.

    Raises:
        StopError: nothing can be done any more.
    """
    return _prepare_gather(work, step) if isinstance(step, Gather) else _prepare_write(work, step)


def _prepare_write(work: Work, step: WriteSidecar | WriteTable) -> list[Prepared]:
    if work.is_done(step):
        work.counts["before"] += 1
        return []
    if isinstance(step, WriteSidecar) and not _is_as_judged(work, step.photograph, step.companions):
        return []
    path = _as_it_stands(Path(step.path))
    if _is_shut(work, str(path.parent)):
        return []
    counted = "tables" if isinstance(step, WriteTable) else "sidecars"
    try:
        there = _standing_at(work, (step.key, *step.rivals), path)
        _settle_rivals(work, step, there)
        if _went_through(work, step.key, there, counted):
            return []
        data = step.text.encode() if isinstance(step, WriteTable) else _merged(work, step, path, there)
        if there is not None and there[0] == data:
            work.counts["unchanged"] += 1
            return []
        if there is not None:
            refuse_second_name(there[1])
        _make_folder(work, path.parent)
    except UnfitError as error:
        work.fail(str(path), str(error))
        return []
    except XmpError as error:
        work.fail(str(path), _xmp_words(error))
        return []
    except OSError as error:
        work.explain(Prepared(Intent(step.key, "write", str(path)), counted, str(path.parent), b""), error)
        return []
    photograph = step.photograph if isinstance(step, WriteSidecar) else ""
    intent = Intent(step.key, "write", str(path), digest_of_bytes(data), there, photograph=photograph)
    return [Prepared(intent, counted, str(path.parent), data, None if there is None else there[1])]


def _is_as_judged(work: Work, photograph: str, companions: Sequence[str]) -> bool:
    """Return whether a photograph is there, and it and its companions are as they were looked at; list it else.

    A companion that is gone is no matter: the photograph is still the one that was judged.
    """
    for file in (photograph, *companions):
        try:
            found = Path(file).stat()
        except OSError:
            if file != photograph:
                continue
            work.check_shoot()
            work.fail(photograph, "is not there any more, so nothing was done with it. Cull the folder again")
            return False
        if work.seen.get(file, (found.st_size, found.st_mtime_ns)) != (found.st_size, found.st_mtime_ns):
            what = "" if file == photograph else f"has {Path(file).name} beside it, which "
            reason = f"{what}was changed since the cull looked at it, so nothing was done. Cull the folder again"
            work.fail(photograph, reason)
            return False
    return True


def _as_it_stands(path: Path) -> Path:
    """Return the path of a sidecar, with its extension in capitals where only such a one is there."""
    if path.suffix != ".xmp" or os.path.lexists(path):
        return path
    return next((other for end in (".XMP", ".Xmp") if (other := path.with_suffix(end)).is_file()), path)


def _is_shut(work: Work, place: str) -> bool:
    if place in work.shut:
        work.shut_counts[place] += 1
    return place in work.shut


def _standing_at(work: Work, keys: Sequence[str], path: Path) -> Standing | None:
    """Return what stands at a path; what a killed process of ours left there unfinished is removed.

    Args:
        keys: of the steps that write there.
    """
    begun = [one for key in keys if (one := work.standing.get(key)) is not None and one.status == "begun"]
    if begun:
        discard(temporary_beside(path, owner=work.owner))  # it may be a second name of the file
    there = read_standing(path)
    if there is not None and not there[0] and any(change.before is None for change in begun):
        path.unlink()
        return None
    return there


def _settle_rivals(work: Work, step: WriteSidecar | WriteTable, there: Standing | None) -> None:
    """Note what became of what a killed process began for another profile, before it is written over."""
    for key in step.rivals:
        change = work.standing.get(key)
        if change is None or change.status != "begun":
            continue
        if there is not None and digest_of_bytes(there[0]) == change.digest:
            work.mark_done([change])
        else:
            work.give_up([change])


def _went_through(work: Work, key: str, there: Standing | None, counted: str) -> bool:
    """Return whether a step that a killed process began was carried out; note that it was, or that it was not."""
    change = work.standing.get(key)
    if change is None or change.status != "begun":
        return False
    if there is not None and digest_of_bytes(there[0]) == change.digest:
        work.mark_done([change])
        work.counts[counted] += 1
        return True
    work.give_up([change])
    return False


def _merged(work: Work, step: WriteSidecar, path: Path, there: Standing | None) -> bytes:
    """Return a sidecar with its mark.

    In a folder of sidecars, names of several shoots meet: what stands there is merged with where a cull wrote it for
    this very photograph, or where it is what stands beside the photograph, marks of culls aside.

    Raises:
        XmpError: what stands there is no XML.
        UnfitError: what it begins with is no file, or what stands there is another photograph's.
    """
    elsewhere = Marks() if isinstance(step.mark, Decided) else work.marks_elsewhere(step.photograph, step.companions)
    merge = partial(
        _with_mark, mark=step.mark, profile=step.profile, name=Path(step.photograph).name, elsewhere=elsewhere
    )
    base = read_standing(_as_it_stands(Path(step.base))) if step.base else None
    if step.base and there is not None:
        whose = work.owner_of(str(path))
        is_own = bool(whose) and os.path.realpath(whose) == os.path.realpath(step.photograph)
        holds_it = base is not None and merge(there).data == merge(base).data
        if not is_own and (whose or not holds_it):
            of = f"is the sidecar of {whose}" if whose else "may be the sidecar of another photograph"
            raise UnfitError(f"{of}, so nothing was written. Name another folder (--xmp-to)")
    merged = merge(there or base)
    if merged.kept:
        work.kept[step.path] = merged.kept
    return merged.data


def _with_mark(
    there: Standing | None, *, mark: CullMark | Decided, profile: str, name: str, elsewhere: Marks
) -> Merged:
    """Return a sidecar with a mark of a cull, or with what a person decided."""
    existing = there[0] if there else None
    if isinstance(mark, Decided):
        return merge_marks(existing, mark.marks, PROFILES[profile], photograph_name=name)
    return merge_mark(existing, mark, PROFILES[profile], photograph_name=name, elsewhere=elsewhere)


def _xmp_words(error: XmpError) -> str:
    return str(error).removeprefix(f"{error.sidecar}: ")


def _make_folder(work: Work, folder: Path) -> None:
    """Make a folder and those around it, each known to the journal."""
    missing: list[Path] = []
    while not folder.is_dir() and folder != folder.parent:
        missing.insert(0, folder)
        folder = folder.parent
    changes = work.intend([Intent(f"folder {path}", "folder", str(path)) for path in missing])
    for path in missing:
        try:
            path.mkdir(exist_ok=True)
        except OSError:
            work.give_up(changes)
            raise
    if changes:
        work.mark_done(changes)


def _prepare_gather(work: Work, step: Gather) -> list[Prepared]:
    keys = [*map(step.key_of, step.files), *(_sidecar_key(step, path) for path, _ in _sidecars_there(step))]
    if all(work.status_of(key) == "done" for key in keys):
        work.counts["before"] += 1
        return []
    if _is_shut(work, step.root) or not _is_as_judged(work, step.photograph, step.files[1:]):
        return []
    try:
        prefix = _free_prefix(work, step)
        if prefix is None:
            work.fail(
                step.photograph,
                f"another file of its name stands in {step.folder}, and under {step.prefix}… too. Nothing was "
                "overwritten; rename or move that one, then run this again",
            )
            return []
        _make_folder(work, Path(step.folder))
        if step.root not in work.roots:
            root = Path(step.root).stat()
            work.roots[step.root] = (root.st_dev, root.st_ino)
        return [*_files_left(work, step, prefix), *_sidecars_left(work, step, prefix)]
    except OSError as error:
        first = Intent(keys[0], "copy", str(Path(step.folder, Path(step.files[0]).name)), source=step.files[0])
        work.explain(Prepared(first, "copies", step.root), error)
        return []


def _sidecar_key(step: Gather, sidecar: Path) -> str:
    return f"sidecar {sidecar} > {step.folder}"


def _free_prefix(work: Work, step: Gather) -> str | None:
    """Return what to put before the names of a photograph's files so that none meets another file; None: nothing."""
    work.check_root(step.root)
    for source in step.files:
        change = work.standing.get(step.key_of(source))
        if change is not None:  # where an earlier call brought it
            return Path(change.path).name.removesuffix(Path(source).name)
    for prefix in ("", step.prefix):
        if all(_place_of(source, _target(step, source, prefix)) != "taken" for source in step.files):
            return prefix
    return None


def _target(step: Gather, source: str, prefix: str) -> Path:
    return Path(step.folder, prefix + Path(source).name)


def _place_of(source: str, target: Path) -> str:
    """Return what is at a copy's place: `free`, `same` or `taken`."""
    if not os.path.lexists(target):
        return "free"
    return "same" if target.is_file() and holds_the_same(Path(source), target) else "taken"


def _files_left(work: Work, step: Gather, prefix: str) -> Iterator[Prepared]:
    """Yield the photograph and its companions as far as they are not there."""
    kind, counted = ("link", "links") if step.links else ("copy", "copies")
    for source in step.files:
        key, target = step.key_of(source), _target(step, source, prefix)
        change = work.standing.get(key)
        if change is not None and change.status == "done":
            continue
        if change is not None and target.is_file() and target.stat().st_size == 0:  # a killed process left it
            target.unlink()
        place = _place_of(source, target)
        if change is not None and place == "same":
            work.mark_done([change])
            work.counts[counted] += 1
        elif place == "same":
            work.counts["unchanged"] += 1
        elif place == "free":
            if change is not None:
                work.give_up([change])
            intent = Intent(key, "link" if kind == "link" else "copy", str(target), source=source)
            yield Prepared(intent, counted, step.root)
        else:
            work.fail(source, f"another file came to stand at {target}. Nothing was overwritten; rename or move it")


def _sidecars_left(work: Work, step: Gather, prefix: str) -> Iterator[Prepared]:
    """Yield the sidecars that come along, the profile's own with the mark, as far as they are not there."""
    taken: list[os.stat_result] = []
    for source, marked in _sidecars_there(step):
        target, key = Path(step.folder, prefix + source.name), _sidecar_key(step, source)
        if work.status_of(key) == "done":
            continue
        found = source.stat() if source.exists() else None
        if found is not None and any(os.path.samestat(found, one) for one in taken):
            continue  # one file, whatever the case of its name
        taken += [found] if found is not None else []
        try:
            there = _standing_at(work, (key,), target)
            if _went_through(work, key, there, "sidecars"):
                continue
        except UnfitError as error:
            work.fail(str(target), str(error))
            continue
        data = _sidecar_data(work, step, source, prefix, marked=marked)
        if there is None:
            yield Prepared(
                Intent(key, "write", str(target), digest_of_bytes(data), source=str(source) if found else ""),
                "sidecars",
                step.root,
                data,
            )
        elif there[0] != data:
            work.fail(str(target), "another sidecar stands there. Nothing was overwritten; rename or move it")


def _sidecars_there(step: Gather) -> Iterator[tuple[Path, bool]]:
    """Yield the sidecars that stand beside a photograph, and the one that is to be marked, with whether it is."""
    own = _as_it_stands(Path(step.own)) if step.own else None
    if own is not None:
        yield own, True
    for name in step.sidecars:
        path = Path(name)
        if path != own and path.is_file():
            yield path, False


def _sidecar_data(work: Work, step: Gather, source: Path, prefix: str, *, marked: bool) -> bytes:
    """Return the bytes of a sidecar for the folder; one that cannot be marked comes along as it is."""
    there = (source.read_bytes(), source.stat()) if source.is_file() else None
    if not marked or step.mark is None:
        return there[0] if there else b""
    name = prefix + Path(step.photograph).name
    try:
        elsewhere = work.marks_elsewhere(step.photograph, step.files[1:])
        merged = _with_mark(there, mark=step.mark, profile=step.profile, name=name, elsewhere=elsewhere)
    except XmpError as error:
        work.fail(str(source), f"{_xmp_words(error)}. The picks have a copy of it as it is")
        return there[0] if there else b""
    if merged.kept:
        work.kept[str(Path(step.folder, prefix + source.name))] = merged.kept
    return merged.data
