"""The rooms: data flows one way, and the door opens at once."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import rushes

SOURCE = Path(rushes.__file__).parent
# Every room may import the rooms before it, and itself; DESIGN's order.
GROUND = ("errors", "progress", "cores", "bulk", "timecode", "wish", "project")
ROOMS = (
    "storage",
    "scale",
    "footage",
    "xmp",
    "timelines",
    "labels",
    "catalog",
    "datasets",
    "models",
    "learning",
    "evaluation",
    "bundles",
    "inference",
    "subjects",
    "structure",
    "web",
    "api",
    "review",
    "studio",
    "cli",
    "__main__",
)
# A heavy library, and the rooms that may import it at all.
EDGES = {
    "sqlalchemy": {"catalog"},
    "fastexcel": {"labels"},
    "rawpy": {"footage"},
    "av": {"footage", "datasets"},
    "ray": {"scale"},
    "psycopg": {"catalog"},
    "obstore": {"storage"},
    "boto3": {"storage"},
    "botocore": {"storage"},
    "google": {"labels"},
    "requests": {"labels"},
    "torch": {"models", "learning", "bundles"},
    "timm": {"models", "bundles"},
    "sklearn": {"learning"},
    "cleanlab": {"learning"},
    "onnxruntime": {"bundles"},
    "mlflow": {"learning"},
    "fastapi": {"web", "api", "review", "studio"},
    "uvicorn": {"web"},
    "prometheus_client": {"api"},
    "python_multipart": {"api"},
    "openvino": {"bundles"},
    "ai_edge_litert": {"bundles"},
    "litert_torch": {"bundles"},
    "typer": {"cli"},
    "rich": {"cli"},
}
HEAVY = (
    "numpy",
    "torch",
    "PIL",
    "polars",
    "cv2",
    "av",
    "sqlalchemy",
    "onnxruntime",
    "rich",
    "typer",
    "obstore",
    "boto3",
    "google",
    "requests",
    "mlflow",
    "fastapi",
    "uvicorn",
)


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@cache
def imported(path: Path) -> tuple[str, ...]:
    """Return what a module imports, anywhere in it; each is read once."""
    return tuple(_imports_of(path))


def _imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_room_imports_only_rooms_before_it(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        assert imported(path) == ()
        return
    allowed = set(GROUND) if room in GROUND else {*GROUND, *ROOMS[: ROOMS.index(room) + 1]}
    for name in imported(path):
        if name.split(".")[0] == "rushes":
            assert name != "rushes", f"{path}: nothing imports from the package root"
            assert name.split(".")[1] in allowed, f"{path}: {room} may not import {name}"


def test_no_module_of_footage_is_imported_by_what_it_imports() -> None:
    paths = {f"rushes.footage.{path.stem}": path for path in modules() if room_of(path) == "footage"}
    left = {name: {other for other in imported(path) if other in paths} for name, path in paths.items()}
    while free := {name for name, others in left.items() if not others & left.keys()}:
        left = {name: others for name, others in left.items() if name not in free}
    assert not left, f"in a circle, or behind one: {', '.join(sorted(left))}"


@pytest.mark.parametrize("library", EDGES)
def test_a_heavy_library_stays_at_its_edge(library: str) -> None:
    rooms = {room_of(path) for path in modules() if any(name.split(".")[0] == library for name in imported(path))}
    assert rooms <= EDGES[library]


def loaded_by(statement: str) -> set[str]:
    command = f"import sys; sys.argv = ['rushes', '--help']\n{statement}\nsys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stderr.split()}


def test_importing_rushes_loads_nothing() -> None:
    assert loaded_by("import rushes").isdisjoint(HEAVY)


def test_help_loads_no_heavy_library() -> None:
    asked = "try:\n    from rushes.cli.main import main; main()\nexcept SystemExit: pass"
    assert loaded_by(asked).isdisjoint(HEAVY)


def test_the_help_of_every_verb_loads_no_heavy_library() -> None:
    from rushes.cli.main import VERBS

    heavier = [name for name in HEAVY if name not in ("typer", "rich")]
    asked = "\n".join(
        f"try:\n    from rushes.cli.main import main; main(['{verb}', '--help'])\nexcept SystemExit: pass"
        for verb in VERBS
    )
    assert loaded_by(asked).isdisjoint(heavier)


def test_every_module_says_in_one_line_what_it_holds() -> None:
    for path in modules():
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, path
        assert docstring.splitlines()[0].strip(), path
