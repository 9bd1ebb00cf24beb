"""Weights in a bucket of the same region: gigabytes from near, and without the hub."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from stereo_engine.errors import EngineError
from stereo_engine.weights import MANIFEST

log = logging.getLogger(__name__)


class S3Mirror:
    """Folders of weights under a prefix; a folder counts once its manifest is there."""

    def __init__(self, client: Any, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "s3" or not parts.netloc:
            text = f"WEIGHTS_S3_PREFIX must be s3://bucket/prefix, not {address!r}"
            raise EngineError("bad_request", text)
        self._client, self._bucket = client, parts.netloc
        self._prefix = parts.path.strip("/")

    def fetch(self, name: str, folder: Path) -> bool:
        """Copy what is kept under `name`; False when it is not there or not whole.

        Raises:
            EngineError: `weights_unavailable` where the bucket does not answer.
        """
        with self._told("cannot be read"):
            keys = self._keys(name)
            if not any(key.endswith(f"/{MANIFEST}") for key in keys):
                return False
            for key in sorted(keys, key=lambda key: key.endswith(f"/{MANIFEST}")):
                path = folder / key.removeprefix(self._key(name, ""))
                path.parent.mkdir(parents=True, exist_ok=True)
                self._client.download_file(self._bucket, key, str(path))
        log.info("weights came from the mirror: name=%s files=%d", name, len(keys))
        return True

    def keep(self, name: str, folder: Path) -> None:
        """Store a whole folder, its manifest last; who may only read goes without."""
        files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        files = [path for path in files if ".cache" not in path.parts]
        try:
            with self._told("cannot be written"):
                for path in sorted(files, key=lambda path: path.name == MANIFEST):
                    key = self._key(name, path.as_posix())
                    self._client.upload_file(str(folder / path), self._bucket, key)
        except EngineError as error:
            log.warning("weights were not kept: %s", error.message)

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Give the library's errors our kind."""
        from boto3.exceptions import Boto3Error  # a server of a folder does without
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError) as error:
            text = f"s3://{self._bucket}/{self._prefix} {what}: {error}"
            raise EngineError("weights_unavailable", text) from error

    def _keys(self, name: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._key(name, "")
        )
        found = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return [key for key in found if _stays_below(key.removeprefix(self._key(name, "")))]

    def _key(self, name: str, file: str) -> str:
        return "/".join(part for part in (self._prefix, name, file) if part) + ("" if file else "/")


def _stays_below(name: str) -> bool:
    """Whether a file of that name lies in the folder it is copied into."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
