"""Weights in a bucket of the same region: gigabytes from near, and without the hub."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stereo_engine.weights import MANIFEST

log = logging.getLogger(__name__)


class S3Mirror:
    """Folders of weights under a prefix; a folder counts once its manifest is there."""

    def __init__(self, client: Any, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme != "s3" or not parts.netloc:
            raise ValueError(f"expected s3://bucket/prefix, not {address!r}")
        self._client, self._bucket = client, parts.netloc
        self._prefix = parts.path.strip("/")

    def fetch(self, name: str, folder: Path) -> bool:
        """Copy what is kept under `name`; False when it is not there or not whole."""
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
        """Store a whole folder, its manifest last."""
        files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
        files = [path for path in files if ".cache" not in path.parts]
        for path in sorted(files, key=lambda path: path.name == MANIFEST):
            key = self._key(name, path.as_posix())
            self._client.upload_file(str(folder / path), self._bucket, key)

    def _keys(self, name: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._key(name, "")
        )
        return [entry["Key"] for page in pages for entry in page.get("Contents", ())]

    def _key(self, name: str, file: str) -> str:
        return "/".join(part for part in (self._prefix, name, file) if part) + ("" if file else "/")
