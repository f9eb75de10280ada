"""Which column of a sheet means what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rushes.errors import Fault, SheetError, nearest
from rushes.labels.sheet import Sheet, fold_name

FIELDS = ("frame", "source", "ordinal", "timecode", "seconds", "start", "stop", "last", "class", "origin", "stated_at",
          "group", "subjects")  # fmt: skip
MEANINGS = (*FIELDS, "class:ORIGIN")

_REMARKS = ("origin", "stated_at", "group", "subjects")  # that alone make no sheet of labels
_POSITIONS = ("ordinal", "timecode", "seconds")
_ADDRESS = ("frame", "source", *_POSITIONS, "start", "stop", "last")
_NAMES_SHOWN = 20

# Spellings that are understood without being told, the likeliest first; compared by letters and digits only.
_KNOWN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "frame": ("framenumber", "framename", "frame", "imgref", "srcref", "srcurl", "filename", "file", "image",
              "imagename", "imageurl", "frameurl", "path", "picture"),
    "source": ("sourcename", "video", "videofile", "film", "movie", "episode", "clip", "source"),
    "ordinal": ("ordinal", "frameordinal", "frameindex"),
    "timecode": ("timecode", "tc", "smpte"),
    "seconds": ("seconds", "timeseconds", "timestamp", "time"),
    "start": ("start", "startframe", "firstframe"),
    "stop": ("stop", "stopframe"),
    "last": ("last", "lastframe"),
    "origin": ("origin",),
    "stated_at": ("statedat",),
    "subjects": ("metadata", "subjects", "subject", "tags", "keywords"),
}  # fmt: skip
# A group decides what is trained on and what is judged by, and a column of this name may hold anything: never guessed.
_GROUP_NAME = "group"
_KNOWN_CLASSES = ("class", "classname", "label", "classification")
_KNOWN_CLASSES_OF_ORIGINS: Mapping[str, str] = {
    "unsupervisedclassification": "unsupervised",
    "supervisedclassification": "supervised",
    "jonnysreclassification": "jonny",
}


# The same as people type them, for what is said of a misspelt one.
_CLASS_HEADERS = ("UNSUPERVISED CLASSIFICATION", "SUPERVISED CLASSIFICATION", "JONNY's RECLASSIFICATION")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its place, from 0, and its header as typed."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class ClassColumn:
    """A column of answers, and who gave them; origin None leaves it to the sheet's origin column or the default."""

    column: Column
    origin: str | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of one sheet mean.

    A row addresses frames by `frame`, or by `source` with one of `ordinal`, `timecode`, `seconds`, or with
    `start` and either `stop` (exclusive) or `last` (inclusive), or by `source` alone: all of its frames.
    `source` beside `frame` narrows the search, and makes a whole number in `frame` an ordinal. `stated_at` says when
    the answers of a row were given.
    """

    classes: tuple[ClassColumn, ...]
    frame: Column | None = None
    source: Column | None = None
    ordinal: Column | None = None
    timecode: Column | None = None
    seconds: Column | None = None
    start: Column | None = None
    stop: Column | None = None
    last: Column | None = None
    origin: Column | None = None
    stated_at: Column | None = None
    group: Column | None = None
    subjects: Column | None = None

    def __post_init__(self) -> None:
        problem = _why_no_address([name for name in _ADDRESS if getattr(self, name) is not None])
        if problem or not (self.classes or self.subjects):
            raise ValueError(problem or "a sheet of labels needs a column of classes, or one of subjects")


@dataclass(frozen=True, slots=True)
class PlannedSheets:
    """The worksheets that hold labels, with what their columns mean; iterating gives these.

    Attributes:
        faults: of the worksheets that seem to hold labels and cannot be read.
        skipped: names of the worksheets that hold none.
    """

    planned: tuple[tuple[Sheet, Columns], ...]
    faults: tuple[Fault, ...] = ()
    skipped: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[tuple[Sheet, Columns]]:
        return iter(self.planned)


def plan_columns(
    sheet_columns: Sequence[str],
    mapping: Mapping[str, str],
    *,
    sheet: str = "sheet",
    task_name: str = "",
    known: Mapping[str, str] | None = None,
) -> Columns:
    """Decide what a sheet's columns mean; their order, case, spaces and punctuation do not matter.

    What `mapping` says wins over `known`, and that over the built-in names. Where a column is stated to address
    frames, built-in names only complete that address; where a column is stated to hold classes, none other does.
    A column named as the task holds its classes, before a column named `class` does. Groups must be stated. A sheet
    whose subjects `mapping` states needs no classes; otherwise a misspelt header would be lost in silence.

    Args:
        mapping: column -> meaning, one of `MEANINGS`; every column must be in the sheet (from `--map`).
        sheet: what faults call the sheet.
        known: column -> meaning, for columns that a sheet may have (from rushes.toml, [columns]).

    Raises:
        SheetError: a meaning or a column that does not exist, a header or meaning there twice, no column of classes,
            or nothing that addresses frames; all at once.
    """
    faults: list[Fault] = []
    stated = _match_stated(sheet_columns, mapping, must_exist=True, sheet=sheet, faults=faults)
    project = _match_stated(sheet_columns, known or {}, must_exist=False, sheet=sheet, faults=faults)
    subjects_suffice = any(meaning == "subjects" for _, meaning in stated)
    stated += _not_overruled(project, stated)
    fields = _fields_of(stated, sheet=sheet, faults=faults)
    classes = tuple(_class_column(column, meaning) for column, meaning in stated if _is_class(meaning))
    if faults:
        raise SheetError(faults)

    by_folded = _by_folded_name(sheet_columns)
    free = {folded: columns for folded, columns in by_folded.items() if columns[0] not in {c for c, _ in stated}}
    classes = classes or _known_classes(free, task_name, sheet=sheet, faults=faults)
    fields |= _known_fields(free, fields, taken={item.column for item in classes})
    faults += _what_is_missing(
        fields, classes, sheet_columns, sheet=sheet, task_name=task_name, subjects_suffice=subjects_suffice
    )
    used = [*fields.values(), *(item.column for item in classes)]
    faults += _headers_there_twice(by_folded, used, stated={column for column, _ in stated}, sheet=sheet)
    if faults:
        raise SheetError(faults)
    return Columns(classes=classes, **fields)


def plan_sheets(
    sheets: Sequence[Sheet],
    mapping: Mapping[str, str],
    *,
    task_name: str = "",
    known: Mapping[str, str] | None = None,
) -> PlannedSheets:
    """Decide what the columns of each worksheet mean.

    A worksheet with a column of classes or one that addresses frames must have both: if its header is misspelt it
    must not be lost in silence. Worksheets with neither (notes, a legend) are skipped.

    Raises:
        SheetError: no worksheet holds labels; the faults of all that seem to are in it, or if none does, of all.
    """
    planned: list[tuple[Sheet, Columns]] = []
    faults: list[Fault] = []
    of_skipped: list[Fault] = []
    skipped: list[str] = []
    for sheet in sheets:
        try:
            columns = plan_columns(sheet.columns, mapping, sheet=sheet.name, task_name=task_name, known=known)
        except SheetError as error:
            if _seems_to_hold_labels(sheet.columns, {**(known or {}), **mapping}, task_name):
                faults += _with_way_out(error.faults) if len(sheets) > 1 else error.faults
            else:
                of_skipped += error.faults
                skipped.append(sheet.name)
        else:
            planned.append((sheet, columns))
            if not any(_is_class(meaning.strip()) for meaning in mapping.values()):
                faults += _misspelt_classes(sheet, known or {})
    if not planned:
        raise SheetError(faults or of_skipped)
    return PlannedSheets(tuple(planned), faults=tuple(faults), skipped=tuple(skipped))


def unused_group_column(sheet_columns: Sequence[str], columns: Columns) -> str | None:
    """Return the header of a column named `group` that nobody said is one; None where there is none."""
    if columns.group is not None:
        return None
    used = {item.column.index for item in columns.classes}
    used |= {column.index for name in FIELDS if isinstance(column := getattr(columns, name, None), Column)}
    named = _by_folded_name(sheet_columns).get(_GROUP_NAME, [])
    return next((column.name for column in named if column.index not in used), None)


def find_lacking(sheet: Sheet, wanted: Mapping[str, str], known: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each column that a sheet of this kind has, and this one has not under any known name.

    Args:
        wanted: name of the column -> its meaning, one of `MEANINGS`; "" for a column that means none of them.
        known: column -> meaning, as in `plan_columns`; another name for a meaning does as well.
    """
    folded = {fold_name(name) for name in sheet.columns}
    meanings = {meaning.strip().casefold() for name, meaning in known.items() if fold_name(name) in folded}
    taken = {fold_name(name) for name in (*wanted, *known)}
    free = [name for name in sheet.columns if name and fold_name(name) not in taken]
    faults = []
    for name, meaning in wanted.items():
        spellings = {fold_name(name), *_KNOWN_FIELDS.get(meaning, ())}
        if spellings & folded or (meaning and meaning.casefold() in meanings):
            continue
        alike = nearest(name, [other for other in free if nearest(other, wanted) == name])
        hint = f"'{alike}' looks like it: call it '{name}' again" if alike else f"Call the column '{name}' again"
        message = f"there is no column of this name. {hint}. {_found(sheet.columns)}"
        faults.append(Fault(sheet.name, sheet.first_row - 1, name, message))
    return faults


def _misspelt_classes(sheet: Sheet, known: Mapping[str, str]) -> list[Fault]:
    """Return a fault for each column that looks like one of answers, beside others that are."""
    wanted = {name: f"class:{_KNOWN_CLASSES_OF_ORIGINS[fold_name(name)]}" for name in _CLASS_HEADERS}
    wanted |= {name: meaning for name, meaning in known.items() if _is_class(meaning.strip())}
    return [fault for fault in find_lacking(sheet, wanted, known) if "looks like it" in fault.message]


def origin_from(text: str) -> str:
    """Return the origin that a cell or a mapping names: outer spaces gone, lower case except for a model's name."""
    word = text.strip()
    return word if word.casefold().startswith("model:") else word.casefold()


def _is_class(meaning: str) -> bool:
    return meaning == "class" or meaning.startswith("class:")


def _class_column(column: Column, meaning: str) -> ClassColumn:
    origin = origin_from(meaning.removeprefix("class").removeprefix(":"))
    return ClassColumn(column, origin or None)


def _by_folded_name(sheet_columns: Sequence[str]) -> dict[str, list[Column]]:
    found: dict[str, list[Column]] = {}
    for index, name in enumerate(sheet_columns):
        if fold_name(name):
            found.setdefault(fold_name(name), []).append(Column(index, name))
    return found


def _match_stated(
    sheet_columns: Sequence[str], mapping: Mapping[str, str], *, must_exist: bool, sheet: str, faults: list[Fault]
) -> list[tuple[Column, str]]:
    """Return the columns that a mapping names with their meanings; what does not fit goes to `faults`."""
    by_folded = _by_folded_name(sheet_columns)
    matched: list[tuple[Column, str]] = []
    for name, text in mapping.items():
        meaning = text.strip()
        if meaning.casefold() in FIELDS:
            meaning = meaning.casefold()
        elif not (meaning.casefold().startswith("class:") and meaning[6:].strip()):
            hint = (
                f"Did you mean '{alike}'?" if (alike := nearest(meaning, FIELDS)) else f"Allowed: {', '.join(MEANINGS)}"
            )
            faults.append(Fault(sheet, None, name, f"'{text}' is nothing that a column can mean. {hint}"))
            continue
        else:
            meaning = f"class:{meaning[6:].strip()}"
        same = [column for column in by_folded.get(fold_name(name), []) if column.name == name.strip()]
        columns = same or by_folded.get(fold_name(name), [])
        if columns:
            matched.append((columns[0], meaning))
        elif must_exist:
            close = nearest(name, [column for column in sheet_columns if column])
            hint = f"Did you mean '{close}'? " if close else ""
            faults.append(Fault(sheet, None, name, f"there is no such column. {hint}{_found(sheet_columns)}"))
    return matched


def _not_overruled(
    weaker: Sequence[tuple[Column, str]], stronger: Sequence[tuple[Column, str]]
) -> list[tuple[Column, str]]:
    """Return the statements whose column and whose meaning the stronger ones leave open."""
    columns = {column for column, _ in stronger}
    meanings = {"class" if _is_class(meaning) else meaning for _, meaning in stronger}
    return [
        (column, meaning)
        for column, meaning in weaker
        if column not in columns and ("class" if _is_class(meaning) else meaning) not in meanings
    ]


def _fields_of(stated: Sequence[tuple[Column, str]], *, sheet: str, faults: list[Fault]) -> dict[str, Column]:
    fields: dict[str, Column] = {}
    for column, meaning in stated:
        if _is_class(meaning):
            continue
        if meaning in fields:
            message = f"'{fields[meaning].name}' is mapped to {meaning} already; only one column can be"
            faults.append(Fault(sheet, None, column.name, message))
        fields[meaning] = column
    return fields


def _known_classes(
    free: Mapping[str, list[Column]], task_name: str, *, sheet: str, faults: list[Fault]
) -> tuple[ClassColumn, ...]:
    if task_name and fold_name(task_name) in free:
        return (ClassColumn(free[fold_name(task_name)][0], None),)
    plain = [free[name][0] for name in _KNOWN_CLASSES if name in free]
    if len(plain) > 1:
        names = " and ".join(f"'{column.name}'" for column in plain)
        message = f'{names} could both hold the classes. Say which: --map "{plain[0].name}=class"'
        faults.append(Fault(sheet, None, None, message))
    of_origins = tuple(
        ClassColumn(free[name][0], origin) for name, origin in _KNOWN_CLASSES_OF_ORIGINS.items() if name in free
    )
    return (*(ClassColumn(column, None) for column in plain), *of_origins)


def _known_fields(
    free: Mapping[str, list[Column]], fields: Mapping[str, Column], *, taken: set[Column]
) -> dict[str, Column]:
    """Return built-in columns for what is not stated; of the ways to address frames, only the best."""
    wanted = _what_completes([name for name in _ADDRESS if name in fields])
    found: dict[str, Column] = {}
    for name, spellings in _KNOWN_FIELDS.items():
        if name in fields or (name in _ADDRESS and name not in wanted):
            continue
        columns = [free[spelling][0] for spelling in spellings if spelling in free and free[spelling][0] not in taken]
        if columns:
            found[name] = columns[0]
    drop: set[str] = set()
    if "frame" in found:
        drop = {*_POSITIONS, "start", "stop", "last"}
        if "source" in found and fold_name(found["source"].name) == "source":
            drop.add("source")  # beside a picture this word is as often a remark ("third party") as a film
    elif "ordinal" in found:
        drop = {"timecode", "seconds", "start", "stop", "last"}
    elif "timecode" in found:
        drop = {"seconds", "start", "stop", "last"}
    elif "start" in found or "start" in fields:
        drop = {"seconds", "last"} if "stop" in found else {"seconds"}
    else:
        drop = {"stop", "last"}
    return {name: column for name, column in found.items() if name not in drop}


def _seems_to_hold_labels(sheet_columns: Sequence[str], stated: Mapping[str, str], task_name: str) -> bool:
    """Return whether any column has a name that is known, or stated, to hold classes or to address frames."""
    words = {fold_name(task_name), *_KNOWN_CLASSES, *_KNOWN_CLASSES_OF_ORIGINS}
    words |= {spelling for name in _ADDRESS for spelling in _KNOWN_FIELDS[name]}
    words |= {fold_name(name) for name, meaning in stated.items() if meaning.strip().casefold() not in _REMARKS}
    return any(fold_name(name) in words for name in sheet_columns if fold_name(name))


def _with_way_out(faults: Sequence[Fault]) -> list[Fault]:
    """Return the faults of a worksheet, the last of them with what to do if it is not meant at all."""
    *others, last = faults
    stop = "" if last.message.endswith(("?", ".")) else "."
    message = f"{last.message}{stop} If this worksheet holds no labels, hide it in the workbook"
    return [*others, replace(last, message=message)]


def _what_completes(stated: Sequence[str]) -> tuple[str, ...]:
    """Return the address fields that built-in names may fill beside those that are stated."""
    if not stated:
        return _ADDRESS
    if "frame" in stated:
        return ()
    wanted = () if "source" in stated else ("source",)
    has_end = "stop" in stated or "last" in stated
    if "start" in stated and not has_end:
        return (*wanted, "stop", "last")
    return (*wanted, "start") if has_end and "start" not in stated else wanted


def _why_no_address(names: Sequence[str]) -> str:
    """Return what keeps these fields from addressing frames; "" where nothing does."""
    if not names:
        return "no column says which frame a row is about"
    positions = [name for name in names if name in _POSITIONS]
    ends = [name for name in names if name in ("stop", "last")]
    others = [name for name in names if name not in ("frame", "source")]
    if "frame" in names:
        return f"'frame' and '{others[0]}' both say which frame a row is about; map only one" if others else ""
    if "source" not in names:
        return f"'{names[0]}' needs a column that names the source (the video) as well"
    if len(positions) + ("start" in names or bool(ends)) > 1:
        return f"{', '.join(others)} all say where in the source a row is; map only one way"
    if ends and "start" not in names:
        return f"'{ends[0]}' needs a column with the start of the range as well"
    if "start" in names and len(ends) != 1:
        return "'start' needs one column with the end of the range: 'stop' (not in the range) or 'last' (in it)"
    return ""


def _what_is_missing(
    fields: Mapping[str, Column],
    classes: Sequence[ClassColumn],
    sheet_columns: Sequence[str],
    *,
    sheet: str,
    task_name: str,
    subjects_suffice: bool,
) -> list[Fault]:
    stated = [name for name in _ADDRESS if name in fields]
    taken_names = {column.name for column in (*fields.values(), *(item.column for item in classes))}
    free = [name for name in sheet_columns if name and name not in taken_names]
    messages = []
    problem = _why_no_address(stated)
    if problem:
        taken = ", ".join(f"'{fields[name].name}' is taken as {name}" for name in stated)
        messages.append(f"{problem} ({taken})" if taken else problem)
        lacking = _lacking_field(stated)
        if lacking:
            messages[-1] += f". {_map_it(lacking, free)}"
    if not classes and not subjects_suffice:
        messages.append(f"no column holds the classes. {_map_it('class', free, near=(task_name, 'answer'))}")
    return [Fault(sheet, None, None, f"{message}. {_found(sheet_columns)}") for message in messages]


def _lacking_field(stated: Sequence[str]) -> str:
    """Return the one field that would complete an address; "" where it says too much instead."""
    if not stated:
        return "frame"
    if "frame" in stated:
        return ""
    if "source" not in stated:
        return "source"
    if "start" not in stated:
        return "start"
    return "" if "stop" in stated or "last" in stated else "last"


def _map_it(name: str, columns: Sequence[str], *, near: Sequence[str] = ()) -> str:
    """Return the option to write, with the column that looks as if it held the field."""
    ends = ("end frame", "end") if name == "last" else ()
    words = (*near, *ends, *_KNOWN_FIELDS.get(name, _KNOWN_CLASSES))
    likely = next((close for word in words if word and (close := nearest(word, columns))), "COLUMN")
    whole = ', or --map "COLUMN=source" for whole videos' if name == "frame" else ""
    return f'Map it: --map "{likely}={name}"{whole}'


def _headers_there_twice(
    by_folded: Mapping[str, Sequence[Column]], used: Sequence[Column], *, stated: Collection[Column], sheet: str
) -> list[Fault]:
    """Return a fault for each used header that is there twice; one that was stated is told apart by its spelling."""
    faults = []
    for column in dict.fromkeys(used):
        of_name = by_folded.get(fold_name(column.name), [])
        same = [other for other in of_name if other.name == column.name or column not in stated]
        if len(same) > 1:
            others = [f"'{other.name}'" for other in same if other.name != column.name]
            alike = f". {', '.join(others)} is the same: case, spaces and punctuation do not count" if others else ""
            message = (
                f"there are {len(same)} columns of this name, and rushes needs one. Rename or remove the others{alike}"
            )
            faults.append(Fault(sheet, None, column.name, message))
    return faults


def _found(sheet_columns: Sequence[str]) -> str:
    """Return a phrase that lists a sheet's columns."""
    names = [name for name in sheet_columns if name]
    if not names:
        return "Found: no named column"
    shown = ", ".join(f"'{name}'" for name in names[:_NAMES_SHOWN])
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"Found: {shown}{more}"
