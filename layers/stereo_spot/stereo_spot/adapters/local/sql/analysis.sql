CREATE TABLE IF NOT EXISTS videos (
    id              TEXT PRIMARY KEY,
    original_path   TEXT NOT NULL,
    original_name   TEXT NOT NULL,
    size_bytes      INTEGER NOT NULL,
    status          TEXT NOT NULL DEFAULT 'uploaded',
    normalized_path TEXT,
    duration_sec    REAL,
    error           TEXT,
    created_at      REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0),
    updated_at      REAL NOT NULL DEFAULT ((julianday('now') - 2440587.5) * 86400.0)
) STRICT;

CREATE TABLE IF NOT EXISTS jobs (
    id          TEXT PRIMARY KEY,
    video_id    TEXT NOT NULL,
    status      TEXT NOT NULL DEFAULT 'pending',
    attempts    INTEGER NOT NULL DEFAULT 0,
    error       TEXT,
    path        TEXT,
    run_after   REAL NOT NULL,
    lease_owner TEXT,
    lease_until REAL,
    created_at  REAL NOT NULL,
    updated_at  REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (status, run_after, created_at);

CREATE TABLE IF NOT EXISTS scenes (
    id        TEXT PRIMARY KEY,
    video_id  TEXT NOT NULL,
    idx       INTEGER NOT NULL,
    t_start   REAL NOT NULL,
    t_end     REAL NOT NULL,
    clip_path TEXT,
    UNIQUE (video_id, idx)
) STRICT;

CREATE TABLE IF NOT EXISTS frames (
    id       TEXT PRIMARY KEY,
    video_id TEXT NOT NULL,
    scene_id TEXT NOT NULL,
    t_frame  REAL NOT NULL,
    path     TEXT NOT NULL,
    phash    TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS frames_of_video ON frames (video_id);

CREATE TABLE IF NOT EXISTS transcript_segments (
    id       TEXT PRIMARY KEY,
    video_id TEXT NOT NULL,
    t_start  REAL NOT NULL,
    t_end    REAL NOT NULL,
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS segments_of_video ON transcript_segments (video_id);

CREATE TABLE IF NOT EXISTS frame_captions (
    id       TEXT PRIMARY KEY,
    video_id TEXT NOT NULL,
    frame_id TEXT NOT NULL,
    caption  TEXT NOT NULL,
    entities TEXT NOT NULL,
    made_by  TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS captions_of_video ON frame_captions (video_id);

CREATE TABLE IF NOT EXISTS vectors (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,
    row_id   TEXT NOT NULL,
    video_id TEXT NOT NULL,
    model    TEXT NOT NULL,
    floats   BLOB NOT NULL,
    UNIQUE (kind, row_id)
) STRICT;
CREATE INDEX IF NOT EXISTS vectors_by_model ON vectors (kind, model);

CREATE TABLE IF NOT EXISTS stages (
    video_id TEXT NOT NULL,
    stage    TEXT NOT NULL,
    basis    TEXT NOT NULL,
    state    TEXT NOT NULL,
    note     TEXT NOT NULL,
    PRIMARY KEY (video_id, stage)
) STRICT;

CREATE TABLE IF NOT EXISTS deliveries (
    id      TEXT PRIMARY KEY,
    seen_at REAL NOT NULL
) STRICT;
