"""A Dockerfile as instructions in stages, as an engine would read it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

INSTRUCTIONS = {
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word, its options (`--from=x`), and the rest as it stands."""

    line: int
    word: str
    options: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        """Return the rest as words: of a JSON array its strings.

        Raises:
            ValueError: what looks like an array is none, so that an engine would hand it to a shell.
        """
        if self.rest.startswith("["):
            found = json.loads(self.rest)
            if not all(isinstance(one, str) for one in found):
                raise ValueError(f"line {self.line}: not all of {found} are strings")
            return list(found)
        return shlex.split(self.rest)

    @property
    def is_exec(self) -> bool:
        """Whether it runs a program itself, and no shell."""
        return self.rest.startswith("[")


@dataclass
class Stage:
    """A stage: its name, what it begins from, and its instructions."""

    name: str
    image: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        return [one for one in self.instructions if one.word == word]


def parse_dockerfile(text: str) -> tuple[dict[str, str], list[Stage]]:
    """Return the arguments before the first stage, and the stages in order.

    Raises:
        ValueError: an instruction that there is none of, one before the first stage, or a stage that is named twice.
    """
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for one in _instructions(text):
        if one.word == "FROM":
            image, *named = one.words
            if named and (len(named) != 2 or named[0].upper() != "AS"):
                raise ValueError(f"line {one.line}: FROM IMAGE AS NAME, found {one.rest}")
            name = named[1] if named else str(len(stages))
            if any(stage.name == name for stage in stages):
                raise ValueError(f"line {one.line}: the stage {name} is there twice")
            stages.append(Stage(name, re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], image)))
        elif stages:
            stages[-1].instructions.append(one)
        elif one.word == "ARG":
            name, _, value = one.rest.partition("=")
            arguments[name] = value
        else:
            raise ValueError(f"line {one.line}: {one.word} before the first FROM")
    return arguments, stages


def line_of(stages: list[Stage], name: str) -> list[Stage]:
    """Return a stage and those it stands on, the lowest first."""
    by_name = {stage.name: stage for stage in stages}
    found: list[Stage] = []
    while name in by_name:
        found.insert(0, by_name[name])
        name = by_name[name].image
    return found


def last(stages: list[Stage], word: str) -> Instruction | None:
    """Return the instruction of a kind that holds in the image that stages make: the last one."""
    return next((one for stage in reversed(stages) for one in reversed(stage.all(word))), None)


def _instructions(text: str) -> list[Instruction]:
    found: list[Instruction] = []
    joined, began = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#") or (not joined and not line.strip()):
            continue
        began = began or number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        found.append(_instruction(began, joined + line))
        joined, began = "", 0
    if joined:
        raise ValueError(f"line {began}: the instruction does not end")
    return found


def _instruction(line: int, text: str) -> Instruction:
    word, _, rest = text.strip().partition(" ")
    if word.upper() not in INSTRUCTIONS:
        raise ValueError(f"line {line}: there is no instruction {word}")
    options: dict[str, str] = {}
    rest = rest.strip()
    while mark := re.match(r"--([a-z-]+)(?:=(\S+))?\s+", rest):
        options[mark[1]] = mark[2] or ""
        rest = rest[mark.end() :]
    return Instruction(line, word.upper(), options, re.sub(r"\s+", " ", rest))
