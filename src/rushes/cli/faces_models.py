"""`rushes faces models`: the models of faces, their licences, and where they are."""

from __future__ import annotations

from rushes.cli.door import opened, table_of
from rushes.cli.options import DebugOption, JsonOption, ProjectOption
from rushes.errors import ProjectError


def models(project: ProjectOption = None, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """List the models that find faces and tell them apart: licence, origin, size, and where they are."""
    with opened(as_json=as_json, debug=debug) as door:
        from rushes.project import find_project
        from rushes.subjects.embedders import KINDS
        from rushes.subjects.models import KNOWN, model_at_hand

        folder = None
        try:
            folder = find_project(project).models_folder
        except ProjectError:
            if project is not None:
                raise
        near = {kind.name: kind for kind in KINDS}
        rows = []
        for one in KNOWN.values():
            if one.does not in ("faces", "face embedding"):
                continue
            path = model_at_hand(one, folder)
            kind = near.get(one.name)
            rows.append(
                {
                    "name": one.name,
                    "does": one.does,
                    "licence": one.licence,
                    "origin": one.origin,
                    "size_bytes": one.size_bytes,
                    "sha256": one.sha256,
                    "url": one.url or None,
                    "at": None if path is None else str(path),
                    "near": None if kind is None else kind.near,
                    "near_source": None if kind is None else kind.source,
                    "joined": None if kind is None else kind.joined,
                    "joined_source": None if kind is None else kind.joined_source,
                }
            )
        columns = ["name", "for", "licence", "size", "origin", "where"]
        door.show(
            table_of(
                None,
                columns,
                [[one["name"], one["does"], one["licence"], KNOWN[str(one["name"])].size, one["origin"],
                  one["at"] or ("fetched when first used" if one["url"] else "not at hand; name its file")]
                 for one in rows],
                whole=("name", "for", "licence", "size"),
            )
        )  # fmt: skip
        for row in rows:
            if row["near"] is not None:
                door.say(f"{row['name']}: two faces are one person's from a cosine of {row['near']} "
                         f"({row['near_source']}), two groups of faces from a mean of {row['joined']} "
                         f"({row['joined_source']})")  # fmt: skip
        door.finish({"models": rows})
