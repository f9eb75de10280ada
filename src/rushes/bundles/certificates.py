"""What an export found of each runtime of a bundle: `parity/runtimes.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.bundles.bundle import RUNTIMES_FILE
from rushes.bundles.sealed import SealedFolder, not_understood, read_table
from rushes.storage.files import write_json

SCHEMA = "runtimes/1"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an export found of one runtime.

    Attributes:
        holds: whether it may be taken.
        reason: why not, in a sentence without its full stop; "" where it holds.
        version: what computed; "" where it was not run.
        tolerance: that its probabilities of the stored samples may differ by from those of the trained network.
        pictures, largest_difference, disagreements: what was found on the pictures that were compared at export.
        gains: pictures at a time -> how many times as fast as the default it was, in processor time of one thread.
        validation: what its answers cost on validation; None where that was not judged.
        made: how its file was made; None of one that runs `model.onnx`.
    """

    holds: bool
    reason: str
    version: str = ""
    tolerance: float = 0.0
    pictures: int = 0
    largest_difference: float = 0.0
    disagreements: int = 0
    gains: Mapping[str, float] | None = None
    validation: Mapping[str, Any] | None = None
    made: Mapping[str, Any] | None = None

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {
            "holds": self.holds,
            "reason": self.reason,
            "version": self.version,
            "tolerance": self.tolerance,
            "pictures": self.pictures,
            "largest_difference": self.largest_difference,
            "disagreements": self.disagreements,
            "gains": None if self.gains is None else dict(self.gains),
            "validation": None if self.validation is None else dict(self.validation),
            "made": None if self.made is None else dict(self.made),
        }


def write_certificates(certificates: Mapping[str, Certificate], folder: Path) -> None:
    """Write runtime -> what was found of it into the folder of a bundle."""
    table = {name: one.to_table() for name, one in certificates.items()}
    write_json(folder / RUNTIMES_FILE, {"schema": SCHEMA, "runtimes": table})


def read_certificates(bundle: SealedFolder) -> dict[str, Certificate]:
    """Return runtime -> what the export found of it; nothing of an older bundle.

    Raises:
        BundleError: the file was altered or cannot be understood.
    """
    if RUNTIMES_FILE not in bundle.files:
        return {}
    bundle.read(RUNTIMES_FILE)  # which holds it against its digest
    table = read_table(bundle.folder / RUNTIMES_FILE, SCHEMA)
    try:
        return {str(name): _certificate_of(one) for name, one in table["runtimes"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise not_understood(bundle.folder, error) from error


def _certificate_of(table: Mapping[str, Any]) -> Certificate:
    return Certificate(
        holds=table["holds"] is True,
        reason=str(table["reason"]),
        version=str(table["version"]),
        tolerance=float(table["tolerance"]),
        pictures=int(table["pictures"]),
        largest_difference=float(table["largest_difference"]),
        disagreements=int(table["disagreements"]),
        gains=table["gains"],
        validation=table["validation"],
        made=table["made"],
    )
