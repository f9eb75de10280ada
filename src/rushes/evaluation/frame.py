"""What the pages about one run have alike: the frame, and the sections that show a judgement and a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

from rushes.evaluation import sections
from rushes.evaluation.carried_thresholds import CarriedThresholds
from rushes.evaluation.class_shares import OTHER_COLOUR, colours_of
from rushes.evaluation.judge import Judgement
from rushes.evaluation.markup import text
from rushes.evaluation.threshold_section import explain_thresholds, show_thresholds
from rushes.evaluation.thresholds import Thresholds
from rushes.learning.predictions import Predictions

_PRESS = '<p class="script">Press a cell to see its samples.</p>'


def page_part(name: str) -> str:
    """Return a file of the page's: a style sheet, a script or a template."""
    return (resources.files("rushes.evaluation") / "page" / name).read_text(encoding="utf-8")


def filled(name: str, **values: str) -> str:
    """Return a template of the page with its places filled."""
    return Template(page_part(name)).substitute(values)


def head_of(title: str, *, styles: Sequence[str]) -> str:
    """Return the head of a page that may run its own script and reaches no network.

    Args:
        title: as text.
        styles: names of style sheets, in their order.
    """
    return filled("scripted_head.html", title=text(title), style="".join(page_part(name) for name in styles))


def format_frame(
    main: str,
    *,
    run: Mapping[str, Any],
    subject: str,
    title: str,
    links: Sequence[tuple[str, str]],
    styles: Sequence[str] = ("report.css",),
) -> str:
    """Return a whole page around its sections.

    Args:
        run: the table of `run.json`.
        subject: what it answers, for the edge.
        links: (id of a section, its word) for the bar at the top.
    """
    recipe = run.get("recipe")
    return filled(
        "frame.html",
        head=head_of(title, styles=styles),
        script=page_part("print.js") + page_part("report.js") + page_part("thresholds.js"),
        subject=text(subject),
        recipe=text(recipe.get("name", "") if isinstance(recipe, Mapping) else ""),
        made=text(str(run.get("created_at", ""))[:10]),
        of="bundle" if run.get("bundle") else "run",
        run=text(run.get("name", "")),
        links="".join(f'<a href="#{text(name)}">{text(word)}</a>' for name, word in links),
        main=main,
    )


def show_judged(
    test: Judgement,
    predictions: Predictions,
    *,
    thresholds: Thresholds | CarriedThresholds | None = None,
    calibration: str = "",
    at: str = "",
    gallery: bool = True,
) -> str:
    """Return the sections on confusions, classes, curves with thresholds, and groups.

    Args:
        thresholds: of each class, chosen on validation or come with the model; None where there is no validation.
        at: what stands before their ids, where a page holds several judgements.
        gallery: a cell of the matrix can be pressed to see its samples.
        calibration: the section on calibration, which stands before the groups.
    """
    return filled(
        "judged.html",
        at=at,
        press=_PRESS if gallery and len(test.classes) <= sections.WIDEST_MATRIX else "",
        class_interval_words=sections.explain_class_intervals(test),
        confusion=sections.show_confusion(test),
        classes=sections.show_classes(test),
        curves_words=explain_thresholds(page_part("curves_words.html"), thresholds),
        curves=show_thresholds(test, predictions, thresholds, at=at),
        calibration=calibration,
        groups=sections.show_groups(test),
    )


def show_trained(
    run: Mapping[str, Any],
    history: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    *,
    at: str = "",
    virtual: Mapping[str, int] | None = None,
    shares: str = "",
    colours: Mapping[str, str] | None = None,
) -> str:
    """Return the sections on training and on samples per class; the arguments are as for `show_judged`.

    Args:
        virtual: class -> clips of the virtual camera in train; None of a run that had none.
        shares: the mixes of classes of the groups, as HTML.
        colours: class -> its colour on the page; by the order of the classes where it is not given.
    """
    best_epoch, counts = run.get("best_epoch"), run.get("counts")
    own = colours_of(classes, [0] * len(classes)) if colours is None else colours
    return filled(
        "trained.html",
        at=at,
        training_words=text(sections.explain_training(history)),
        training=sections.show_training(
            history,
            best_epoch=best_epoch if isinstance(best_epoch, int) else None,
            classes=classes,
            colours=own if OTHER_COLOUR not in own.values() else None,  # lines of one grey could not be told apart
        ),
        counts=sections.show_counts(counts if isinstance(counts, Mapping) else {}, classes, virtual=virtual),
        shares=shares,
    )
