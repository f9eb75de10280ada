"""Shoots whose raws are a few bytes, and culls of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rushes.inference.verdicts import Cull, Verdict

RATED = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:my="http://example.org/mine/"
   xmp:Label="Blue" my:note="NOTE"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


def sidecar(note: str) -> bytes:
    """Return a sidecar with a word of the photographer's own."""
    return RATED.replace(b"NOTE", note.encode())


def make_shoot(folder: Path, names: Sequence[str], *, sidecars: Mapping[str, bytes] | None = None) -> Path:
    """Write files of a few bytes, each with its own, and sidecars as given, changed an hour ago."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"the raw {name}".encode())
    for name, data in (sidecars or {}).items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o640)
        os.utime(folder / name, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
    return folder


def make_cull(
    shoot: Path, picks: Sequence[str], rejects: Sequence[str] = (), *, bundle: str = "b1", name: str = "one"
) -> Cull:
    """Return a cull; of a name with a comma, what follows are companions."""
    verdicts = [_verdict(shoot, one, pick=True) for one in picks] + [
        _verdict(shoot, one, pick=False) for one in rejects
    ]
    return Cull(
        name=name,
        created_at="2026-11-26T10:00:00Z",
        folder=str(shoot),
        task="select",
        class_name="select",
        bundle=bundle,
        bundle_path="/bundles/b1",
        control="threshold 0.5",
        threshold=0.5,
        verdicts=tuple(verdicts),
    )


def _verdict(shoot: Path, names: str, *, pick: bool) -> Verdict:
    main, *companions = (str(shoot / name) for name in names.split(","))
    score = 0.9 if pick else 0.1
    return Verdict(main, tuple(companions), "pick" if pick else "reject", score, "score")


def tree(folder: Path, *, times: bool = True) -> dict[str, tuple[bytes, int, int]]:
    """Return the files below a folder: bytes, mode and, where asked, time of change."""
    return {
        str(path.relative_to(folder)): (
            path.read_bytes(),
            path.stat().st_mode,
            path.stat().st_mtime_ns if times else 0,
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of the files below a folder."""
    return {name: one[0] for name, one in tree(folder).items()}


def originals(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return the photographs below a folder, as `tree` does."""
    return {name: one for name, one in tree(folder).items() if not name.lower().endswith((".xmp", ".pp3"))}
