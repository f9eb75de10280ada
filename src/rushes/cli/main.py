"""The door `rushes`: its verbs, each loaded when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

# verb -> what `rushes --help` says of it; the module rushes.cli.<verb> is imported when the verb is called.
VERBS: dict[str, str] = {
    "demo": "the whole loop on footage, ending in a report; renders short films where none is given",
    "init": "a project folder with a commented rushes.toml and its recipes",
    "ingest": "videos, raws and photographs into the catalog; frames extracted",
    "shots": "a film's shots: table, contact sheet, CSV, JSON, EDL, OTIO, FCPXML",
    "scenes": "scenes, dialogues, characters and facts of films: tables, report, CSV, JSON, EDL, OTIO, FCPXML, EAF",
    "faces": "characters of films by their faces: list, name, where, wipe; off unless turned on",
    "status": "groups, sources, frames, labels per class, conflicts, runs",
    "check": "pictures that are missing, changed or corrupt, here and in buckets",
    "labels": "statements that frames are of classes: import, pull, picks, suggest, export, conflicts",
    "subjects": "what is in the pictures, by a detector of objects: find, list, clear",
    "manifest": "the versioned list of labelled samples: build, diff, preview",
    "split": "train, validation and test: make, check for leaks",
    "build": "the class-folder dataset, in a folder or a bucket",
    "sync": "a dataset that follows the labels: plan, apply, watch",
    "recipes": "the recipes of the project and those that come with rushes; show or copy one",
    "train": "train what a recipe says: one run",
    "tune": "a recipe in many settings: grid, one at a time, or optuna; several seeds each",
    "iterate": "rounds: train, judge, queue the doubtful labels for review, until nothing is gained",
    "models": "designs to train from scratch and backbones: size, licence, weights at hand",
    "runs": "the leaderboard of runs: page, compare, send",
    "evaluate": "scores with intervals, galleries and report.html for a run",
    "explain": "why a run or a bundle answered so: heat, covering, training pictures alike; a page",
    "export": "a run as a portable bundle, proven equal",
    "predict": "a bundle's predictions for pictures, raws, folders and videos",
    "cull": "picks and rejects for a shoot, as XMP, copies, CSV; apply, undo, list",
    "review": "a page on this machine: look, say the class, pick, reject, rate, colour",
    "serve": "bundles as an API for programs, with a page: pictures, films, heat, jobs, metrics",
    "catalog": "the project's memory: copy it between a file and PostgreSQL, check what it holds",
    "doctor": "what is installed, what is missing, what it would enable",
}

_HELP_WORDS = ("--help", "-h", "help")


def help_text() -> str:
    """Return what `rushes --help` prints."""
    width = max(len(verb) for verb in VERBS)
    verbs = "\n".join(f"  {verb:<{width}}  {text}" for verb, text in VERBS.items())
    return f"""rushes: from footage and a sheet of labels to a tested and portable classifier

Usage: rushes VERB [WORDS]      rushes VERB --help shows a verb's options and an example

Verbs:
{verbs}

Begin with: rushes demo
Exit status: 0 done, 1 done with items that failed, 2 wrong usage or input.
"""


def main(words: Sequence[str] | None = None) -> None:
    """Run one verb with the words of the command line; end the process with its exit status."""
    arguments = list(sys.argv[1:] if words is None else words)
    if not arguments or arguments[0] in _HELP_WORDS:
        sys.stdout.write(help_text())
        raise SystemExit(0)
    verb = arguments[0]
    if verb in ("--version", "-V"):
        from importlib.metadata import version

        sys.stdout.write(f"rushes {version('rushes')}\n")
        raise SystemExit(0)
    if verb not in VERBS:
        from rushes.cli.wrong_words import refuse
        from rushes.errors import did_you_mean

        if verb.startswith("-"):
            said = (
                f"{verb}: no such option stands before a verb. Allowed: --help, --version; a verb's options follow it"
            )
        else:
            said = f"there is no verb '{verb}'. {did_you_mean(verb, list(VERBS))}"
        refuse(said, arguments)
    # Idle OpenMP threads must not spin: on a small machine they would starve the ones that work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    module = importlib.import_module(f"rushes.cli.{verb}")
    try:
        status = module.app(
            spread(arguments[1:], getattr(module, "MANY", ())), prog_name=f"rushes {verb}", standalone_mode=False
        )
    except Exception as error:
        from rushes.cli.wrong_words import describe_wrong_words, is_of_words, refuse

        if not is_of_words(error):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the verb's help
            sys.stderr.write(f"{error}\n")
            raise SystemExit(2) from None
        refuse(describe_wrong_words(error, arguments, verb=f"rushes {verb}"), arguments)
    raise SystemExit(status if isinstance(status, int) else 0)


def spread(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return words in which `--footage a b` reads `--footage a --footage b`, as a shell's `*.mp4` makes it.

    Args:
        options: those that take every word up to the next option.
    """
    spreading: list[str] = []
    option = ""
    for word in words:
        if word.startswith("-"):
            option = word if word in options else ""
            if not option:
                spreading.append(word)
        else:
            spreading += [option, word] if option else [word]
    return spreading


if __name__ == "__main__":
    main()
