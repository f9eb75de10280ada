"""The documentation: no verb, option, key or error without a page, no example that cannot be typed."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer

import rushes
from rushes import errors
from rushes.cli.main import VERBS, spread
from rushes.cli.templates import TEMPLATES
from rushes.footage.kinds import PHOTO_EXTENSIONS, RAW_EXTENSIONS, VIDEO_EXTENSIONS
from rushes.footage.picture import encode_picture
from rushes.labels.columns import MEANINGS
from rushes.labels.episode import WANTED
from rushes.labels.sheets.files import SHEET_SUFFIXES
from rushes.learning import recipe as recipes
from rushes.learning import recipe_files
from rushes.models.designs import DESIGNS, count_parameters, smallest_side
from rushes.project import Project, Task, parse_project

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PASSED_OVER = {"demo", "node_modules", "bench-out", "build", "dist"}
# Described once for all verbs.
SHARED_OPTIONS = {"--json", "--debug", "--help", "--version"}
ALLOWED_VALUES = {
    "split": recipes.SPLIT_KINDS,
    "model.kind": recipes.KINDS,
    "model.design": tuple(DESIGNS),
    "model.head": recipes.HEADS,
    "input.color": recipes.COLORS,
    "input.fit": recipes.FITS,
    "training.monitor": recipes.MONITORS,
    "training.precision": recipes.PRECISIONS,
    "training.compile": recipes.COMPILES,
    "model.trained": recipes.TRAINED,
    "input.letterbox": recipes.LETTERBOXES,
    "balance.loss": recipes.LOSSES,
    "balance.sampling": recipes.SAMPLINGS,
    "augment.preset": recipes.PRESETS,
    "training.schedule": recipes.SCHEDULES,
    "shots.multi_movement": recipes.MULTI_MOVEMENTS,
    "shots.choice": recipes.CHOICES,
    "heads.<task>.see": recipes.SEEN,
    "heads.<task>.pooling": recipes.POOLINGS,
    "heads.<task>.subject": recipes.SUBJECTS,
    "heads.<task>.motion": recipes.MOTION_MODELS,
    "heads.<task>.loss": recipes.HEAD_LOSSES,
}


# Reading Markdown.


@dataclass(frozen=True)
class Fence:
    """A block of code: where it stands, its language, its lines."""

    page: Path
    line: int
    language: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def pages() -> list[Path]:
    """Every Markdown page of the repository."""
    found = []
    for path in sorted(ROOT.rglob("*.md")):
        folders = path.relative_to(ROOT).parts[:-1]
        if not any(folder.startswith(".") or folder in PASSED_OVER for folder in folders):
            found.append(path)
    return found


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def fences(path: Path) -> list[Fence]:
    found: list[Fence] = []
    inside: tuple[str, str, int, list[str]] | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        mark = re.match(r"\s*(`{3,}|~{3,})\s*([\w-]*)", line)
        if inside is None and mark:
            inside = (mark[1], mark[2], number, [])
        elif inside is not None and line.strip() == inside[0]:
            found.append(Fence(path, inside[2], inside[1], tuple(inside[3])))
            inside = None
        elif inside is not None:
            inside[3].append(line)
    assert inside is None, f"{path}: the block that begins in line {inside and inside[2]} does not end"
    return found


def without_fences(path: Path) -> str:
    kept, closing = [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        mark = re.match(r"\s*(`{3,}|~{3,})", line)
        if closing is None and mark:
            closing = mark[1]
        elif closing is not None and line.strip() == closing:
            closing = None
        elif closing is None:
            kept.append(line)
    return "\n".join(kept)


def sections(text: str, level: int) -> dict[str, str]:
    """Return heading -> the text up to the next heading of that level or above, fences included."""
    found: dict[str, str] = {}
    title, closing = None, None
    for line in text.splitlines():
        mark = re.match(r"\s*(`{3,})", line)
        if mark:
            closing = None if closing else mark[1]
        heading = re.match(r"(#+) (.+)", line) if closing is None else None
        if heading and len(heading[1]) <= level:
            title = heading[2].strip() if len(heading[1]) == level else None
            if title is not None:
                assert title not in found, f"'{title}' is a heading twice"
                found[title] = ""
        elif title is not None:
            found[title] += line + "\n"
    return found


def rows(text: str) -> list[list[str]]:
    """Return the cells of every row of the tables in a text, headers and rules left out."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for index, line in enumerate(lines):
        is_header = index + 1 < len(lines) and re.match(r"\|[-| :]+\|$", lines[index + 1])
        if line.startswith("|") and not re.match(r"\|[-| :]+\|$", line) and not is_header:
            found.append([cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def anchors(path: Path) -> set[str]:
    """Return the anchors that a page's headings get."""
    found: set[str] = set()
    for title in re.findall(r"^#+ (.+)$", without_fences(path), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number, unique = 0, slug
        while unique in found:
            number += 1
            unique = f"{slug}-{number}"
        found.add(unique)
    return found


# Commands.


@cache
def commands() -> dict[tuple[str, ...], Any]:
    """Return the words of each command -> the command: ('ingest',), ('labels', 'import'), …"""
    found: dict[tuple[str, ...], Any] = {}
    for verb in VERBS:
        command = typer.main.get_command(importlib.import_module(f"rushes.cli.{verb}").app)
        below = getattr(command, "commands", None)
        if below is None:
            found[verb,] = command
        else:
            found |= {(verb, name): one for name, one in below.items()}
            if command.invoke_without_command:  # it does something alone
                found[verb,] = command
    return found


def options_of(command: Any) -> list[tuple[str, ...]]:
    """Return the spellings of each option that a command takes."""
    return [tuple(item.opts) for item in command.params if item.param_type_name == "option" and not item.hidden]


def split_command(words: list[str]) -> tuple[Any, list[str]]:
    """Return the command that words name and the words after it.

    Raises:
        ValueError: there is no such command.
    """
    for length in (2, 1):
        if tuple(words[:length]) in commands():
            return commands()[tuple(words[:length])], words[length:]
    # `rushes cull BUNDLE` is short for `rushes cull run BUNDLE`.
    first = getattr(importlib.import_module(f"rushes.cli.{words[0]}"), "FIRST", None) if words[0] in VERBS else None
    if first is not None:
        return commands()[words[0], first], words[1:]
    raise ValueError(f"there is no command 'rushes {' '.join(words[:2])}'")


def examples(fence: Fence) -> Iterator[list[str]]:
    """Give the words of each `rushes …` line in a block, behind a prompt or not, `&&` and `|` cut apart."""
    text = fence.text.replace("\\\n", " ")
    for line in text.splitlines():
        typed = re.match(r"\s*(?:\$ )?((?:cd \S+ && )?rushes [^…]*)$", line)
        if not typed or (fence.language in ("console", "text") and not line.lstrip().startswith("$ ")):
            continue
        lexer = shlex.shlex(typed[1], posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words: list[str] = []
        for word in [*lexer, ";"]:
            if re.fullmatch(r"[|&;<>]+", word):
                if words[:1] == ["rushes"]:
                    yield words[1:]
                words = []
            else:
                words.append(word)


def why_not(words: list[str]) -> str:
    """Return why a command line cannot be typed; "" where it can."""
    if not words or words[0] in ("--help", "--version", "-V"):
        return ""
    if words in [[verb, "--help"] for verb in VERBS]:
        return ""
    try:
        command, rest = split_command(words)
    except ValueError as error:
        return str(error)
    if "--help" in rest:
        return ""
    try:
        many = getattr(importlib.import_module(f"rushes.cli.{words[0]}"), "MANY", ())
        command.make_context(words[0], spread(rest, many))
    except Exception as error:  # what the parser of options makes of a wrong word
        return str(getattr(error, "message", None) or error)
    return ""


def test_every_verb_and_subverb_has_a_section() -> None:
    found = {title for title in sections(page("commands.md"), 2) if title.startswith("`rushes ")}
    assert found == {f"`rushes {' '.join(words)}`" for words in commands()}


def test_every_verb_is_in_the_table_at_the_head() -> None:
    head = page("commands.md").partition("## ")[0]
    assert {row[0].partition("]")[0].strip("[`") for row in rows(head)} == {" ".join(words) for words in commands()}


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_option_of_a_verb_is_described_and_no_other(words: tuple[str, ...]) -> None:
    section = sections(page("commands.md"), 2)[f"`rushes {' '.join(words)}`"]
    described = [tuple(re.findall(r"`(-[^`]+)`", row[0])) for row in rows(section) if row[0].startswith("`-")]
    wanted = [names for names in options_of(commands()[words]) if not set(names) & SHARED_OPTIONS]
    assert sorted(map(sorted, described)) == sorted(map(sorted, wanted))


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_verb_has_an_example_and_says_what_its_json_holds(words: tuple[str, ...]) -> None:
    section = sections(page("commands.md"), 2)[f"`rushes {' '.join(words)}`"]
    assert f"$ rushes {' '.join(words)}" in section
    assert "JSON" in section


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_argument_of_a_verb_is_described(words: tuple[str, ...]) -> None:
    section = sections(page("commands.md"), 2)[f"`rushes {' '.join(words)}`"]
    named = {cell for row in rows(section) for cell in re.findall(r"`([^`-][^`]*)`", row[0])}
    for item in commands()[words].params:
        if item.param_type_name == "argument" and not getattr(item, "hidden", False):
            name = (item.metavar or item.name).strip("[]").upper()
            assert name in named, f"rushes {' '.join(words)}: {name} is not described, only {named}"


def test_the_options_that_every_verb_takes_are_described_once() -> None:
    shared = sections(page("commands.md"), 3)["Options that every verb takes"]
    for name in ("--json", "--debug", "--help"):
        assert f"`{name}`" in shared


def test_every_exit_status_is_described() -> None:
    from rushes.cli import door

    statuses = {door.DONE, door.SOME_FAILED, door.WRONG_INPUT, door.OUR_FAULT, door.INTERRUPTED, door.TERMINATED}
    assert {int(row[0]) for row in rows(sections(page("commands.md"), 3)["Exit status"])} == statuses


def test_dry_run_is_named_for_the_verbs_that_have_it() -> None:
    said = sections(page("commands.md"), 3)["Dry runs"]
    having = {" ".join(words) for words, one in commands().items() if ("--dry-run",) in options_of(one)}
    assert set(re.findall(r"`([a-z ]+)`", said)) == having


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_in_a_block_can_be_typed(path: Path) -> None:
    wrong = [
        f"{path.name}, block in line {fence.line}: rushes {shlex.join(words)}: {reason}"
        for fence in fences(path)
        for words in examples(fence)
        if (reason := why_not(words))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_command_in_a_sentence_names_a_verb_and_options_that_exist(path: Path) -> None:
    for said in re.findall(r"`rushes ([a-z][^`]*)`", without_fences(path)):
        words = said.split()
        if tuple(words[:1]) not in commands() and words[0] in VERBS and len(words) == 1:
            continue  # a verb with verbs below it, named as a whole
        command, rest = split_command(words)
        known = {name for names in options_of(command) for name in names} | {"--help"}
        for word in rest:
            if word.startswith("-"):
                assert word.partition("=")[0] in known, f"{path.name}: `rushes {said}`: there is no {word}"


def test_a_wrong_example_would_be_found() -> None:
    assert "there is no command" in why_not(["ingst", "film.mp4"])
    assert "--evry" in why_not(["ingest", "film.mp4", "--evry", "8s"])
    assert why_not(["ingest"])
    assert why_not(["labels", "import", "sheet.csv", "--map", "a=frame"]) == ""
    block = Fence(
        DOCS, 1, "console", ("$ cd a && rushes status | head", "rushes said this", "$ rushes train \\", "  cnn")
    )
    assert list(examples(block)) == [["status"], ["train", "cnn"]]


def test_every_key_that_an_example_sets_is_a_key_of_a_recipe() -> None:
    defaults = keys_of(recipes.Recipe)
    known, tables = {"name", *defaults}, tuple(f"{key}." for key, default in defaults.items() if default == {})
    for path in pages():
        for words in (words for fence in fences(path) for words in examples(fence)):
            values = [value for option, value in pairwise(words) if option == "--set"]
            named = {value.partition("=")[0] for value in values}
            assert {key for key in named if not key.startswith(tables)} <= known, (
                f"{path.name}: rushes {shlex.join(words)}"
            )


def test_every_key_of_json_output_is_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from rushes.cli.main import main

    def said(*words: str) -> Any:
        with pytest.raises(SystemExit) as end:
            main([*words, "--json"])
        assert end.value.code == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    project, shoot = tmp_path / "project", tmp_path / "shoot"
    for number in range(12):
        coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        folder = shoot / ("left", "right")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        data = encode_picture(coarse.repeat(10, 0).repeat(10, 1), "png", 90)
        (folder / f"photo{number:02d}.png").write_bytes(data)
    sheet = tmp_path / "sheet.csv"
    sheet.write_text("frame,side\nphoto00,left\nphoto01,left\n")
    season, row = tmp_path / "S01.json", "TT_S01_E01_FRM-00-00-01-00,left,,"
    season.write_text('[{"season_code": "S01", "episode_code": "E01", "share_link": "E01.csv"}]')
    (tmp_path / "E01.csv").write_text(f"{','.join(WANTED)}\n{row}\n")
    inside = ("--project", str(project))
    asked: dict[tuple[str, ...], Any] = {
        ("init",): said("init", str(project), "--task", "side=left,right"),
        ("ingest",): said("ingest", str(shoot), "--class-folders", *inside),
        ("faces", "models"): said("faces", "models"),
        ("faces", "wipe"): said("faces", "wipe", *inside),
        ("labels", "import"): said("labels", "import", str(sheet), *inside),
        ("labels", "pull"): said("labels", "pull", str(season), *inside),
        ("labels", "conflicts"): said("labels", "conflicts", *inside),
        ("labels", "show"): said("labels", "show", "photo00", *inside),
        ("labels", "export"): said("labels", "export", str(tmp_path / "labels.csv"), *inside),
        ("manifest", "build"): said("manifest", "build", *inside),
        ("split", "make"): said("split", "make", *inside),
        ("split", "check"): said("split", "check", *inside),
        ("status",): said("status", *inside),
        ("runs",): said("runs", *inside),
        ("recipes",): said("recipes", *inside),
        ("recipes", "show"): said("recipes", "show", "cnn", *inside),
        ("recipes", "copy"): said("recipes", "copy", "cnn-mcu", *inside),
        ("doctor",): said("doctor"),
        ("models",): said("models", "mobilenetv2_100"),
    }
    newest = asked["manifest", "build"]["path"]
    asked["manifest", "diff"] = said("manifest", "diff", newest, newest)
    every = sections(page("commands.md"), 2)
    for words, answer in asked.items():
        text = every[f"`rushes {' '.join(words)}`"]
        if words == ("split", "check"):
            text += every["`rushes split make`"]  # whose keys it has, and more
        described = set(re.findall(r"[`\"](\w+)[`\"]", text))
        inner = [one for one in answer.values() if isinstance(one, list)]
        keys = {*answer, *(key for one in inner for item in one if isinstance(item, dict) for key in item)}
        assert keys <= described, f"rushes {' '.join(words)}: {', '.join(sorted(keys - described))}"


# Keys.


def key_rows(text: str) -> dict[str, list[str]]:
    """Return key -> the other cells of its row, from tables whose first cell is a key alone in backticks."""
    found: dict[str, list[str]] = {}
    for row in rows(text):
        name = re.fullmatch(r"`([\w.<>]+)`", row[0])
        if name:
            assert name[1] not in found, f"{name[1]} is described twice"
            found[name[1]] = row[1:]
    return found


def keys_of(kind: type, prefix: str = "") -> dict[str, Any]:
    """Return dotted key -> default for the fields of a dataclass and of the dataclasses in it; MISSING where none."""
    found: dict[str, Any] = {}
    for item in fields(kind):
        factory = item.default_factory
        if isinstance(factory, type) and is_dataclass(factory):
            found |= keys_of(factory, f"{prefix}{item.name}.")
        else:
            found[prefix + item.name] = item.default if factory is MISSING else factory()
    return found


def as_toml(cell: str) -> Any:
    """Return the value that a cell such as `"8s"` states; None where it states no value."""
    value = re.fullmatch(r"`(.+)`", cell)
    return tomllib.loads(f"value = {value[1]}")["value"] if value else None


def check_defaults(described: Mapping[str, list[str]], wanted: Mapping[str, Any]) -> None:
    for key, default in wanted.items():
        stated = as_toml(described[key][0])
        if default is MISSING:
            assert stated is None, f"{key} has no default, the page says {stated!r}"
        else:
            plain = list(default) if isinstance(default, tuple) else default
            assert stated == plain, f"{key} is {plain!r} by default, the page says {stated!r}"


def test_every_key_of_rushes_toml_is_described_with_its_default() -> None:
    tables = "".join(
        body
        for title, body in sections(page("project.md"), 2).items()
        if title == "Top level" or title.startswith("`[")
    )
    described = key_rows(tables)
    project = {
        key: default
        for key, default in keys_of(Project).items()
        if key.partition(".")[0]
        in ("trust", "catalog", "engine", "store", "ingest", "split", "dataset", "labels", "runs", "film")
    }
    tasks = {f"tasks.NAME.{key}": default for key, default in keys_of(Task).items() if key != "name"}
    tasks["tasks.NAME.classes"] = MISSING
    assert set(described) == {"schema", "name", *project, *tasks}
    check_defaults(described, {"schema": "project/1", **project, **tasks})


def test_every_table_of_rushes_toml_has_a_section() -> None:
    code = inspect.getsource(importlib.import_module("rushes.project"))
    allowed = re.search(r"allowed = \(([^)]*)\)", code)
    assert allowed
    titles = " ".join(sections(page("project.md"), 2))
    for name in ast.literal_eval(f"({allowed[1]})"):
        if name in ("schema", "name", "catalog", "engine", "store", "trust"):
            continue
        assert f"`[{name}" in titles, f"[{name}] of rushes.toml has no section in docs/project.md"


def test_every_key_of_a_recipe_is_described_with_its_default() -> None:
    described = key_rows(sections(page("recipes.md"), 2)["Keys"])
    wanted = {key: default for key, default in keys_of(recipes.Recipe).items() if key != "name"}
    wanted |= keys_of(recipes.HeadRecipe, "heads.<task>.")
    assert set(described) == {"schema", "name", *wanted}
    check_defaults(described, {"schema": "recipe/2", **wanted})


@pytest.mark.parametrize("key", ALLOWED_VALUES)
def test_every_value_that_a_recipe_may_choose_is_described(key: str) -> None:
    described = key_rows(sections(page("recipes.md"), 2)["Keys"])
    assert set(re.findall(r"`([^`]+)`", described[key][1])) == set(ALLOWED_VALUES[key])


def test_every_design_is_described_with_its_figures() -> None:
    section = sections(page("recipes.md"), 2)["Designs"]
    described = {row[0].strip("`"): row[2:] for row in rows(section) if len(row) == 5}
    assert described == {
        name: [
            f"{design.width} × {design.height} {design.color}",
            " × ".join([str(smallest_side(design.kernels, form=design.form))] * 2),
            f"{count_parameters(design):,}",
        ]
        for name, design in DESIGNS.items()
    }


def test_every_recipe_that_comes_with_rushes_is_described() -> None:
    section = sections(page("recipes.md"), 2)["Recipes that come with rushes"]
    described = {row[0].strip("`"): row[1:] for row in rows(section)}
    assert described == {
        one.name: [one.path.parent.name, f"{one.kind}, {one.search} search" if one.search else one.kind, one.about]
        for one in recipe_files.list_recipes([recipe_files.SHIPPED])
    }


def test_every_kind_of_training_has_a_section() -> None:
    titles = {title.strip("`") for title in sections(page("recipes.md"), 3)}
    assert set(recipes.KINDS) <= titles


@pytest.mark.parametrize(
    "fence",
    [fence for path in pages() for fence in fences(path) if fence.language == "toml"],
    ids=lambda fence: f"{fence.page.name}:{fence.line}",
)
def test_every_toml_in_the_pages_is_understood(fence: Fence) -> None:
    table = tomllib.loads(fence.text)
    if set(table) & {"model", "input", "training", "augment"}:
        recipe_files.parse_recipe({"name": "example", **table}, where=f"line {fence.line}")
    else:
        parse_project(table, root=Path("season"))


def test_every_template_is_described() -> None:
    described = {row[0].strip("`"): row for row in rows(sections(page("project.md"), 2)["Templates"])}
    assert set(described) == set(TEMPLATES)
    for name, template in TEMPLATES.items():
        assert all(f"`{task}`" in described[name][1] for task in template.tasks)
        assert described[name][2].replace(" ", "") == template.every


# Labels and formats.


def test_every_meaning_of_a_column_is_described() -> None:
    described = {row[0].strip("`") for row in rows(sections(page("labels.md"), 2)["What columns mean"])}
    assert described == set(MEANINGS)


def test_every_kind_of_sheet_is_described() -> None:
    described = " ".join(row[0] for row in rows(sections(page("labels.md"), 2)["Sheets"]))
    assert set(re.findall(r"`(\.\w+)`", described)) == set(SHEET_SUFFIXES)


def test_the_names_of_columns_that_are_described_are_known() -> None:
    from rushes.labels.columns import plan_columns

    for row in rows(sections(page("labels.md"), 2)["What columns mean"]):
        meaning = row[0].strip("`")
        if meaning == "class:ORIGIN":
            continue
        others = {"ordinal": ["video"], "timecode": ["video"], "seconds": ["video"], "start": ["video", "last"],
                  "stop": ["video", "start"], "last": ["video", "start"], "class": ["frame"], "origin": ["frame"],
                  "stated_at": ["frame"], "group": ["frame"], "subjects": ["frame"]}.get(meaning, [])  # fmt: skip
        for name in re.findall(r"`([^`]+)`", row[2]):
            answers = [] if meaning == "class" else ["class"]
            planned = plan_columns([name, *others, *answers], {})
            found = planned.classes[0].column if meaning == "class" else getattr(planned, meaning)
            assert found is not None, f"{name} is not taken as {meaning}"
            assert found.name == name, f"{name} is not taken as {meaning}"


def test_every_key_of_a_manifest_is_described() -> None:
    from rushes.labels.manifest import ManifestRow
    from rushes.labels.manifest_table import format_manifest

    written = json.loads(format_manifest([ManifestRow("a.jpg", "MS", subjects=("car",), stop=2)]))
    assert set(key_rows_loose(sections(page("formats.md"), 2)["Manifest"])) == set(written)


def test_every_key_of_a_shot_manifest_is_described() -> None:
    from rushes.labels.shot_manifest import ShotRow, format_shots

    written = json.loads(format_shots([ShotRow("a.mp4", 0, 9, {"scale": "MS"}, "a", "ab" * 32, Fraction(24))]))
    assert key_rows_loose(sections(page("formats.md"), 2)["Shot manifest"]) == list(written)


def test_every_key_of_a_split_is_described() -> None:
    from rushes.datasets.split import Split, format_split

    written = json.loads(format_split(Split("scale", "grouped", 0, {}, {})))
    assert set(key_rows_loose(sections(page("formats.md"), 2)["Split"])) == set(written)


def test_every_key_of_a_run_is_described() -> None:
    from rushes.learning.runs import Run

    written = {"schema", *(item.name for item in fields(Run))} - {"folder", "history"}
    assert set(key_rows_loose(sections(page("formats.md"), 3)["run.json"])) == written


def test_every_file_of_a_bundle_is_described() -> None:
    from rushes.bundles.bundle import OPTIONAL_FILES, REQUIRED_FILES
    from rushes.bundles.known_answers import PARTS, file_of
    from rushes.bundles.sealed import BUNDLE_FILE
    from rushes.datasets.measured_input import FACES_FILE

    files = {BUNDLE_FILE, *REQUIRED_FILES, *OPTIONAL_FILES, FACES_FILE, *(file_of(part) for part in PARTS)}
    assert set(key_rows_loose(sections(page("formats.md"), 2)["Bundle folder"])) == files


def test_every_runtime_and_what_is_found_of_it_is_described() -> None:
    from rushes.bundles.certificates import Certificate
    from rushes.bundles.runtimes import RUNTIMES

    section = sections(page("formats.md"), 2)["Runtimes of a bundle"]
    assert set(key_rows_loose(section)) == set(RUNTIMES)
    assert {item.name for item in fields(Certificate)} <= set(re.findall(r"`([^`]+)`", section))


def test_every_file_and_input_of_a_bundle_of_shots_is_described() -> None:
    from rushes.bundles.bundle import RUNTIMES_FILE
    from rushes.bundles.sealed import BUNDLE_FILE
    from rushes.bundles.shot_bundle import FACES_FILE, REQUIRED_FILES, TASK_FILES, file_of_task
    from rushes.bundles.shot_graph import INPUTS

    described = set(key_rows_loose(sections(page("formats.md"), 2)["Bundle of shots"]))
    of_tasks = {file_of_task("<task>", file) for file in TASK_FILES}
    assert described == {BUNDLE_FILE, FACES_FILE, RUNTIMES_FILE, *REQUIRED_FILES, *of_tasks, *INPUTS}


def test_the_columns_of_a_table_of_shots_are_described(tmp_path: Path) -> None:
    from rushes.inference.tables import write_shots_csv

    write_shots_csv([], tmp_path / "out.csv", tasks={"<task>": ["<class>"]})
    written = set((tmp_path / "out.csv").read_text().strip().split(",")) - {"<task>"}
    text = sections(page("formats.md"), 3)["Predictions about shots"].partition("The `.csv`")[2]
    assert written <= set(re.findall(r"`([^`]+)`", text))


def test_the_columns_of_predictions_are_described(tmp_path: Path) -> None:
    from rushes.learning.predictions import Predictions, write_predictions

    one = ("a",)
    predictions = Predictions(("x",), np.zeros(1, np.int64), np.ones((1, 1), np.float32), one, one, one, one, one, one)
    write_predictions(predictions, tmp_path / "test.parquet")
    import polars

    written = {name.replace("p:x", "p:<class>") for name in polars.read_parquet(tmp_path / "test.parquet").columns}
    assert set(key_rows_loose(sections(page("formats.md"), 3)["Predictions of a run"])) == written


def test_the_columns_of_a_table_of_predictions_are_described(tmp_path: Path) -> None:
    from rushes.inference.tables import write_csv

    write_csv([], tmp_path / "out.csv", classes=["x"])
    written = [name.replace("p:x", "p:<class>") for name in (tmp_path / "out.csv").read_text().strip().split(",")]
    text = sections(page("formats.md"), 2)["Predictions of a bundle"].partition("**`.csv`**")[2]
    assert set(written) <= set(re.findall(r"`([^`]+)`", text))


def test_every_key_and_column_of_shots_is_described() -> None:
    from rushes.timelines.formats.csv import COLUMNS, columns_of
    from rushes.timelines.formats.json import table_of
    from rushes.timelines.timeline import USUAL_TASKS
    from timelines.shots_by_hand import small_timeline

    film = table_of(small_timeline())
    section = sections(page("formats.md"), 2)["Shots"]
    head, _, columns = section.partition("**`.csv`**")
    assert set(key_rows_loose(head)) == set(film)
    answered = [column for task in USUAL_TASKS for column in columns_of(task)]
    assert set(key_rows_loose(columns)) == {*COLUMNS, *answered}
    assert set(film["shots"][0]) <= {*COLUMNS, "answers"}


def test_every_format_of_shots_is_described() -> None:
    from rushes.timelines.shot_files import EXTENSIONS

    for text in (sections(page("formats.md"), 2)["Shots"], sections(page("commands.md"), 2)["`rushes shots`"]):
        assert {f"`{extension}`" for extension in EXTENSIONS} <= set(re.findall(r"`\.\w+`", text))


def test_every_key_and_column_of_a_films_structure_is_described() -> None:
    from rushes.structure.rows import OF_SHOT, TABLES
    from rushes.structure.table import table_of
    from rushes.timelines.formats.eaf import OWN_TIERS, SHOTS, TIERS
    from rushes.timelines.formats.json import table_of as table_of_shots
    from structure.example import example_film

    section = sections(page("formats.md"), 2)["Structure of a film"]
    parts = sections(section, 3)
    head, film = section.partition("### Tables")[0], example_film()
    described = set(re.findall(r"`([^`]+)`", head)) | {"rate"}  # those of shots/1 are described there
    of_shots = every_key(table_of_shots(film.timeline))
    assert every_key(table_of(film)) - of_shots <= described
    columns = {*OF_SHOT, *(column for part, make in TABLES.items() if part != "shots" for column in make(film).columns)}
    assert columns == set(key_rows_loose(parts["Tables"]))
    tiers = [SHOTS, *TIERS.values(), *(f"{name}: <title>" for name in OWN_TIERS.values())]
    assert set(tiers) == set(key_rows_loose(parts["ELAN"]))


def every_key(value: Any) -> set[str]:
    """Return the keys of objects anywhere in a value of JSON."""
    if isinstance(value, Mapping):
        return {*value, *(key for one in value.values() for key in every_key(one))}
    return {key for one in value for key in every_key(one)} if isinstance(value, list | tuple) else set()


def test_every_format_of_a_films_structure_is_described() -> None:
    from rushes.structure.outputs import EXTENSIONS, MARKERS
    from rushes.structure.rows import TABLES

    text = sections(page("formats.md"), 2)["Structure of a film"]
    assert {f"`{extension}`" for extension in EXTENSIONS} <= set(re.findall(r"`\.\w+`", text))
    assert {f"film.{part}.csv" for part in TABLES} | {f"film.{MARKERS}.edl"} <= set(re.findall(r"film\.\w+\.\w+", text))


def test_the_example_of_dataframes_runs_and_says_what_it_promises() -> None:
    from structure.example import example_film

    (example,) = (fence for fence in fences(DOCS / "formats.md") if fence.language == "python")
    names: dict[str, Any] = {"film": example_film()}
    exec(example.text, names)
    assert names["lengths"].columns == ["scene", "average_shot_seconds"]
    shares = names["scales"].group_by("talks").agg(names["pl"].col("share").sum())
    assert shares["share"].to_list() == pytest.approx([1, 1])
    assert names["with_ada"]["scene"].to_list() == [2, 4, 6]


def key_rows_loose(text: str) -> list[str]:
    """Return every word in backticks in the first cells of the tables in a text."""
    return [word for row in rows(text) for word in re.findall(r"`([^`]+)`", row[0])]


@pytest.mark.parametrize("fence", [fence for path in pages() for fence in fences(path) if fence.language == "json"],
                         ids=lambda fence: f"{fence.page.name}:{fence.line}")  # fmt: skip
def test_every_json_in_the_pages_is_json(fence: Fence) -> None:
    text = fence.text.strip()
    json.loads(text if text.startswith(("{", "[")) else "{" + text + "}")


def test_every_kind_of_footage_is_described() -> None:
    described = {row[0]: set(row[1].split(", ")) for row in rows(sections(page("formats.md"), 2)["Footage"])}
    kinds = {"videos": VIDEO_EXTENSIONS, "photographs": PHOTO_EXTENSIONS, "raws": RAW_EXTENSIONS}
    assert described == {name: {f"`{extension}`" for extension in kinds[name]} for name in kinds}


# Errors.


def kinds_of_error() -> list[str]:
    return [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.RushesError) and kind is not errors.RushesError
    ]


@cache
def said_by_the_code() -> tuple[str, ...]:
    """Return every text in the package, with a break where a value is put in."""
    found: list[str] = []
    for path in sorted(Path(rushes.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values]
                found.append("".join(parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return tuple(found)


@pytest.mark.parametrize("kind", kinds_of_error())
def test_every_kind_of_error_has_a_section_with_a_message(kind: str) -> None:
    section = sections(page("troubleshooting.md"), 2)[kind]
    assert sections(section, 3), f"no message of {kind} is explained"


def test_every_message_that_is_explained_is_said_by_the_code() -> None:
    unsaid = []
    for title in sections(page("troubleshooting.md"), 3):
        message = title.strip("`")
        pieces = [piece.strip(" .'") for piece in message.split("…")]
        pieces = [piece for piece in pieces if len(piece) > 3]
        assert pieces, message
        unsaid += [
            f"'{piece}' of '{message}'" for piece in pieces if not any(piece in text for text in said_by_the_code())
        ]
    assert not unsaid, "\n".join(unsaid)


# Pages as a whole.


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_relative_link_is_broken(path: Path) -> None:
    text = re.sub(r"`[^`]*`", "``", without_fences(path))
    targets = re.findall(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", text) + re.findall(r"""(?:src|href)=["']([^"']+)["']""", text)
    broken = []
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (path.parent / name).resolve() if name else path
        known = there.exists() and (not anchor or there.suffix != ".md" or anchor in anchors(there))
        if not known:
            broken.append(target)
    assert not broken, f"{path.relative_to(ROOT)}: {', '.join(broken)}"


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_names_a_folder_of_somebodys_machine(path: Path) -> None:
    found = re.findall(r"(?<![\w.…])/(?:home|Users|tmp|root|work|mnt)/\S*", path.read_text(encoding="utf-8"))
    assert not found, f"{path.relative_to(ROOT)}: {', '.join(found)}"
