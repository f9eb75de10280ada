"""Opening a detector of objects: a graph of a known family, with the words that it finds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushes.bundles.engines import Engine, Port, open_onnxruntime
from rushes.errors import BundleError, MediaError, WeightsError, did_you_mean
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes
from rushes.subjects.boxes import detections_of
from rushes.subjects.coco import coco_words
from rushes.subjects.detection import Detection, Pixels
from rushes.subjects.models import find_model, known_file
from rushes.subjects.readings import Reading, prepare, recognise
from rushes.subjects.tokens import read_tokens

VERSION = "detectors-1"  # another one where the same graph would find something else
MOST_WORDS = 200
_LONGEST_TEXT = 16  # numbers of a text, as OWL-ViT and OWLv2 were trained
_SETTINGS_FILE = "preprocessor_config.json"
_WORD_FILES = ("words.txt", "labels.txt")
_TAKEN = ("YOLOX (one output, 1 x cells x 5 + classes), NanoDet-Plus, DETR and RT-DETR (logits and pred_boxes), "
          "RT-DETR and D-FINE with orig_target_sizes, boxes with scores and labels, OWL-ViT and OWLv2")  # fmt: skip


class OnnxDetector:
    """A detector behind the seam of `detection.Detector`; may be used by several threads.

    Attributes:
        name: of the model, for people.
        id: digest of all that decides what it finds.
        words: what it can find, in its order.
        sure: score from which it counts what it sees.
        usual: score from which detectors of its family are used to count.
    """

    def __init__(
        self,
        engine: Engine,
        reading: Reading,
        *,
        name: str,
        id: str,
        words_of_classes: Sequence[str],
        wanted: Sequence[str],
        min_score: float,
        extra: Mapping[str, Any],
    ) -> None:
        self.name, self.id, self.sure, self.usual = name, id, min_score, reading.sure
        self.words = tuple(dict.fromkeys(word for word in (wanted or words_of_classes) if word))
        self._engine, self._reading = engine, reading
        self._words_of_classes = tuple(words_of_classes)
        self._wanted = frozenset(wanted) if wanted else None
        self._extra = dict(extra)

    def find(self, picture: Pixels) -> tuple[Detection, ...]:
        """Return what is in an RGB picture, (height, width, 3), the surest first.

        Raises:
            WeightsError: the graph does not compute, or gives something else than it said.
        """
        if picture.ndim != 3 or picture.shape[2] not in (1, 3) or 0 in picture.shape:
            raise MediaError("a picture", f"has the shape {picture.shape}; (height, width, 3) is wanted")
        shown = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
        values, placed = prepare(shown, self._reading.look)
        try:
            found = self._engine.run(self._reading.outputs, {self._reading.look.input: values, **self._extra})
            boxes = self._reading.decode(found, placed)
        except (ValueError, IndexError) as error:
            raise WeightsError(f"the detector {self.name} gives something else than a graph of its kind, "
                               f"{self._reading.family}, gives: {error}") from error  # fmt: skip
        except Exception as error:  # ONNX Runtime's errors share no base of their own
            raise WeightsError(f"the detector {self.name} does not compute: {error}") from error
        return detections_of(boxes, placed, self._words_of_classes, wanted=self._wanted, min_score=self.sure)


def open_detector(
    named: str,
    *,
    folder: Path | None,
    threads: int = 0,
    words: Sequence[str] = (),
    min_score: float | None = None,
    fetch: bool = True,
    progress: Progress = silent,
) -> OnnxDetector:
    """Open a detector of objects.

    Args:
        named: a model file, or the name of a known one; "" takes the first known one.
        folder: the project's folder of models.
        threads: how many compute; 0 for all cores.
        words: what is looked for. A detector with words of its own finds only these of them; one that is asked for
            texts looks for these, or for those of a file `words.txt` beside it.
        min_score: from which something counts; None as the detector's family is used.
        fetch: whether a known model that is not at hand may be downloaded.

    Raises:
        WeightsError: there is no such model, it is no graph of a known family, or its words are not known.
    """
    path = find_model(named, does="objects", folder=folder, fetch=fetch, progress=progress)
    data = path.read_bytes()
    try:
        engine = open_onnxruntime(data, threads)
    except BundleError as error:
        raise WeightsError(f"{path} is no graph that ONNX Runtime can run: {error.__cause__ or error}") from error
    settings = _settings_beside(path)
    reading = _reading_of(path, engine, settings)
    known = known_file(path)
    wanted = tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    if reading.texts:
        of_classes, wanted = _words_asked(path, wanted), ()
        extra = _texts(path, engine.inputs, of_classes)
    else:
        of_classes, extra = _words_of(path, reading), dict(reading.extra)
        _check_wanted(path, wanted, of_classes)
    score = reading.sure if min_score is None else min_score
    decides = [VERSION, digest_of_bytes(data), settings, list(of_classes), list(wanted), score]
    if reading.texts:  # the numbers of the words, since another tokenizer beside the same graph gives others
        decides.append({name: np.asarray(given).tolist() for name, given in extra.items()})
    digest = digest_of_bytes(json.dumps(decides).encode())
    return OnnxDetector(
        engine,
        reading,
        name=known.name if known is not None else _name_of(path),
        id=digest,
        words_of_classes=of_classes,
        wanted=wanted,
        min_score=score,
        extra=extra,
    )


def _name_of(path: Path) -> str:
    """Return what a model is called: its file, or of one that is called as they all are the folder that it is in."""
    if not path.stem.startswith("model"):
        return path.stem
    folder = path.resolve().parent
    return (folder.parent if folder.name == "onnx" else folder).name or path.stem


def _reading_of(path: Path, engine: Engine, settings: Mapping[str, Any]) -> Reading:
    try:
        reading = recognise(engine.inputs, engine.outputs, settings)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    if reading is None:
        raise WeightsError(f"{path} is no detector that rushes can read: it takes {_ports(engine.inputs)} and gives "
                           f"{_ports(engine.outputs)}. Taken are {_TAKEN}")  # fmt: skip
    return reading


def _ports(ports: Mapping[str, Port]) -> str:
    shown = [
        f"{name} ({' x '.join('any' if side is None else str(side) for side in port.shape)} {port.kind})"
        for name, port in list(ports.items())[:12]
    ]
    return ", ".join(shown) + (f" and {len(ports) - 12} more" if len(ports) > 12 else "")


def _settings_beside(path: Path) -> dict[str, Any]:
    """Return what `preprocessor_config.json` says, beside the graph or in the folder above, where it is there."""
    for place in (path.parent, path.parent.parent):
        file = place / _SETTINGS_FILE
        if file.is_file():
            try:
                found = json.loads(file.read_text(encoding="utf-8"))
            except (ValueError, RecursionError) as error:
                raise WeightsError(f"{file} is no JSON: {error}. Take the file that the model was published "
                                   "with") from error  # fmt: skip
            return found if isinstance(found, dict) else {}
    return {}


def _words_in_files(path: Path, count: int | None) -> tuple[str, ...]:
    """Return the words, one a line, in the file called after a model or in one beside it that has as many; else ()."""
    own = path.with_suffix(".txt")
    if own.is_file():
        return _lines_of(own)
    for name in _WORD_FILES:
        file = path.with_name(name)
        if file.is_file() and (count is None or len(_lines_of(file)) == count):
            return _lines_of(file)
    return ()


def _lines_of(file: Path) -> tuple[str, ...]:
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise WeightsError(f"{file} is not UTF-8 text; write one word a line") from None
    while lines and not lines[-1].strip():
        lines.pop()
    return tuple(line.strip() for line in lines)


def _words_of(path: Path, reading: Reading) -> tuple[str, ...]:
    """Return what each class of a graph is: as a file beside it says, or else as COCO has it."""
    stated = _words_in_files(path, reading.classes)
    if stated:
        if reading.classes is not None and len(stated) != reading.classes:
            raise WeightsError(f"{path.with_suffix('.txt')} has {len(stated)} lines, and {path.name} tells "
                               f"{reading.classes} things apart. Write one word a line, in its order")  # fmt: skip
        return stated
    # Graphs that give labels ready made do not say how many there are; those numbers are COCO's own, from 1.
    found = coco_words(reading.classes if reading.classes is not None else 91 if reading.family != "RT-DETR" else 80)
    if found is None:
        raise WeightsError(f"{path.name} tells {reading.classes} things apart, and nothing says what they are. Write "
                           f"them into {path.with_suffix('.txt')}, one a line, in the graph's order")  # fmt: skip
    return found


def _words_asked(path: Path, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Return what a graph that finds whatever it is asked for is asked for."""
    asked = wanted or _words_in_files(path, None)
    if not asked:
        raise WeightsError(f"{path} finds whatever it is asked for, and nothing was asked for. Name words, or "
                           f"write them into {path.with_name(_WORD_FILES[0])}, one a line")  # fmt: skip
    if len(asked) > MOST_WORDS:
        raise WeightsError(f"{len(asked)} words are asked for; {path.name} is asked for {MOST_WORDS} at most")
    return asked


def _check_wanted(path: Path, wanted: Sequence[str], words: Sequence[str]) -> None:
    for word in wanted:
        if word not in words:
            known = [known for known in words if known]
            raise WeightsError(f"{path.name} does not know '{word}'. {did_you_mean(word, known)} A detector that is "
                               "asked for texts (OWL-ViT, OWLv2) finds words of your own")  # fmt: skip


def _texts(path: Path, inputs: Mapping[str, Port], words: Sequence[str]) -> dict[str, Any]:
    """Return the inputs of a graph that is asked for words."""
    length = inputs["input_ids"].shape[-1] or _LONGEST_TEXT
    beside = (path.parent, path.parent.parent)
    files = ("tokenizer.json", "vocab.json")
    folder = next((place for place in beside if any((place / name).is_file() for name in files)), path.parent)
    numbers, counts = read_tokens(folder).table([f"a photo of a {word}" for word in words], length)
    return {"input_ids": numbers} | ({"attention_mask": counts} if "attention_mask" in inputs else {})
