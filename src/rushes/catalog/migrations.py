"""The steps that bring a catalog of any earlier version to the present one.

A step is never changed once released: a new version is a new step at the end. Each runs in one transaction
with the note that it ran, so that a killed upgrade leaves the version before or the version after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine, inspect, text

from rushes.catalog.database import is_postgresql, shown, take_turn
from rushes.errors import CatalogError

Step = Callable[[Connection], None]

_FIRST_TABLES = (
    """CREATE TABLE files (
        path TEXT PRIMARY KEY,
        size_bytes BIGINT NOT NULL,
        modified_ns BIGINT NOT NULL,
        digest VARCHAR(64) NOT NULL)""",
    """CREATE TABLE sources (
        digest VARCHAR(64) PRIMARY KEY,
        path TEXT NOT NULL,
        name TEXT NOT NULL UNIQUE,
        group_name TEXT NOT NULL,
        kind VARCHAR(16) NOT NULL,
        width_pixels INTEGER NOT NULL,
        height_pixels INTEGER NOT NULL,
        codec TEXT NOT NULL,
        start_pts BIGINT NOT NULL,
        rate TEXT,
        frame_count INTEGER NOT NULL,
        duration_seconds TEXT,
        captured_at TEXT,
        added_at TEXT NOT NULL)""",
    "CREATE INDEX ix_sources_group_name ON sources (group_name)",
    """CREATE TABLE frames (
        id VARCHAR(40) PRIMARY KEY,
        source VARCHAR(64) NOT NULL REFERENCES sources (digest),
        pts BIGINT NOT NULL,
        time_base TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        timecode VARCHAR(20) NOT NULL,
        name TEXT NOT NULL,
        image TEXT NOT NULL,
        sha256 VARCHAR(64) NOT NULL,
        signature VARCHAR(16) NOT NULL,
        size TEXT NOT NULL,
        added_at TEXT NOT NULL)""",
    "CREATE INDEX ix_frames_source ON frames (source)",
    "CREATE INDEX ix_frames_name ON frames (name)",
    """CREATE TABLE labels (
        number {serial},
        frame VARCHAR(40) NOT NULL REFERENCES frames (id),
        task TEXT NOT NULL,
        class_name TEXT,
        origin TEXT NOT NULL,
        stated_at TEXT NOT NULL,
        place TEXT NOT NULL,
        sheet TEXT NOT NULL)""",
    "CREATE INDEX labels_by_task_and_frame ON labels (task, frame)",
)


def _make_first_tables(connection: Connection) -> None:
    _make(connection, _FIRST_TABLES)


def _make(connection: Connection, statements: Sequence[str]) -> None:
    serial = "BIGSERIAL PRIMARY KEY" if is_postgresql(connection) else "INTEGER PRIMARY KEY AUTOINCREMENT"
    for statement in statements:
        connection.execute(text(statement.replace("{serial}", serial)))


def _add_start_timecode(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE sources ADD COLUMN start_timecode TEXT"))


def _add_subjects(connection: Connection) -> None:
    connection.execute(
        text(
            """CREATE TABLE subjects (
            frame VARCHAR(40) NOT NULL REFERENCES frames (id),
            sheet TEXT NOT NULL,
            words TEXT NOT NULL,
            PRIMARY KEY (frame, sheet))"""
        )
    )


def _index_by_sheet_and_let_frames_be_taken_over(connection: Connection) -> None:
    connection.execute(text("CREATE INDEX labels_by_task_and_sheet ON labels (task, sheet)"))
    connection.execute(text("CREATE INDEX subjects_by_sheet ON subjects (sheet)"))
    connection.execute(text("ALTER TABLE frames ADD COLUMN taken_over_by VARCHAR(40)"))


_TABLES_OF_A_REVIEW = (
    """CREATE TABLE marks (
        number {serial},
        frame VARCHAR(40) NOT NULL REFERENCES frames (id),
        field VARCHAR(16) NOT NULL,
        value TEXT,
        origin TEXT NOT NULL,
        stated_at TEXT NOT NULL)""",
    "CREATE INDEX ix_marks_frame ON marks (frame)",
    """CREATE TABLE review_steps (
        number {serial},
        review TEXT NOT NULL,
        kind VARCHAR(8) NOT NULL,
        of_step INTEGER,
        request TEXT,
        stated_at TEXT NOT NULL)""",
    "CREATE INDEX review_steps_by_review ON review_steps (review, number)",
    """CREATE TABLE review_changes (
        step INTEGER NOT NULL REFERENCES review_steps (number),
        frame VARCHAR(40) NOT NULL REFERENCES frames (id),
        field VARCHAR(16) NOT NULL,
        before TEXT,
        after TEXT,
        PRIMARY KEY (step, frame, field))""",
)


def _add_marks_and_the_journal_of_reviews(connection: Connection) -> None:
    _make(connection, _TABLES_OF_A_REVIEW)


def _note_who_reviewed(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE review_steps ADD COLUMN person TEXT NOT NULL DEFAULT ''"))


# The columns of each table that hold text, as they are at that step.
_TEXTS = {
    "files": ("path", "digest"),
    "sources": (
        "digest",
        "path",
        "name",
        "group_name",
        "kind",
        "codec",
        "rate",
        "duration_seconds",
        "captured_at",
        "start_timecode",
        "added_at",
    ),
    "frames": (
        "id",
        "source",
        "time_base",
        "timecode",
        "name",
        "image",
        "sha256",
        "signature",
        "size",
        "added_at",
        "taken_over_by",
    ),
    "labels": ("frame", "task", "class_name", "origin", "stated_at", "place", "sheet"),
    "subjects": ("frame", "sheet", "words"),
    "marks": ("frame", "field", "value", "origin", "stated_at"),
    "review_steps": ("review", "kind", "request", "stated_at", "person"),
    "review_changes": ("frame", "field", "before", "after"),
}


def _let_postgresql_keep_texts_as_sqlite_does(connection: Connection) -> None:
    """Sort by the bytes of UTF-8 and not by a language, and let texts be of any length."""
    if not is_postgresql(connection):
        return
    for table, columns in _TEXTS.items():
        changes = [f'ALTER COLUMN {column} TYPE TEXT COLLATE "C"' for column in columns]
        connection.execute(text(f"ALTER TABLE {table} {', '.join(changes)}"))
    connection.execute(text("ALTER TABLE review_steps ALTER COLUMN of_step TYPE BIGINT"))
    connection.execute(text("ALTER TABLE review_changes ALTER COLUMN step TYPE BIGINT"))


# A foreign key is checked row by row, which takes longer than all else that PostgreSQL does with a label.
_CHECKS_OF_LABELS = (
    "ALTER TABLE labels DROP CONSTRAINT labels_frame_fkey",
    """CREATE FUNCTION frames_of_labels_are_there() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE stray text;
    BEGIN
        EXECUTE format('SELECT min(changed.frame) FROM changed WHERE NOT EXISTS '
            '(SELECT 1 FROM %I.frames WHERE frames.id = changed.frame)', TG_TABLE_SCHEMA) INTO stray;
        IF stray IS NOT NULL THEN
            RAISE foreign_key_violation USING MESSAGE = format('foreign key: there is no frame %s', stray);
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE FUNCTION frames_with_labels_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE labelled text;
    BEGIN
        EXECUTE format('SELECT min(gone.id) FROM gone WHERE NOT EXISTS '
            '(SELECT 1 FROM %I.frames WHERE frames.id = gone.id) AND EXISTS '
            '(SELECT 1 FROM %I.labels WHERE labels.frame = gone.id)', TG_TABLE_SCHEMA, TG_TABLE_SCHEMA) INTO labelled;
        IF labelled IS NOT NULL THEN
            RAISE foreign_key_violation USING MESSAGE = format('foreign key: the frame %s has labels', labelled);
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER labels_arrive AFTER INSERT ON labels REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION frames_of_labels_are_there()""",
    """CREATE TRIGGER labels_change AFTER UPDATE ON labels REFERENCING NEW TABLE AS changed
        FOR EACH STATEMENT EXECUTE FUNCTION frames_of_labels_are_there()""",
    """CREATE TRIGGER frames_go AFTER DELETE ON frames REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION frames_with_labels_stay()""",
)


def _let_postgresql_check_frames_of_labels_at_once(connection: Connection) -> None:
    """Check the frames of labels once a statement; what no frame has is refused as before."""
    if is_postgresql(connection):
        for statement in _CHECKS_OF_LABELS:
            connection.execute(text(statement))


# What ingest asks of each photograph, which would otherwise read every row there is.
_INDEXES_OF_AN_INGEST = (
    "CREATE INDEX sources_referenced ON sources (digest, name, group_name) WHERE codec = 'referenced'",
    "CREATE INDEX files_by_digest ON files (digest)",
)


def _index_what_ingest_asks_of_each_file(connection: Connection) -> None:
    _make(connection, _INDEXES_OF_AN_INGEST)


_NAMES_AT_A_TIME = 5000


def _find_referenced_sources_by_folded_name(connection: Connection) -> None:
    """Keep the name of each source as Python folds it, and index those that are compared by it."""
    kind = 'TEXT COLLATE "C"' if is_postgresql(connection) else "TEXT"
    connection.execute(text(f"ALTER TABLE sources ADD COLUMN folded_name {kind} NOT NULL DEFAULT ''"))
    some = text("SELECT digest, name FROM sources WHERE digest > :last ORDER BY digest LIMIT :count")
    fold = text("UPDATE sources SET folded_name = :folded WHERE digest = :digest")
    last = ""
    while rows := connection.execute(some, {"last": last, "count": _NAMES_AT_A_TIME}).all():
        connection.execute(fold, [{"digest": row.digest, "folded": row.name.casefold()} for row in rows])
        last = rows[-1].digest
    connection.execute(text("DROP INDEX sources_referenced"))
    connection.execute(text("CREATE INDEX sources_referenced ON sources (folded_name) WHERE codec = 'referenced'"))


STEPS: tuple[Step, ...] = (
    _make_first_tables,
    _add_start_timecode,
    _add_subjects,
    _index_by_sheet_and_let_frames_be_taken_over,
    _add_marks_and_the_journal_of_reviews,
    _note_who_reviewed,
    _let_postgresql_keep_texts_as_sqlite_does,
    _let_postgresql_check_frames_of_labels_at_once,
    _index_what_ingest_asks_of_each_file,
    _find_referenced_sources_by_folded_name,
)


def migrate(engine: Engine, *, steps: Sequence[Step] = STEPS) -> int:
    """Bring the catalog to the version of the last step; return how many steps ran.

    Raises:
        CatalogError: the catalog was made by a newer rushes.
    """
    ran = 0
    with engine.connect() as connection:  # the common case takes no right to write, which another may hold for long
        if inspect(connection).has_table("catalog_version") and _version(connection) == len(steps):
            return 0
    with engine.begin() as connection:
        if is_postgresql(connection):
            take_turn(connection)
        if not inspect(connection).has_table("catalog_version"):
            connection.execute(text("CREATE TABLE IF NOT EXISTS catalog_version (version INTEGER PRIMARY KEY)"))
    while True:
        with engine.begin() as connection:
            take_turn(connection)  # before looking, so that of two processes one waits for the other
            version = _version(connection)
            if version > len(steps):
                raise CatalogError(_too_new(engine, version, len(steps)))
            if version == len(steps):
                return ran
            connection.execute(
                text("INSERT INTO catalog_version (version) VALUES (:version)"), {"version": version + 1}
            )
            steps[version](connection)
            ran += 1


def require_newest(engine: Engine) -> None:
    """Raise CatalogError unless the catalog is of the version of the last step; nothing is written into it."""
    with engine.connect() as connection:
        version = _version(connection) if inspect(connection).has_table("catalog_version") else 0
    if version > len(STEPS):
        raise CatalogError(_too_new(engine, version, len(STEPS)))
    if version < len(STEPS):
        raise CatalogError(
            f"the catalog {shown(engine.url)} is of version {version}, and this rushes copies and compares those of "
            f"version {len(STEPS)}. Nothing was written into it. Name it in rushes.toml of a project and run 'rushes "
            "status' there, which brings it up to date, then run this again"
        )


def _too_new(engine: Engine, version: int, known: int) -> str:
    return (
        f"the catalog {shown(engine.url)} is of version {version}; this rushes knows versions up to {known}. Update "
        "rushes"
    )


def _version(connection: Connection) -> int:
    return int(connection.execute(text("SELECT coalesce(max(version), 0) FROM catalog_version")).scalar_one())
