"""`rushes doctor`: what is installed, and whether a bundle still computes what it was certified to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, table_of
from rushes.cli.options import DebugOption, JsonOption, verb_app
from rushes.errors import is_installed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rushes.bundles.runtimes import Checked

app = verb_app()

# package -> (module, what it is for, the extra it comes with)
_PACKAGES = {
    "av": ("av", "videos", "base"),
    "opencv-python-headless": ("cv2", "resizing, colours", "base"),
    "pillow": ("PIL", "photographs", "base"),
    "pillow-heif": ("pillow_heif", "HEIC photographs", "base"),
    "rawpy": ("rawpy", "camera raws", "base"),
    "onnxruntime": ("onnxruntime", "prediction", "base"),
    "polars": ("polars", "sheets and tables", "base"),
    "sqlalchemy": ("sqlalchemy", "the catalog", "base"),
    "psycopg": ("psycopg", "a catalog in PostgreSQL", "postgres"),
    "obstore": ("obstore", "s3://, gs://, az:// and https:// places", "cloud"),
    "boto3": ("boto3", "datasets in S3", "cloud"),
    "google-auth": ("google.auth", "Google Sheets that are not public", "sheets"),
    "requests": ("requests", "Google Sheets", "sheets"),
    "torch": ("torch", "training and export", "train"),
    "timm": ("timm", "pretrained backbones", "train"),
    "scikit-learn": ("sklearn", "heads on frozen features", "train"),
    "onnxscript": ("onnxscript", "export to ONNX", "train"),
    "torchvision": ("torchvision", "changes to training pictures", "train"),
    "optuna": ("optuna", "searches by Optuna", "train"),
    "fastapi": ("fastapi", "the review page", "app"),
    "uvicorn": ("uvicorn", "the review page", "app"),
    "openvino": ("openvino", "faster prediction", "openvino"),
    "ai-edge-litert": ("ai_edge_litert", "LiteRT graphs", "litert"),
    "mlflow-skinny": ("mlflow", "runs sent to MLflow", "mlflow"),
}


@app.command(epilog="Example: rushes doctor bundles/scale")
def doctor(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle, or a browser folder, to check by its own certificate.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Say what is installed and what is missing; with a bundle, compute its stored samples and compare."""
    with opened(as_json=as_json, debug=debug) as door:
        from importlib.metadata import PackageNotFoundError, version

        rows = []
        for package, (module, purpose, extra) in _PACKAGES.items():
            there = is_installed(module)
            try:
                found = version(package) if there else None
            except PackageNotFoundError:
                found = "present"
            remedy = "" if there else f"pip install 'rushes{'' if extra == 'base' else f'[{extra}]'}'"
            rows.append({"package": package, "version": found, "for": purpose, "extra": extra, "remedy": remedy})
        if bundle is None:
            cells = [[row["package"], row["version"] or "missing", row["for"], row["remedy"]] for row in rows]
            door.show(table_of(None, ["package", "version", "for", "to install"], cells))
            watchers = _watchers()
            for line in _lines_of_watchers(watchers):
                door.say(line)
            door.finish({"packages": rows, "watchers": watchers, "store": _look_at_store(door)})
        from rushes.bundles.browser_folder import is_browser_folder

        if is_browser_folder(bundle):
            from rushes.cli.export_browser import check_browser_folder

            check_browser_folder(door, bundle)
        checked = _check(bundle)
        parity = checked[0].parity
        door.say(f"{bundle}: every digest is right")
        for one in checked:
            door.say(f"  {one.runtime.name}: {_words_of(one)}")
        for one in checked:
            if one.state == "differs" and one.certified:
                door.fail_item(f"{bundle}: {one.runtime.name} does not compute here what it was certified to: "
                               f"{one.reason or _describe(one)}")  # fmt: skip
        door.finish({"bundle": str(bundle), "pictures": parity.pictures if parity else None,
                     "difference": parity.largest_difference if parity else None,
                     "runtimes": [one.to_table() for one in checked], "failed": door.failed})  # fmt: skip


def _look_at_store(door: Door) -> dict[str, Any] | None:
    """Say how the store of the project around is, and return it; None where there is no project, or no store."""
    from dataclasses import asdict

    from rushes.errors import ProjectError
    from rushes.project import find_project

    try:
        address = find_project(None).store
    except ProjectError:
        return None
    if not address:
        return None
    from rushes.storage.probe import probe

    found = probe(address)
    if found.reason:
        door.fail_item(f"store {found.place}: {found.reason}")
    else:
        clocks = "" if found.skew_seconds is None else f", clocks {found.skew_seconds:+.0f} s apart"
        door.say(f"store {found.place}: can be listed, read, written and removed from{clocks}")
    return asdict(found)


def _watchers() -> list[dict[str, Any]]:
    """Return the models of faces and objects that rushes knows, with the file of each that is at hand."""
    from rushes.cli.models import project_root, watcher_in_json
    from rushes.subjects.models import KNOWN

    root = project_root(None)
    return [watcher_in_json(one, root) for one in KNOWN.values()]


def _lines_of_watchers(watchers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each thing that such models are for: which is at hand, its licence, what works without."""
    lines = []
    for does in dict.fromkeys(one["for"] for one in watchers):
        of_kind = [one for one in watchers if one["for"] == does]
        there = [f"{one['model']} ({one['licence']}) at {one['weights']}" for one in of_kind if one["weights"]]
        first = of_kind[0]
        size = f"{first['bytes'] / 1e6:.1f} MB"
        fetched = f"none at hand; {first['model']} ({first['licence']}, {size}) is fetched when it is asked"
        lines.append(f"{does}: {'; '.join(there) if there else f'{fetched} for. ' + first['without']}")
    return lines


def _check(bundle: Path) -> list[Checked]:
    from rushes.bundles.bundle import is_of_shots, open_bundle
    from rushes.bundles.runtimes import check_runtimes
    from rushes.bundles.shot_bundle import open_shot_bundle

    return check_runtimes(open_shot_bundle(bundle) if is_of_shots(bundle) else open_bundle(bundle))


def _words_of(found: Checked) -> str:
    """Return what was found of a runtime, in a line."""
    parity = found.parity
    if parity is None or found.state != "holds":
        word = {"absent": "not here", "refused": "not to be taken", "differs": "differs"}.get(found.state, found.state)
        return f"{word}: {found.reason or _describe(found)}"
    return (
        f"{found.runtime.version()}, {parity.pictures} stored samples agree (largest difference "
        f"{parity.largest_difference:.1e}, allowed {parity.tolerance:.1g})"
    )


def _describe(found: Checked) -> str:
    """Return in words how far a runtime is from what it was certified to."""
    from rushes.bundles.runtimes import describe_difference

    return describe_difference(found.parity)
