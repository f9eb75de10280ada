"""A search carried out: settings trained from several seeds each, resumable after a kill, until it is enough."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.errors import RecipeError, RunError, WeightsError
from rushes.learning.cluster_trainings import train_all_on_cluster
from rushes.learning.findings import Findings, find, rounds_of
from rushes.learning.ground import Ground
from rushes.learning.plateau import decide
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import SEARCH
from rushes.learning.runs import Run, read_run
from rushes.learning.search import (
    Range,
    Search,
    Setting,
    check_space,
    describe_setting,
    focus_of,
    key_of,
    plan_settings,
    recipe_of,
)
from rushes.learning.trainings import Ended, Job, train_all
from rushes.learning.trials import (
    TRIALS_FILE,
    Trial,
    append_trial,
    measure_validation,
    read_trials,
    score_of,
    score_of_run,
)
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_bytes, digest_of_file, write_json

if TYPE_CHECKING:
    import optuna

    from rushes.scale.room import OnCluster

SCHEMA = "search/1"
SEARCHES_FOLDER = "searches"
SEARCH_FILE = "search.json"
RUNS_FOLDER = "runs"
OPTUNA_FILE = "optuna.log"
_EPOCHS_FOLDER = "epochs"  # of trainings under way: what optuna was told of each, so that a kill loses none of it
_LOCK_FILE = "search.lock"
_STARTS = 5  # settings that optuna draws at random, and trainings that are never given up, before it compares
_DRAWS = 50  # of a setting that was not tried yet
_LIBRARIES = ("torch", "timm")  # of which another version trains otherwise
_DIGITS = 3  # of a number that is drawn


@dataclass(frozen=True, slots=True)
class Plan:
    """A search made ready: everything is checked, nothing is trained.

    Attributes:
        table: of the recipe's file, without its search; `where` names the file.
        settings: of a grid or of one-at-a-time, in their order; () where optuna chooses.
        folder: where the search stands: its name holds a digest of all that its trainings depend on.
        monitor, focus: with their defaults filled in.
    """

    search: Search
    table: Mapping[str, Any]
    where: str
    settings: tuple[Setting, ...]
    folder: Path
    ground: Ground
    monitor: str
    focus: str
    digest: str

    @property
    def name(self) -> str:
        return str(self.table["name"])

    @property
    def most(self) -> int:
        """How many trainings it takes at most."""
        settings = len(self.settings) if self.settings else self.search.trials
        return settings * self.search.seeds

    def job(self, number: int, setting: Setting, repeat: int) -> Job:
        """Return a training of the search; one whose recipe cannot be carries the reason."""
        try:
            recipe = recipe_of(self.table, setting, where=self.where, repeat=repeat)
        except RecipeError as error:
            return Job(number, setting, repeat, None, str(error))
        return Job(number, setting, repeat, replace(recipe, name=f"{self.name[:40]}-{number:03d}-{repeat}"))

    def is_baseline(self, setting: Setting) -> bool:
        """Return whether a setting is the recipe as it is, in whatever words."""
        try:
            return recipe_of(self.table, setting, where=self.where) == recipe_of(self.table, {}, where=self.where)
        except RecipeError:
            return False

    def find(self, trials: Sequence[Trial]) -> Findings:
        """Return what trials of this search amount to."""
        return find(trials, seeds=self.search.seeds, focus=self.focus, is_baseline=self.is_baseline)


@dataclass(frozen=True, slots=True)
class Searched:
    """What came of a search.

    Attributes:
        stopped: why it ended.
        trained: trainings that were done now; those of an earlier call are not among them.
    """

    folder: Path
    findings: Findings
    stopped: str
    trained: int


def plan_search(search: Search, table: Mapping[str, Any], *, where: str, ground: Ground, searches_folder: Path) -> Plan:
    """Check a search and say what it would do; `ground.runs_folder` is set to its own.

    Args:
        table: of the recipe's file, as `read_recipe_table` gives it.

    Raises:
        RecipeError: the recipe, or values of the space, are faulty: all of them at once.
    """
    check_space(search, table, where=where)
    recipe = recipe_of(table, {}, where=where)
    plain = {key: value for key, value in table.items() if key != SEARCH}
    monitor = search.monitor or recipe.training.monitor
    if search.target_error is not None and monitor == "loss":
        raise RecipeError(f"{where}: [search]: target_error needs a score to be 1 minus, and training.monitor is "
                          '"loss". Say monitor = "f1_macro" in [search]')  # fmt: skip
    depends = {
        "recipe": recipe.to_table(),
        "method": search.method,
        "monitor": monitor,
        "space": search.to_table()["space"],
        "task": [ground.task.name, *ground.task.classes],
        "manifest": digest_of_file(ground.manifest),
        "split": ground.split.digest,
        "weights": _digests_of_weights(search, recipe, ground),
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
    digest = digest_of_bytes(json.dumps(depends, sort_keys=True, default=list).encode())
    slug = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in str(table["name"]))
    folder = searches_folder / f"{slug.strip('-.')[:60] or 'search'}-{digest[:12]}"
    settings = () if search.method == "optuna" else tuple(plan_settings(search, plain, where=where))
    return Plan(
        search=search,
        table=plain,
        where=where,
        settings=settings,
        folder=folder,
        ground=replace(ground, runs_folder=folder / RUNS_FOLDER),
        monitor=monitor,
        focus=focus_of(search, ground.task.classes, where=where),
        digest=digest,
    )


def _digests_of_weights(search: Search, recipe: Recipe, ground: Ground) -> dict[str, str]:
    """Return what the weights that trainings begin with hash to: another file under the same name is another search.

    What cannot be read is left out: its trainings fail, and say why.
    """
    from rushes.learning.start import find_start

    def named(key: str, value: str) -> set[str]:
        tried = search.space.get(key, ())
        return {word for word in (value, *(() if isinstance(tried, Range) else tried)) if word}

    digests = {}
    for word in sorted(named("model.weights", recipe.model.weights)):
        path = ground.project_root / Path(word).expanduser()
        if path.is_file():
            digests[word] = digest_of_file(path)
    for word in sorted(named("model.start", recipe.model.start)):
        with suppress(RunError, WeightsError):
            digests[word] = find_start(word, project_root=ground.project_root, runs_folder=ground.runs_folder).sha256
    return digests


def run_search(
    plan: Plan,
    *,
    devices: Sequence[str | None] = (None,),
    workers: int = 1,
    cluster: OnCluster | None = None,
    retry_failed: bool = False,
    command: str = "",
    progress: Progress = silent,
) -> Searched:
    """Carry a search out, or go on with it where it was stopped or killed; what is done is not done again.

    With one worker the outcome does not depend on where it was interrupted. Only validation is scored.

    Args:
        devices: one for each worker, around; None takes the best that is there.
        workers: trainings at a time, each in a process of its own.
        cluster: that the trainings are sent to, in place of devices and workers; None trains here.
        retry_failed: train anew what had failed.
        command: what was typed; kept with the search.
        progress: counts trainings.

    Raises:
        RunError: the search is going on elsewhere, or its folder was tampered with.
    """
    with _held(plan.folder):
        known = read_trials(plan.folder / TRIALS_FILE)
        trials = [trial for trial in known if not (retry_failed and trial.state == "failed")]
        write_search(plan, plan.find(trials), stopped=None, command=command)
        record = _Record(plan, trials, progress, given={trial.number: trial.setting for trial in known})
        source = _Asked(record) if plan.search.method == "optuna" else _Listed(record)
        if cluster is not None:
            train_all_on_cluster(source, plan.ground, cluster, tell=record.note)
        else:
            train_all(source, plan.ground, devices=devices, workers=workers, tell=record.note)
        findings = plan.find(record.trials)
        write_search(plan, findings, stopped=source.stopped, command=command)
        return Searched(plan.folder, findings, source.stopped, record.trained)


def write_search(plan: Plan, findings: Findings, *, stopped: str | None, command: str) -> None:
    """Write `search.json`: what is searched, and what was found so far."""
    ground = plan.ground
    table = {
        "schema": SCHEMA,
        "name": plan.name,
        "task": ground.task.name,
        "classes": list(ground.task.classes),
        "digest": plan.digest,
        "search": plan.search.to_table() | {"monitor": plan.monitor, "focus": plan.focus},
        "recipe": dict(plan.table),
        "manifest": {"path": ground.manifest.name, "sha256": digest_of_file(ground.manifest)},
        "split": {
            "path": ground.split_path.name if ground.split_path else None,
            "sha256": ground.split.digest,
            "kind": ground.split.kind,
        },
        "command": command,
        "stopped": stopped,
        **findings.to_table(),
    }
    write_json(plan.folder / SEARCH_FILE, table)


class _Record:
    """The trials of a search as they come in: kept on disk at once, and counted.

    `given` is number -> setting of all that was ever begun, those that are to be trained anew among them.
    """

    def __init__(
        self, plan: Plan, trials: Sequence[Trial], progress: Progress, *, given: Mapping[int, Setting]
    ) -> None:
        self.plan, self.trials, self.given, self.trained = plan, list(trials), dict(given), 0
        self._progress = progress
        self._most = plan.most
        self._started = time.monotonic()
        self._label = ""
        self.note("")

    def has(self, setting: Setting, repeat: int) -> bool:
        return any(trial.key == (key_of(setting), repeat) for trial in self.trials)

    def begin(self, job: Job) -> Job:
        self._label = f"{describe_setting(job.setting)}, seed {job.repeat + 1}"
        return job

    def note(self, said: str) -> None:
        """Tell how far the search is; `said` is how far the training is."""
        done = len(self.trials)
        words = [word for word in (self._left(done), self._label, said) if word]
        self._progress(done, max(self._most, done), " · ".join(words))

    def add(self, job: Job, ended: Ended, *, curve: tuple[tuple[int, float], ...] = ()) -> Trial:
        """Keep how a training ended."""
        trial = self._trial(job, ended, curve)
        append_trial(self.plan.folder / TRIALS_FILE, trial)
        self.trials = [other for other in self.trials if other.key != trial.key] + [trial]
        self.trained += 1
        self.note("")
        return trial

    def _trial(self, job: Job, ended: Ended, curve: tuple[tuple[int, float], ...]) -> Trial:
        base = recipe_of(self.plan.table, {}, where=self.plan.where).training.seed
        seed = base + job.repeat if job.recipe is None else job.recipe.training.seed
        trial = Trial(job.number, dict(job.setting), job.repeat, seed, "failed", seconds=round(ended.seconds, 3))
        if ended.run is not None:
            run: Run = read_run(ended.run)
            score, curve = score_of_run(run, self.plan.monitor)
            return replace(trial, state="done", score=score, curve=curve, measures=measure_validation(run),
                           run=run.name, epochs=run.epochs)  # fmt: skip
        if ended.pruned:
            best = max((value for _, value in curve), default=None)
            return replace(trial, state="pruned", score=best, curve=curve, epochs=len(curve))
        return replace(trial, reason=ended.reason)

    def _left(self, done: int) -> str:
        """Return how long the rest takes at most, once a training has been timed."""
        if not self.trained:
            return ""
        minutes = (time.monotonic() - self._started) / self.trained * (self._most - done) / 60
        return f"{minutes:.0f} min left at most" if minutes >= 1 else "less than a minute left"


class _Listed:
    """A grid or one-at-a-time: every setting that is planned, unless the target is reached before."""

    def __init__(self, record: _Record) -> None:
        self._record = record
        plan = record.plan
        self._left = deque(
            (number, setting, repeat)
            for number, setting in _numbered(plan.settings, record.given)
            for repeat in range(plan.search.seeds)
            if not record.has(setting, repeat)
        )
        self.stopped = "every setting was tried"

    def next_job(self) -> Job | None:
        if not self._left or self._reached():
            return None
        return self._record.begin(self._record.plan.job(*self._left.popleft()))

    def goes_on(self, job: Job, record: Mapping[str, Any]) -> bool:
        return True

    def ended(self, job: Job, ended: Ended) -> None:
        self._record.add(job, ended)

    def _reached(self) -> bool:
        plan = self._record.plan
        if plan.search.target is None:
            return False
        rounds = rounds_of(plan.find(self._record.trials))
        decision = decide(rounds, target=plan.search.target, patience=len(rounds) + 1)
        if decision.stop:
            self.stopped = decision.reason
        return decision.stop


def _numbered(settings: Sequence[Setting], given: Mapping[int, Setting]) -> Iterator[tuple[int, Setting]]:
    """Yield each setting with its number: the one that it was begun under, or the next that is free.

    The order of the keys in a recipe's file may change between two calls, and with it that of a grid.
    """
    number_of = {key_of(setting): number for number, setting in given.items()}
    free = (number for number in itertools.count() if number not in given)
    for setting in settings:
        known = number_of.get(key_of(setting))
        yield (next(free) if known is None else known), setting


class _Asked:
    """Optuna: a sampler chooses the next setting from all that are known, a pruner gives trainings up.

    The study is made anew from the trials for each choice, and the sampler's dice from the number of the setting: a
    search that was killed goes on as if it had not been. The first setting is the recipe as it is.
    """

    def __init__(self, record: _Record) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._record = record
        self._space = {key: _distribution(tried) for key, tried in record.plan.search.space.items()}
        self._waiting: deque[tuple[int, Setting, int]] = deque()  # repeats of settings that were not given up
        self._watched: dict[tuple[int, int], tuple[optuna.trial.Trial, dict[int, float]]] = {}
        self._given: dict[int, Setting] = dict(record.given)
        self.stopped = "as many settings were tried as were asked for"
        self._queue_rest(sorted(self._given))
        self._write_log()

    def next_job(self) -> Job | None:
        while True:
            if self._waiting:
                number, setting, repeat = self._waiting.popleft()
            elif (drawn := self._draw()) is not None:
                (number, setting), repeat = drawn, 0
            else:
                return None
            job = self._record.begin(self._record.plan.job(number, setting, repeat))
            if repeat or not self._was_given_up(job):
                return job
            self.ended(job, Ended(pruned=True))

    def goes_on(self, job: Job, record: Mapping[str, Any]) -> bool:
        if job.repeat:  # its first seed kept up: the others are owed to the mean
            return True
        trial, told = self._watched[job.number, job.repeat]
        epoch, score = int(record["epoch"]), score_of(record, self._record.plan.monitor)
        if epoch not in told:
            told[epoch] = score
            trial.report(score, epoch)
            _append_line(self._epochs_file(job), [epoch, score])
        return not trial.should_prune()

    def ended(self, job: Job, ended: Ended) -> None:
        _, told = self._watched.pop((job.number, job.repeat), (None, {}))
        trial = self._record.add(job, ended, curve=tuple(sorted(told.items())))
        self._epochs_file(job).unlink(missing_ok=True)
        if trial.state == "done" and job.repeat == 0:
            self._queue_rest([job.number])
        self._write_log()

    def _queue_rest(self, numbers: Sequence[int]) -> None:
        """Queue the repeats that are still owed of settings that were neither given up nor failed.

        Of one whose first seed is to be trained anew that one alone: whether the others are owed it has still to say.
        """
        for number in numbers:
            setting = self._given[number]
            if not self._record.has(setting, 0):
                self._waiting.append((number, setting, 0))
                continue
            states = {trial.state for trial in self._record.trials if trial.number == number}
            if states <= {"done"}:
                self._waiting.extend(
                    (number, setting, repeat)
                    for repeat in range(self._record.plan.search.seeds)
                    if not self._record.has(setting, repeat)
                )

    def _draw(self) -> tuple[int, Setting] | None:
        """Return the next setting; None where it is enough."""
        plan, number = self._record.plan, max(self._given, default=-1) + 1
        if number >= plan.search.trials:
            return None
        decision = decide(rounds_of(plan.find(self._record.trials)), target=plan.search.target,
                          patience=plan.search.patience)  # fmt: skip
        if decision.stop:
            self.stopped = decision.reason
            return None
        known = {key_of(setting) for setting in self._given.values()}
        setting: Setting | None = {} if number == 0 else self._choose(number, known)
        if setting is None:
            self.stopped = "the sampler finds no setting that was not tried"
            return None
        self._given[number] = setting
        return number, setting

    def _choose(self, number: int, known: set[str]) -> Setting | None:
        baseline = recipe_of(self._record.plan.table, {}, where=self._record.plan.where)
        for attempt in range(_DRAWS):
            dice = random.Random(f"{baseline.training.seed} {number} {attempt}")
            drawn = self._study(seed=dice.randrange(2**32)).ask(self._space).params
            setting = {key: _value_of(value, self._record.plan.search.space[key]) for key, value in drawn.items()}
            if key_of(setting) not in known and not self._record.plan.is_baseline(setting):
                return setting
        return None

    def _was_given_up(self, job: Job) -> bool:
        """Begin to watch a training; return whether what is known of its epochs gives it up already."""
        told = dict(_read_lines(self._epochs_file(job)))
        trial = self._study(seed=0).ask(self._space)
        self._watched[job.number, job.repeat] = (trial, told)
        for epoch, score in told.items():
            trial.report(score, epoch)
        return bool(told) and trial.should_prune()

    def _study(self, *, seed: int, storage: Any = None) -> optuna.Study:
        """Return a study that knows all trials so far."""
        import optuna

        study = optuna.create_study(
            direction="maximize",
            storage=storage,
            study_name=self._record.plan.name,
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTS),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=_STARTS, n_warmup_steps=1),
        )
        for trial in self._known():
            study.add_trial(trial)
        return study

    def _known(self) -> Iterator[optuna.trial.FrozenTrial]:
        import optuna

        plan = self._record.plan
        for one in plan.find(self._record.trials).tried:
            params = self._params_of(one.setting)
            if params is None or one.state == "partly":
                continue
            states = {"done": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
            yield optuna.trial.create_trial(
                state=optuna.trial.TrialState[states[one.state]],
                value=one.score.value if one.state == "done" and one.score else None,
                params=params,
                distributions=self._space,
                intermediate_values=dict(one.trials[0].curve),
                user_attrs={"number": one.number, "runs": [trial.run for trial in one.trials if trial.run]},
            )

    def _params_of(self, setting: Setting) -> dict[str, Any] | None:
        """Return a setting as optuna knows it; None for a recipe as it is that lies outside the space."""
        values = dict(setting)
        if not values:
            table = recipe_of(self._record.plan.table, {}, where=self._record.plan.where).to_table()
            values = {key: _value_at(table, key) for key in self._space}
        params: dict[str, Any] = {}
        for key, tried in self._record.plan.search.space.items():
            value = json.loads(json.dumps(values[key]))
            if isinstance(tried, Range):
                if not isinstance(value, int | float) or not tried.low <= value <= tried.high:
                    return None
                params[key] = value
            else:
                params[key] = json.dumps(value)
                if params[key] not in self._space[key].choices:
                    return None
        return params

    def _write_log(self) -> None:
        """Write the study anew as optuna's own tools read it; nothing here is read from it."""
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        path = self._record.plan.folder / OPTUNA_FILE
        building = path.with_suffix(".building")
        building.unlink(missing_ok=True)
        self._study(seed=0, storage=JournalStorage(JournalFileBackend(str(building))))
        building.replace(path)

    def _epochs_file(self, job: Job) -> Path:
        return self._record.plan.folder / _EPOCHS_FOLDER / f"{job.number:03d}-{job.repeat}.jsonl"


def _distribution(tried: Any) -> Any:
    """Return what optuna calls a list of values or a range."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(tried, Range):
        return CategoricalDistribution([json.dumps(value) for value in tried])
    if tried.whole:
        return IntDistribution(int(tried.low), int(tried.high), log=tried.log)
    return FloatDistribution(float(tried.low), float(tried.high), log=tried.log)


def _value_of(drawn: Any, tried: Any) -> Any:
    """Return the recipe's value of what optuna drew; numbers get as few digits as a person would write."""
    if not isinstance(tried, Range):
        return json.loads(drawn)
    if tried.whole:
        return int(drawn)
    return min(max(float(f"{drawn:.{_DIGITS}g}"), float(tried.low)), float(tried.high))


def _value_at(table: Mapping[str, Any], key: str) -> Any:
    value: object = table
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _append_line(path: Path, value: Any) -> None:
    """Write a value behind the others; what a kill left of a line goes first."""
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with path.open("rb+") as file:
        file.truncate(file.seek(file.read().rfind(b"\n") + 1))
        file.write(json.dumps(value).encode() + b"\n")


def _read_lines(path: Path) -> list[tuple[int, float]]:
    """Return the (epoch, score) of a file's lines, up to one that was cut off."""
    found = []
    with suppress(FileNotFoundError, ValueError):
        for line in path.read_text(encoding="utf-8").splitlines():
            epoch, score = json.loads(line)
            found.append((int(epoch), float(score)))
    return found


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep two processes from carrying out the same search; what a kill leaves holds nobody up."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_FILE).open("w") as file:
        try:
            import fcntl
        except ImportError:  # there is no such lock on this system
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(f"{folder}: this search is going on in another process. Wait for it, or stop it") from None
        yield


def devices_for(device: str | None, workers: int) -> list[str | None]:
    """Return a device for each worker: the one that is named, or each GPU in turn where there are several."""
    if device is not None or workers == 1:
        return [device]
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [f"cuda:{index}" for index in range(count)] or [None]
