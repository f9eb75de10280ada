"""Which rushes a process has, and whether another has the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from rushes.errors import EngineError


def teller() -> Callable[[], dict[str, str]]:
    """Return what tells the versions of the process that calls it: `rushes`, `digest` (of its source) and `python`.

    It is defined in here so that Ray sends it as it stands, and a node can say what it has where that is no rushes, or
    another one.
    """

    def tell() -> dict[str, str]:
        import hashlib
        import sys
        from importlib import metadata, util
        from pathlib import Path

        told = {"python": f"{sys.version_info[0]}.{sys.version_info[1]}", "rushes": "", "digest": ""}
        found = util.find_spec("rushes")
        if found is not None and found.submodule_search_locations:
            digest, root = hashlib.sha256(), Path(next(iter(found.submodule_search_locations)))
            for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
                name, text = path.relative_to(root).as_posix(), path.read_bytes().replace(b"\r\n", b"\n")
                digest.update(f"{name}\0{len(text)}\0".encode() + text)
            told["digest"] = digest.hexdigest()
            try:
                told["rushes"] = metadata.version("rushes")
            except metadata.PackageNotFoundError:
                told["rushes"] = "of unknown version"
        return told

    return tell


@cache
def edition_here() -> Mapping[str, str]:
    """Return the versions of this process: `rushes`, `digest` and `python`."""
    return teller()()


def require_same(theirs: Mapping[str, str], *, machine: str) -> None:
    """Raise EngineError where this process has another rushes than the one that gave it work.

    Args:
        theirs: `edition_here` of that one.
        machine: how the machine of this process is called, for the message.
    """
    wrong = why_other(edition_here(), theirs)
    if wrong:
        raise EngineError(f"node {machine} {wrong}")


def why_other(edition: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """Return what a node has that differs from what the driver's machine has, to be read behind its name; or "".

    Args:
        edition: see `edition_here`; no `rushes` where the node has none.
    """
    if not edition.get("rushes"):
        return f"has no rushes. Install rushes {ours['rushes']} there, for Python {ours['python']}"
    if all(edition[key] == ours[key] for key in ("rushes", "digest", "python")):
        return ""
    here = f"rushes {ours['rushes']}, Python {ours['python']}"
    there = f"rushes {edition['rushes']}, Python {edition['python']}"
    if here == there:
        here, there = f"digest {ours['digest'][:12]}", f"{there} of other source (digest {edition['digest'][:12]})"
    return f"has {there}, and this machine {here}. Install the same on every node, then run this again"
