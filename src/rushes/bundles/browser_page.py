"""The page of a browser folder: one HTML file whose scripts and styles are the only ones that it runs."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import lzma
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.errors import BundleError
from rushes.storage.files import digest_of_bytes

SOURCES = Path(__file__).parent / "browser"
VENDOR = SOURCES / "vendor"
# Each file before those that import from it: they are joined into one script, without their imports.
PAGE_MODULES = ("answers.js", "sheet.js", "page.js")
WORKER_MODULES = ("planes.js", "letterbox.js", "pixels.js", "answers.js", "worker.js")
_LOADER, _RUNTIME = "ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm.xz"
_LICENCE, _NOTICES = "LICENSE.txt", "ThirdPartyNotices.txt.xz"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./[\w.]+";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=function |async function |const )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes that the page unpacks when it is opened: the model, its samples, or what runs it.

    Attributes:
        file: where they lie beside the page; "" of those that are written into it.
    """

    name: str
    data: bytes
    file: str = ""

    def to_table(self) -> dict[str, Any]:
        table: dict[str, Any] = {"bytes": len(self.data), "sha256": digest_of_bytes(self.data)}
        return table | ({"file": self.file} if self.file else {})


def read_runtime() -> dict[str, bytes]:
    """Return ONNX Runtime Web as `loader` (a module) and `runtime` (WebAssembly), each as its digest says.

    Raises:
        BundleError: what stands in the package is not what was put there.
    """
    return {"loader": _vendored(_LOADER), "runtime": _vendored(_RUNTIME)}


def read_licences() -> dict[str, bytes]:
    """Return name -> the licence of ONNX Runtime Web, and those of what it is made of."""
    return {_LICENCE: _vendored(_LICENCE), _NOTICES.removesuffix(".xz"): _vendored(_NOTICES)}


def runtime_version() -> str:
    """Return `onnxruntime-web 1.30.0`, whichever it is."""
    package = _package()
    return f"{package['name']} {package['version']}"


def join_modules(names: Sequence[str]) -> str:
    """Return modules of the page as one script that imports and exports nothing."""
    texts = ((SOURCES / name).read_text(encoding="utf-8") for name in names)
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", text)) for text in texts)


def format_page(config: Mapping[str, Any], parts: Sequence[Part]) -> str:
    """Return the page, with the parts that have no file of their own in it.

    Args:
        config: what the page is told: classes, preprocessing, calibration, thresholds, expected answers.
    """
    style = (SOURCES / "page.css").read_text(encoding="utf-8")
    script = join_modules(PAGE_MODULES)
    told = dict(config) | {"parts": {part.name: part.to_table() for part in parts}}
    data = [_block("config", "application/json", json.dumps(told, ensure_ascii=False).replace("<", "\\u003c"))]
    data.append(_block("worker", "text/plain", join_modules(WORKER_MODULES)))
    data += [_block(f"part-{part.name}", "text/plain", _packed(part.data)) for part in parts if not part.file]
    values = {
        "policy": _policy(script, style, connects=any(part.file for part in parts)),
        "title": html.escape(f"{config['bundle']['task']}: {config['bundle']['name']}"),
        "task": html.escape(config["bundle"]["task"]),
        "classes": html.escape(_listed(config["classes"])),
        "licence": html.escape(_vendored(_LICENCE).decode()),
        "style": style,
        "script": script,
        "data": "\n".join(data),
    }
    template = (SOURCES / "page.html").read_text(encoding="utf-8")
    return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], template)


def _policy(script: str, style: str, *, connects: bool) -> str:
    """Return the policy that lets the page run its own scripts, and reach nothing but its folder, or nothing at all."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hashed(script)}' blob: 'wasm-unsafe-eval'",
            "worker-src blob:",
            f"style-src '{_hashed(style)}'",
            "img-src blob: data:",
            "media-src blob: mediastream:",
            "connect-src 'self'" if connects else "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _listed(classes: Sequence[str], *, most: int = 12) -> str:
    more = len(classes) - most
    return ", ".join(classes) if more <= 0 else f"{', '.join(classes[:most])} and {more} more"


def _block(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>'


def _hashed(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _packed(data: bytes) -> str:
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode()


def _package() -> dict[str, Any]:
    package: dict[str, Any] = json.loads((VENDOR / "VENDOR.json").read_text(encoding="utf-8"))["packages"][0]
    return package


def _vendored(name: str) -> bytes:
    """Return a file of the package, unpacked where it is packed, its digests checked."""
    stated = next(file for file in _package()["files"] if file["name"] == name)
    data = (VENDOR / name).read_bytes()
    unpacked = lzma.decompress(data) if name.endswith(".xz") and digest_of_bytes(data) == stated["sha256"] else data
    if digest_of_bytes(unpacked) != stated.get("unpacked_sha256", stated["sha256"]):
        raise BundleError(f"{VENDOR / name} was altered since rushes was installed. Install rushes again")
    return unpacked
