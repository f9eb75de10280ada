"""The text of a new project: rushes.toml and its recipes, for each user."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rushes.learning.recipe_files import SHIPPED, find_recipe
from rushes.project import DEFAULT_TRUST


@dataclass(frozen=True, slots=True)
class Template:
    """What a user's project starts from.

    Attributes:
        tasks: task -> TOML lines of its table.
        trust: origins, the most trusted first.
        every: how far apart frames of a film are taken.
        size: long side that pictures are kept at, in pixels.
        recipes: shipped ones that go with it, beside the one of its own name.
        shoots: whether each folder directly below a place is a shoot, and so a group.
        shares: of groups in train, validation and test; few films need more in the last two.
        columns: TOML lines of [columns].
        files: further files, name -> text; they go with the template's tasks.
    """

    tasks: Mapping[str, str]
    trust: tuple[str, ...] = DEFAULT_TRUST
    every: str = "8s"
    size: str = "640"
    recipes: tuple[str, ...] = ()
    shoots: bool = False
    shares: tuple[float, float, float] = (0.7, 0.15, 0.15)
    columns: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


_RARITY_COLUMNS = """\
"FRAME NUMBER" = "frame"
"UNSUPERVISED CLASSIFICATION" = "class:unsupervised"
"SUPERVISED CLASSIFICATION" = "class:supervised"
"JONNY's RECLASSIFICATION" = "class:jonny"
"""

_SCALE = """\
classes = ["ECS", "CS", "MS", "FS", "LS"]   # to tell MCU apart as a sixth, add it between CS and MS
aliases = { "extreme close-up" = "ECS", "extreme close up" = "ECS", "close-up" = "CS", "close up" = "CS", \
"medium shot" = "MS", "medium" = "MS", "full shot" = "FS", "full" = "FS", "long shot" = "LS", "long" = "LS" }
ignore = ["none"]
"""
_MOVEMENT = """\
# What the camera does: it stays, it moves or turns, it comes nearer or zooms in, it goes away or zooms out.
# MovieShots' Multi_movement is dropped or taken for motion as a recipe's shots.multi_movement says; to take it for
# motion in sheets of your own as well, add it here: aliases = { Multi_movement = "motion" }
classes = ["static", "motion", "push", "pull"]
ignore = ["none"]
"""
# A row per labelled shot; see docs/shots.md.
_SHOTS_SHEET = "video,start,stop,scale,movement,group,name\n"

TEMPLATES: dict[str, Template] = {
    "rarity": Template(
        tasks={
            "rarity": 'classes = ["Junk", "Common", "Uncommon", "Rare", "Legendary"]\naliases = { Trash = "Junk" }\n\n'
            "# For 'rushes labels suggest': up to which share of the frames each class goes, from common to rare.\n"
            "[tasks.rarity.suggest]\nquantiles = { Common = 0.70, Uncommon = 0.90, Rare = 0.98 }\n"
        },
        trust=("review", "jonny", "supervised", "folder", "unsupervised"),
        columns=_RARITY_COLUMNS,
    ),
    "mcu": Template(tasks={"mcu": 'classes = ["other", "mcu"]\naliases = { yes = "mcu", no = "other" }\n'}, every="2s"),
    "cull": Template(
        tasks={"select": 'classes = ["reject", "select"]\n'},
        trust=("review", "jonny", "supervised", "xmp", "names", "folder", "delivered", "unsupervised"),
        recipes=("cull-quality",),
        shoots=True,
        size="1024",  # at which sharpness is told: of a photograph kept at 640 pixels little is known of it
    ),
    "eras": Template(tasks={"era": f"classes = {json.dumps([f'era-{number:02d}' for number in range(1, 11)])}\n"}),
    "shots": Template(
        tasks={"scale": _SCALE, "movement": _MOVEMENT},
        trust=("review", "jonny", "supervised", "folder", "unsupervised"),
        every="1s",
        shares=(0.6, 0.2, 0.2),
        columns=_RARITY_COLUMNS,
        files={"shots.csv": _SHOTS_SHEET},
    ),
}

_PROJECT = """\
# What rushes knows of this project. Every key may be left out; an unknown one is an error.
schema = "project/1"
name = {name}

# Origins of labels, the most trusted first: the first that speaks of a frame decides its class.
trust = {trust}

# Beyond one machine and one person, see docs/scale.md. These keys stand here, above the first [table].
# catalog = "postgresql+psycopg://USER@HOST/rushes"   # a database for several people, in place of a file here
# engine = "ray"                                      # a cluster does the work on many files: ray, or ray://HOST:PORT
# store = "s3://bucket/project/"                      # frames are kept in a bucket, in place of this folder

# How footage becomes frames where the command line does not say otherwise.
[ingest]
every = "{every}"    # one frame of a film in so much time
size = "{size}"      # long side in pixels, or "640x360"
format = "jpeg"   # jpeg, webp or png
quality = 90
raw = "preview"   # of a raw: its preview where that is enough, or developed at "half" or "full" size
shoots = {shoots}    # true: each folder directly below the place is a shoot, and so a group, however deep it goes

# A split never divides a group (a film, an episode, a shoot). Shares are aimed for, as far as groups allow.
[split]
train = {train}
validation = {validation}
test = {test}
seed = 0

# Where `rushes build` and `rushes sync` keep the class-folder dataset: a folder, or s3://bucket/{{task}}.
[dataset]
to = "datasets/{{task}}"

# Season files, which `rushes labels pull` reads: the sheets of their episodes, in Google Drive or on disk.
[labels]
# seasons = ["S01-episodes.json"]

# What 'rushes scenes' looks for in films. Faces are data about persons: what is found of them is kept in .rushes/faces
# alone, never leaves this machine by itself, and goes with 'rushes faces wipe'.
[film]
faces = false
# looks = "scan"      # what shots are compared by: the scan, or a bundle of pictures of this project
# closeness = ""      # the bundle that says which shots are medium close-ups
# detector = ""       # of objects: a file, or the name of a known one ('rushes models')

# Where each training tells MLflow of its run, beside keeping it here.
[runs]
# mlflow = "sqlite:///mlflow.db"

# What columns of your sheets mean: frame, source, ordinal, timecode, seconds, start, stop, last, class, class:ORIGIN,
# origin, group, subjects.
[columns]
{columns}
# A task is one question with an ordered list of classes; aliases are other spellings, ignore is what states nothing.
{tasks}"""

_FIRST = ("features", "finetune", "cnn")  # of the recipes that come with rushes: those that every project starts from


def plan_project(*, name: str, template: str, tasks: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return file name -> text of a new project.

    Args:
        template: a key of TEMPLATES. Its user's recipe goes with its task, whose classes it may name.
        tasks: task -> classes, in place of the template's own; {} keeps those, and the files that go with them.
    """
    start = TEMPLATES[template]
    tables = {task: f"classes = {json.dumps(list(classes))}\n" for task, classes in tasks.items()} or start.tasks
    text = _PROJECT.format(
        name=json.dumps(name),
        trust=json.dumps(list(start.trust)),
        every=start.every,
        size=start.size,
        shoots=str(start.shoots).lower(),
        columns=start.columns,
        train=start.shares[0],
        validation=start.shares[1],
        test=start.shares[2],
        tasks="\n".join(f"[tasks.{task}]\n{body}" for task, body in tables.items()),
    )
    names = _FIRST if tasks else (*_FIRST, template, *start.recipes)
    recipes = {f"recipes/{recipe}.toml": find_recipe(recipe, [SHIPPED]).read_text("utf-8") for recipe in names}
    return {"rushes.toml": text} | recipes | ({} if tasks else dict(start.files))
