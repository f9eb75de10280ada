"""Everything that decides a training, as values; every default stands here, nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = "recipe/2"

KINDS = ("cnn", "features", "finetune", "shots")
HEADS = ("linear", "knn", "mlp")
TRAINED = ("head", "stages", "all")
SPLIT_KINDS = ("grouped", "mixed", "stated")
MONITORS = ("loss", "f1_macro", "balanced_accuracy")
COLORS = ("rgb", "gray")
FITS = ("squeeze", "crop", "pad")
LETTERBOXES = ("keep", "remove")
LOSSES = ("plain", "weights", "effective-number", "focal")
SAMPLINGS = ("all", "oversample", "undersample", "resample", "level")
PRESETS = ("none", "light", "strong")
PRECISIONS = ("auto", "fp32", "bf16")
COMPILES = ("auto", "never", "always")
SCHEDULES = ("cosine", "plateau")
FRAME_COUNTS = (8, 16, 32)
CHOICES = ("even", "scan")
MULTI_MOVEMENTS = ("drop", "motion")
SEEN = ("frames", "motion", "both")
POOLINGS = ("mean", "gru", "lstm", "attention")
MOTION_MODELS = ("auto", "linear", "boosted", "gru", "shipped")
SUBJECTS = ("whole", "subject", "background", "apart")
HEAD_LOSSES = ("nominal", "ordinal")
MEASURED = ("quality",)


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """Which network.

    Attributes:
        kind: `cnn` from scratch, `features` a frozen backbone with a head on cached features, `finetune` the
            same backbone trained too; `shots` a backbone over the frames of shots, with a head for each task.
        design: of a cnn: one of `rushes.models.designs.DESIGNS`.
        units: of a cnn: channels of its convolutions or blocks; () takes the design's.
        kernels: of a cnn: sides of their kernels, in pixels; () takes the design's.
        dense: of a cnn: width of the dense layer; 0 takes the design's.
        dropout: of a cnn: share dropped in training, where its design says; None takes the design's. Of an mlp head:
            of its hidden layer.
        batch_norm: of a cnn: whether each convolution is followed by batch normalisation; None takes the design's.
        backbone: any name that timm knows.
        weights: a local file of weights, a relative path starting at the project folder; "" asks the hub's cache
            and the hub.
        backbone_args: further arguments of `timm.create_model`, such as pad_type = "same".
        head: of `features`: the classifier on top.
        hidden: of an mlp head: width of its hidden layer.
        trained: of `finetune` and `shots`: what is trained beside the heads: nothing (`head`), the last `stages`, or
            `all`.
        stages: with trained = "stages": how many of the backbone's last stages are trained.
        start: a run or a bundle whose weights the training goes on from; "" starts from the design's or the
            backbone's own.
    """

    kind: str = "features"
    design: str = "cnn-6x6"
    units: tuple[int, ...] = ()
    kernels: tuple[int, ...] = ()
    dense: int = 0
    dropout: float | None = None
    batch_norm: bool | None = None
    backbone: str = "mobilenetv2_100"
    weights: str = ""
    backbone_args: Mapping[str, Any] = field(default_factory=dict)
    head: str = "linear"
    hidden: int = 256
    trained: str = "stages"
    stages: int = 1
    start: str = ""


@dataclass(frozen=True, slots=True)
class InputRecipe:
    """What the network is shown.

    Attributes:
        size: (width, height) pixels; () takes the design's or the backbone's own.
        color: "" takes the design's own; a backbone is shown rgb.
        fit: how a picture of another shape is fitted.
        letterbox: whether black bars around the picture are cut off before it is fitted.
        mean, std: per channel, on a scale of 0 to 1; () takes what timm states for the backbone, 0.5 for a cnn.
        features: what the head of kind `features` is given beside what the backbone sees: `quality`, the measures of a
            photograph (sharpness, light, composition); () gives it nothing else.
        faces: file of a YuNet face detector, by which `quality` knows eyes and faces; a relative path starts at the
            project folder; "" leaves these measures unknown.
    """

    size: tuple[int, ...] = ()
    color: str = ""
    fit: str = "squeeze"
    letterbox: str = "keep"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    features: tuple[str, ...] = ()
    faces: str = ""


@dataclass(frozen=True, slots=True)
class TrainingRecipe:
    """How it learns.

    Attributes:
        batch_size: samples per step; 0 finds the largest that the machine takes well.
        learning_rate: the highest; it rises over the first steps.
        schedule: how it falls: along half a `cosine`, or at each `plateau`.
        plateau_epochs: of a plateau: epochs without a better `monitor` after which the rate is lowered.
        plateau_factor: what the rate is then multiplied with.
        backbone_rate: of `finetune`: the learning rate of the backbone's last stage, as a share of `learning_rate`.
        stage_decay: of `finetune`: the learning rate of each stage, as a share of that of the stage after it.
        patience: epochs without a better `monitor` on validation before it stops; the best epoch's weights
            are kept.
        regularisation: of a linear or mlp head: candidates for C, the inverse strength of the penalty; the one with
            the least loss on validation is taken.
        neighbours: of a knn head: candidates for the number of neighbours, chosen likewise.
        label_smoothing: share of a label's weight that is spread over all classes.
        precision: `auto` computes in bfloat16 where that is faster.
        compile: `auto` compiles the network where that pays.
    """

    epochs: int = 30
    batch_size: int = 32
    learning_rate: float = 1e-3
    schedule: str = "cosine"
    plateau_epochs: int = 3
    plateau_factor: float = 0.1
    backbone_rate: float = 0.1
    stage_decay: float = 1.0
    weight_decay: float = 1e-4
    label_smoothing: float = 0.0
    patience: int = 6
    monitor: str = "f1_macro"
    seed: int = 0
    regularisation: tuple[float, ...] = (0.001, 0.01, 0.1, 1.0, 10.0)
    neighbours: tuple[int, ...] = (1, 3, 5, 11, 21)
    precision: str = "auto"
    compile: str = "auto"


@dataclass(frozen=True, slots=True)
class BalanceRecipe:
    """What is done about classes of unequal numbers; on train only.

    Attributes:
        loss: `plain`; `weights` by inverse frequency; `effective-number` (Cui et al. 2019); `focal` (Lin et al. 2017).
        class_weights: class -> weight in the loss, in place of what `loss` computes; classes left out keep theirs.
        beta: of `effective-number`.
        gamma: of `focal`.
        remove: share of the majority class that is left out of train.
        sampling: what an epoch shows: `all`; `oversample` repeats the smaller classes up to the largest;
            `undersample` draws the larger classes down to the smallest, once; `resample` does so anew every epoch;
            `level` draws the larger classes down and repeats the smaller up to their mean, anew every epoch.
    """

    loss: str = "weights"
    class_weights: Mapping[str, float] = field(default_factory=dict)
    beta: float = 0.999
    gamma: float = 2.0
    remove: float = 0.0
    sampling: str = "all"


@dataclass(frozen=True, slots=True)
class AugmentRecipe:
    """What training pictures may undergo; None takes the preset's.

    Attributes:
        preset: `none`, `light` or `strong`.
        flip: mirror left and right, half of the time.
        flip_vertical: mirror top and bottom, half of the time; no preset does.
        shift: largest shift, as a share of the side.
        zoom: largest change of size, as a share: it changes the shot's scale too.
        rotate: largest turn, in degrees.
        exposure: largest change of brightness and contrast, as a share.
        color: largest change of saturation, as a share, and of hue, a tenth of that.
        blur: share of pictures that are blurred.
        grain: largest standard deviation of film grain, as a share of white.
        erase: share of pictures of which a rectangle is painted over.
        classes: class -> the keys above, in place of these for samples of that class.
    """

    preset: str = "light"
    flip: bool | None = None
    flip_vertical: bool | None = None
    shift: float | None = None
    zoom: float | None = None
    rotate: float | None = None
    exposure: float | None = None
    color: float | None = None
    blur: float | None = None
    grain: float | None = None
    erase: float | None = None
    classes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShotsRecipe:
    """Of kind `shots`: which shots are read, and what of each is looked at.

    Attributes:
        sheet: files of labelled shots: any sheet with a video in each row, or MovieShots' JSON; a relative path starts
            at the project folder.
        videos: folder that the sheets' videos start from; "" takes the folder of each sheet.
        multi_movement: what becomes of MovieShots' `Multi_movement`: it is dropped, or taken for motion.
        frames: how many frames of a shot are looked at, at most.
        choice: which: `even` over the whole shot, or by the `scan`: the typical one, sharp ones and unlike ones.
        sampled_by: the task whose classes `balance.sampling` and `balance.remove` go by; "" where there is one head.
        shared: whether all heads that pool alike share one temporal layer.
        faces: file of a YuNet face detector, by which subjects are found where a head looks at them; "" finds them by
            what stands out.
    """

    sheet: tuple[str, ...] = ("shots.csv",)
    videos: str = ""
    multi_movement: str = "drop"
    frames: int = 16
    choice: str = "even"
    sampled_by: str = ""
    shared: bool = False
    faces: str = ""


@dataclass(frozen=True, slots=True)
class HeadRecipe:
    """Of kind `shots`: how one task is answered; `[heads.<task>]`.

    Attributes:
        see: `frames`; the measured camera `motion`; or `both`, joined by a learned gate where validation says so.
        pooling: how the frames' features become one: their `mean`, a `gru` or an `lstm` over them, or `attention`.
        width: of the temporal layer.
        layers: of the temporal layer.
        dropout: share of the pooled features that is dropped in training.
        subject: what of each frame is looked at: the `whole`, the `subject` (faces and what stands out), the
            `background`, or both `apart`, side by side.
        motion: which model of the measured motion: `linear` or `boosted` on a shot's aggregates, a `gru` over the
            series, or the one `shipped` with rushes, which answers the four movements; `auto` takes the one with the
            least loss on validation.
        loss: `nominal`, or `ordinal`: a mistake costs more the farther it is off in the order of the classes.
        weight: of this head in the loss.
    """

    see: str = "frames"
    pooling: str = "attention"
    width: int = 128
    layers: int = 1
    dropout: float = 0.2
    subject: str = "whole"
    motion: str = "auto"
    loss: str = "nominal"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class SyntheticRecipe:
    """Of kind `shots`: clips of a virtual camera that are added to train, never to validation or test.

    Attributes:
        clips: how many of each movement; 0 makes none.
        movements: which.
        stills: folder of pictures that they may be made from, beside the static shots of train; "" for none.
    """

    clips: int = 0
    movements: tuple[str, ...] = ("push", "pull")
    stills: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides a training."""

    name: str
    task: str = ""  # "" takes the project's only task
    split: str = "grouped"
    model: ModelRecipe = field(default_factory=ModelRecipe)
    input: InputRecipe = field(default_factory=InputRecipe)
    training: TrainingRecipe = field(default_factory=TrainingRecipe)
    balance: BalanceRecipe = field(default_factory=BalanceRecipe)
    augment: AugmentRecipe = field(default_factory=AugmentRecipe)
    shots: ShotsRecipe = field(default_factory=ShotsRecipe)
    synthetic: SyntheticRecipe = field(default_factory=SyntheticRecipe)
    heads: Mapping[str, HeadRecipe] = field(default_factory=dict)  # of kind `shots`: task -> how it is answered

    def to_table(self) -> dict[str, Any]:
        """Return the resolved recipe as plain values, ready for JSON; what is of shots or measured only there."""
        table = {"schema": SCHEMA, **asdict(self)}
        if self.model.kind != "shots":
            for key in ("shots", "synthetic", "heads"):
                del table[key]
        if not self.input.features:
            for key in ("features", "faces"):
                del table["input"][key]
        return table
