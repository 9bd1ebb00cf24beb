-- name: save_video
INSERT INTO videos (id, original_path, original_name, size_bytes, status, normalized_path,
                    duration_sec, error)
VALUES (%(id)s, %(original_path)s, %(original_name)s, %(size_bytes)s, %(status)s,
        %(normalized_path)s, %(duration_sec)s, %(error)s)
ON CONFLICT (id) DO UPDATE
   SET original_path = excluded.original_path, original_name = excluded.original_name,
       size_bytes = excluded.size_bytes, status = excluded.status,
       normalized_path = excluded.normalized_path, duration_sec = excluded.duration_sec,
       error = excluded.error, updated_at = now();

-- name: video
SELECT id, original_path, original_name, size_bytes, status, normalized_path,
       duration_sec, error
  FROM videos WHERE id = %(video)s;

-- name: scenes
SELECT id, video_id, idx, t_start, t_end, clip_path
  FROM scenes WHERE video_id = %(video)s ORDER BY idx;

-- name: frames
SELECT f.id, f.scene_id, f.t_frame, f.path, f.phash
  FROM frames f JOIN scenes s ON s.id = f.scene_id
 WHERE s.video_id = %(video)s ORDER BY f.t_frame, f.id;

-- name: transcript
SELECT id, video_id, t_start, t_end, text
  FROM transcript_segments WHERE video_id = %(video)s ORDER BY t_start, id;

-- name: captions
SELECT c.id, c.frame_id, c.caption, c.entities, c.made_by
  FROM frame_captions c JOIN frames f ON f.id = c.frame_id JOIN scenes s ON s.id = f.scene_id
 WHERE s.video_id = %(video)s ORDER BY c.id;

-- name: stages
SELECT stage, basis, state, note FROM stages WHERE video_id = %(video)s ORDER BY done_at, stage;

-- name: forget_video
DELETE FROM videos WHERE id = %(video)s;

-- name: drop_scenes
DELETE FROM scenes WHERE video_id = %(video)s AND NOT (id = ANY(%(ids)s));

-- name: drop_frames
DELETE FROM frames f USING scenes s
 WHERE s.id = f.scene_id AND s.video_id = %(video)s AND NOT (f.id = ANY(%(ids)s));

-- name: drop_transcript
DELETE FROM transcript_segments t
 WHERE t.video_id = %(video)s
   AND NOT EXISTS (SELECT FROM unnest(%(ids)s::text[], %(starts)s::real[], %(ends)s::real[])
                            AS kept (id, t_start, t_end)
                    WHERE kept.id = t.id AND kept.t_start = t.t_start AND kept.t_end = t.t_end);

-- name: put_scene
INSERT INTO scenes (id, video_id, idx, t_start, t_end, clip_path)
VALUES (%(id)s, %(video_id)s, %(idx)s, %(t_start)s, %(t_end)s, %(clip_path)s)
ON CONFLICT (id) DO UPDATE
   SET idx = excluded.idx, t_start = excluded.t_start, t_end = excluded.t_end,
       clip_path = excluded.clip_path;

-- name: put_frame
INSERT INTO frames (id, scene_id, t_frame, path, phash)
VALUES (%(id)s, %(scene_id)s, %(t_frame)s, %(path)s, %(phash)s)
ON CONFLICT (id) DO UPDATE
   SET scene_id = excluded.scene_id, t_frame = excluded.t_frame, path = excluded.path,
       phash = excluded.phash;

-- name: put_segment
INSERT INTO transcript_segments (id, video_id, t_start, t_end, text)
VALUES (%(id)s, %(video_id)s, %(t_start)s, %(t_end)s, %(text)s)
ON CONFLICT (id) DO UPDATE
   SET t_start = excluded.t_start, t_end = excluded.t_end, text = excluded.text;

-- name: put_caption
INSERT INTO frame_captions (id, frame_id, caption, entities, made_by)
VALUES (%(id)s, %(frame_id)s, %(caption)s, %(entities)s, %(made_by)s)
ON CONFLICT (id) DO UPDATE
   SET frame_id = excluded.frame_id, caption = excluded.caption, entities = excluded.entities,
       made_by = excluded.made_by;

-- name: put_stage
INSERT INTO stages (video_id, stage, basis, state, note)
VALUES (%(video)s, %(stage)s, %(basis)s, %(state)s, %(note)s)
ON CONFLICT (video_id, stage) DO UPDATE
   SET basis = excluded.basis, state = excluded.state, note = excluded.note, done_at = now();

-- name: vector_transcript
UPDATE transcript_segments SET embedding = %(values)s, embedding_model = %(model)s
 WHERE id = %(row)s;

-- name: vector_caption
UPDATE frame_captions SET embedding = %(values)s, embedding_model = %(model)s WHERE id = %(row)s;

-- name: vector_picture
INSERT INTO frame_vectors (frame_id, picture, picture_model)
SELECT id, %(values)s, %(model)s FROM frames WHERE id = %(row)s
ON CONFLICT (frame_id) DO UPDATE
   SET picture = excluded.picture, picture_model = excluded.picture_model;

-- name: vector_colours
INSERT INTO frame_vectors (frame_id, colours, colours_model)
SELECT id, %(values)s, %(model)s FROM frames WHERE id = %(row)s
ON CONFLICT (frame_id) DO UPDATE
   SET colours = excluded.colours, colours_model = excluded.colours_model;

-- name: count_transcript
ANALYZE transcript_segments;

-- name: count_caption
ANALYZE frame_captions;

-- name: count_picture
ANALYZE frame_vectors;

-- name: count_colours
ANALYZE frame_vectors;

-- name: near_transcript
SELECT id, video_id, 1 - (embedding <=> %(values)s)
  FROM transcript_segments
 WHERE embedding_model = %(model)s
   AND (%(video)s::text IS NULL OR video_id = %(video)s)
 ORDER BY embedding <=> %(values)s LIMIT %(limit)s;

-- name: near_caption
SELECT c.id, s.video_id, c.score
  FROM (SELECT id, frame_id, 1 - (embedding <=> %(values)s) AS score
          FROM frame_captions
         WHERE embedding_model = %(model)s
           AND (%(video)s::text IS NULL OR frame_id IN (
                SELECT f.id FROM frames f JOIN scenes s ON s.id = f.scene_id
                 WHERE s.video_id = %(video)s))
         ORDER BY embedding <=> %(values)s LIMIT %(limit)s) c
  JOIN frames f ON f.id = c.frame_id JOIN scenes s ON s.id = f.scene_id
 ORDER BY c.score DESC;

-- name: near_picture
SELECT v.frame_id, s.video_id, v.score
  FROM (SELECT frame_id, 1 - (picture <=> %(values)s) AS score
          FROM frame_vectors
         WHERE picture_model = %(model)s
           AND (%(video)s::text IS NULL OR frame_id IN (
                SELECT f.id FROM frames f JOIN scenes s ON s.id = f.scene_id
                 WHERE s.video_id = %(video)s))
         ORDER BY picture <=> %(values)s LIMIT %(limit)s) v
  JOIN frames f ON f.id = v.frame_id JOIN scenes s ON s.id = f.scene_id
 ORDER BY v.score DESC;

-- name: near_colours
SELECT v.frame_id, s.video_id, v.score
  FROM (SELECT frame_id, 1 - (colours <=> %(values)s) AS score
          FROM frame_vectors
         WHERE colours_model = %(model)s
           AND (%(video)s::text IS NULL OR frame_id IN (
                SELECT f.id FROM frames f JOIN scenes s ON s.id = f.scene_id
                 WHERE s.video_id = %(video)s))
         ORDER BY colours <=> %(values)s LIMIT %(limit)s) v
  JOIN frames f ON f.id = v.frame_id JOIN scenes s ON s.id = f.scene_id
 ORDER BY v.score DESC;

-- name: counts
SELECT (SELECT count(*) FROM videos)              AS videos,
       (SELECT count(*) FROM scenes)              AS scenes,
       (SELECT count(*) FROM frames)              AS frames,
       (SELECT count(*) FROM transcript_segments) AS transcript_segments,
       (SELECT count(*) FROM frame_captions)      AS frame_captions,
       (SELECT count(*) FROM transcript_segments WHERE embedding IS NOT NULL)
       + (SELECT count(*) FROM frame_captions WHERE embedding IS NOT NULL)
       + (SELECT count(picture) + count(colours) FROM frame_vectors) AS vectors;
