"""`rushes explain`: the reasons for a model's answers, as a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption, ThreadsOption, verb_app
from rushes.errors import MissingExtraError, ProjectError, UsageError, did_you_mean, is_installed

if TYPE_CHECKING:
    from rushes.evaluation.explanation import ExplainedPicture, ExplainedVideo
    from rushes.inference.explainer import BundleExplainer, RunExplainer
    from rushes.project import Project

app = verb_app()

_SHOWN = 30


@app.command(epilog="Example: rushes explain bundles/scale frames/ --out why.html")
def explain(
    model: Annotated[Path, typer.Argument(metavar="RUN|BUNDLE", help="A run's folder or name, or a bundle's folder.")],
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PLACE…", help="Pictures, raws, videos, folders of them; s3:// and https:// too."),
    ],
    method: Annotated[
        str | None, typer.Option(help="Of a run: how heat is made; otherwise what fits its network.")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Of a run: the layer heat is read at; otherwise the deepest that knows places.")
    ] = None,
    layers: Annotated[
        str | None, typer.Option(help="Of a run: show what layers respond to: first, last, names with commas.")
    ] = None,
    class_name: Annotated[
        str | None, typer.Option("--class", help="Give reasons for this class, whatever was answered.")
    ] = None,
    every: Annotated[str | None, typer.Option(help="One frame of a video in so much time; otherwise 2s.")] = None,
    fps: Annotated[str | None, typer.Option(help="So many frames per second of a video.")] = None,
    out: Annotated[Path | None, typer.Option(help="The page; otherwise explanations/<model>/explain.html.")] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show where in a picture an answer came from, what it rests on, and which training pictures it looks like."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.cli.footage_words import parse_sampling
        from rushes.evaluation.explanation import ExplainedPicture, ExplainedVideo
        from rushes.evaluation.explanation_page import Explanation, format_explanation_page
        from rushes.footage.source import Unreadable
        from rushes.inference.explain import explain_places
        from rushes.inference.explainer import RunExplainer
        from rushes.storage.files import write_text
        from rushes.storage.places import parse_place

        if out is not None and out.suffix.casefold() != ".html":
            raise UsageError(f"--out {out}: name a file that ends in .html")
        sampling = parse_sampling(every, fps, every_frame=False, keyframes=False, default="2s")
        places = [parse_place(path) for path in paths]
        place = _project_of(model, project)
        explainer = _explainer_of(door, model, place, method=method, layer=layer, layers=layers, threads=threads or 0)
        chosen = _index_of(class_name, explainer.classes)
        answers: list[ExplainedPicture | ExplainedVideo] = []
        with door.progress("explain") as progress:
            for answer in explain_places(explainer, places, class_index=chosen, sampling=sampling, progress=progress):
                if isinstance(answer, Unreadable):
                    door.fail_item(str(answer))
                else:
                    answers.append(answer)
        checked = explainer.check() if isinstance(explainer, RunExplainer) else None
        looked = explainer.look_inside() if isinstance(explainer, RunExplainer) else ()
        heat = explainer.heat_words
        explanation = Explanation(
            kind=explainer.kind,
            name=explainer.name,
            identity=explainer.identity,
            task=explainer.task,
            classes=explainer.classes,
            answers=tuple(answers),
            heat_said=f"{heat.about} Method {heat.method} ({heat.source}), read at {heat.layer}." if heat else "",
            sanity=checked.sentences() if checked is not None else (),
            notes=explainer.notes,
            chosen_class=class_name,
            searched=explainer.searched,
        )
        page = None
        if answers:
            page = (out or _default_page(place, explainer.name)).absolute()
            page.parent.mkdir(parents=True, exist_ok=True)
            write_text(page, format_explanation_page(explanation, layers=looked))
        _say(door, explanation, page)
        door.finish(
            {
                "kind": explanation.kind,
                "model": explanation.identity,
                "calibrated": explainer.calibration.kind != "none",
                "calibration": explainer.calibration.kind,
                "page": str(page) if page else None,
                "pictures": [one.to_table(explainer.classes) for one in answers if isinstance(one, ExplainedPicture)],
                "videos": [one.to_table(explainer.classes) for one in answers if isinstance(one, ExplainedVideo)],
                "heat": {"method": heat.method, "layer": heat.layer} if heat else None,
                "sanity": list(explanation.sanity),
                "notes": list(explanation.notes),
                "failed": door.failed,
            }
        )


def _project_of(model: Path, stated: Path | None) -> Project | None:
    """Return the project that is named, that a run's folder stands in, or that is around the working folder."""
    from rushes.project import PROJECT_FILE, find_project

    if stated is not None:
        return find_project(stated)
    above = model.absolute().parent.parent
    if (model / "run.json").is_file() and (above / PROJECT_FILE).is_file():
        return find_project(above)
    try:
        return find_project(None)
    except ProjectError:
        return None


def _explainer_of(
    door: Door,
    model: Path,
    place: Project | None,
    *,
    method: str | None,
    layer: str | None,
    layers: str | None,
    threads: int,
) -> RunExplainer | BundleExplainer:
    from rushes.bundles.bundle import is_of_shots, open_bundle
    from rushes.bundles.sealed import BUNDLE_FILE, folder_of
    from rushes.inference.explainer import BundleExplainer

    if (folder_of(model) / BUNDLE_FILE).is_file():
        if is_of_shots(model):
            raise UsageError(f"{model} answers about shots. Where in their frames its run found the answers stands "
                             "in that run's report: rushes evaluate RUN")  # fmt: skip
        bundle = open_bundle(model)
        _check_bundle_options(bundle.run.get("name"), method=method, layer=layer, layers=layers)
        return BundleExplainer(bundle, threads=threads)
    named = _layer_words(layers)
    return _run_explainer(door, model, place, method=method, layer=layer, layers=named, threads=threads)


def _layer_words(layers: str | None) -> list[str]:
    """Return the words of --layers."""
    if layers is None:
        return []
    words = [word.strip() for word in layers.split(",") if word.strip()]
    if not words:
        raise UsageError("--layers is empty: name first, last, or layers, with commas")
    return words


def _run_explainer(
    door: Door,
    model: Path,
    place: Project | None,
    *,
    method: str | None,
    layer: str | None,
    layers: list[str],
    threads: int,
) -> RunExplainer:
    from rushes.cli.versions import find_run
    from rushes.inference.explainer import RunExplainer
    from rushes.learning.runs import is_of_shots

    if place is None:
        from rushes.project import find_project

        place = find_project(None)  # says what to do where there is none
    folder = find_run(place, model)
    if is_of_shots(folder) or is_of_shots(folder.parent):
        raise UsageError(f"{model} answers about shots. Where in its frames it found its answers stands in its report: "
                         f"rushes evaluate {folder.name}")  # fmt: skip
    if not is_installed("torch"):
        door.warn("A bundle is explained without torch, by covering and by training pictures alike: "
                  "rushes explain BUNDLE PLACE")  # fmt: skip
        raise MissingExtraError("train", "explaining a run")
    with door.progress("training pictures") as progress:
        return RunExplainer(
            folder,
            project_root=place.root,
            cache_folder=place.cache_folder,
            method=method or "auto",
            layer=layer,
            layers=layers,
            threads=threads or 1,
            progress=progress,
        )


def _check_bundle_options(run: Any, *, method: str | None, layer: str | None, layers: str | None) -> None:
    """Raise UsageError where what a bundle has not is asked of it."""
    given = [f"{option} {value}" for option, value in (("--method", method), ("--layer", layer), ("--layers", layers))
             if value is not None]  # fmt: skip
    if given:
        named = f"rushes explain {run} …" if run else "rushes explain RUN …"
        raise UsageError(
            f"{' and '.join(given)}: a bundle has no torch network. It is explained by covering (occlusion) and by "
            f"training pictures alike only. For heat and maps of layers name the run it was made of: {named}"
        )


def _index_of(class_name: str | None, classes: tuple[str, ...]) -> int | None:
    if class_name is None:
        return None
    if class_name not in classes:
        raise UsageError(f"--class {class_name}: no such class. {did_you_mean(class_name, classes)}")
    return classes.index(class_name)


def _default_page(place: Project | None, name: str) -> Path:
    slug = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
    return (place.root if place else Path.cwd()) / "explanations" / slug / "explain.html"


def _say(door: Door, explanation: Any, page: Path | None) -> None:
    from rushes.evaluation.explanation import ExplainedPicture
    from rushes.evaluation.markup import percent
    from rushes.evaluation.occlusion import describe_fall

    classes = explanation.classes
    pictures = [one for one in explanation.answers if isinstance(one, ExplainedPicture)]
    rows = [
        [one.path, classes[one.answered_index], percent(float(one.probabilities.max())),
         describe_fall(one.occlusion, classes)]
        for one in pictures[:_SHOWN]
    ]  # fmt: skip
    if rows:
        door.show(table_of(None, ["picture", "class", "probability", "rests on"], rows))
    if len(pictures) > _SHOWN:
        door.say(f"… and {len(pictures) - _SHOWN} more; the page shows them all")
    for video in (one for one in explanation.answers if not isinstance(one, ExplainedPicture)):
        stretches = "1 stretch" if len(video.timeline) == 1 else f"{len(video.timeline)} stretches"
        door.say(f"{video.path}: {stretches} of one answer, reasons for {plural(len(video.shown), 'frame')}")
        for note in video.notes:
            door.warn(f"{video.path}: {note}")
    for line in explanation.sanity:
        door.say(line)
    for note in explanation.notes:
        door.warn(note)
    if page is not None:
        door.say(f"page: {page}")
