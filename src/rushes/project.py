"""rushes.toml -> Project: where everything is, and what a project's words mean."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from rushes.errors import ProjectError, did_you_mean
from rushes.timecode import parse_duration
from rushes.wish import Wish, parse_wish

T = TypeVar("T")

PROJECT_FILE = "rushes.toml"
# What rushes writes into a project, or reads as models (`weights`); none of it is footage.
OWN_FOLDERS = frozenset(
    {
        ".rushes",
        "bundles",
        "culls",
        "datasets",
        "frames",
        "iterations",
        "manifests",
        "recipes",
        "runs",
        "scans",
        "splits",
        "thumbnails",
        "weights",
    }
)
PICTURE_FORMATS = ("jpeg", "webp", "png")
RAW_DEVELOPMENTS = ("preview", "half", "full")
DEFAULT_TRUST = ("review", "jonny", "supervised", "folder", "unsupervised")
SUGGEST_SCOPES = ("project", "group")
ENGINES = ("here", "ray")
_OF_THE_WHOLE = ("catalog", "engine", "store")  # keys that stand above the first table, and say where things are


@dataclass(frozen=True, slots=True)
class SuggestSettings:
    """How `labels suggest` comes to the classes of a task, which run from the most to the least common.

    Attributes:
        junk: class of pictures that are of no use; "" takes the class that is called Junk, where the task has one.
        quantiles: class -> share of the frames that are no junk up to which it goes, classes in the task's order; the
            last class takes what is left. {} suggests nothing: not every task runs from common to rare.
        per: `project` or `group`: among which frames these shares are taken.
        density: weight of how alone a picture is among all pictures.
        subjects: weight of how scarce the scarcest of its subjects is.
        neighbours: up to how many near-duplicates of a frame are counted.
        near: how far apart near-duplicates may be, as a share of the median distance between two pictures.
        stay: how far an earlier suggestion may lie beyond an edge and still stand, in shares of the narrower of the
            two classes there; 0 lets every run decide anew.
        black: share of black pixels from which a picture is junk.
        flat: contrast (standard deviation of luma, 0 to 255) up to which a picture is junk.
        blurred: blur (0 to 1) from which a picture is junk.
        underexposed: brightness (0 to 255) that 99 of 100 pixels of a picture do not exceed, and it is junk.
        overexposed: share of blown out pixels from which a picture is junk.
        faded: how much of another picture shows through, 0 to 0.5, from which a picture is junk.
    """

    junk: str = ""
    quantiles: Mapping[str, float] = field(default_factory=dict)
    per: str = "project"
    density: float = 1.0
    subjects: float = 1.0
    neighbours: int = 30
    near: float = 0.25
    stay: float = 0.25
    black: float = 0.98
    flat: float = 6.0
    blurred: float = 0.8
    underexposed: float = 40.0
    overexposed: float = 0.6
    faded: float = 0.15


@dataclass(frozen=True, slots=True)
class Task:
    """One question with an ordered list of classes.

    Attributes:
        classes: the answers, in the order in which every score and matrix lists them.
        aliases: other spellings in sheets -> class, compared without regard to case.
        ignore: answers in sheets that state nothing ("none", "n/a").
        trust: origins of labels, the most trusted first; () takes the project's order.
        suggest: how unlabelled frames are suggested for.
        thresholds: class -> what is wanted of its threshold; the classes in the task's order.
    """

    name: str
    classes: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    suggest: SuggestSettings = field(default_factory=SuggestSettings)
    thresholds: Mapping[str, Wish] = field(default_factory=dict)

    def class_of(self, text: str) -> str | None:
        """Return the class that a sheet's text names, case and outer spaces aside; None if none does."""
        folded = text.strip().casefold()
        spellings = {name.casefold(): name for name in self.classes}
        spellings |= {alias.casefold(): name for alias, name in self.aliases.items()}
        return spellings.get(folded)

    @property
    def junk(self) -> str | None:
        """The class of pictures that are of no use: the one that `suggest` names, or else the one called Junk."""
        return self.suggest.junk or self.class_of("junk")

    @property
    def ranked(self) -> tuple[str, ...]:
        """The classes but for junk, in order."""
        return tuple(name for name in self.classes if name != self.junk)

    def says_nothing(self, text: str) -> bool:
        """Return whether a sheet's text is empty or one of the answers to ignore."""
        folded = text.strip().casefold()
        return not folded or folded in {word.casefold() for word in self.ignore}


@dataclass(frozen=True, slots=True)
class IngestDefaults:
    """How footage becomes frames when the command line does not say otherwise."""

    every: str = "8s"
    size: str = "640"  # long side in pixels, or WIDTHxHEIGHT
    format: str = "jpeg"
    quality: int = 90
    thumbnail: str = "0"  # size of a small picture beside each, as `size`; "0" makes none
    deinterlace: bool = False
    raw: str = "preview"  # or half or full: how a raw becomes pixels
    shoots: bool = False  # each folder directly below a place is a shoot, and so a group


@dataclass(frozen=True, slots=True)
class SplitSettings:
    """The shares of groups that a split aims for."""

    train: float = 0.7
    validation: float = 0.15
    test: float = 0.15
    seed: int = 0


@dataclass(frozen=True, slots=True)
class DatasetSettings:
    """Where the class-folder dataset is, and how it follows the labels."""

    to: str = "datasets/{task}"  # relative to the project, or s3://bucket/{task}
    deletes: float = 0.05  # share of the dataset that a sync deletes without --yes
    parallel: int = 64  # requests at the same time
    links: bool = True  # in a folder, pictures are second names of the project's files; otherwise copies


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """Where labels come from when the command line does not say otherwise.

    Attributes:
        seasons: season files that `labels pull` reads, relative to the project folder.
    """

    seasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What is done with runs beside keeping them.

    Attributes:
        mlflow: where each training sends its run, as MLflow writes it; "" sends nothing.
    """

    mlflow: str = ""


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """What is looked for in films when the command line does not say otherwise.

    Attributes:
        faces: whether faces are looked for and kept; off, since they are data about persons.
        face_detector, face_embedder: model files, relative to the project; "" takes the ones that rushes knows.
        detector: of objects: a model file or the name of a known one; "" looks for none.
        words: what `detector` looks for, where it looks for what it is asked; of one with words of its own, which of
            them are kept. () asks as the files beside it say.
        looks: what shots are compared by: `scan` (what the scan noted), or a bundle of the project by name.
        closeness: the bundle of the project that says which shots are medium close-ups; "" asks none.
    """

    faces: bool = False
    face_detector: str = ""
    face_embedder: str = ""
    detector: str = ""
    words: tuple[str, ...] = ()
    looks: str = "scan"
    closeness: str = ""


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder and the settings of its `rushes.toml`."""

    root: Path
    name: str
    tasks: Mapping[str, Task]
    trust: tuple[str, ...] = DEFAULT_TRUST
    catalog: str = ""  # SQLAlchemy URL; "" is the SQLite file in the project
    engine: str = "here"  # what does the work on many files: here, ray, ray://HOST:PORT
    store: str = ""  # bucket in which frames and what workers make are kept; "" is the project's folder
    ingest: IngestDefaults = field(default_factory=IngestDefaults)
    split: SplitSettings = field(default_factory=SplitSettings)
    columns: Mapping[str, str] = field(default_factory=dict)  # sheet column -> its meaning, as --map says it
    dataset: DatasetSettings = field(default_factory=DatasetSettings)
    labels: LabelSettings = field(default_factory=LabelSettings)
    runs: RunSettings = field(default_factory=RunSettings)
    film: FilmSettings = field(default_factory=FilmSettings)

    @property
    def catalog_place(self) -> Path | str:
        """The SQLite file in the project, or the SQLAlchemy URL that rushes.toml names."""
        return self.catalog or self.root / ".rushes" / "catalog.db"

    @property
    def manifests_folder(self) -> Path:
        return self.root / "manifests"

    @property
    def splits_folder(self) -> Path:
        return self.root / "splits"

    @property
    def recipes_folder(self) -> Path:
        return self.root / "recipes"

    @property
    def runs_folder(self) -> Path:
        return self.root / "runs"

    @property
    def culls_folder(self) -> Path:
        return self.root / "culls"

    @property
    def bundles_folder(self) -> Path:
        return self.root / "bundles"

    @property
    def scans_folder(self) -> Path:
        return self.root / "scans"

    @property
    def faces_folder(self) -> Path:
        """All that is kept about faces, and nothing else, so that it can be wiped."""
        return self.root / ".rushes" / "faces"

    @property
    def models_folder(self) -> Path:
        """Models of faces and objects that a person put there or that were fetched."""
        return self.root / "weights"

    @property
    def cache_folder(self) -> Path:
        return self.root / ".rushes" / "cache"

    def task(self, name: str | None) -> Task:
        """Return a task by name; without a name, the only one there is.

        Raises:
            ProjectError: no such task, or several and no name.
        """
        if name is None:
            if len(self.tasks) == 1:
                return next(iter(self.tasks.values()))
            if not self.tasks:
                raise ProjectError(
                    f"{self.root / PROJECT_FILE}: no task is defined. Add one, for example:\n"
                    '  [tasks.select]\n  classes = ["reject", "select"]'
                )
            raise ProjectError(f"{self.root / PROJECT_FILE} has {len(self.tasks)} tasks; say which with --task: "
                               f"{', '.join(self.tasks)}")  # fmt: skip
        if name not in self.tasks:
            raise ProjectError(
                f"{self.root / PROJECT_FILE}: there is no task '{name}'. {did_you_mean(name, list(self.tasks))}\n"
                f'To add it:\n  [tasks.{name}]\n  classes = ["one", "other"]'
            )
        return self.tasks[name]

    def trust_of(self, task: Task) -> tuple[str, ...]:
        """Return the order of origins for a task, the most trusted first."""
        return task.trust or self.trust


def find_project(start: Path | None = None) -> Project:
    """Read the project that holds the folder `start` (default: the working folder).

    Raises:
        ProjectError: neither `start` nor a folder above it holds a rushes.toml.
    """
    found = project_around(start)
    if found is None:
        here = (start or Path.cwd()).resolve()
        raise ProjectError(
            f"no {PROJECT_FILE} in {here} or above it. Make a project here with 'rushes init', "
            "or name one with --project DIR"
        )
    return found


def project_around(folder: Path | None = None) -> Project | None:
    """Read the project that holds a folder (default: the working folder); None where there is none around it.

    Raises:
        ProjectError: there is one whose rushes.toml says something that is not allowed.
    """
    here = (folder or Path.cwd()).resolve()
    root = next((one for one in (here, *here.parents) if (one / PROJECT_FILE).is_file()), None)
    return None if root is None else read_project(root)


def read_project(root: Path) -> Project:
    """Read and check `root/rushes.toml`.

    Raises:
        ProjectError: the file is missing, is not TOML, or says something that is not allowed.
    """
    path = root / PROJECT_FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProjectError(f"{path} is missing. Make a project with 'rushes init {root}'") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path} is not valid TOML: {error}") from error
    return parse_project(table, root=root.resolve())


def parse_project(table: Mapping[str, Any], *, root: Path) -> Project:
    """Turn the table of a rushes.toml into a Project.

    Raises:
        ProjectError: a key is unknown, a value is of the wrong type or not allowed.
    """
    where = str(root / PROJECT_FILE)
    allowed = ("schema", "name", "catalog", "engine", "store", "trust", "tasks", "ingest", "split", "columns", "labels",
               "dataset", "runs", "film")  # fmt: skip
    check_keys(table, allowed, where=where, error=ProjectError)
    _refuse_misplaced(table, (), where=where)
    if table.get("schema", "project/1") != "project/1":
        raise ProjectError(f"{where}: schema is '{table['schema']}', this rushes reads 'project/1'")
    tasks = {
        name: _parse_task(name, body, where=where)
        for name, body in _typed(table, "tasks", dict, {}, where=where).items()
    }
    columns = _typed(table, "columns", dict, {}, where=where)
    return Project(
        root=root,
        name=_typed(table, "name", str, root.name, where=where),
        tasks=tasks,
        trust=_words(table, "trust", DEFAULT_TRUST, where=where),
        catalog=_parse_catalog(table, where=where),
        engine=_parse_engine(table, where=where),
        store=_parse_store(table, where=where),
        ingest=_parse_ingest(_typed(table, "ingest", dict, {}, where=where), where=where),
        split=_parse_split(_typed(table, "split", dict, {}, where=where), where=where),
        columns={str(column): str(meaning) for column, meaning in columns.items()},
        dataset=_parse_dataset(_typed(table, "dataset", dict, {}, where=where), tuple(tasks), where=where),
        labels=_parse_labels(_typed(table, "labels", dict, {}, where=where), where=where),
        runs=_parse_runs(_typed(table, "runs", dict, {}, where=where), where=where),
        film=_parse_film(_typed(table, "film", dict, {}, where=where), where=f"{where}: [film]"),
    )


def _refuse_misplaced(table: Mapping[str, Any], path: tuple[str, ...], *, where: str) -> None:
    """Raise ProjectError for a line that says where things are and stands below a [table], and so in it.

    Some tables take any key, as [columns] does, and would take it for a column without a word.
    """
    for key, value in table.items():
        if isinstance(value, Mapping):
            _refuse_misplaced(value, (*path, key), where=where)
        elif path and key in _OF_THE_WHOLE and ("://" in str(value) or (key == "engine" and value in ENGINES)):
            raise ProjectError(
                f"{where}: {key} stands below [{'.'.join(path)}], and so belongs to that table. Move the line above "
                "the first [table] of the file"
            )


def _parse_catalog(table: Mapping[str, Any], *, where: str) -> str:
    catalog: str = _typed(table, "catalog", str, "", where=where)
    wrong = why_no_catalog(catalog) if catalog else ""
    if wrong:
        raise ProjectError(f"{where}: catalog {wrong}")
    return catalog


def why_no_catalog(address: str) -> str:
    """Return why a catalog cannot be named so, to be read behind what names it; "" where it can."""
    options = [unquote(option.partition("=")[0]) for option in re.split("[?&]", address)[1:]]
    if "password" in " ".join(options).lower() or re.search(r"://([^:/@]*:[^@]*|[^/]*:[^/]*)@", address):
        return (
            "holds a password, which does not belong into a file or a command that others read. Take it out, and set "
            "PGPASSWORD, or put it into ~/.pgpass"
        )
    if re.match(r"(postgresql(\+psycopg)?|sqlite)://", address):
        return ""
    if re.match(r"postgres://", address):
        return "begins with postgres://. Write postgresql://, and the rest as it is"
    # What stands before an @ may be a password, however the address is miswritten.
    found = f"is '{address}'" if "@" not in address and "password" not in address.lower() else "cannot be read"
    return (
        f'{found}. Allowed: "postgresql+psycopg://USER@HOST/NAME", "sqlite:////FOLDER/catalog.db", or "" for the file '
        "in the project"
    )


def is_like_address(words: str) -> bool:
    """Return whether words that are no address of a catalog were meant for one, and not for a file."""
    return re.match(r"postgres(ql)?\b", words, re.I) is not None and re.search(r"[:@]", words) is not None


def _parse_engine(table: Mapping[str, Any], *, where: str) -> str:
    engine: str = _typed(table, "engine", str, "here", where=where)
    wrong = why_no_engine(engine)
    if wrong:
        raise ProjectError(f"{where}: engine {wrong}")
    return engine


def why_no_engine(name: str) -> str:
    """Return why a name is no engine, to be read behind its key; "" where it is one."""
    if name in ENGINES or re.fullmatch(r"ray://[^/\s@]+", name):
        return ""
    if "@" in name:  # what stands before it may be a password, and is not repeated
        return "holds an '@': a cluster has neither users nor passwords. Write ray://HOST:PORT"
    hint = (
        "Write ray://HOST:PORT" if "://" in name else f"{did_you_mean(name, ENGINES)} ray://HOST:PORT names a cluster"
    )
    return f"is '{name}'. {hint}"


def _parse_store(table: Mapping[str, Any], *, where: str) -> str:
    store: str = _typed(table, "store", str, "", where=where)
    if store and not re.fullmatch(r"(s3|gs|az)://[^/@]+(/.*)?", store):
        found = f"is '{store}'; it" if "@" not in store else "holds an '@', which no bucket has; it"
        raise ProjectError(f"{where}: store {found} must be a folder of a bucket, such as "
                           '"s3://bucket/project/", or "" for the project\'s own folder')  # fmt: skip
    return store


def _parse_film(body: Mapping[str, Any], *, where: str) -> FilmSettings:
    settings = settings_from_table(FilmSettings, body, where=where, error=ProjectError)
    return replace(settings, words=_words(body, "words", (), where=where))


def settings_from_table(kind: type[T], table: Mapping[str, Any], *, where: str, error: type[Exception]) -> T:
    """Build a frozen dataclass of plain values from a table, keys and types checked.

    Integers are taken where a float is wanted, lists where a tuple is wanted.

    Raises:
        error: a key is unknown (its nearest known key is named), missing, or of another type.
    """
    wanted = {item.name: item for item in fields(kind)}  # type: ignore[arg-type]
    check_keys(table, tuple(wanted), where=where, error=error)
    values: dict[str, Any] = {}
    for name, value in table.items():
        factory = wanted[name].default_factory
        default = wanted[name].default if factory is MISSING else factory()
        values[name] = _like(value, default, key=f"{where}: {name}", error=error)
    missing = [
        name
        for name, item in wanted.items()
        if item.default is MISSING and item.default_factory is MISSING and name not in table
    ]
    if missing:
        raise error(f"{where}: the key '{missing[0]}' is missing")
    return kind(**values)


def check_keys(table: Mapping[str, Any], allowed: Sequence[str], *, where: str, error: type[Exception]) -> None:
    """Raise `error` for the first key that is not allowed, naming the nearest one that is."""
    for key in table:
        if key not in allowed:
            raise error(f"{where}: unknown key '{key}'. {did_you_mean(key, allowed)}")


def _like(value: Any, default: Any, *, key: str, error: type[Exception]) -> Any:
    """Return `value` as the type of `default`, or raise `error`; no default leaves it as it is."""
    if default is MISSING or default is None:
        return tuple(value) if isinstance(value, list) else value
    if isinstance(default, bool) or isinstance(value, bool):
        right = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        value, right = (float(value), True) if isinstance(value, int | float) else (value, False)
    elif isinstance(default, tuple):
        value, right = (tuple(value), True) if isinstance(value, list | tuple) else (value, False)
    else:
        right = isinstance(value, type(default))
    if not right:
        names = {str: "text", int: "a whole number", float: "a number", bool: "true or false", tuple: "a list",
                 dict: "a table"}  # fmt: skip
        raise error(f"{key} is {value!r}; it must be {names.get(type(default), type(default).__name__)}")
    return value


def _typed(table: Mapping[str, Any], key: str, kind: type, default: Any, *, where: str) -> Any:
    value = table.get(key, default)
    if not isinstance(value, kind):
        wanted = "a table" if kind is dict else "text in quotes"
        raise ProjectError(f"{where}: {key} is {value!r}; it must be {wanted}")
    return value


def _words(table: Mapping[str, Any], key: str, default: tuple[str, ...], *, where: str) -> tuple[str, ...]:
    value = table.get(key, default)
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ProjectError(f"{where}: {key} is {value!r}; it must be a list of words in quotes")
    if len({word.casefold() for word in value}) != len(value):
        raise ProjectError(f"{where}: {key} names the same word twice: {', '.join(value)}")
    return tuple(value)


def _parse_task(name: str, body: Any, *, where: str) -> Task:
    place = f"{where}: [tasks.{name}]"
    if not isinstance(body, dict):
        raise ProjectError(f'{place} must be a table with classes = ["one", "other"]')
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise ProjectError(f"{place}: a task's name is made of letters, digits, - and _")
    keys = ("classes", "aliases", "ignore", "trust", "suggest", "thresholds")
    check_keys(body, keys, where=place, error=ProjectError)
    classes = _words(body, "classes", (), where=place)
    if len(classes) < 2:
        found = f"only '{classes[0]}'" if classes else "none"
        raise ProjectError(f"{place}: classes has {found}; a task needs at least two to choose between")
    for class_name in classes:
        if not class_name.strip() or re.search(r"[/\\\x00]", class_name) or class_name.startswith("."):
            raise ProjectError(f"{place}: '{class_name}' cannot be a class: it would not make a folder's name")
    aliases = _typed(body, "aliases", dict, {}, where=place)
    for alias, class_name in aliases.items():
        if class_name not in classes:
            raise ProjectError(f"{place}: the alias {alias} = '{class_name}' is no class. "
                               f"{did_you_mean(str(class_name), classes)}")  # fmt: skip
    task = Task(
        name,
        classes,
        aliases=dict(aliases),
        ignore=_words(body, "ignore", (), where=place),
        trust=_words(body, "trust", (), where=place),
    )
    suggest = _typed(body, "suggest", dict, {}, where=place)
    wishes = _typed(body, "thresholds", dict, {}, where=place)
    return replace(
        task,
        suggest=_parse_suggest(suggest, task, where=f"{where}: [tasks.{name}.suggest]"),
        thresholds=_parse_thresholds(wishes, task, where=f"{where}: [tasks.{name}.thresholds]"),
    )


def _parse_thresholds(table: Mapping[str, Any], task: Task, *, where: str) -> Mapping[str, Wish]:
    """Return class -> wish in the order of the classes, each checked."""
    found: dict[str, Wish] = {}
    for word, wanted in table.items():
        name = task.class_of(word)
        if name is None:
            raise ProjectError(f"{where}: '{word}' is no class of {task.name}. {did_you_mean(word, task.classes)}")
        if name in found:
            raise ProjectError(f"{where}: '{word}' is {name}, which has a threshold already. Leave one of them out")
        if not isinstance(wanted, str):
            raise ProjectError(f'{where}: {word} is {wanted!r}; it must be text, such as "recall >= 0.95"')
        try:
            found[name] = parse_wish(wanted)
        except ValueError as error:
            raise ProjectError(f"{where}: {word}: {error}") from None
    return {name: found[name] for name in task.classes if name in found}


def _parse_suggest(table: Mapping[str, Any], task: Task, *, where: str) -> SuggestSettings:
    settings = settings_from_table(SuggestSettings, table, where=where, error=ProjectError)
    junk = task.class_of(settings.junk) or ""
    if settings.junk and not junk:
        raise ProjectError(
            f"{where}: junk = '{settings.junk}' is no class. {did_you_mean(settings.junk, task.classes)}"
        )
    if settings.per not in SUGGEST_SCOPES:
        raise ProjectError(f"{where}: per is '{settings.per}'. {did_you_mean(settings.per, SUGGEST_SCOPES)}")
    if min(settings.density, settings.subjects) < 0 or not 0 < settings.density + settings.subjects < math.inf:
        raise ProjectError(f"{where}: density and subjects are {settings.density:g} and {settings.subjects:g}; each "
                           "must be 0 or more, and one above 0")  # fmt: skip
    if not 1 <= settings.neighbours <= 1000:
        raise ProjectError(f"{where}: neighbours is {settings.neighbours}; it must be from 1 to 1000")
    if not 0 < settings.near <= 1:
        raise ProjectError(f"{where}: near is {settings.near:g}; it must be above 0 and at most 1")
    limits = {"stay": 0.5, "black": 1, "flat": 255, "blurred": 1, "underexposed": 255, "overexposed": 1, "faded": 0.5}
    for key, most in limits.items():
        if not 0 <= getattr(settings, key) <= most:
            raise ProjectError(f"{where}: {key} is {getattr(settings, key):g}; it must be from 0 to {most:g}")
    settings = replace(settings, junk=junk)
    quantiles = _parse_quantiles(settings.quantiles, replace(task, suggest=settings), where=where)
    return replace(settings, quantiles=quantiles)


def _parse_quantiles(table: Mapping[str, Any], task: Task, *, where: str) -> Mapping[str, float]:
    """Return class -> share in the order of the classes, each checked."""
    found: dict[str, float] = {}
    for word, share in table.items():
        name = task.class_of(word)
        if name is None:
            raise ProjectError(
                f"{where}: quantiles names '{word}', which is no class. {did_you_mean(word, task.classes)}"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
            raise ProjectError(f"{where}: quantiles.{word} is {share!r}; it must be a share above 0 and below 1")
        found[name] = float(share)
    *counted, last = task.ranked
    if found and list(found) != counted:
        raise ProjectError(f"{where}: quantiles names {_listed(found)}; it must name {_listed(counted) or 'nothing'}, "
                           f"in this order: '{last}' takes what is left")  # fmt: skip
    if sorted(set(found.values())) != list(found.values()):
        shown = ", ".join(f"{share:g}" for share in found.values())
        raise ProjectError(f"{where}: quantiles are {shown}; each must be above the one before it")
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _parse_ingest(table: Mapping[str, Any], *, where: str) -> IngestDefaults:
    settings = settings_from_table(IngestDefaults, table, where=f"{where}: [ingest]", error=ProjectError)
    try:
        parse_duration(settings.every)
    except ValueError as error:
        raise ProjectError(f"{where}: [ingest] every: {error}") from error
    for key, size, none in (("size", settings.size, ""), ("thumbnail", settings.thumbnail, ', or "0" for none')):
        if not re.fullmatch(r"[1-9][0-9]{0,4}(x[1-9][0-9]{0,4})?", size) and not (none and size == "0"):
            raise ProjectError(
                f'{where}: [ingest] {key} is \'{size}\'; it must be "640" (the long side) or "640x360"{none}'
            )
    if settings.format not in PICTURE_FORMATS:
        hint = did_you_mean(settings.format, PICTURE_FORMATS)
        raise ProjectError(f"{where}: [ingest] format is '{settings.format}'. {hint}")
    if not 1 <= settings.quality <= 100:
        raise ProjectError(f"{where}: [ingest] quality is {settings.quality}; it must be from 1 to 100")
    if settings.raw not in RAW_DEVELOPMENTS:
        raise ProjectError(f"{where}: [ingest] raw is '{settings.raw}'. {did_you_mean(settings.raw, RAW_DEVELOPMENTS)}")
    return settings


def _parse_split(table: Mapping[str, Any], *, where: str) -> SplitSettings:
    place = f"{where}: [split]"
    settings = settings_from_table(SplitSettings, table, where=place, error=ProjectError)
    shares = (settings.train, settings.validation, settings.test)
    if min(shares) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ProjectError(f"{place}: train, validation and test are {shares}; each must be above 0 and the sum 1")
    return settings


def _parse_dataset(table: Mapping[str, Any], tasks: Sequence[str], *, where: str) -> DatasetSettings:
    place = f"{where}: [dataset]"
    settings = settings_from_table(DatasetSettings, table, where=place, error=ProjectError)
    if not settings.to.strip():
        raise ProjectError(
            f'{place} to is empty; it must be a folder or s3://bucket/folder, such as "datasets/{{task}}"'
        )
    if len(tasks) > 1 and "{task}" not in settings.to:
        raise ProjectError(
            f"{place} to is '{settings.to}' for {len(tasks)} tasks, which would share one dataset. "
            f'Write {{task}} in it: "{settings.to.rstrip("/")}/{{task}}"'
        )
    if not 0 <= settings.deletes <= 1:
        raise ProjectError(f"{place} deletes is {settings.deletes:g}; it is a share and must be from 0 to 1")
    if not 1 <= settings.parallel <= 512:
        raise ProjectError(f"{place} parallel is {settings.parallel}; it must be from 1 to 512")
    return settings


def _parse_labels(table: Mapping[str, Any], *, where: str) -> LabelSettings:
    place = f"{where}: [labels]"
    check_keys(table, ("seasons",), where=place, error=ProjectError)
    seasons = _words(table, "seasons", (), where=place)
    if any(not name.strip() for name in seasons):
        raise ProjectError(f'{place}: seasons names an empty file; write seasons = ["S01-episodes.json"]')
    return LabelSettings(seasons)


def _parse_runs(table: Mapping[str, Any], *, where: str) -> RunSettings:
    place = f"{where}: [runs]"
    settings = settings_from_table(RunSettings, table, where=place, error=ProjectError)
    if settings.mlflow:
        wrong = why_no_mlflow(settings.mlflow)
        if wrong:
            raise ProjectError(f"{place} mlflow {wrong}")
    return settings


def why_no_mlflow(place: str) -> str:
    """Return why runs cannot be sent to a place, to be read behind its name; "" where they can."""
    scheme, found, rest = place.partition("://")
    if not found or scheme not in ("sqlite", "http", "https"):
        kept = " MLflow has given up keeping runs in plain folders." if scheme.startswith("file") else ""
        return f"is '{place}'.{kept} Allowed: sqlite:///mlflow.db, https://SERVER, http://SERVER"
    if scheme == "sqlite":
        named = rest.removeprefix("/")
        return "" if rest.startswith("/") and named else f"is '{place}'. Write it as sqlite:///mlflow.db"
    if "@" in rest.partition("/")[0]:
        return (
            "holds a user name or password, which do not belong into a file or a command that others read. Set "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        )
    return ""
