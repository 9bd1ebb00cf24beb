"""The analyzer's rows and files in one bucket, under one prefix.

    metadata/{video}/video_info.json scenes.json frames.json transcript.json stages/{stage}.json
    captions/{caption}.json
    embeddings/transcript/{segment}.json frames/{caption}.json pictures/{frame}.json colours/...
    uploads/ processed/ subs/ frames/     the files

Search reads every vector, once: good for some thousand rows. Larger collections want Postgres.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from stereo_spot.adapters.aws.objects import S3Reader
from stereo_spot.adapters.aws.writing import is_missing
from stereo_spot.adapters.cosine import Matrix, pack
from stereo_spot.analysis.ports import Contents, StageRow
from stereo_spot.analysis.records import (
    Caption,
    Frame,
    Near,
    Scene,
    StageMark,
    TranscriptSegment,
    Vector,
    VectorKind,
    Video,
    caption_id,
)
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.ports import RangeReader

_LISTS: dict[type[StageRow], str] = {
    Scene: "scenes",
    Frame: "frames",
    TranscriptSegment: "transcript",
}
_FOLDERS = {
    VectorKind.TRANSCRIPT: "transcript",
    VectorKind.CAPTION: "frames",
    VectorKind.PICTURE: "pictures",
    VectorKind.COLOURS: "colours",
}
_DELETE_AT_ONCE = 1000


class S3ResultFiles:
    """Keys below a prefix; an object appears whole."""

    def __init__(self, client: Any, bucket: str, prefix: str = "video-processing/") -> None:
        self._client, self._bucket, self.prefix = client, bucket, prefix

    def source(self, path: str) -> tuple[RangeReader, str]:
        """A film of the bucket; no other bucket can be named."""
        if "://" in path or path.startswith("/") or ".." in path.split("/"):
            raise RequestError(
                ErrorKind.BAD_REQUEST, f"the path {path!r:.200} is no key of the bucket"
            )
        found = self._found(path)
        if found is None:
            raise SourceError(ErrorKind.SOURCE_MISSING, f"there is no film at {path!r:.200}")
        return found

    def put(self, key: str, content: bytes | Path) -> None:
        """Store or replace a file."""
        if isinstance(content, Path):
            self._client.upload_file(str(content), self._bucket, self.prefix + key)
        else:
            self._client.put_object(Bucket=self._bucket, Key=self.prefix + key, Body=content)

    def open(self, key: str) -> RangeReader | None:
        """A stored file; None when it is not there."""
        found = self._found(key)
        return found[0] if found else None

    def read(self, key: str) -> bytes | None:
        """The whole of a small file as it is now, by one request."""
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self.prefix + key)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        return bytes(answer["Body"].read())

    def keep_only(self, prefix: str, keys: Iterable[str]) -> None:
        """Remove what lies under `prefix` and is not one of `keys`."""
        kept = set(keys)
        self.delete([key for key, _ in self.list(prefix) if key not in kept])

    def list(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Keys under a prefix, with their ETags."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self.prefix + prefix
        )
        for page in pages:
            for found in page.get("Contents", ()):
                yield found["Key"].removeprefix(self.prefix), found["ETag"]

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; keys without one are no error."""
        for at in range(0, len(keys), _DELETE_AT_ONCE):
            some = [{"Key": self.prefix + key} for key in keys[at : at + _DELETE_AT_ONCE]]
            self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": some})

    def _found(self, key: str) -> tuple[S3Reader, str] | None:
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=self.prefix + key)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        etag = str(head["ETag"]).strip('"')
        reader = S3Reader(
            self._client, self._bucket, self.prefix + key, size=head["ContentLength"], etag=etag
        )
        return reader, etag


class S3ResultRows:
    """Rows as JSON objects; each list is replaced as a whole."""

    def __init__(self, files: S3ResultFiles) -> None:
        self._files = files
        self._vectors: dict[str, tuple[str, dict[str, Any]]] = {}

    def save_video(self, video: Video) -> None:
        """Store or replace the object of a film."""
        self._put(f"metadata/{video.id}/video_info.json", video.model_dump(mode="json"))

    def contents(self, video_id: str) -> Contents | None:
        """Everything known of a film."""
        video = self._get(f"metadata/{video_id}/video_info.json")
        if video is None:
            return None
        frames = [Frame.load(row) for row in self._rows(video_id, Frame)]
        captions = [self._get(f"captions/{caption_id(frame.id)}.json") for frame in frames]
        stages = [self._get(key) for key, _ in self._files.list(f"metadata/{video_id}/stages/")]
        return Contents(
            video=Video.load(video),
            scenes=tuple(map(Scene.load, self._rows(video_id, Scene))),
            frames=tuple(frames),
            transcript=tuple(map(TranscriptSegment.load, self._rows(video_id, TranscriptSegment))),
            captions=tuple(Caption.load(row) for row in captions if row),
            marks=tuple(StageMark.load(row) for row in stages if row),
        )

    def replace(self, video_id: str, kind: type[StageRow], rows: Sequence[StageRow]) -> None:
        """Make `rows` all the rows of this kind; what hung on others goes first."""
        kept = {row.id for row in rows}
        gone = [row["id"] for row in self._rows(video_id, kind) if row["id"] not in kept]
        if kind is TranscriptSegment:
            self._files.delete([f"embeddings/transcript/{row}.json" for row in gone])
        elif kind is Frame:
            self._forget_frames(gone)
        else:
            lost = [row for row in self._rows(video_id, Frame) if row["scene_id"] in gone]
            if lost:
                left = [Frame.load(r) for r in self._rows(video_id, Frame) if r not in lost]
                self.replace(video_id, Frame, left)
        body = [row.model_dump(mode="json") for row in rows]
        self._put(f"metadata/{video_id}/{_LISTS[kind]}.json", body)

    def save_captions(self, video_id: str, captions: Sequence[Caption]) -> None:
        """Store or replace captions."""
        for caption in captions:
            self._put(f"captions/{caption.id}.json", caption.model_dump(mode="json"))

    def mark(self, video_id: str, mark: StageMark) -> None:
        """Note that a stage ended."""
        self._put(f"metadata/{video_id}/stages/{mark.stage}.json", mark.model_dump(mode="json"))

    def forget(self, video_id: str) -> None:
        """Remove every object of a film; its own object goes last."""
        self.replace(video_id, Scene, ())
        self.replace(video_id, TranscriptSegment, ())
        keys = [key for key, _ in self._files.list(f"metadata/{video_id}/")]
        self._files.delete(sorted(keys, key=lambda key: key.endswith("/video_info.json")))

    def save_vectors(self, vectors: Sequence[Vector]) -> None:
        """Store or replace vectors of rows."""
        for vector in vectors:
            body = {
                "id": vector.row_id,
                "video_id": vector.video_id,
                "model": vector.model,
                "embedding": vector.values,
                "dimensions": len(vector.values),
            }
            self._put(f"embeddings/{_FOLDERS[vector.kind]}/{vector.row_id}.json", body)

    def nearest(
        self,
        kind: VectorKind,
        model: str,
        values: Sequence[float],
        *,
        limit: int,
        video_id: str | None = None,
    ) -> list[Near]:
        """Compares with every vector; only what is new since the last time is fetched."""
        rows = [row for row in self._all(kind) if row["model"] == model]
        packed = [(row["id"], row["video_id"], pack(row["embedding"])) for row in rows]
        return Matrix(packed).nearest(values, limit=limit, video_id=video_id)

    def counts(self) -> dict[str, int]:
        """How many rows of each kind there are."""
        listed = [key for key, _ in self._files.list("metadata/")]
        videos = [key.split("/")[1] for key in listed if key.endswith("/video_info.json")]
        return {
            "videos": len(videos),
            "scenes": sum(len(self._rows(video, Scene)) for video in videos),
            "frames": sum(len(self._rows(video, Frame)) for video in videos),
            "transcript_segments": sum(
                len(self._rows(video, TranscriptSegment)) for video in videos
            ),
            "frame_captions": sum(1 for _ in self._files.list("captions/")),
            "vectors": sum(1 for _ in self._files.list("embeddings/")),
        }

    def _all(self, kind: VectorKind) -> Iterator[dict[str, Any]]:
        for key, etag in self._files.list(f"embeddings/{_FOLDERS[kind]}/"):
            kept = self._vectors.get(key)
            if kept is None or kept[0] != etag:
                body = self._get(key)
                if body is None:
                    continue
                kept = self._vectors[key] = (etag, body)
            yield kept[1]

    def _forget_frames(self, frames: Sequence[str]) -> None:
        captions = [caption_id(frame) for frame in frames]
        self._files.delete(
            [f"embeddings/{folder}/{frame}.json" for folder in ("pictures", "colours")
             for frame in frames]
            + [f"embeddings/frames/{caption}.json" for caption in captions]
            + [f"captions/{caption}.json" for caption in captions]
        )  # fmt: skip

    def _rows(self, video_id: str, kind: type[StageRow]) -> list[dict[str, Any]]:
        return self._get(f"metadata/{video_id}/{_LISTS[kind]}.json") or []

    def _put(self, key: str, body: Any) -> None:
        self._files.put(key, json.dumps(body, separators=(",", ":")).encode())

    def _get(self, key: str) -> Any:
        body = self._files.read(key)
        return None if body is None else json.loads(body)
