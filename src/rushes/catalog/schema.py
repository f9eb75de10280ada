"""The tables of the catalog as they are now."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, text

METADATA = MetaData()

_IS_REFERENCED = text("codec = 'referenced'")

files = Table(
    "files",
    METADATA,
    Column(
        "path", Text, primary_key=True
    ),  # absolute, or an address; remembers a digest while size and time stay the same
    Column("size_bytes", BigInteger, nullable=False),
    Column("modified_ns", BigInteger, nullable=False),  # of an address, a number made of its ETag
    Column("digest", String(64), nullable=False),
    Index("files_by_digest", "digest"),
)

sources = Table(
    "sources",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("path", Text, nullable=False),
    Column("name", Text, nullable=False, unique=True),
    Column("group_name", Text, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("width_pixels", Integer, nullable=False),
    Column("height_pixels", Integer, nullable=False),
    Column("codec", Text, nullable=False),
    Column("start_pts", BigInteger, nullable=False),
    Column("rate", Text),  # a fraction, "24000/1001"
    Column("frame_count", Integer, nullable=False),
    Column("duration_seconds", Text),  # a fraction
    Column("captured_at", Text),
    Column("start_timecode", Text),  # SMPTE, of the first frame
    Column("added_at", Text, nullable=False),
    Column("folded_name", Text, nullable=False, server_default=""),  # as Python folds case: databases know less of it
    Index("sources_referenced", "folded_name", sqlite_where=_IS_REFERENCED, postgresql_where=_IS_REFERENCED),
)

frames = Table(
    "frames",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("source", String(64), ForeignKey("sources.digest"), nullable=False, index=True),
    Column("pts", BigInteger, nullable=False),
    Column("time_base", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("timecode", String(20), nullable=False),
    Column("name", Text, nullable=False, index=True),
    Column("image", Text, nullable=False),  # relative to the project folder, or an address
    Column("sha256", String(64), nullable=False),  # of the picture file; "" of one that nobody has read yet
    Column("signature", String(16), nullable=False),  # 64 bits in hex; "" of one that nobody has decoded yet
    Column("size", Text, nullable=False),  # that it was brought to: "640" (long side) or "640x360"; "" as it was found
    Column("added_at", Text, nullable=False),
    Column(
        "taken_over_by", String(40)
    ),  # of a referenced frame: the frame that stands for it since its picture is here
)

labels = Table(
    "labels",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # later statements have higher numbers
    Column("frame", String(40), ForeignKey("frames.id"), nullable=False),
    Column("task", Text, nullable=False),
    Column("class_name", Text),  # null withdraws what the same origin said before
    Column("origin", Text, nullable=False),
    Column("stated_at", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("sheet", Text, nullable=False),
    Index("labels_by_task_and_frame", "task", "frame"),
    Index("labels_by_task_and_sheet", "task", "sheet"),
)

subjects = Table(
    "subjects",
    METADATA,
    Column("frame", String(40), ForeignKey("frames.id"), primary_key=True),
    Column("sheet", Text, primary_key=True),
    Column("words", Text, nullable=False),  # one a line
    Index("subjects_by_sheet", "sheet"),
)

marks = Table(
    "marks",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # later marks have higher numbers
    Column("frame", String(40), ForeignKey("frames.id"), nullable=False, index=True),
    Column("field", String(16), nullable=False),  # rating or color
    Column("value", Text),  # null takes away what was there
    Column("origin", Text, nullable=False),
    Column("stated_at", Text, nullable=False),
)

review_steps = Table(
    "review_steps",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=True),  # of one review, its revision
    Column("review", Text, nullable=False),  # key of what was reviewed
    Column("kind", String(8), nullable=False),  # do, undo or redo
    Column("of_step", Integer),  # of an undo or redo: the step that it is of
    Column("request", Text),  # what the page called it, so that it is not done twice
    Column("stated_at", Text, nullable=False),
    Column("person", Text, nullable=False, server_default=""),  # whose step it is; "" of one without a name
    Index("review_steps_by_review", "review", "number"),
)

review_changes = Table(
    "review_changes",
    METADATA,
    Column("step", Integer, ForeignKey("review_steps.number"), primary_key=True),
    Column("frame", String(40), ForeignKey("frames.id"), primary_key=True),
    Column("field", String(16), primary_key=True),  # decision, rating or color
    Column("before", Text),  # of a decision, what this person's review had said where it stood
    Column("after", Text),
)
