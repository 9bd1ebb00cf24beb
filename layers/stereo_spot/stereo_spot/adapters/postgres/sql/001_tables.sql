CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE IF NOT EXISTS videos (
    id              text PRIMARY KEY,
    original_path   text NOT NULL,
    original_name   text NOT NULL,
    size_bytes      bigint NOT NULL,
    status          text NOT NULL DEFAULT 'uploaded'
                    CHECK (status IN ('uploaded', 'processing', 'ready', 'failed')),
    normalized_path text,
    duration_sec    real,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS jobs (
    id         text PRIMARY KEY,
    video_id   text NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    status     text NOT NULL DEFAULT 'pending'
               CHECK (status IN ('pending', 'processing', 'done', 'failed')),
    attempts   int NOT NULL DEFAULT 0,
    error      text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX IF NOT EXISTS jobs_by_video ON jobs (video_id, status);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status);

CREATE TABLE IF NOT EXISTS scenes (
    id        text PRIMARY KEY,
    video_id  text NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    idx       int NOT NULL,
    t_start   real NOT NULL,
    t_end     real NOT NULL,
    clip_path text,
    UNIQUE (video_id, idx)
);

CREATE TABLE IF NOT EXISTS frames (
    id       text PRIMARY KEY,
    scene_id text NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
    t_frame  real NOT NULL,
    path     text NOT NULL,
    phash    text NOT NULL
);
CREATE INDEX IF NOT EXISTS frames_by_scene ON frames (scene_id);
CREATE INDEX IF NOT EXISTS frames_by_phash ON frames (phash);

CREATE TABLE IF NOT EXISTS transcript_segments (
    id        text PRIMARY KEY,
    video_id  text NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    t_start   real NOT NULL,
    t_end     real NOT NULL,
    text      text NOT NULL,
    embedding vector(1536),
    UNIQUE (video_id, t_start, t_end)
);

CREATE TABLE IF NOT EXISTS frame_captions (
    id        text PRIMARY KEY,
    frame_id  text NOT NULL REFERENCES frames (id) ON DELETE CASCADE,
    caption   text NOT NULL,
    entities  jsonb NOT NULL DEFAULT '{}',
    embedding vector(1536)
);
CREATE INDEX IF NOT EXISTS captions_by_frame ON frame_captions (frame_id);

CREATE INDEX IF NOT EXISTS transcript_vectors
    ON transcript_segments USING hnsw (embedding vector_cosine_ops);
CREATE INDEX IF NOT EXISTS caption_vectors
    ON frame_captions USING hnsw (embedding vector_cosine_ops);
