"""Which answers of a bundle mean a medium close-up, and how probable each shot is one."""

from __future__ import annotations

from collections.abc import Sequence

from rushes.errors import UsageError, did_you_mean
from rushes.inference.prediction import Scores

# One person from the chest up, or nearer. MovieShots has no class of its own for the medium close-up: its close shot is
# a face, and shots from the chest up are among both CS and MS.
_CLOSE_NAMES = frozenset(
    {"mcu", "medium close-up", "medium close up", "cs", "cu", "close-up", "close up", "close shot"}
)


def close_classes_of(task: str, classes: Sequence[str], named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the classes of a task that mean a medium close-up, or nearer, in the task's order.

    Args:
        named: the ones that a person named; () takes those that are usually called so.

    Raises:
        UsageError: a named class is none of the task, or no class is usually called so.
    """
    for name in named:
        if name not in classes:
            raise UsageError(f"'{name}' is no class of {task}. {did_you_mean(name, list(classes))}")
    found = tuple(name for name in classes if (name in named if named else name.casefold() in _CLOSE_NAMES))
    if not found:
        raise UsageError(
            f"none of the classes of {task} ({', '.join(classes)}) is called a medium close-up or a close-up. Name "
            "those that are with --close-class"
        )
    return found


def closeness_of(scores: Scores, classes: Sequence[str]) -> float:
    """Return how probable it is that a shot is of one of these classes, 0 to 1; NaN where it was not answered."""
    return min(1.0, sum(scores[name] for name in classes)) if scores else float("nan")
