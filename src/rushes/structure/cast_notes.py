"""notes_of_faces: what a person should know before they believe who is seen in a film."""

from __future__ import annotations

from rushes.subjects.kept_faces import FilmFaces, kind_of
from rushes.subjects.models import KNOWN
from rushes.subjects.names import Names


def notes_of_faces(faces: FilmFaces, names: Names) -> tuple[str, ...]:
    """Return what should be known of the characters of a film, a sentence each.

    Args:
        names: of the project.
    """
    notes = []
    kind = kind_of(faces.embedder)
    if faces.face_count and not kind.is_measured:
        notes.append(
            f"which faces are one person's is told by {kind.name} from a mean cosine of {kind.joined}, which rushes "
            f"has not measured ({kind.joined_source}): look before you believe it"
        )
    unknown = [person for person in names.people if faces.embedder not in person.references]
    if unknown:
        notes.append(_note_of_unknown(faces.embedder, Names(tuple(unknown))))
    return tuple(notes)


def _note_of_unknown(embedder: str, unknown: Names) -> str:
    """Say that names are kept by vectors that cannot be compared with a film's."""
    kinds = list(dict.fromkeys(kind_of(one).name for one in unknown.embedders))
    count = len(unknown.people)
    known = "1 name is" if count == 1 else f"{count} names are"
    wanted = f"'{kinds[0]}'" if kinds and kinds[0] in KNOWN else "the file they were given with"
    by = f"by other vectors ({', '.join(kinds)})" if kinds else "by no face"
    return (
        f"{known} known {by} and cannot be found by those of {kind_of(embedder).name} ({', '.join(unknown.all[:5])}"
        f"{', …' if count > 5 else ''}): name {wanted} as [film] face_embedder in rushes.toml, or name the characters "
        "again"
    )
