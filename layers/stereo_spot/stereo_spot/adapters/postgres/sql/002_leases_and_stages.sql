ALTER TABLE videos ADD COLUMN IF NOT EXISTS error text;

ALTER TABLE jobs ADD COLUMN IF NOT EXISTS run_after timestamptz NOT NULL DEFAULT now();
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS lease_owner text;
ALTER TABLE jobs ADD COLUMN IF NOT EXISTS lease_until timestamptz;
CREATE INDEX IF NOT EXISTS jobs_due ON jobs (created_at, id) WHERE status = 'pending';
CREATE INDEX IF NOT EXISTS jobs_held ON jobs (lease_until) WHERE status = 'processing';

ALTER TABLE transcript_segments ADD COLUMN IF NOT EXISTS embedding_model text;
ALTER TABLE frame_captions ADD COLUMN IF NOT EXISTS embedding_model text;
ALTER TABLE frame_captions ADD COLUMN IF NOT EXISTS made_by text NOT NULL DEFAULT '';

CREATE TABLE IF NOT EXISTS frame_vectors (
    frame_id      text PRIMARY KEY REFERENCES frames (id) ON DELETE CASCADE,
    picture       vector(1536),
    picture_model text,
    colours       vector(1536),
    colours_model text
);
CREATE INDEX IF NOT EXISTS picture_vectors
    ON frame_vectors USING hnsw (picture vector_cosine_ops);

CREATE TABLE IF NOT EXISTS stages (
    video_id text NOT NULL REFERENCES videos (id) ON DELETE CASCADE,
    stage    text NOT NULL,
    basis    text NOT NULL,
    state    text NOT NULL,
    note     text NOT NULL DEFAULT '',
    done_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (video_id, stage)
);
