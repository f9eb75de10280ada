"""What the command lines of several verbs share, spelt once: options and the application around them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperGroup

from rushes.errors import UsageError, did_you_mean, nearest

if TYPE_CHECKING:
    from rushes.datasets.split import SplitKind

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", "-p", help="Project folder; otherwise the one around the working folder."),
]
TaskOption = Annotated[str | None, typer.Option("--task", "-t", help="Task; needed where the project has several.")]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", help="cpu, cuda, cuda:1, mps; several with commas train together. Otherwise the best."),
]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads for heavy work; otherwise one per core.")
]

EngineOption = Annotated[
    str | None,
    typer.Option("--engine", help="What does the work: here, ray or ray://HOST:PORT; otherwise what rushes.toml says."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes that work at a time; otherwise as many as pay."),
]


def verb_app() -> typer.Typer:
    """Return the application of a verb that is one command."""
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def verbs_app(help: str) -> typer.Typer:
    """Return the application of a verb that has verbs of its own; alone, it shows them."""
    app = verb_app()
    app.info.help, app.info.no_args_is_help = help, True
    return app


def short_app(first: str) -> typer.Typer:
    """Return the application of a verb that has verbs of its own, and is short for the first of them.

    `rushes cull BUNDLE FOLDER` is `rushes cull run BUNDLE FOLDER`: words that begin with none of its verbs are those
    of the first.
    """

    class Short(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            is_named = bool(args) and (args[0] in self.commands or args[0] in ("--help", "-h"))
            meant = nearest(args[0], self.commands) if len(args) == 1 and not is_named else None
            if meant is not None and not Path(args[0]).exists():
                ctx.fail(f"there is no verb '{args[0]}' here. Did you mean '{meant}'?")
            return super().parse_args(ctx, args if is_named else [first, *args])

    app = verb_app()
    app.info.cls = Short
    return app


def kind_of(text: str, *, option: str) -> SplitKind:
    """Return the kind of split that a word names.

    Raises:
        UsageError: it names none.
    """
    allowed = ("grouped", "mixed")
    if text not in allowed:
        raise UsageError(f"{option} {text}: {did_you_mean(text, allowed)}")
    return cast("SplitKind", text)
