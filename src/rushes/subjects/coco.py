"""The things that detectors trained on COCO tell apart, in the orders in which graphs give them."""

from __future__ import annotations

COCO_80 = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow", "elephant",
    "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard",
    "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", "dining table", "toilet",
    "tv", "laptop", "mouse", "remote", "keyboard", "cell phone", "microwave", "oven", "toaster", "sink",
    "refrigerator", "book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip
# The numbers of COCO's own lists, 1 to 90, leave these out: nothing was ever marked as one of them.
_UNUSED = frozenset({12, 26, 29, 30, 45, 66, 68, 69, 71, 83})


def _numbered() -> tuple[str, ...]:
    words = iter(COCO_80)
    return tuple("" if number in _UNUSED else next(words) for number in range(1, 91))


COCO_90 = _numbered()  # by number less one; "" where no thing has the number


def coco_words(count: int) -> tuple[str, ...] | None:
    """Return what each class of a graph of so many is; "" for none. None where COCO has no list of that length.

    Args:
        count: 80; 90 (COCO's own numbers from 1); 91 (the same from 0).
    """
    return {80: COCO_80, 90: COCO_90, 91: ("", *COCO_90)}.get(count)
