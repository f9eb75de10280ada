"""The runtimes of a bundle by name: what each one needs, what an export said of it, and whether it holds here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from rushes.bundles.bundle import GRAPH_FILE, INT8_FILE, Bundle
from rushes.bundles.certificates import Certificate, read_certificates
from rushes.bundles.engines import OpenEngine, has_bfloat16, open_onnxruntime, openvino_in
from rushes.bundles.parity import TOLERANCE, Parity, find_parity
from rushes.bundles.shot_bundle import ShotBundle
from rushes.bundles.shot_parity import find_shot_parity
from rushes.errors import BundleError, did_you_mean, is_installed

DEFAULT = "onnxruntime"
State = Literal["holds", "differs", "absent", "refused"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run a bundle's graph.

    Attributes:
        says: what it is, for people.
        file: of the bundle, that it runs.
        is_exact: whether it computes what the trained network does but for rounding, which stored samples prove;
            otherwise an export has to find on validation that its answers are good enough.
        absent: gives why it cannot run here, "" where it can.
        version: gives the names and versions of what computes.
        engine: opens the file.
        of_shots: whether it runs bundles of shots too.
    """

    name: str
    says: str
    file: str
    is_exact: bool
    absent: Callable[[], str]
    version: Callable[[], str]
    engine: OpenEngine
    of_shots: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one runtime of a bundle, here and now.

    Attributes:
        state: `holds`; `differs` from what it was certified to; `absent`, it cannot run here; `refused`, no export
            found that its answers are good enough.
        parity: how near it comes on the stored samples; None where it was not run.
        reason: why it was not run; "" where it was.
        certified: whether the bundle says that it holds; an older bundle says it of the default alone.
    """

    runtime: Runtime
    state: State
    parity: Parity | None = None
    reason: str = ""
    certified: bool = False

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        parity = self.parity
        return {
            "runtime": self.runtime.name,
            "state": self.state,
            "certified": self.certified,
            "version": self.runtime.version() if parity is not None else None,
            "pictures": parity.pictures if parity is not None else None,
            "difference": parity.largest_difference if parity is not None else None,
            "tolerance": parity.tolerance if parity is not None else None,
            "disagreements": parity.disagreements if parity is not None else None,
            "reason": self.reason,
        }


def _always() -> str:
    return ""


def _without_openvino() -> str:
    return "" if is_installed("openvino") else "openvino is not installed (pip install 'rushes[openvino]')"


@cache  # the processor stays the same, and asking it takes OpenVINO's import
def _without_bfloat16() -> str:
    return _without_openvino() or ("" if has_bfloat16() else "this processor does not compute in bfloat16")


def _onnxruntime_version() -> str:
    import onnxruntime

    return f"onnxruntime {onnxruntime.__version__}"


def _openvino_version() -> str:
    import openvino

    return f"openvino {openvino.__version__.partition('-')[0]}"


RUNTIMES: Mapping[str, Runtime] = {
    one.name: one
    for one in (
        Runtime(DEFAULT, "ONNX Runtime, float32", GRAPH_FILE, True, _always, _onnxruntime_version,
                open_onnxruntime, of_shots=True),
        Runtime("int8", "ONNX Runtime, 8-bit integers", INT8_FILE, False, _always, _onnxruntime_version,
                open_onnxruntime),
        Runtime("openvino", "OpenVINO, float32", GRAPH_FILE, True, _without_openvino, _openvino_version,
                openvino_in("f32"), of_shots=True),
        Runtime("openvino-bf16", "OpenVINO, bfloat16", GRAPH_FILE, False, _without_bfloat16, _openvino_version,
                openvino_in("bf16")),
        Runtime("openvino-int8", "OpenVINO, 8-bit integers", INT8_FILE, False, _without_openvino, _openvino_version,
                openvino_in("f32")),
    )
}  # fmt: skip


def check_runtimes(bundle: Bundle | ShotBundle, *, threads: int = 1) -> list[Checked]:
    """Return what is found of every runtime, the default first.

    Raises:
        BundleError: the stored samples or the certificates cannot be read.
    """
    return [check_runtime(bundle, runtime, threads=threads) for runtime in RUNTIMES.values()]


def check_runtime(bundle: Bundle | ShotBundle, runtime: Runtime, *, threads: int = 1) -> Checked:
    """Return whether a runtime computes on the stored samples, here and now, what the bundle says.

    Raises:
        BundleError: the stored samples or the certificates cannot be read.
    """
    certificate = read_certificates(bundle).get(runtime.name)
    certified = runtime.name == DEFAULT or (certificate is not None and certificate.holds)
    if why := _why_refused(bundle, runtime, certificate):
        return Checked(runtime, "refused", reason=why)
    if why := runtime.absent():
        return Checked(runtime, "absent", reason=why, certified=certified)
    tolerance = TOLERANCE if certificate is None or runtime.is_exact else certificate.tolerance
    try:
        if isinstance(bundle, ShotBundle):
            parity = find_shot_parity(bundle, engine=runtime.engine, threads=threads)
        else:
            parity = find_parity(
                bundle, file=runtime.file, engine=runtime.engine, tolerance=tolerance, threads=threads
            )  # fmt: skip
    except BundleError as error:
        if runtime.name == DEFAULT:
            raise
        return Checked(runtime, "differs", reason=str(error), certified=certified)
    return Checked(runtime, "holds" if parity.holds else "differs", parity, certified=certified)


def choose_runtime(bundle: Bundle | ShotBundle, name: str) -> Runtime:
    """Return the runtime of a name, after it has shown on the stored samples that it may be trusted here.

    The default is taken as it is: the export proved it, and `rushes doctor` proves it again.

    Raises:
        BundleError: there is none of this name, it cannot run here, no export found that its answers are good enough,
            or it computes something else here.
    """
    if name not in RUNTIMES:
        raise BundleError(f"there is no runtime '{name}'. {did_you_mean(name, list(RUNTIMES))}")
    runtime = RUNTIMES[name]
    if name == DEFAULT:
        return runtime
    found = check_runtime(bundle, runtime)
    if found.state == "holds":
        return runtime
    why = found.reason or describe_difference(found.parity)
    raise BundleError(f"{bundle.folder}: the runtime {name} cannot be taken: {why}. "
                      f"Leave --runtime out, or take another: rushes doctor {bundle.folder}")  # fmt: skip


def describe_difference(parity: Parity | None) -> str:
    """Return in words how far a runtime is from what it was certified to."""
    if parity is None:
        return "it cannot be run"
    return (
        f"on {parity.pictures} stored samples its probabilities differ by up to {parity.largest_difference:.2g} "
        f"(allowed {parity.tolerance:.2g}) and {parity.disagreements} answers are others"
    )


def _why_refused(bundle: Bundle | ShotBundle, runtime: Runtime, certificate: Certificate | None) -> str:
    """Return why a runtime is not taken for a bundle, wherever it runs; "" where it may be tried."""
    if isinstance(bundle, ShotBundle) and not runtime.of_shots:
        return "bundles of shots are not judged in it"
    if runtime.is_exact:
        return ""  # the stored samples prove it wherever it is run
    if certificate is None:
        how = "rushes export RUN --int8" if runtime.file == INT8_FILE else "rushes export RUN, with it installed"
        return f"its answers were not judged at the export ({how})"
    return "" if certificate.holds else certificate.reason
