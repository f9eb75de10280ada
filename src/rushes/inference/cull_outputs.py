"""What a cull is asked to leave behind, and the steps that lead there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from rushes.errors import CullError, did_you_mean
from rushes.footage.kinds import kind_of
from rushes.inference.cull_journal import IMAGES_FILE, JOURNAL_FILE, LOCK_FILE
from rushes.inference.cull_sheet import format_csv, format_json
from rushes.inference.verdicts import CULL_FILE, SEEN_FILE, Cull, Verdict
from rushes.xmp.marks import CullMark, Marks
from rushes.xmp.profiles import PROFILES, unread_sidecar

# How raw converters name what they write beside a photograph: with its stem, or with its whole name.
_STEM_SIDECARS = (".xmp", ".XMP")
_NAME_SIDECARS = (".xmp", ".XMP", ".pp3", ".dop")
_OWN_FILES = frozenset({CULL_FILE, SEEN_FILE, JOURNAL_FILE, IMAGES_FILE, LOCK_FILE})


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a cull leaves behind; nothing of itself.

    Attributes:
        profile: of XMP sidecars, one of `rushes.xmp.profiles.PROFILES`; None writes none.
        xmp_to: folder for the sidecars, which keeps the shoot's subfolders; None writes them beside the photographs.
        copy_to, link_to: folder to which picks are copied, or in which they get a second name. At most one of the two.
        rejects_to: folder for the rejects, in the same way: linked where `link_to` is given, else copied.
        csv, out: files for the verdicts, as CSV and as JSON.
    """

    profile: str | None = None
    xmp_to: Path | None = None
    copy_to: Path | None = None
    link_to: Path | None = None
    rejects_to: Path | None = None
    csv: Path | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.copy_to is not None and self.link_to is not None:
            raise ValueError("picks are copied or linked, not both")
        if self.xmp_to is not None and self.profile is None:
            raise ValueError("a folder for sidecars needs a profile")

    def to_table(self) -> dict[str, str]:
        """Return what is wanted as plain values."""
        names = ("profile", "xmp_to", "copy_to", "link_to", "rejects_to", "csv", "out")
        return {name: str(value) for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Decided:
    """What a person decided of a photograph, which overwrites what stands in its sidecar."""

    marks: Marks


@dataclass(frozen=True, slots=True)
class WriteSidecar:
    """Write a mark into a sidecar, merged with what stands there.

    Attributes:
        base: sidecar to begin with where none stands at `path`; "" where that is the same.
        companions: of the photograph, in which its marks may stand too.
    """

    path: str
    photograph: str
    profile: str
    mark: CullMark | Decided
    base: str = ""
    companions: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"sidecar {self.profile} {self.path}"

    @property
    def rivals(self) -> tuple[str, ...]:
        """Keys of the steps of other profiles that write into the same file."""
        return tuple(f"sidecar {name} {self.path}" for name in PROFILES if name != self.profile)


@dataclass(frozen=True, slots=True)
class Gather:
    """Bring one photograph, with all that belongs to it, into a folder.

    Attributes:
        files: the photograph and its companions.
        sidecars: where sidecars of it may stand; those that do come along, always as copies.
        root: the folder that was named.
        folder: the folder in it that the files come to.
        prefix: for all the names where one of them is taken.
        links: second names instead of copies.
        own: the sidecar in `sidecars` that gets `mark`; "" where none does.
    """

    photograph: str
    files: tuple[str, ...]
    sidecars: tuple[str, ...]
    root: str
    folder: str
    prefix: str
    links: bool
    profile: str = ""
    own: str = ""
    mark: CullMark | None = None

    @property
    def path(self) -> str:
        return self.photograph

    def key_of(self, source: str) -> str:
        return f"{'link' if self.links else 'copy'} {source} > {self.folder}"


@dataclass(frozen=True, slots=True)
class WriteTable:
    """Write the verdicts into a file, in the place of what stands there."""

    path: str
    text: str = field(repr=False)

    @property
    def key(self) -> str:
        return f"table {self.path}"

    @property
    def rivals(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is not done, and why."""

    path: str
    reason: str


Step = WriteSidecar | Gather | WriteTable | Refusal


def plan_outputs(
    cull: Cull, wanted: Outputs, *, decided: Mapping[str, Decided] = MappingProxyType({})
) -> tuple[Step, ...]:
    """Return the steps that leave behind what is wanted: refusals, sidecars, picks, rejects, tables.

    Nothing is read from disk: what stands at a path is looked at when the step is carried out.

    Args:
        decided: whole path -> what a person decided. It comes into a sidecar in place of the verdict, and of a
            photograph that has no verdict too.

    Raises:
        CullError: there is no such profile, or picks would come into the folder that they are in.
    """
    if wanted.profile is not None and wanted.profile not in PROFILES:
        raise CullError(
            f"there is no profile '{wanted.profile}' of XMP. {did_you_mean(wanted.profile, list(PROFILES))}"
        )
    asked, cull = cull, with_whole_paths(cull)
    shared, strange = _shared_sidecars(cull, decided, wanted)
    steps: list[Step] = [Refusal(path, reason) for path, reason in shared.items()]
    if wanted.profile is not None:
        marks = {one.path: _mark(cull, one) for one in cull.verdicts} | dict(decided)
        beside = {one.path: one.companions for one in cull.verdicts}
        steps += [
            replace(_sidecar(cull, path, mark, wanted, wanted.profile), companions=beside.get(path, ()))
            for path, mark in marks.items()
            if path not in shared
        ]
    picks_to = wanted.copy_to or wanted.link_to
    for verdicts, root in ((cull.picks, picks_to), (cull.rejects, wanted.rejects_to)):
        if root is not None:
            _refuse_own_folder(cull, root)
            steps += _gathers(cull, verdicts, root, wanted, shared=frozenset(shared), strange=strange)
    if wanted.csv is not None:
        steps.append(WriteTable(str(wanted.csv.absolute()), format_csv(asked)))
    if wanted.out is not None:
        steps.append(WriteTable(str(wanted.out.absolute()), format_json(asked)))
    return tuple(steps)


def refuse_tables(wanted: Outputs, *, cull: Cull | None = None, folder: Path | None = None) -> None:
    """Raise CullError where a table would come into the place of a photograph, a film or a sidecar, or of another.

    Args:
        cull: with whole paths, whose files are none to write tables over whatever their extension.
        folder: of the cull.
    """
    files: set[Path] = set()
    if cull is not None:
        files = {Path(path) for one in cull.verdicts for path in (one.path, *one.companions)}
        files |= {Path(one.path) for one in cull.unreadable}
    for option, path in (("--csv", wanted.csv), ("--out", wanted.out)):
        if path is None:
            continue
        if kind_of(path) is not None or path.absolute() in files:
            what = "is the name of a photograph or a film"
        elif path.suffix.lower() in {*_STEM_SIDECARS, *_NAME_SIDECARS}:
            what = "is the name of a sidecar"
        elif path.name in _OWN_FILES and (path.parent.absolute() == folder or (path.parent / CULL_FILE).is_file()):
            what = "belongs to a cull"
        else:
            continue
        raise CullError(f"{option} {path}: {what}, which no table is written over. Name another file")
    if wanted.csv is not None and wanted.out is not None and wanted.csv.absolute() == wanted.out.absolute():
        raise CullError(f"--csv and --out are both {wanted.csv}. Name two files")


def with_whole_paths(cull: Cull) -> Cull:
    """Return a cull whose paths begin at the root; those of a cull may begin at its folder."""
    folder = Path(cull.folder)
    verdicts = (
        replace(one, path=str(folder / one.path), companions=tuple(str(folder / path) for path in one.companions))
        for one in cull.verdicts
    )
    unreadable = (replace(one, path=str(folder / one.path)) for one in cull.unreadable)
    return replace(cull, verdicts=tuple(verdicts), unreadable=tuple(unreadable))


def _shared_sidecars(cull: Cull, decided: Iterable[str], wanted: Outputs) -> tuple[dict[str, str], frozenset[str]]:
    """Return, of the photographs that would share a sidecar with another, why none is written, by path.

    Where the profile's editor reads a sidecar of one alone, as of the raw beside an exported TIFF, that one has it.
    The second value holds the others: what stands there is not theirs.
    """
    profile = wanted.profile
    if profile is None:
        return {}, frozenset()
    by_sidecar: defaultdict[str, list[str]] = defaultdict(list)
    judged = dict.fromkeys([*(one.path for one in cull.verdicts), *decided])
    for path in dict.fromkeys([*judged, *(one.path for one in cull.unreadable)]):
        # The case aside, since a card or a Mac does not tell it apart.
        by_sidecar[str(_place(cull, path, wanted, profile)).casefold()].append(path)
    refused: dict[str, str] = {}
    strange: set[str] = set()
    for paths in by_sidecar.values():
        if len(paths) < 2:
            continue
        reads = [path for path in paths if not unread_sidecar(Path(path), PROFILES[profile])]
        for path in (one for one in paths if one in judged):
            if len(reads) != 1:
                refused[path] = _why_shared(cull, path, paths, wanted, profile)
            elif path != reads[0]:
                strange.add(path)
                refused[path] = _why_strange(path, reads[0], profile)
    return refused, frozenset(strange)


def _why_strange(path: str, owner: str, profile: str) -> str:
    return (
        f"gets no sidecar: {_beside(path, profile).name} is that of {Path(owner).name}, and {PROFILES[profile].editor} "
        "keeps what it knows of such a file inside it. Have it copied into a folder, or choose it by the CSV"
    )


def _why_shared(cull: Cull, path: str, paths: list[str], wanted: Outputs, profile: str) -> str:
    others = [other for other in paths if other != path]
    apart = [
        name
        for name in PROFILES
        if len({str(_place(cull, one, wanted, name)).casefold() for one in paths}) == len(paths)
    ]
    sidecar = _beside(path, profile).name
    remedy = f"The profile {' or '.join(apart)} tells them apart" if apart else "Rename one of them"
    names = ", ".join(Path(other).name for other in others)
    return f"would share the sidecar {sidecar} of the profile {profile} with {names}, so none is written. {remedy}"


def _beside(photograph: str, profile: str) -> Path:
    """Return where a profile puts a sidecar; whether one ends in .XMP is seen when it is written."""
    path = Path(photograph)
    return path.with_name(PROFILES[profile].name_beside(path.name))


def _place(cull: Cull, photograph: str, wanted: Outputs, profile: str) -> Path:
    """Return where the sidecar of a photograph is written."""
    beside = _beside(photograph, profile)
    return beside if wanted.xmp_to is None else wanted.xmp_to.absolute() / _within(cull, beside)


def _mark(cull: Cull, verdict: Verdict) -> CullMark:
    return CullMark(verdict.verdict, verdict.score, cull.bundle, cull.threshold)


def _sidecar(cull: Cull, photograph: str, mark: CullMark | Decided, wanted: Outputs, profile: str) -> WriteSidecar:
    path, beside = _place(cull, photograph, wanted, profile), _beside(photograph, profile)
    return WriteSidecar(str(path), photograph, profile, mark, base="" if path == beside else str(beside))


def _within(cull: Cull, path: Path) -> Path:
    """Return where a file is in the shoot; of one that is elsewhere, its name."""
    return path.relative_to(cull.folder) if path.is_relative_to(cull.folder) else Path(path.name)


def _refuse_own_folder(cull: Cull, root: Path) -> None:
    """Raise CullError where photographs would be copied onto themselves."""
    if root.absolute() == Path(cull.folder):
        raise CullError(f"{root}: the photographs are in this folder. Name another one")


def _gathers(
    cull: Cull,
    verdicts: Iterable[Verdict],
    root: Path,
    wanted: Outputs,
    *,
    shared: frozenset[str],
    strange: frozenset[str],
) -> Iterator[Step]:
    taken: set[str] = set()
    for one in verdicts:
        folder = root.absolute() / _within(cull, Path(one.path)).parent
        files = (one.path, *one.companions)
        from_elsewhere = not Path(one.path).is_relative_to(cull.folder)
        prefix = (Path(one.path).parent.name if from_elsewhere else Path(cull.folder).name) + "_"
        names = {str(folder / Path(file).name).casefold() for file in files}
        if names & taken:  # only one of them can have the plain name
            folder = folder / Path(one.path).parent.name
            names = {str(folder / Path(file).name).casefold() for file in files}
        if names & taken:
            yield Refusal(one.path, f"another photograph of the same name comes to {folder}. Rename one of them")
            continue
        taken |= names
        marked = wanted.profile is not None and one.path not in shared
        own = str(_beside(one.path, wanted.profile or "")) if marked else ""
        anothers = _beside(one.path, wanted.profile or "").stem if one.path in strange else None
        beside = (path for path in _sidecars_beside(files) if Path(path).stem != anothers)
        sidecars = tuple(dict.fromkeys([*([own] if own else []), *beside]))
        yield Gather(
            one.path,
            files,
            sidecars,
            str(root.absolute()),
            str(folder),
            prefix,
            wanted.link_to is not None,
            profile=wanted.profile or "",
            own=own,
            mark=_mark(cull, one) if own else None,
        )


def _sidecars_beside(files: Iterable[str]) -> Iterator[str]:
    for file in files:
        path = Path(file)
        yield from (str(path.with_suffix(extension)) for extension in _STEM_SIDECARS)
        yield from (str(path.with_name(path.name + extension)) for extension in _NAME_SIDECARS)
