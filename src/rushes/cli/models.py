"""`rushes models`: the networks to choose from, and the models of faces and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, verb_app
from rushes.errors import MissingExtraError, ProjectError, UsageError, did_you_mean, require_extra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rushes.models.designs import Design
    from rushes.models.shelf import BackboneFacts
    from rushes.subjects.models import KnownModel

app = verb_app()

_MOST = 40  # backbones that are listed of those that match


@app.command(epilog="Example: rushes models 'convnext*'")
def models(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A name, or a pattern of names such as 'convnext*'.")
    ] = None,
    project: ProjectOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """List designs to train from scratch, pretrained backbones, and models of faces and objects that rushes knows.

    Of each: size, licence, whether the weights are at hand. Without a name, a choice of backbones; with one, whatever
    timm knows of it.
    """
    with opened(as_json=as_json, debug=debug) as door:
        from fnmatch import fnmatch

        from rushes.models.designs import DESIGNS
        from rushes.subjects.models import KNOWN

        root = project_root(project)
        watchers = [one for known, one in KNOWN.items() if name is None or fnmatch(known, name)]
        designs = {known: one for known, one in DESIGNS.items() if name is None or fnmatch(known, name)}
        backbones: list[BackboneFacts] = []
        matching = 0
        try:
            require_extra("train", "torch", "timm", purpose="listing pretrained backbones")
        except MissingExtraError as error:
            if not designs and not watchers:
                raise
            door.warn(f"note: {error}")
        else:
            from rushes.models.shelf import CHOICE, facts_of, find_backbones

            names = list(CHOICE) if name is None else find_backbones(name)
            matching = len(names)
            backbones = facts_of(names[:_MOST], weights_folder=root / "weights" if root else None)
            if not designs and not watchers and not names:
                raise UsageError(_nothing_called(name or "", DESIGNS))
        if designs:
            door.show(_table_of_designs(designs))
        if backbones:
            door.show(_table_of_backbones(backbones, root))
            door.say('To take one, write its name under [model]: backbone = "NAME". Licences are those of the weights, '
                     "as timm states them.")  # fmt: skip
        if watchers:
            door.show(table_of_watchers(watchers, root))
        if matching > len(backbones):
            door.say(f"{plural(matching, 'backbone')} match; the first {len(backbones)} are listed")
        door.finish(
            {
                "designs": [_design_in_json(known, one) for known, one in designs.items()],
                "backbones": [_backbone_in_json(facts, root) for facts in backbones],
                "watchers": [watcher_in_json(one, root) for one in watchers],
                "matching": matching,
            }
        )


def project_root(project: Path | None) -> Path | None:
    """Return the project's folder; None where none is named and none is around."""
    from rushes.project import find_project

    try:
        return find_project(project).root
    except ProjectError:
        if project is not None:
            raise
        return None


def _nothing_called(name: str, designs: Mapping[str, Design]) -> str:
    from rushes.errors import nearest
    from rushes.models.shelf import nearest_backbone

    near = nearest(name, designs) or nearest_backbone(name.strip("*?"))
    advice = f"Did you mean '{near}'?" if near else did_you_mean(name, list(designs))
    return f"no design and no backbone of timm is called '{name}'. {advice}"


def _table_of_designs(designs: Mapping[str, Design]) -> Any:
    from rushes.models.designs import count_parameters, describe_design

    rows = [
        [known, count_parameters(one), f"{one.width}x{one.height} {one.color}", describe_design(one)]
        for known, one in designs.items()
    ]
    columns = ["design", "parameters", "input", "layers"]
    return table_of('From scratch: kind = "cnn", design = "NAME"', columns, rows)


def _table_of_backbones(backbones: Sequence[BackboneFacts], root: Path | None) -> Any:
    rows = [
        [
            facts.name,
            f"{facts.parameters / 1e6:.1f} M" if facts.parameters is not None else None,
            f"{'' if facts.weights else 'about '}{facts.size / 1e6:,.0f} MB" if facts.size is not None else None,
            f"{facts.width}x{facts.height}",
            facts.licence or "not stated",
            facts.commercial,
            _place_of(facts, root),
        ]
        for facts in backbones
    ]
    columns = ["backbone", "parameters", "file", "input", "licence", "commercial use", "weights at hand"]
    return table_of('Pretrained: kind = "features" or "finetune"', columns, rows)


def _place_of(facts: BackboneFacts, root: Path | None) -> str:
    if facts.weights is None:
        return "no"
    return "hub cache" if facts.is_cached or root is None else facts.weights.relative_to(root).as_posix()


def _design_in_json(name: str, design: Design) -> dict[str, Any]:
    from rushes.models.designs import count_parameters, describe_design

    return {
        "design": name,
        "parameters": count_parameters(design),
        "input": [design.width, design.height],
        "color": design.color,
        "layers": describe_design(design),
        "recipe": f'design = "{name}"',
    }


def _backbone_in_json(facts: BackboneFacts, root: Path | None) -> dict[str, Any]:
    local = f'\nweights = "{_place_of(facts, root)}"' if facts.weights is not None and not facts.is_cached else ""
    return {
        "backbone": facts.name,
        "parameters": facts.parameters,
        "bytes": facts.size,
        "input": [facts.width, facts.height],
        "licence": facts.licence,
        "commercial": facts.commercial,
        "weights": str(facts.weights) if facts.weights is not None else None,
        "recipe": f'backbone = "{facts.name}"{local}',
    }


def table_of_watchers(watchers: Sequence[KnownModel], root: Path | None) -> Any:
    """Return a table of models of faces and objects, with where the file of each is."""
    rows = [
        [one.name, one.does, one.size, one.licence, one.words, watcher_in_json(one, root)["weights"] or "no"]
        for one in watchers
    ]
    columns = ["model", "for", "file", "licence", "finds", "at hand"]
    return table_of("Faces and objects: rushes faces, rushes subjects, rushes scenes", columns, rows)


def watcher_in_json(one: KnownModel, root: Path | None) -> dict[str, Any]:
    """Return what is told of a model of faces or objects; `weights` is its file, where it is at hand."""
    from rushes.subjects.models import WITHOUT, model_at_hand

    path = model_at_hand(one, root / "weights" if root is not None else None)
    return {
        "model": one.name,
        "for": one.does,
        "bytes": one.size_bytes,
        "licence": one.licence,
        "origin": one.origin,
        "finds": one.words,
        "url": one.url or None,
        "sha256": one.sha256,
        "weights": str(path) if path is not None else None,
        "without": WITHOUT[one.does],
    }
