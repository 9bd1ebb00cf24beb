CREATE INDEX IF NOT EXISTS colour_vectors
    ON frame_vectors USING hnsw (colours vector_cosine_ops);
