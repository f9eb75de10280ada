"""What is reviewed: samples in an order, with what a model or a cull says of them and what stands of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rushes.catalog.catalog import StoredFrame
from rushes.errors import UsageError, did_you_mean
from rushes.footage.camera import CameraFacts
from rushes.footage.kinds import natural_key
from rushes.footage.pairs import companions_of
from rushes.footage.source import Source
from rushes.inference.verdicts import Cull, Verdict
from rushes.labels.label import Label
from rushes.labels.trust import person_of
from rushes.project import Task
from rushes.review.decisions import State
from rushes.review.opinions import NO_OPINION, Opinions
from rushes.storage.files import digest_of_bytes
from rushes.xmp.marks import Flag

SCHEMA = "review/2"
_KEYS = "123456789"  # of classes, in their order; the page has letters for more
_SLUG_LENGTH = 12
_PICK_WORDS = frozenset({"select", "selected", "pick", "picked", "keep", "keeper", "kept", "good", "yes"})


@dataclass(frozen=True, slots=True)
class Culling:
    """Which class of a task of two the key P states, and which X; such a review also has stars and colours."""

    pick: str
    reject: str

    def word_of(self, class_name: str | None) -> Flag | None:
        """Return `pick` or `reject`; None of no class."""
        return "pick" if class_name == self.pick else "reject" if class_name == self.reject else None


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """Where a photograph stands in its series."""

    index: int
    kind: str
    why: str
    rank: int | None
    size: int


@dataclass(frozen=True, slots=True)
class Item:
    """One photograph, or one frame of a film, that is reviewed.

    Attributes:
        id: of its frame.
        path: of its source, absolute.
        image: picture that the project keeps of it, relative to the project folder, or an address.
        is_still: whether `path` is a photograph or raw of its own, and not a film.
        companions: other files of the same photograph.
        verdict: what a cull says of it; None where none does.
        better: id of the photograph that shows the same and is better.
        group: of its source.
        sha256: of the kept picture; "" where nobody has read it yet.
    """

    id: str
    name: str
    path: str
    image: str
    digest: str
    is_still: bool
    width: int
    height: int
    captured_at: str | None = None
    companions: tuple[str, ...] = ()
    verdict: Verdict | None = None
    series: SeriesPlace | None = None
    better: str | None = None
    group: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """Everything that one page shows.

    Attributes:
        key: by which this review's steps are known again, `select:cull:2026-11-26-wedding`.
        classes: of the task, in its order.
        culling: what picks and rejects; None where classes are told apart.
        absent: photographs of the cull that the catalog does not hold.
    """

    key: str
    title: str
    task: str
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    culling: Culling | None = None
    cull: Cull | None = None
    absent: tuple[str, ...] = ()
    by_id: Mapping[str, Item] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {item.id: item for item in self.items})

    @property
    def slug(self) -> str:
        """By which it is asked for in an address."""
        return slug_of(self.key)


def slug_of(key: str) -> str:
    """Return by which the review of a key is asked for in an address."""
    return digest_of_bytes(key.encode())[:_SLUG_LENGTH]


def culling_of(task: Task, *, pick: str | None = None) -> Culling | None:
    """Return which of a task's two classes picks; None where it has not two, or neither is called so.

    Args:
        pick: as a cull or a person names it; None takes the one that is called so.

    Raises:
        UsageError: a class to pick is named, and the task has not two, or none of that name.
    """
    if pick is not None and len(task.classes) != 2:
        raise UsageError(
            f"--pick {pick}: the task '{task.name}' has {len(task.classes)} classes ({', '.join(task.classes)}); to "
            "pick and to reject is for two. Leave --pick out: each class has a key"
        )
    if len(task.classes) != 2:
        return None
    if pick is not None:
        found = task.class_of(pick)
        if found is None:
            raise UsageError(f"--pick {pick}: the task '{task.name}' has no such class. "
                             f"{did_you_mean(pick, task.classes)}")  # fmt: skip
    else:
        spellings = {name: {name, *(word for word, of in task.aliases.items() if of == name)} for name in task.classes}
        called = [name for name, words in spellings.items() if {word.casefold() for word in words} & _PICK_WORDS]
        if len(called) != 1:
            return None
        found = called[0]
    return Culling(found, next(name for name in task.classes if name != found))


def items_of(
    frames: Sequence[StoredFrame], sources: Mapping[str, Source], other_paths: Mapping[str, Sequence[str]]
) -> list[Item]:
    """Return frames as what is reviewed, in the order of capture; what states no time stands behind, by name.

    Args:
        sources: by digest.
        other_paths: digest -> further paths at which its file and its companions were seen.
    """
    items = []
    for stored in frames:
        source = sources[stored.frame.source]
        is_still = source.kind != "video" and not source.is_referenced
        beside = companions_of(source.path, other_paths.get(source.digest, ())) if is_still else []
        items.append(
            Item(
                id=stored.frame.id,
                name=Path(source.path).name if is_still else stored.frame.name,
                path=source.path,
                image=stored.image,
                digest=source.digest,
                is_still=is_still,
                width=source.width_pixels,
                height=source.height_pixels,
                captured_at=source.captured_at,
                companions=tuple(beside),
                group=source.group,
                sha256=stored.sha256,
            )
        )
    return sorted(items, key=_by_capture)


def with_verdicts(
    items: Sequence[Item], cull: Cull, other_paths: Mapping[str, Sequence[str]]
) -> tuple[list[Item], list[str]]:
    """Return the photographs of a cull in its order, with its verdicts; and the paths that no item has.

    Args:
        items: of the catalog; those that the cull does not name are left out.
        other_paths: as `items_of` takes them.
    """
    by_path: dict[str, Item] = {}
    for one in items:
        for path in other_paths.get(one.digest, ()):
            by_path.setdefault(path, one)
    by_path |= {one.path: one for one in items}
    paths = [path_in(cull, verdict.path) for verdict in cull.verdicts]
    found: list[Item] = []
    absent: list[str] = []
    taken: set[str] = set()

    def item_at(path: str) -> Item | None:
        return by_path.get(path) or by_path.get(str(Path(path).resolve()))

    for path, verdict in zip(paths, cull.verdicts, strict=True):
        item = item_at(path)
        if item is None:
            absent.append(path)
            continue
        if item.id not in taken:  # two copies of one file are one photograph
            taken.add(item.id)
            better = item_at(path_in(cull, verdict.better)) if verdict.better else None
            found.append(_judged(item, verdict, _series_of(cull, verdict), better))
    return found, absent


def path_in(cull: Cull, path: str) -> str:
    """Return where a photograph of a cull is, absolute."""
    return str(Path(cull.folder) / path)


@dataclass(frozen=True, slots=True)
class Opening:
    """How the page begins, and for whom.

    Attributes:
        person: whose decisions they are, where a request names nobody; "" is one without a name.
        filter: that the list begins with.
        order: one of ORDERS.
    """

    person: str = ""
    filter: str = "all"
    order: str = "capture"


ORDERS = ("capture", "doubt", "disagreement", "label-error", "audit", "score")


def session_table(
    review: Review, states: Mapping[str, State], *, revision: int, opening: Opening, opinions: Opinions | None
) -> dict[str, Any]:
    """Return what `session` says, ready for JSON; reasons and measures come with each item alone."""
    drawn = {item.id: place for place, item in enumerate(drawn_order(review))}
    answers = opinions.count if opinions is not None else 0  # first: what comes meanwhile is then told again, not lost
    items = [
        _table_of(item, states.get(item.id, _NOTHING), opinions) | {"drawn": drawn.get(item.id)}
        for item in review.items
    ]
    return {
        "schema": SCHEMA,
        "key": review.key,
        "slug": review.slug,
        "title": review.title,
        "task": review.task,
        "classes": _class_tables(review),
        "culling": review.culling is not None,
        "person": opening.person,
        "count": len(review.items),
        "revision": revision,
        "opens_on": opening.filter,
        "opens_in": opening.order,
        "cull": _cull_table(review.cull),
        "absent": len(review.absent),
        "model": opinions.model_table() if opinions is not None else None,
        "answers": answers,
        "groups": list(dict.fromkeys(item.group for item in review.items)),
        "origins": sorted({item["origin"] for item in items if item["origin"]}),
        "items": items,
    }


def item_table(
    item: Item,
    state: State,
    *,
    opinions: Opinions | None,
    history: Sequence[Label] = (),
    camera: CameraFacts | None,
    heat: bool,
) -> dict[str, Any]:
    """Return what `items/ID` says of one photograph, ready for JSON.

    Args:
        history: every statement about it, the latest first.
    """
    verdict = item.verdict
    return _table_of(item, state, opinions) | {
        "reasons": [asdict(one) for one in verdict.reasons] if verdict else [],
        "measures": dict(verdict.measures) if verdict else {},
        "camera": asdict(camera) if camera else None,
        "companions": list(item.companions),
        "probabilities": opinions.probabilities_of(item.id) if opinions is not None else {},
        "history": [_statement_table(one) for one in history],
        "heat": heat,
    }


def _statement_table(label: Label) -> dict[str, Any]:
    return {
        "decision": label.class_name,
        "by": person_of(label.origin),
        "origin": label.origin,
        "at": label.stated_at,
    }


def drawn_order(review: Review) -> list[Item]:
    """Return what is drawn for an audit, in an order of chance that is the same each time.

    The first so many are a simple random sample: of a cull's rejects, among which it drew some, or of all items.
    """
    if review.cull is not None:
        drawn = [item for item in review.items if item.verdict is not None and item.verdict.audited]
        seed = review.cull.name
    else:
        drawn, seed = list(review.items), review.key
    return sorted(drawn, key=lambda item: digest_of_bytes(f"{seed}\0{item.id}".encode()))


def state_table(frame: str, state: State, opinions: Opinions | None) -> dict[str, Any]:
    """Return what stands of one item and what the model says beside it, ready for JSON."""
    return {
        "id": frame,
        "decision": state.class_name,
        "own": state.own is not None,
        "by": state.by,
        "at": state.at or None,
        "origin": state.origin,
        "rating": state.rating,
        "color": state.color,
        **(opinions.table_of(frame, state) if opinions is not None else NO_OPINION),
    }


_NOTHING = State()


def _class_tables(review: Review) -> list[dict[str, Any]]:
    culling = review.culling
    if culling is None:
        keys = [*_KEYS[: len(review.classes)], *[None] * (len(review.classes) - len(_KEYS))]
        return [{"name": name, "key": key, "word": None} for name, key in zip(review.classes, keys, strict=True)]
    keys_of = {"pick": "p", "reject": "x"}
    words = {name: culling.word_of(name) for name in review.classes}
    return [{"name": name, "key": keys_of[word or ""], "word": word} for name, word in words.items()]


def _table_of(item: Item, state: State, opinions: Opinions | None) -> dict[str, Any]:
    verdict, series = item.verdict, item.series
    return {
        "id": item.id,
        "name": item.name,
        "path": item.path,
        "group": item.group,
        "width": item.width,
        "height": item.height,
        "captured_at": item.captured_at,
        "camera": None,
        "series": None
        if series is None
        else {
            "index": series.index,
            "kind": series.kind,
            "why": series.why,
            "rank": series.rank,
            "size": series.size,
        },
        "verdict": verdict.verdict if verdict else None,
        "score": verdict.score if verdict else None,
        "why": verdict.why if verdict else "",
        "better": item.better,
        "audited": verdict.audited if verdict else False,
        "reasons": [],
    } | state_table(item.id, state, opinions)


def _cull_table(cull: Cull | None) -> dict[str, Any] | None:
    if cull is None:
        return None
    return {
        "name": cull.name,
        "control": cull.control,
        "threshold": cull.threshold,
        "promise": dict(cull.promise),
        "class_name": cull.class_name,
        "takes_measures": cull.takes_measures,
    }


def _series_of(cull: Cull, verdict: Verdict) -> SeriesPlace | None:
    if verdict.series is None:
        return None
    series = cull.series[verdict.series]
    return SeriesPlace(verdict.series, series.kind, series.why, verdict.rank, len(series.members))


def _judged(item: Item, verdict: Verdict, series: SeriesPlace | None, better: Item | None) -> Item:
    return replace(
        item,
        captured_at=item.captured_at or verdict.captured_at,
        verdict=verdict,
        series=series,
        better=better.id if better else None,
    )


def _by_capture(item: Item) -> tuple[bool, str, Any]:
    return item.captured_at is None, item.captured_at or "", natural_key(item.name)
