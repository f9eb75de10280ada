"""Exports of Label Studio, JSON and JSON-MIN, as a sheet: a row per annotator and picture."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from rushes.errors import Fault
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.jsonl import as_cell

PROVENANCE = "rushes"  # key of an annotation under which our own export states what Label Studio has no place for
_ORIGIN, _STATED_AT = "origin", "stated_at"
_ANNOTATIONS = ("annotations", "completions")  # the second until version 1.0
# Names that templates give to the one control of a project; they say nothing about the question.
_USUAL_CONTROLS = frozenset({"choice", "choices", "class", "classification", "label", "labels", "tag"})
_UPLOADED = re.compile(r"/data/upload/\d+/(?:[0-9a-f]{8}-)?([^/]+)")
_NO_MODEL = "label-studio"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one annotator, or one model, says of a task: control -> choice; and when, where our own export says it."""

    entry: str
    origin: str
    choices: Mapping[str, str]
    stated_at: str = ""


@dataclass(slots=True)
class _Reading:
    name: str
    faults: list[Fault] = field(default_factory=list)

    def fault(self, entry: str, message: str) -> None:
        self.faults.append(Fault(self.name, None, None, message, entry=entry))


def is_of_label_studio(items: Sequence[Any]) -> bool:
    """Return whether any of the objects is a task of Label Studio."""
    return any(_is_task(item) or _is_flat(item) for item in items if isinstance(item, dict))


def parse_tasks(items: Sequence[Any], *, name: str, key: str) -> Sheet:
    """Read tasks: the keys of their data are columns, and each control of choices is one.

    A row is what one annotator said. Cancelled annotations state nothing. What a model predicted has the origin
    `model:<version>`, which is never a label. The annotator becomes the origin: their e-mail where it is exported,
    otherwise `annotator:<number>`; without one the origin of the import holds. Of a project with one control of a
    usual name (`choice`) the column is called `class`; otherwise it is called by the control. Drawn regions state no
    class of a frame and are passed over.

    Tasks that cannot be read become faults of the sheet, each named by its id.
    """
    reading = _Reading(name)
    tasks: list[tuple[dict[str, str], list[_Answer]]] = []
    for number, item in enumerate(items, start=1):
        entry = _name_of(item, number)
        if not isinstance(item, dict):
            reading.fault(entry, "a task must be an object")
        elif _is_flat(item):
            tasks.append(_read_flat(item, entry))
        elif not isinstance(item.get("data"), dict):
            reading.fault(entry, "it has no data, so nobody knows which picture it is about")
        else:
            tasks.append((_data_of(item["data"]), list(_answers_of(item, entry, reading))))
    data_columns = list(dict.fromkeys(column for data, _ in tasks for column in data))
    controls = list(dict.fromkeys(control for _, said in tasks for answer in said for control in answer.choices))
    is_flat = any(isinstance(item, dict) and _is_flat(item) for item in items)
    if not controls and not is_flat:
        controls = ["class"]  # nobody has answered yet, or all have taken their answers back
    headers = ["class"] if len(controls) == 1 and controls[0].casefold() in _USUAL_CONTROLS else controls
    is_ours = any(answer.stated_at for _, said in tasks for answer in said)
    about = (_ORIGIN, _STATED_AT) if is_ours else (_ORIGIN,)
    answers = {*about, *headers} | (set() if is_flat else _USUAL_CONTROLS)
    rows, entries = [], []
    for data, said in tasks:
        cells = [data.get(column, "") for column in data_columns]
        for answer in said:
            origin = (answer.origin, answer.stated_at)[: len(about)]
            rows.append((*cells, *origin, *(answer.choices.get(control, "") for control in controls)))
            entries.append(answer.entry)
    columns = [f"data.{column}" if column.casefold() in answers else column for column in data_columns]
    return Sheet(
        name,
        (*columns, *about, *headers),
        tuple(rows),
        key=key,
        first_row=1,
        entries=tuple(entries),
        faults=tuple(reading.faults),
    )


def _is_task(item: Mapping[str, Any]) -> bool:
    return "data" in item and any(key in item for key in (*_ANNOTATIONS, "predictions"))


def _is_flat(item: Mapping[str, Any]) -> bool:
    return "annotation_id" in item and "annotator" in item


def _name_of(item: Any, number: int) -> str:
    identity = item.get("id") if isinstance(item, dict) else None
    return f"task {identity}" if isinstance(identity, int | str) and identity != "" else f"item {number}"


def _data_of(data: Mapping[str, Any]) -> dict[str, str]:
    return {str(key).strip(): _place_of(as_cell(value)) for key, value in data.items() if str(key).strip()}


def _place_of(text: str) -> str:
    """Return the name or path that a picture had before Label Studio served it."""
    address = text.strip()
    uploaded = _UPLOADED.search(address)
    if uploaded:
        return unquote(uploaded[1])
    if "/data/local-files/" in address:
        local = parse_qs(urlsplit(address).query).get("d")
        return local[0] if local else address
    return text


def _answers_of(task: Mapping[str, Any], entry: str, reading: _Reading) -> Iterator[_Answer]:
    """Give what was said of a task, annotators before models; a task that nobody answered gives one empty answer."""
    said: list[_Answer] = []
    annotations: list[Any] = next((task[key] for key in _ANNOTATIONS if isinstance(task.get(key), list)), [])
    for place, annotation in enumerate(annotations, start=1):
        where = f"{entry}, annotation {place}" if len(annotations) > 1 else entry
        if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
            reading.fault(where, "an annotation must be an object with a list 'result'")
        elif not (annotation.get("was_cancelled") or annotation.get("skipped")):
            choices = _choices_of(annotation["result"], where, reading)
            said.append(_Answer(where, _annotator_of(annotation), choices, _our_own(annotation, _STATED_AT) or ""))
    predictions = task.get("predictions")
    for place, prediction in enumerate(predictions if isinstance(predictions, list) else [], start=1):
        # A task that lists its predictions by number only has none of their answers in the file.
        if isinstance(prediction, dict) and isinstance(prediction.get("result"), list):
            where = f"{entry}, prediction {place}"
            model = as_cell(prediction.get("model_version")).strip() or _NO_MODEL
            said.append(_Answer(where, f"model:{model}", _choices_of(prediction["result"], where, reading)))
    yield from said or [_Answer(entry, "", {})]


def _choices_of(results: Sequence[Any], entry: str, reading: _Reading) -> dict[str, str]:
    """Return control -> the one class that was chosen; more than one is a fault."""
    chosen: dict[str, str] = {}
    for result in results:
        if not isinstance(result, dict) or result.get("type") != "choices":
            continue
        value = result.get("value")
        words = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(words, list) or any(not isinstance(word, str | list) for word in words):
            reading.fault(entry, "a result of the type 'choices' must have a list 'choices' in its value")
            continue
        # A taxonomy of choices gives a path for each; the last word is the answer.
        names = list(dict.fromkeys(str(word[-1]) if isinstance(word, list) and word else str(word) for word in words))
        control = str(result.get("from_name") or "choice")
        names = list(dict.fromkeys([*([chosen[control]] if control in chosen else []), *names]))
        if len(names) > 1:
            listed = " and ".join(f"'{name}'" for name in names)
            reading.fault(entry, f"{control}: {listed} were chosen together, and a picture has one class. Keep one")
            names = []
        if names:
            chosen[control] = names[0]
    return chosen


def _annotator_of(annotation: Mapping[str, Any]) -> str:
    origin = _our_own(annotation, _ORIGIN)
    return _person(annotation.get("completed_by")) if origin is None else origin


def _our_own(annotation: Mapping[str, Any], key: str) -> str | None:
    """Return what our own export says of an annotation; None where it is none of ours."""
    ours = annotation.get(PROVENANCE)
    value = ours.get(key) if isinstance(ours, dict) else None
    return value if isinstance(value, str) else None


def _person(value: Any) -> str:
    if isinstance(value, dict):
        email = value.get("email")
        return email.strip() if isinstance(email, str) and email.strip() else _person(value.get("id"))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"annotator:{value}"
    return value.strip() if isinstance(value, str) else ""


def _read_flat(item: Mapping[str, Any], entry: str) -> tuple[dict[str, str], list[_Answer]]:
    """Read an object of JSON-MIN, in which data, answers and bookkeeping stand side by side."""
    bookkeeping = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time")
    cells: dict[str, str] = {}
    for key, value in item.items():
        if key in bookkeeping:
            continue
        chosen = value.get("choices") if isinstance(value, dict) else None
        header = "class" if key.casefold() in _USUAL_CONTROLS and "class" not in cells else key
        cells[header] = "; ".join(map(str, chosen)) if isinstance(chosen, list) else _place_of(as_cell(value))
    return cells, [_Answer(entry, _person(item["annotator"]), {})]
