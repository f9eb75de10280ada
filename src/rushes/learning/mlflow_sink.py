"""Runs told to MLflow, each once.

This module needs the `mlflow` extra.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rushes.errors import PlaceError, require_extra
from rushes.learning.sending import Reading, Sending
from rushes.progress import Progress, silent

if TYPE_CHECKING:
    from mlflow.entities import Run as Sent
    from mlflow.tracking import MlflowClient

Outcome = Literal["sent", "judged since", "there already"]

RUN_TAG = "rushes.run"
JUDGED_TAG = "rushes.judged"
_READINGS_AT_ONCE = 1000  # as many as MLflow takes in a call
_WORDS_AT_ONCE = 100
# The client would ask for minutes where nobody answers, and tell its makers that it was used.
_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


def send(
    sendings: Sequence[Sending],
    *,
    to: str,
    experiment: str,
    root: Path,
    dry_run: bool = False,
    progress: Progress = silent,
) -> list[Outcome]:
    """Tell MLflow of runs that it does not know yet, and of what was found on test since; return what came of each.

    A run that an earlier call left half sent is sent again.

    Args:
        to: `sqlite:///FILE`, a relative one in `root`, or the address of a server.
        experiment: under which the runs stand there; it is made where it is missing.
        dry_run: only look.

    Raises:
        MissingExtraError: the client, or what it needs for SQLite, is not installed.
        PlaceError: the place does not answer, or refuses.
    """
    require_extra("mlflow", "mlflow", purpose="sending runs to MLflow")
    file = database_of(to, root)
    if file is not None:
        require_extra("train", "alembic", purpose="keeping runs of MLflow in a file")
        if dry_run and not file.is_file():
            return ["sent"] * len(sendings)
    outcomes: list[Outcome] = []
    with _as_place_error(to), _quiet():
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=to if file is None else f"sqlite:///{file.as_posix()}")
        found = client.get_experiment_by_name(experiment)
        number = found.experiment_id if found else None
        if number is None and not dry_run:
            number = client.create_experiment(experiment, artifact_location=_artifacts_beside(file))
        known = {} if number is None else {run.data.tags.get(RUN_TAG): run for run in _runs_in(client, number)}
        for done, sending in enumerate(sendings, start=1):
            there = known.get(sending.name)
            outcome = _outcome_of(sending, there)
            if not dry_run and number is not None:
                _send_one(client, number, sending, there, outcome)
            outcomes.append(outcome)
            progress(done, len(sendings), sending.name)
    return outcomes


def database_of(to: str, root: Path) -> Path | None:
    """Return the file that `sqlite:///FILE` names, a relative one in `root`; None where it is no such place."""
    if not to.startswith("sqlite:///"):
        return None
    return (root / to.removeprefix("sqlite:///")).resolve()


def _outcome_of(sending: Sending, there: Sent | None) -> Outcome:
    if there is None or there.info.status != "FINISHED":
        return "sent"
    judgement = sending.judgement
    return "judged since" if judgement and there.data.tags.get(JUDGED_TAG) != judgement else "there already"


def _send_one(client: MlflowClient, number: str, sending: Sending, there: Sent | None, outcome: Outcome) -> None:
    if outcome == "there already":
        return
    if outcome == "judged since" and there is not None:
        _tell_readings(client, there.info.run_id, sending.judged)
        if sending.report is not None:
            client.log_artifact(there.info.run_id, str(sending.report))
        client.set_tag(there.info.run_id, JUDGED_TAG, sending.judgement)  # last: what is cut off is told again
        return
    if there is not None:  # an earlier call was cut off in the middle of it
        client.delete_run(there.info.run_id)
    made = client.create_run(number, start_time=sending.start, tags=dict(sending.tags), run_name=sending.name)
    identity = made.info.run_id
    _tell_params(client, identity, sending)
    _tell_readings(client, identity, sending.readings)
    _tell_readings(client, identity, sending.judged)
    for path in sending.files:
        client.log_artifact(identity, str(path))
    if sending.judged:
        client.set_tag(identity, JUDGED_TAG, sending.judgement)
    client.set_terminated(identity, "FINISHED", end_time=sending.end)


def _tell_params(client: MlflowClient, identity: str, sending: Sending) -> None:
    from mlflow.entities import Param

    rest = iter(Param(key, value) for key, value in sending.params.items())
    while some := list(islice(rest, _WORDS_AT_ONCE)):
        client.log_batch(identity, params=some)


def _tell_readings(client: MlflowClient, identity: str, readings: Sequence[Reading]) -> None:
    from mlflow.entities import Metric

    for at in range(0, len(readings), _READINGS_AT_ONCE):
        some = readings[at : at + _READINGS_AT_ONCE]
        client.log_batch(identity, metrics=[Metric(one.name, one.value, one.time, one.step) for one in some])


def _runs_in(client: MlflowClient, number: str) -> Iterator[Sent]:
    token: Any = None
    while True:
        page = client.search_runs([number], max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _artifacts_beside(file: Path | None) -> str | None:
    """Return where the files of runs are kept: beside a database; a server knows by itself."""
    return (file.parent / f"{file.stem}-artifacts").as_uri() if file is not None else None


@contextmanager
def _as_place_error(to: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the client passes on whatever the library below it raised: SQL, HTTP, files
        first = (str(error).strip().splitlines() or [""])[0][:300]
        raise PlaceError(
            to, f"the runs could not be sent ({type(error).__name__}: {first}). Check the place, then send them again"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the client from reporting, from waiting for minutes, and from writing to stderr on its own account."""
    former = {key: os.environ.get(key) for key in _ENVIRONMENT}
    for key, value in _ENVIRONMENT.items():
        os.environ.setdefault(key, value)
    levels = {name: logging.getLogger(name).level for name in ("mlflow", "alembic")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow  # noqa: F401  # sets up its loggers, which are then made quiet

            for name in levels:
                logging.getLogger(name).setLevel(logging.ERROR)
            yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
        for key, was in former.items():
            if was is None:
                os.environ.pop(key, None)
