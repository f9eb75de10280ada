"""A bundle as a folder that a browser runs, without a server and without a connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rushes.bundles.browser_check import PAGE_FILE, check_in_browser, why_not
from rushes.bundles.browser_page import Part, format_page, read_licences, read_runtime, runtime_version
from rushes.bundles.browser_samples import collect_samples
from rushes.bundles.bundle import GRAPH_FILE, Bundle
from rushes.bundles.sealed import SealedFolder, check_free, is_page, open_sealed, schema_of, seal_folder, whole_folder
from rushes.errors import BundleError
from rushes.progress import Progress, silent
from rushes.storage.files import write_bytes, write_json, write_text

SCHEMA = "browser/1"
AGAIN = "Copy the whole folder again, or write it again from its bundle: rushes export BUNDLE --browser"
PARITY_FILE = "parity.json"
README_FILE = "README.md"
REQUIRED_FILES = (PAGE_FILE, PARITY_FILE, README_FILE)
# What a page may be large for it to be one file; browsers take more, but people who send it by mail do not.
ONE_FILE_BYTES = 40_000_000
_PARTS = {"model": "parts/model.onnx", "runtime": "parts/ort.wasm", "loader": "parts/ort.mjs",
          "samples": "parts/samples.bin"}  # fmt: skip


def is_browser_folder(path: Path) -> bool:
    """Return whether a folder is one that `export_browser` wrote, in any version."""
    return is_page(schema_of(path) or "")


def export_browser(
    bundle: Bundle,
    to_folder: Path,
    *,
    chromium: str | None = None,
    one_file_bytes: int = ONE_FILE_BYTES,
    progress: Progress = silent,
) -> SealedFolder:
    """Write a page that runs a bundle in a browser; the folder appears whole, or not at all.

    Args:
        to_folder: must not be there yet.
        chromium: the browser in which the page is opened before it is kept; None leaves the check to the page itself,
            which makes it whenever it is opened.
        one_file_bytes: up to which size all is one file, which runs when it is opened from a disk.

    Raises:
        BundleError: the bundle takes measures, the folder is taken, or the page does not answer as it should.
    """
    check_free(to_folder)
    if bundle.measures is not None:
        raise BundleError(f"{bundle.folder} takes measures of a picture ({', '.join(bundle.measures.names)}), which a "
                          "page cannot take. Train a recipe without input.features, then export that run")  # fmt: skip
    with whole_folder(to_folder) as folder:
        progress(0, 3, "packing the model")
        samples = collect_samples(bundle)
        data = {"model": bundle.read(GRAPH_FILE), "samples": samples.data} | read_runtime()
        config = _config_of(bundle, samples.parity, samples.decoding)
        page = format_page(config, [Part(name, held) for name, held in data.items()])
        if len(page) > one_file_bytes:
            (folder / "parts").mkdir()
            for name, held in data.items():
                write_bytes(folder / _PARTS[name], held)
            page = format_page(config, [Part(name, held, _PARTS[name]) for name, held in data.items()])
        write_text(folder / PAGE_FILE, page)
        for name, text in read_licences().items():
            write_bytes(folder / "onnxruntime-web" / name, text)
        progress(1, 3, "checking it in Chromium" if chromium else "not checked here: there is no Chromium")
        checked = _check(folder, chromium)
        write_json(folder / PARITY_FILE, {"schema": "browser-parity/1", "runtime": runtime_version()} | checked)
        progress(2, 3, "writing the folder")
        write_text(folder / README_FILE, _format_readme(bundle, checked, one_file=not (folder / "parts").is_dir()))
        run = {"bundle": {"name": bundle.name, "id": bundle.id}} | dict(bundle.run)
        seal_folder(folder, schema=SCHEMA, name=bundle.name, run=run, task=bundle.task)
    progress(3, 3, "done")
    return open_browser_folder(to_folder)


def open_browser_folder(path: Path) -> SealedFolder:
    """Return a browser folder, every file checked against its digest.

    Raises:
        BundleError: there is none, or a file is missing or was altered.
    """
    return open_sealed(path, schema=SCHEMA, required=REQUIRED_FILES, again=AGAIN)


def _check(folder: Path, chromium: str | None) -> dict[str, Any]:
    if chromium is None:
        reason = "there was no Chromium where it was exported; the page checks itself whenever it is opened"
        return {"checked": False, "reason": reason}
    report = check_in_browser(folder, chromium)
    if why := why_not(report):
        raise BundleError(f"the page does not answer as the bundle does, so nothing was written: {why}")
    return {"checked": True} | report


def _config_of(bundle: Bundle, parity: Mapping[str, Any], decoding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "bundle": {"name": bundle.name, "id": bundle.id, "task": bundle.task},
        "classes": list(bundle.classes),
        "preprocessing": bundle.preprocessing.to_table() | {"letterbox": bundle.preprocessing.letterbox},
        "working_size": bundle.working_size,
        "calibration": bundle.calibration.to_table(),
        "thresholds": None if bundle.thresholds is None else dict(bundle.thresholds),
        "parity": dict(parity),
        "decoding": dict(decoding),
    }


def _format_readme(bundle: Bundle, checked: Mapping[str, Any], *, one_file: bool) -> str:
    opened = (
        f"Open `{PAGE_FILE}` with a double click. All that it needs is in that one file, which can be copied, sent and "
        "put on any web host by itself.\n"
        if one_file
        else "The model is too large for one file, so that the folder needs a web server, any that hands out files. "
        "On this machine:\n\n    python -m http.server --bind 127.0.0.1 8000\n\n"
        "in this folder, then open http://127.0.0.1:8000 in a browser.\n"
    )
    proof = (
        f"At export it was opened in {_browser_name(checked)}: {checked['pictures']} stored samples, largest "
        f"difference of a probability {checked['largest_difference']:.1e}."
        if checked["checked"]
        else "At export there was no Chromium to try it in."
    )
    reach = "It makes no connection: its policy allows none." if one_file else "It connects to its own folder alone."
    return f"""# {bundle.name}, in a browser

A page that says for a picture, or for what a camera sees, which class of *{bundle.task}* it is:
{", ".join(bundle.classes)}. Pictures stay in the page. {reach}

{opened}
A browser gives its camera to pages from `https`, from `localhost` and from files on the machine.

{proof} The page makes this check again whenever it is
opened, and answers nothing where it does not hold. `rushes doctor` with this folder checks every file by its digest.

The page holds the bundle's stored samples, small copies of pictures. Pass it on only where those may be passed on.
ONNX Runtime Web ({runtime_version()}) is under the MIT licence, see `onnxruntime-web/`.
"""


def _browser_name(checked: Mapping[str, Any]) -> str:
    found = re.search(r"(Firefox|Edg|Chrome)/(\d+)", str(checked["browser"]))
    return f"{found[1]} {found[2]}" if found else "a browser"
