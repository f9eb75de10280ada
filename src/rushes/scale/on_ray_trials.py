"""Trials on a Ray cluster, as Ray Tune carries them out: what is tried, and for how long, is decided here."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.errors import RushesError
from rushes.scale.edition import edition_here, require_same
from rushes.scale.ray_post import carried_out
from rushes.scale.ray_room import RoomWatch, address_here
from rushes.scale.room import Room
from rushes.scale.shared_folder import Mark, marked, require_seen, storage_beside
from rushes.scale.trials import Ledger, NoMore, Trials

_log = logging.getLogger(__name__)

_TRIES = 2  # of a trial whose process dies, as by the system when memory runs out
_METRIC = "turn"  # Tune wants a number to go by; nothing is decided by it


@dataclass(frozen=True, slots=True)
class Bench:
    """What the process of a trial works with.

    Attributes:
        cores: that it may keep busy.
        device: what torch calls what it computes on.
        report: says a record of the trial; whether it goes on is decided before it returns, and where it does not,
            the process ends.
        tell: says something else to whoever wanted the trials; it does not wait.
    """

    cores: int
    device: str
    report: Callable[[Mapping[str, Any]], None]
    tell: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of whoever wanted the trials: of which trial, and with what."""

    what: str
    key: str
    said: Any = None


def try_all(
    work: Callable[[Any, Bench], Any],
    trials: Trials,
    *,
    room: Room,
    shared: Path,
    heard: Callable[[Any], None],
    name_of: Callable[[Any], str] = str,
) -> None:
    """Carry trials out until there are no more, `room.workers` at a time.

    A trial whose process ended is tried once more, then Lost. The cluster is joined already (`room_on_cluster`).

    Args:
        work: called with a trial of `trials` on the cluster; found by its name there. What it returns is the answer.
        shared: a folder that all machines must see.
        heard: what processes tell, in this process.
        name_of: how a trial is called, for a person.

    Raises:
        RushesError: the work raised it.
        EngineError: the cluster is gone, or has no room left for any.
        Exception: the work raised it.
    """
    ledger = Ledger(trials)

    def hear(said: Any) -> Any:
        if not isinstance(said, _Asked):
            return heard(said)
        match said.what:
            case "draw":
                return ledger.begin(said.key)
            case "begin":
                return _log.info("process %s begins %s", said.key, said.said)
            case "goes on":
                return ledger.goes_on(said.key, said.said)
            case "end" if isinstance(said.said, _Fault):
                raise said.said.error
            case "end":
                return ledger.end(said.key, said.said)
            case _:
                return ledger.lose(said.key, tries=_TRIES)

    watch = RoomWatch(room, 1)
    with marked(shared) as mark:
        carried_out(_tune, hear, work, room, mark, edition_here(), name_of, look=watch.look)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A value that Tune does not look into; it would take tables apart."""

    value: Any


@dataclass(frozen=True, slots=True)
class _Fault:
    error: Exception


def _tune(
    post: Any,
    work: Callable[[Any, Bench], Any],
    room: Room,
    mark: Mark,
    edition: Mapping[str, str],
    name_of: Callable[[Any], str],
) -> None:
    """Have Ray Tune carry the trials out; runs on the cluster."""
    # Of this process alone: no loggers of Tune's own, and no table of its progress.
    os.environ |= {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
    }
    from ray import tune
    from ray.tune.search import ConcurrencyLimiter

    scheduler, search = _adapters(post)
    resources = {"cpu": float(room.cores)} | ({"gpu": 1.0} if room.on_gpu else {})
    worker = tune.with_parameters(
        _carry_out, work=work, post=post, room=room, mark=mark, edition=edition, name_of=name_of
    )
    tune.Tuner(
        tune.with_resources(worker, resources),
        tune_config=tune.TuneConfig(
            metric=_METRIC,
            mode="max",
            search_alg=ConcurrencyLimiter(search, max_concurrent=room.workers),
            scheduler=scheduler,
            num_samples=-1,
            reuse_actors=True,
            trial_dirname_creator=lambda trial: str(trial.trial_id),
        ),
        run_config=tune.RunConfig(
            name="trials",
            storage_path=str(storage_beside(mark)),
            failure_config=tune.FailureConfig(max_failures=_TRIES - 1),
            verbose=0,
        ),
    ).fit()


def _adapters(post: Any) -> tuple[Any, Any]:
    """Return what Tune asks whether a trial goes on, and for the next trial."""
    import ray
    from ray.tune.schedulers import FIFOScheduler
    from ray.tune.search import Searcher

    def ask(what: str, key: str, said: Any = None) -> Any:
        return ray.get(post.ask.remote(_Asked(what, key, said)))

    class Watcher(FIFOScheduler):
        def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
            if "record" not in result or ask("goes on", trial.trial_id, result["record"].value):
                return str(self.CONTINUE)
            return str(self.STOP)

    class Drawer(Searcher):
        def suggest(self, trial_id: str) -> Any:
            trial = ask("draw", trial_id)
            if isinstance(trial, NoMore):
                return Searcher.FINISHED
            return None if trial is None else {"trial": trial}

        def on_trial_complete(self, trial_id: str, result: Any = None, error: bool = False) -> None:
            if error or result is None:
                ask("lose", trial_id)
            else:
                ask("end", trial_id, result["answer"].value if "answer" in result else None)

        def save(self, checkpoint_path: str) -> None:
            """Keep nothing: who draws the trials keeps them."""

        def restore(self, checkpoint_path: str) -> None:
            """Bring nothing back."""

    watcher: Any = Watcher  # which is said to be without types
    return watcher(), Drawer(metric=_METRIC, mode="max")


def _carry_out(
    config: dict[str, Any],
    *,
    work: Callable[[Any, Bench], Any],
    post: Any,
    room: Room,
    mark: Mark,
    edition: Mapping[str, str],
    name_of: Callable[[Any], str],
) -> None:
    """Carry one trial out, in a process of its own."""
    import ray
    from ray import tune

    def report(record: Mapping[str, Any]) -> None:
        tune.report({_METRIC: 0, "record": _Sealed(dict(record))})

    bench = Bench(room.cores, "cuda" if room.on_gpu else "cpu", report, post.tell.remote)
    process = f"{os.getpid()} on {address_here()}"
    ray.get(post.ask.remote(_Asked("begin", process, name_of(config["trial"]))))
    try:
        require_same(edition, machine=address_here())
        require_seen(mark, machine=address_here())
        answer = work(config["trial"], bench)
    except Exception as error:  # Tune would take it for a loss, and try again what fails each time
        answer = _Fault(error if isinstance(error, RushesError) else _plain(error))
    tune.report({_METRIC: 0, "answer": _Sealed(answer)})


def _plain(error: Exception) -> Exception:
    """Return an error that can be sent, with where it came from as a note."""
    import traceback

    said = RuntimeError(f"{type(error).__name__}: {error}")
    said.add_note("".join(traceback.format_exception(error)))
    return said
