"""The Ray cluster that an address names, or one of its own on this machine: joined, asked for its nodes, left."""

from __future__ import annotations

import logging
import os
import re
import shlex
import socket
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.cores import count_cores
from rushes.errors import EngineError
from rushes.scale.own_folders import end_folder, own_folder
from rushes.scale.room import Machine, most_cores

_PROBE_SECONDS = 5.0
_LAST_PORT = 65535
_OBJECTS_BYTES = 256 << 20  # that a cluster of our own holds in memory; more goes to its disk
# Said before Ray is imported, where nobody said otherwise: no statistics are sent, an address that does not answer is
# given up after three tries of 3 s, no cluster is begun by itself where the one that was joined is lost, the working
# folder is not sent, it is ours to hide devices from workers, and those of a cluster of our own stand back behind other
# programs no more than the processes of a pool do.
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_CLIENT_INITIAL_CONNECTION_TIMEOUT_S": "3",
    "RAY_CLIENT_MAX_CONNECTION_TIMEOUT_S": "3",
    "RAY_ENABLE_AUTO_CONNECT": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",
}
_SENDS_TOKEN = "RAY_AUTH_MODE"  # set by Ray itself where it starts a cluster, and by us where one asks for a token
_CHECK = (
    "Check that Ray runs there (ray start --head), that the address is that of its client port "
    "(ray://HOST:10001), and that no firewall is between"
)
_UNCONNECTED = "Ray Client is not connected"
_joined_as: str | None = None  # the address of the cluster that this process has joined through here; "" of its own


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster that answers."""

    id: str
    address: str
    cores: int
    gpus: int = 0


class Cluster:
    """A cluster that this process has joined."""

    def __init__(
        self, address: str, *, joined: bool, folder: tuple[Path, int] | None = None, sent: str | None = None
    ) -> None:
        """Keep what is known of it.

        Args:
            address: how it is called, for a person.
            joined: by us, and not by whoever else uses Ray in this process.
            folder: of a cluster that was started here, which goes with it, and the handle that holds it.
            sent: what the environment said of sending a token before this cluster was joined; None is nothing.
        """
        self.address = address
        self._joined = joined
        self._folder = folder
        self._sent = sent

    def nodes(self) -> list[Node]:
        """Return the nodes that are there now.

        Raises:
            EngineError: the cluster no longer answers.
        """
        import ray

        with reached(self.address):
            require_connection()
            return [
                Node(
                    found["NodeID"],
                    found["NodeManagerAddress"],
                    int(found["Resources"].get("CPU", 0)),
                    int(found["Resources"].get("GPU", 0)),
                )
                for found in ray.nodes()  # type: ignore[no-untyped-call]
                if found["Alive"]
            ]

    def node_of(self, actor: Any, error: Exception) -> Node | None:
        """Return the node on which an actor ended before it could say where it was; None where Ray does not tell.

        Args:
            error: that tells of its end.
        """
        nodes = self.nodes()
        if not self.address.startswith("ray://"):
            from ray._private import state

            with suppress(Exception):  # a part of Ray that it promises to nobody
                told = state.actors(actor._actor_id.hex())["Address"]["NodeID"]
                return next(node for node in nodes if node.id == told)
        address = re.search(r"^\s*ip: (\S+)$", str(error), re.MULTILINE)
        found = [node for node in nodes if address is not None and node.address == address[1]]
        return found[0] if len(found) == 1 else None

    def leave(self) -> None:
        """End what was started here; a cluster of others goes on."""
        import ray

        global _joined_as
        if self._joined:
            self._joined, _joined_as = False, None
            ray.shutdown()
            _send_token_as(self._sent)
            if self._folder is not None:
                end_folder(*self._folder)


def join(address: str, *, cores: int = 0) -> Cluster:
    """Return the cluster of an address.

    Args:
        address: `ray://HOST:PORT`, or "" for what RAY_ADDRESS names, or else a cluster of our own on this machine.
        cores: that a cluster of our own says it has; 0 takes those of this machine.

    Raises:
        EngineError: nothing answers there, what answers is another version of Ray or Python, or this process works with
            another cluster already.
    """
    global _joined_as
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray

        logging.getLogger("ray").setLevel(logging.ERROR)
        if ray.is_initialized():  # by whoever else uses Ray in this process, or by another engine of ours
            return Cluster(_known_as(address or os.environ.get("RAY_ADDRESS", "")), joined=False)
        named = address or os.environ.get("RAY_ADDRESS", "")
        sent = os.environ.get(_SENDS_TOKEN)
        if not named or named == "local":
            own, _joined_as = _own(cores or count_cores(), sent), ""
            return own
        told = named if address else f"RAY_ADDRESS={named}"  # where it was found
        _probe(named, told)
        try:
            _init(named)
        except Exception as error:  # of many kinds, and none of Ray's own
            if not _takes_token():
                raise EngineError(why_not_joined(told, error)) from error
            try:
                _init(named)
            except Exception as again:
                _send_token_as(sent)
                raise EngineError(why_not_joined(told, again)) from again
        _be_silent()
        _joined_as = named
        return Cluster(named, joined=True, sent=sent)


def _init(named: str) -> None:
    """Join a cluster; one whose head has much to do is too slow for its own patience the first time."""
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": logging.ERROR}
    try:
        ray.init(address=named, **quiet)
    except ConnectionAbortedError:
        ray.init(address=named, **quiet)


def _spelt_for_a_shell(program: str) -> dict[str, str]:
    """Return what has a cluster of our own start its processes also where the path of Python has a space in it.

    Those of Ray Train and Ray Tune are started by a shell that takes it as it stands.
    """
    quoted = shlex.quote(program)
    return {} if quoted == program else {"py_executable": quoted}


def _takes_token() -> bool:
    """Have Ray send its token from now on; False where it does already, is told not to, or has none.

    `ray start` asks for the token that it finds, as one that a cluster of our own left below ~/.ray; a driver sends
    none of itself, and one that is sent to a cluster that asks for none keeps workers from beginning there.
    """
    if _SENDS_TOKEN in os.environ or not _has_token():
        return False
    _send_token_as("token")
    return True


def _send_token_as(sent: str | None) -> None:
    """Have Ray send its token or none, as the environment is to say from now on.

    Ray itself sets it where a cluster of our own begins, and does not set it back.
    """
    if os.environ.get(_SENDS_TOKEN) == sent:
        return
    if sent is None:
        del os.environ[_SENDS_TOKEN]
    else:
        os.environ[_SENDS_TOKEN] = sent
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # in its compiled part

    Config.initialize("")  # what it read before it would keep
    AuthenticationTokenLoader.instance().reset_cache()


def _has_token() -> bool:
    """Return whether there is a token for clusters."""
    if os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH"):
        return True
    try:
        return (Path.home() / ".ray" / "auth_token").is_file()
    except (OSError, RuntimeError):  # no home
        return False


def _known_as(named: str) -> str:
    """Return how the cluster is called that this process works with already.

    Raises:
        EngineError: it is another than the one that is named.
    """
    import ray

    # Joined through here, or else by whoever uses Ray in this process besides, who does not say how it is called.
    known = _joined_as if _joined_as is not None else str(ray.get_runtime_context().gcs_address)
    if named not in ("", "auto", "local", known):
        raise EngineError(
            f"{named}: this process works with another Ray cluster already ({known or 'its own, on this machine'}), "
            "and a process works with one at a time. Run this in a process of its own"
        )
    return known or "ray"


def _own(cores: int, sent: str | None) -> Cluster:
    import ray

    # Short, because the names of sockets below it must be.
    below = Path("/tmp")
    try:
        folder, handle = own_folder("ray", below=below if below.is_dir() else None)
    except OSError as error:
        raise EngineError(
            f"Ray does not start on this machine: there is no folder for it ({error.strerror or error}). Check the "
            "room in /tmp, or work without it: --engine here"
        ) from error
    try:
        ray.init(
            address="local",
            _temp_dir=str(folder),
            num_cpus=cores,
            include_dashboard=False,
            object_store_memory=_OBJECTS_BYTES,
            log_to_driver=False,
            configure_logging=False,
            logging_level=logging.ERROR,
            runtime_env=_spelt_for_a_shell(sys.executable),
            _node_ip_address="127.0.0.1",
        )
    except Exception as error:
        end_folder(folder, handle)
        _send_token_as(sent)
        raise EngineError(
            f"Ray does not start on this machine ({_first_line(error)}). Check the room in /tmp and in memory, "
            "or work without it: --engine here"
        ) from error
    _be_silent()
    return Cluster("ray", joined=True, folder=(folder, handle), sent=sent)


class _Silence:
    """Stands where a thread of Ray asks for what it is to print, and has nothing until it is closed."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def subscribe(self) -> None:
        """Do nothing."""

    def poll(self) -> tuple[None, None]:
        """Return nothing, in the end."""
        self._closed.wait()
        return None, None

    def close(self) -> None:
        """Let the thread go on, and end."""
        self._closed.set()


def _be_silent() -> None:
    """Keep Ray from printing each process that ended to our output: it is ours to tell what was lost."""
    from ray._private.worker import global_worker

    worker: Any = global_worker
    told = getattr(worker, "gcs_error_subscriber", None)
    if told is not None:
        # Closed alone it would be asked again and again: a whole core goes with that.
        worker.gcs_error_subscriber = _Silence()
        told.close()


def _probe(address: str, told: str) -> None:
    """Raise EngineError unless something listens at an address; Ray itself would wait for long.

    Args:
        told: what the address is called in the error.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        if address.startswith("ray://"):
            raise EngineError(f"{told}: names no port. Write ray://HOST:10001")
        return  # `auto`, which Ray looks up on this machine
    if not 0 < int(port) <= _LAST_PORT:
        raise EngineError(f"{told}: there is no port {port}. Allowed: 1 to {_LAST_PORT}; the client port is 10001")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PROBE_SECONDS).close()
    except OSError as error:
        reason = "in time" if isinstance(error, TimeoutError) else f"({error.strerror or error})"
        raise EngineError(f"{told}: no Ray cluster answers {reason}. {_CHECK}") from error


def why_not_joined(address: str, error: Exception) -> str:
    """Return what Ray's refusal means."""
    said = str(error)
    if "ersion mismatch" in said or ("versions" in said and "Python" in said):
        return (
            f"{address}: the cluster has another version of Ray or Python: {_lines(said)}. "
            "Install the same versions on this machine as on the cluster"
        )
    if "oken" in said and "uthentic" in said:
        return (
            f"{address}: the cluster asks for a token and was given none, or another one. Put that of the cluster "
            "(ray get-auth-token, on its head) into a file, name it in RAY_AUTH_TOKEN_PATH, and set RAY_AUTH_MODE=token"
        )
    if "node_ip_address" in said or "raylet" in said.lower():
        return (
            f"{address}: no Ray node runs on this machine, which an address without ray:// needs. "
            "Name the cluster's client port, ray://HOST:10001, or run ray start --address on this machine"
        )
    return f"{address}: something listens there, but no Ray cluster answers ({_first_line(error)}). {_CHECK}"


@contextmanager
def reached(address: str) -> Iterator[None]:
    """Turn what Ray says where the cluster is gone, or where it cannot go on, into one error.

    Raises:
        EngineError: the cluster does not answer, or does not do what it was asked for.
    """
    from ray.exceptions import ObjectStoreFullError, OutOfDiskError, RayError, RaySystemError, RayTaskError

    try:
        yield
    except (ConnectionError, RaySystemError) as error:
        raise _lost(address, error) from error
    except (OutOfDiskError, ObjectStoreFullError) as error:
        raise EngineError(
            f"{address}: Ray has no room for what is sent to the cluster ({type(error).__name__}: {_first_line(error)})"
            ". Make room on the disk of its temporary folder (/tmp/ray, unless --temp-dir said otherwise) on this "
            "machine, or on the head where it is reached by ray://, then run this again: it goes on from where it was"
        ) from error
    except RayTaskError:  # what was raised in a process of the cluster, by whatever it ran
        raise
    except RayError as error:
        raise EngineError(
            f"{address}: the cluster cannot go on ({type(error).__name__}: {_first_line(error)}). What was kept stays; "
            "look into the logs of Ray, then run this again: it goes on from where it was"
        ) from error
    except Exception as error:
        if type(error) is Exception and _UNCONNECTED in str(error):  # what Ray's client raises has no kind of its own
            raise _lost(address, error) from error
        raise


def joined_name() -> str:
    """Return how the cluster is called, for a person, that this process has joined."""
    return _joined_as or "ray"


def require_connection() -> None:
    """Raise ConnectionError where this process is in no cluster any more.

    Where others loaded Ray before, most of what it is asked for would begin a cluster of this machine by itself.
    """
    import ray

    if not ray.is_initialized():
        raise ConnectionError("this process is in no cluster any more")


def _lost(address: str, error: Exception) -> EngineError:
    return EngineError(
        f"{address}: the connection to the cluster was lost ({_first_line(error)}). What was kept stays; "
        "once the cluster is there again, run this again: it goes on from where it was"
    )


def tells_of_death(error: Exception) -> bool:
    """Return whether an error of Ray's says that a process ended, or its node, or that its answer went with them."""
    from ray import exceptions as told

    return isinstance(
        error,
        (
            told.RayActorError,
            told.WorkerCrashedError,
            told.OutOfMemoryError,  # by Ray itself, where the memory of a node runs out
            told.NodeDiedError,
            told.LocalRayletDiedError,
            told.ObjectLostError,
        ),
    )


def tells_of_full_node(error: Exception) -> bool:
    """Return whether an error of Ray's, also one raised in a process, says that a node holds nothing more.

    Ray keeps what is larger than 100 kB in memory; what does not fit there goes to the disk of its temporary folder,
    and onto one that is 95% full nothing goes.
    """
    from ray.exceptions import ObjectStoreFullError, OutOfDiskError

    return isinstance(error, (OutOfDiskError, ObjectStoreFullError)) or isinstance(
        getattr(error, "cause", None), (OutOfDiskError, ObjectStoreFullError)
    )


def threads_for(nodes: Sequence[Node], workers: int, *, on_gpu: bool) -> int:
    """Return the most threads that each of some workers may have, so that all find room on the nodes.

    Args:
        on_gpu: each worker takes a GPU too.
    """
    return max(1, most_cores([Machine(node.cores, node.gpus) for node in nodes], workers, on_gpu=on_gpu))


def _lines(text: str) -> str:
    return " ".join(line.strip() for line in text.splitlines() if line.strip()).rstrip(".")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
