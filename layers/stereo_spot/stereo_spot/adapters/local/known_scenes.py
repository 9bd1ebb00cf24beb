"""What the embedded analyzer found in a film that is now converted."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

from stereo_spot.adapters.local.folder import film_id
from stereo_spot.model import Job

log = logging.getLogger(__name__)
_QUERY = """
    SELECT video_id, coalesce(idx, 0), t_start FROM stages LEFT JOIN scenes USING (video_id)
     WHERE stage = 'scenes' AND state = 'done' AND video_id IN (?, ?)
     ORDER BY video_id, idx
"""


class KnownScenes:
    """Reads the analyzer's database where there is one; never writes it."""

    def __init__(self, database: Path) -> None:
        self._database = database

    def __call__(self, job: Job) -> list[float] | None:
        """Seconds at which scenes begin, without the first one; None when nobody looked.

        The film was analyzed as a file of this version, or as the film of this job.
        """
        if not self._database.exists():
            return None
        names = (film_id(job.source_etag or ""), job.job_id)
        try:
            with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as reader:
                rows = reader.execute(_QUERY, names).fetchall()
        except sqlite3.Error as error:
            log.warning("known scenes cannot be read: %s", error)
            return None
        if not rows:
            return None
        first = rows[0][0]
        return [start for video_id, idx, start in rows if video_id == first and idx > 0]
