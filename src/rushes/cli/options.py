"""Options that several verbs take, spelt once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
ProjectOption = Annotated[
    Path | None,
    typer.Option("--project", "-p", help="Project folder; otherwise the one around the working folder."),
]
TaskOption = Annotated[str | None, typer.Option("--task", "-t", help="Task; needed where the project has several.")]
ThreadsOption = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads for heavy work; otherwise one per core.")
]
