-- name: add
INSERT INTO jobs (id, video_id) VALUES (%(job)s, %(video)s) ON CONFLICT DO NOTHING;

-- name: claim
UPDATE jobs
   SET status = 'processing', attempts = attempts + 1, updated_at = now(),
       lease_owner = %(token)s, lease_until = now() + %(lease)s * interval '1 second'
 WHERE id = (SELECT id FROM jobs
              WHERE status = 'pending' AND run_after <= now()
              ORDER BY created_at, id
              LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, video_id, attempts;

-- name: free_lost
UPDATE jobs
   SET status = 'pending', error = 'the worker that held the job died', lease_owner = NULL,
       updated_at = now()
 WHERE id IN (SELECT id FROM jobs
               WHERE status = 'processing'
                 AND coalesce(lease_until, updated_at + %(lease)s * interval '1 second') <= now()
               FOR UPDATE SKIP LOCKED);

-- name: extend
UPDATE jobs SET lease_until = now() + %(lease)s * interval '1 second', updated_at = now()
 WHERE id = %(job)s AND status = 'processing' AND lease_owner = %(token)s;

-- name: complete
UPDATE jobs SET status = 'done', error = NULL, lease_owner = NULL, updated_at = now()
 WHERE id = %(job)s AND status = 'processing' AND lease_owner = %(token)s;

-- name: hand_back
UPDATE jobs SET status = 'pending', attempts = attempts - 1, lease_owner = NULL, updated_at = now()
 WHERE id = %(job)s AND status = 'processing' AND lease_owner = %(token)s;

-- name: retry
UPDATE jobs SET status = 'pending', error = %(error)s, lease_owner = NULL, updated_at = now(),
       run_after = now() + %(delay)s * interval '1 second'
 WHERE id = %(job)s AND status = 'processing' AND lease_owner = %(token)s;

-- name: fail
UPDATE jobs SET status = 'failed', error = %(error)s, lease_owner = NULL, updated_at = now()
 WHERE id = %(job)s AND status = 'processing' AND lease_owner = %(token)s;

-- name: counts
SELECT status, count(*) FROM jobs GROUP BY status;

-- name: waiting
SELECT id, video_id, status, attempts, extract(epoch FROM created_at)
  FROM jobs WHERE status = 'pending' ORDER BY created_at, id LIMIT %(limit)s;
