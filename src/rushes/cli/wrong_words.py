"""What the parser of the command line makes of wrong words, said as all of rushes says it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from rushes.cli.door import WRONG_INPUT
from rushes.errors import did_you_mean, nearest


def refuse(message: str, words: Sequence[str]) -> NoReturn:
    """Print why words are refused, as JSON too where they ask for it, and end as wrong usage does."""
    if "--json" in words:
        sys.stdout.write(json.dumps({"error": "UsageError", "message": message}) + "\n")
    sys.stderr.write(f"rushes: {message}\n")
    raise SystemExit(WRONG_INPUT)


def is_of_words(error: Exception) -> bool:
    """Return whether an error is the parser's, about the words that it was given."""
    # The parser's classes are in another module in each version of typer; their form is the same.
    return getattr(error, "exit_code", None) == WRONG_INPUT and hasattr(error, "format_message")


def describe_wrong_words(error: Any, words: Sequence[str], *, verb: str) -> str:
    """Return what is wrong with the words of a command line, and what is allowed.

    Args:
        error: the parser's.
        words: all of them, as they were typed.
        verb: `rushes ingest`.
    """
    context = error.ctx
    command = verb if context is None else context.command_path
    param = getattr(error, "param", None)
    option = getattr(error, "option_name", None)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        known = [spelling for item in context.command.params for spelling in (*item.opts, *item.secondary_opts)]
        near = nearest(str(option), known)
        hint = _see(command) if near is None else f"Did you mean '{near}'?"
        return f"{option}: there is no such option of {command}. {hint}"
    if kind == "BadOptionUsage":
        needs = "requires" in error.message
        return f"{option}: {'needs a value behind it' if needs else 'takes no value'}. {_see(command)}"
    if kind == "MissingParameter" and param is not None:
        example = getattr(context.command, "epilog", None)
        return f"{_name_of(param)} is missing. {example or _see(command)}"
    if param is not None:
        reason = error.message.partition(", unable to parse")[0].replace("Input should be", "it should be").rstrip(".")
        return f"{' '.join((_name_of(param), *_value_of(param, words)))}: {reason}. {_see(command)}"
    known = list(getattr(getattr(context, "command", None), "commands", {}))
    stranger = re.match(r"No such command '(.*?)'", error.message)
    if stranger is not None:
        return f"there is no verb '{command.removeprefix('rushes ')} {stranger[1]}'. {did_you_mean(stranger[1], known)}"
    surplus = re.match(r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", error.message)
    if surplus is not None:
        return f"{surplus[1]}: too many words. {_see(command)}"
    said = error.format_message().rstrip(".")
    return f"{said}{'' if said.endswith('?') else '.'} {_see(command)}"


def _see(command: str) -> str:
    return f"See '{command} --help'"


def _name_of(param: Any) -> str:
    """Return `--quality` of an option, `PLACE…` of an argument."""
    if param.param_type_name == "option":
        return str(max(param.opts, key=len))
    return (param.metavar or str(param.name).upper()).strip("[]")


def _value_of(param: Any, words: Sequence[str]) -> list[str]:
    """Return the value that was last given to an option; nothing where none can be told."""
    for place in reversed(range(len(words))):
        name, equals, value = words[place].partition("=")
        if name in param.opts:
            return [value] if equals else list(words[place + 1 : place + 2])
    return []
