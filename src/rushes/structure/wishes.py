"""Wishes: what is to be looked for in films, and by which models."""

from __future__ import annotations

from dataclasses import dataclass

from rushes.project import FilmSettings

SCAN = "scan"  # shots are compared by what the scan noted of them


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be looked for in films.

    Attributes:
        looks: what shots are compared by: `scan`, or a bundle of pictures, by path or by its name in the project.
        closeness: the bundle, of pictures or of shots, that says which shots are medium close-ups; "" asks none.
        close_classes: which of its classes mean that; () takes those that are usually called so.
        faces: whether faces are looked for, and kept in the project.
        face_detector, face_embedder: model files, or names of known ones; "" takes the usual ones.
        detector: of objects, the same; "" looks for none.
        words: what a detector of open vocabulary looks for.
    """

    looks: str = SCAN
    closeness: str = ""
    close_classes: tuple[str, ...] = ()
    faces: bool = False
    face_detector: str = ""
    face_embedder: str = ""
    detector: str = ""
    words: tuple[str, ...] = ()


def wishes_of(settings: FilmSettings) -> Wishes:
    """Return what a project looks for in films."""
    return Wishes(
        looks=settings.looks,
        closeness=settings.closeness,
        faces=settings.faces,
        face_detector=settings.face_detector,
        face_embedder=settings.face_embedder,
        detector=settings.detector,
        words=settings.words,
    )


def words_for(detector: str, settings: FilmSettings) -> tuple[str, ...]:
    """Return the project's words where they are for this detector: another one may not know them."""
    return settings.words if detector and detector == settings.detector else ()
