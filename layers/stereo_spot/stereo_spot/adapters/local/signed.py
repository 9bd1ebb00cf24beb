"""Signed links to the folder store: who has the link may do that one thing until it expires.

A link is `/storage/{key}?do=...&until=...&...&sign=HMAC-SHA256`, served by the app itself.
"""

import hashlib
import hmac
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from stereo_spot.adapters.local.database import Database
from stereo_spot.adapters.local.folder import FileVersion, FolderObjectStore
from stereo_spot.errors import ErrorKind, MachineError, RequestError
from stereo_spot.ports import NewObject, ObjectInfo, UploadedPart, UploadGrant

UPLOAD_S = 24 * 3600
MAX_PARTS = 10_000
_BLOCK = 1 << 20


def secret_in(data: Path) -> bytes:
    """The signing secret of a data folder; made at first use, readable by its owner only."""
    path = data / "signing-secret"
    if not path.exists():
        draft = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(32))
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


class SignedLinks:
    """Makes links (`Uploads`, `Downloads`) and honours them."""

    def __init__(
        self, secret: bytes, objects: FolderObjectStore, database: Database, parts: Path
    ) -> None:
        self._secret, self._objects = secret, objects
        self._database, self._parts = database, parts

    # making links

    def single(self, key: str) -> UploadGrant:
        """A grant for one PUT."""
        return self._grant(key, {"do": "put"})

    def begin(self, key: str) -> str:
        """Start an upload in parts."""
        upload_id = secrets.token_hex(16)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO uploads VALUES (?, ?, ?)", (upload_id, key, time.time())
            )
        self._folder(upload_id).mkdir(parents=True)
        return upload_id

    def part(self, key: str, upload_id: str, number: int) -> UploadGrant:
        """A grant for one part."""
        self._known(key, upload_id)
        if not 1 <= number <= MAX_PARTS:
            raise RequestError(
                ErrorKind.BAD_REQUEST, f"parts are numbered 1 to {MAX_PARTS}, not {number}"
            )
        return self._grant(key, {"do": "part", "upload": upload_id, "part": str(number)})

    def parts(self, key: str, upload_id: str) -> list[UploadedPart]:
        """The parts held so far."""
        self._known(key, upload_id)
        found = []
        for path in self._folder(upload_id).glob("*.part"):
            number, etag, _part = path.name.split(".")
            found.append(UploadedPart(number=int(number), size=path.stat().st_size, etag=etag))
        return sorted(found, key=lambda part: part.number)

    def finish(self, key: str, upload_id: str, parts: Sequence[UploadedPart] | None) -> None:
        """Put the parts together, or drop them."""
        held = self.parts(key, upload_id)
        if parts is not None:
            if [(p.number, p.etag) for p in parts] != [(p.number, p.etag) for p in held]:
                raise RequestError(
                    ErrorKind.CONFLICT, f"the store holds {len(held)} parts, not those listed"
                )
            self._join(key, upload_id, held)
        with self._database.write() as connection:
            connection.execute("DELETE FROM uploads WHERE upload_id = ?", (upload_id,))
        shutil.rmtree(self._folder(upload_id), ignore_errors=True)

    def url(self, key: str, *, filename: str, inline: bool, expires_s: int = 14_400) -> str:
        """A link that answers ranges."""
        shown = "inline" if inline else "attachment"
        until = int(time.time()) + expires_s
        return self._link(key, {"do": "get", "name": filename, "as": shown, "until": str(until)})

    # honouring links

    def check(self, do: str, key: str, query: Mapping[str, str]) -> None:
        """Refuse a link that is forged, over, or for something else.

        Raises:
            RequestError: `unauthorized`, or `upload_expired` for an upload that is too late.
        """
        claimed = {name: value for name, value in query.items() if name != "sign"}
        good = hmac.compare_digest(self._sign(key, claimed), query.get("sign", ""))
        if not good or claimed.get("do") != do:
            raise RequestError(ErrorKind.UNAUTHORIZED, "this link was not signed here")
        if int(claimed["until"]) < time.time():
            kind = ErrorKind.UNAUTHORIZED if do == "get" else ErrorKind.UPLOAD_EXPIRED
            raise RequestError(kind, "this link has expired")

    def new_object(self, key: str) -> NewObject:
        """Where the bytes of a single PUT go."""
        return self._objects.create(key, {})

    def store_part(self, key: str, upload_id: str, number: int, received: Path) -> str:
        """Keep a received part, in place of an earlier one of that number; returns its ETag."""
        self._known(key, upload_id)
        with received.open("rb") as file:
            etag = hashlib.file_digest(file, "md5").hexdigest()
        folder = self._folder(upload_id)
        for older in folder.glob(f"{number}.*.part"):
            older.unlink()
        received.replace(folder / f"{number}.{etag}.part")
        return etag

    def part_draft(self, upload_id: str) -> Path:
        """Where to receive a part before it counts."""
        return self._folder(upload_id) / f"{secrets.token_hex(8)}.draft"

    def open(self, key: str) -> tuple[ObjectInfo, FileVersion]:
        """An object to send."""
        info = self._objects.head(key)
        if info is None:
            raise RequestError(ErrorKind.NOT_FOUND, f"nothing is stored at {key}")
        return info, self._objects.open(key, etag=info.etag)

    def drop_abandoned(self) -> None:
        """Remove uploads in parts that outlived their links."""
        late = time.time() - UPLOAD_S
        connection = self._database.read()
        found = connection.execute("SELECT upload_id FROM uploads WHERE begun_at < ?", (late,))
        for (upload_id,) in found.fetchall():
            shutil.rmtree(self._folder(upload_id), ignore_errors=True)
            connection.execute("DELETE FROM uploads WHERE upload_id = ?", (upload_id,))

    # helpers

    def _grant(self, key: str, claims: dict[str, str]) -> UploadGrant:
        until = int(time.time()) + UPLOAD_S
        return UploadGrant(url=self._link(key, {**claims, "until": str(until)}), expires_at=until)

    def _link(self, key: str, claims: dict[str, str]) -> str:
        query = urlencode({**claims, "sign": self._sign(key, claims)}, quote_via=quote)
        return f"/storage/{quote(key)}?{query}"

    def _sign(self, key: str, claims: Mapping[str, str]) -> str:
        text = "\n".join([key, *(f"{name}={claims[name]}" for name in sorted(claims))])
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

    def _folder(self, upload_id: str) -> Path:
        return self._parts / upload_id

    def _known(self, key: str, upload_id: str) -> None:
        found = self._database.read().execute(
            "SELECT 1 FROM uploads WHERE upload_id = ? AND key = ?", (upload_id, key)
        )
        if found.fetchone() is None:
            raise RequestError(ErrorKind.UPLOAD_EXPIRED, "no such upload is open")

    def _join(self, key: str, upload_id: str, held: Sequence[UploadedPart]) -> None:
        if not held:
            raise RequestError(ErrorKind.BAD_REQUEST, "an upload without parts has no bytes")
        free = shutil.disk_usage(self._parts).free
        if free < sum(part.size for part in held):
            raise MachineError(ErrorKind.DISK_FULL, f"{free >> 20} MiB are free for the upload")
        with self._objects.create(key, {}) as new:
            offset = 0
            for part in held:
                name = f"{part.number}.{part.etag}.part"
                with (self._folder(upload_id) / name).open("rb") as file:
                    while block := file.read(_BLOCK):
                        new.write_at(offset, block)
                        offset += len(block)
            if new.commit() is None:
                raise RequestError(ErrorKind.CONFLICT, f"{key} was uploaded already")
