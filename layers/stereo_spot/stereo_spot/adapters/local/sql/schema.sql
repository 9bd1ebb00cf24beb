CREATE TABLE IF NOT EXISTS jobs (
    job_id     TEXT PRIMARY KEY,
    status     TEXT NOT NULL,
    created_at REAL NOT NULL,
    owner      TEXT,
    due_at     REAL,
    row        TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_age ON jobs (created_at, job_id);
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS segments (
    job_id        TEXT NOT NULL,
    segment_index INTEGER NOT NULL,
    row           TEXT NOT NULL,
    PRIMARY KEY (job_id, segment_index)
) STRICT;

CREATE TABLE IF NOT EXISTS messages (
    id         INTEGER PRIMARY KEY,
    step       TEXT NOT NULL,
    job_id     TEXT,
    event      TEXT NOT NULL,
    visible_at REAL NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    owner      TEXT
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS messages_waiting ON messages (step, event) WHERE owner IS NULL;

CREATE TABLE IF NOT EXISTS dead_letters (
    id      INTEGER PRIMARY KEY,
    step    TEXT NOT NULL,
    job_id  TEXT,
    event   TEXT NOT NULL,
    error   TEXT NOT NULL,
    died_at REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS uploads (
    upload_id TEXT PRIMARY KEY,
    key       TEXT NOT NULL,
    begun_at  REAL NOT NULL
) STRICT;
