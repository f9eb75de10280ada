"""Pretrained networks by their timm names, with weights from a local file or from the hub."""

from __future__ import annotations

import functools
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import RecipeError, WeightsError, did_you_mean

if TYPE_CHECKING:
    from torch import nn

HUB_WAIT_SECONDS = 2.0
_HUB_FILE = "model.safetensors"
_WEIGHTS_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")


@dataclass(frozen=True, slots=True)
class Backbone:
    """A network that timm knows, without its class output.

    Attributes:
        name: timm's name, with or without a tag: `resnet50`, `resnet50.a1_in1k`.
        arguments: further arguments of `timm.create_model`, such as `pad_type`.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def to_table(self) -> dict[str, Any]:
        """Return the backbone as plain values, ready for JSON."""
        return {"kind": "backbone", "name": self.name, "arguments": dict(self.arguments)}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Backbone:
        """Return the backbone that `to_table` described."""
        return cls(table["name"], dict(table["arguments"]))


@dataclass(frozen=True, slots=True)
class BackboneInput:
    """What a backbone was trained to see.

    Attributes:
        width, height: pixels.
        mean, std: of each of three channels, on a scale of 0 to 1.
        fixed: whether it takes no other size unless it is built for it (timm's `img_size`).
    """

    width: int
    height: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    fixed: bool


def input_of(backbone: Backbone) -> BackboneInput:
    """Return what a backbone's default weights were trained to see.

    Raises:
        RecipeError: timm does not know the name.
    """
    import timm
    from timm.data.config import resolve_data_config

    check_name(backbone.name)
    known: Any = timm.get_pretrained_cfg(backbone.name)
    resolve: Any = resolve_data_config  # its signature is not typed
    config = resolve({}, pretrained_cfg=known.to_dict() if known is not None else {})
    _, height, width = config["input_size"]
    fixed = bool(known is not None and known.fixed_input_size)
    return BackboneInput(width, height, tuple(config["mean"]), tuple(config["std"]), fixed)


def check_name(name: str) -> None:
    """Raise RecipeError unless timm knows the name and its tag; the nearest name is given."""
    import timm

    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise RecipeError(f"model.backbone is '{name}', which timm {timm.__version__} does not know. "
                          f"{did_you_mean(architecture, timm.list_models())}")  # fmt: skip
    tags = [known.partition(".")[2] for known in timm.list_models(f"{architecture}.*", pretrained=True)]
    if tag and tag not in tags:
        raise RecipeError(f"model.backbone is '{name}', but timm knows no weights '{tag}' of {architecture}. "
                          f"{did_you_mean(tag, tags)}")  # fmt: skip


def create_body(backbone: Backbone) -> tuple[nn.Module, int]:
    """Return a backbone with random weights and no class output, and how many features it gives.

    Raises:
        RecipeError: timm does not know the name, or does not take the arguments.
    """
    body = _create(backbone, {"num_classes": 0})
    return body, int(getattr(body, "head_hidden_size", None) or body.num_features)  # type: ignore[arg-type]


def find_weights(backbone: Backbone, *, file: Path | None, folder: Path | None = None) -> Path:
    """Return the file with a backbone's pretrained weights, fetched from the hub where it must be.

    Args:
        file: a local file of weights; None asks the hub's cache first, then the hub.
        folder: of the project's files of weights; one that fits is named where the weights are not at hand.

    Raises:
        RecipeError: timm does not know the name.
        WeightsError: the file is missing, or there is neither a cached copy nor a hub to be reached.
    """
    check_name(backbone.name)
    fitting = fitting_file(backbone.name, folder) if folder is not None else None
    if file is None:
        return _weights_from_hub(backbone.name, fitting)
    if not file.is_file():
        advice = _take(fitting) if fitting is not None else f"Put the weights of '{backbone.name}' there"
        raise WeightsError(f"model.weights: there is no file {file}. {advice}, or leave model.weights empty to take "
                           "them from the hub")  # fmt: skip
    return file


def fitting_file(name: str, folder: Path) -> Path | None:
    """Return the first file of weights in a folder that is called after a network and after no longer-named one.

    Args:
        name: timm's, with or without a tag.
    """
    architecture = name.partition(".")[0]
    for path in sorted(folder.glob("*")):
        if path.suffix in _WEIGHTS_SUFFIXES and path.is_file() and _network_of(path.stem) == architecture:
            return path
    return None


@functools.cache
def _network_of(stem: str) -> str | None:
    """Return the longest name of a network of timm's that a file's name begins with."""
    import timm

    begun = [name for name in timm.list_models() if stem.startswith(name) and not stem[len(name) :][:1].isalnum()]
    return max(begun, key=len, default=None)


def _take(file: Path) -> str:
    """Return the advice to take a file of the project's folder of weights."""
    place = f"{file.parent.name}/{file.name}"
    return f"{place} is there: --set model.weights={place}"


def cached_weights(name: str) -> Path | None:
    """Return the file of a backbone's pretrained weights in the hub's cache; None where it is not there."""
    import timm
    from huggingface_hub import try_to_load_from_cache

    config: Any = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        return None
    cached = try_to_load_from_cache(config.hf_hub_id, config.hf_hub_filename or _HUB_FILE)
    return Path(cached) if isinstance(cached, str) else None


def load_weights(body: nn.Module, backbone: Backbone, file: Path) -> None:
    """Load pretrained weights into what `create_body` returned; a class output in the file is left out.

    Files are read as tensors only: nothing in them is executed.

    Raises:
        WeightsError: the file cannot be read, or is not of this backbone.
    """
    import timm
    from timm.models import load_state_dict

    try:
        state = load_state_dict(str(file))
        known = timm.get_pretrained_cfg(backbone.name)
        names = (known.classifier if known is not None else None) or ()
        heads = [state[f"{name}.weight"] for name in ((names,) if isinstance(names, str) else names)
                 if f"{name}.weight" in state]  # fmt: skip
    except Exception as error:  # whatever the reader of a foreign file comes up with
        # What torch says here advises to read the file as a program; nobody should.
        raise WeightsError(f"{file} cannot be read as weights: {_why_unreadable(file, error)}. "
                           f"Needed: a .safetensors or .pth file of timm's '{backbone.name}'") from error  # fmt: skip
    # Built with the class output that the file has, timm checks every name and shape; otherwise it forgives all.
    class_count = int(heads[0].shape[0]) if heads else 0
    overlay = {"state_dict": dict(state), "num_classes": class_count, "label_offset": 0, "custom_load": False}
    try:
        with_head = _create(backbone, {"num_classes": class_count, "pretrained_cfg_overlay": overlay}, pretrained=True)
        with_head.reset_classifier(0)  # type: ignore[operator]
        body.load_state_dict(with_head.state_dict())
    except RecipeError:
        raise
    except (RuntimeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise WeightsError(
            f"{file} does not hold the weights of '{backbone.name}': {_how_many_fit(body, state)}. "
            "Name the backbone that the file belongs to in model.backbone, or another file in model.weights"
        ) from error


def _why_unreadable(file: Path, error: Exception) -> str:
    if not file.exists():
        return "there is no such file"
    what = f"its {file.stat().st_size:,} bytes" if file.is_file() else "it"
    return f"{what} may be cut off, no weights at all, or hold more than tensors ({type(error).__name__})"


def _how_many_fit(body: nn.Module, state: Mapping[str, Any]) -> str:
    """Return how many tensors of a body a file holds in their shape, and the first that it does not, in words."""
    wanted = {name: tuple(tensor.shape) for name, tensor in body.state_dict().items()}
    held = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in state.items()}
    lacking = next((name for name, shape in wanted.items() if held.get(name) != shape), None)
    count = sum(held.get(name) == shape for name, shape in wanted.items())
    if lacking is None:
        strange = next((name for name in held if name not in wanted), "another")
        return f"all {len(wanted)} tensors fit, but it holds others too, such as {strange}"
    found = f"is {list(held[lacking])} there in place of {list(wanted[lacking])}" if lacking in held else "is not there"
    return f"{count} of {len(wanted)} tensors fit; {lacking} {found}"


def stage_of_parameters(body: nn.Module) -> dict[str, int]:
    """Return the stage of each parameter of a backbone: 0 is the last, 1 the one before it, and so on.

    A stage ends where timm's `feature_info` says, or with each of the backbone's blocks where it says nothing. What
    follows the last stage belongs to it, what precedes the first to that.

    Raises:
        RecipeError: the backbone has neither, or what timm states is not how it is built.
    """
    ends = [info["module"] for info in getattr(body, "feature_info", None) or ()] or _blocks_of(body)
    if not ends:
        raise RecipeError("timm does not say where the stages of this backbone are, so that no last stage can be "
                          "told from the others. Take model.kind = 'features', model.trained = 'all' with "
                          "training.stage_decay = 1.0, or another model.backbone")  # fmt: skip
    modules = list(body.named_modules())
    last_places = [
        max((place for place, (name, _) in enumerate(modules) if name == end or name.startswith(f"{end}.")), default=-1)
        for end in ends
    ]
    found: dict[str, int] = {}
    for place, (name, module) in enumerate(modules):
        ended = sum(place > last for last in last_places)
        for own, _ in module.named_parameters(recurse=False):
            found[f"{name}.{own}" if name else own] = len(ends) - 1 - min(ended, len(ends) - 1)
    if min(last_places) < 0 or set(found.values()) != set(range(len(ends))):
        raise RecipeError(
            f"the stages that timm states for this backbone ({', '.join(ends)}) are not parts that follow one another "
            "in it, so that no last stage can be told from the others. Take model.kind = 'features', model.trained = "
            "'all', or another model.backbone"
        )
    return {name: found[name] for name, _ in body.named_parameters()}


def free_last_stages(body: nn.Module, count: int) -> None:
    """Let the parameters of the last `count` stages of a backbone be trained, and freeze all others.

    Raises:
        RecipeError: the backbone has no stages that can be told apart, or fewer.
    """
    stages = stage_of_parameters(body)
    most = max(stages.values()) + 1
    if count > most:
        raise RecipeError(f"model.stages is {count}, but this backbone has {most} stages. Take 1 to {most}, or "
                          "model.trained = 'all', which is as much")  # fmt: skip
    for name, parameter in body.named_parameters():
        parameter.requires_grad_(stages[name] < count)


def free_parameters(body: nn.Module, *, trained: str, stages: int) -> None:
    """Let the part of a backbone be trained that a recipe says: nothing (`head`), the last `stages`, or `all`.

    Raises:
        RecipeError: the backbone has no stages that can be told apart.
    """
    if trained == "stages":
        free_last_stages(body, stages)
    else:
        body.requires_grad_(trained == "all")


def _blocks_of(body: nn.Module) -> list[str]:
    """Return the names of a backbone's blocks in order, where it is a stack of them."""
    for name in ("blocks", "stages", "layers"):
        blocks = [child for child, _ in getattr(body, name, body).named_children()] if hasattr(body, name) else []
        if len(blocks) > 1:
            return [f"{name}.{child}" for child in blocks]
    return []


def _create(backbone: Backbone, arguments: Mapping[str, Any], *, pretrained: bool = False) -> nn.Module:
    import timm

    check_name(backbone.name)
    try:
        body: nn.Module = timm.create_model(backbone.name, pretrained=pretrained, **{**backbone.arguments, **arguments})
    except TypeError as error:
        raise RecipeError(f"model.backbone_args {dict(backbone.arguments)} do not fit '{backbone.name}': "
                          f"{_first_line(error)}") from error  # fmt: skip
    return body


def _weights_from_hub(name: str, fitting: Path | None) -> Path:
    import timm
    from huggingface_hub import constants, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    config: Any = timm.get_pretrained_cfg(name)
    repository = config.hf_hub_id if config is not None else None
    place = f"weights/{name.partition('.')[0]}.safetensors"
    advice = (
        _take(fitting) if fitting is not None else
        f"Download it on a connected machine, put it into the project as {place}, and name it in the recipe: "
        f'model.weights = "{place}"'
    ) + ". 'rushes train cnn' needs no weights"  # fmt: skip
    if not repository:
        raise WeightsError(f"timm has no pretrained weights for '{name}' on the hub. Take another model.backbone, or "
                           "name a file of weights in the recipe: model.weights = \"FILE\"")  # fmt: skip
    file = config.hf_hub_filename or _HUB_FILE
    cached = cached_weights(name)
    if cached is not None:
        return cached
    missing = (f"the weights of '{name}' are not on this machine: no {file} of '{repository}' in the cache "
               f"{constants.HF_HUB_CACHE}")  # fmt: skip
    if constants.HF_HUB_OFFLINE:
        raise WeightsError(f"{missing}, and HF_HUB_OFFLINE forbids to fetch it. {advice}")
    if not _answers(f"{constants.ENDPOINT}/{repository}/resolve/main/{file}"):
        raise WeightsError(f"{missing}, and the hub did not answer within {HUB_WAIT_SECONDS:.0f} seconds. {advice}")
    try:
        return Path(hf_hub_download(repository, file))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise WeightsError(f"{missing}, and fetching it failed ({_first_line(error)}). {advice}") from error


def _answers(url: str) -> bool:
    """Return whether a server answers in time, whatever it says; looking up its name counts as well."""
    answered = threading.Event()

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=HUB_WAIT_SECONDS):
                answered.set()
        except urllib.error.HTTPError as error:
            error.close()
            answered.set()
        except (OSError, ValueError):
            pass

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(HUB_WAIT_SECONDS)
    return answered.is_set()


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2])[:300] if lines else type(error).__name__
