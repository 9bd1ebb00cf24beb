"""`/storage/...`: signed links to the store of this machine; who has the link may use it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from stereo_spot.errors import ErrorKind, MachineError, RequestError
from stereo_spot.keys import SourceKey
from stereo_spot.model import JobStatus
from stereo_spot.web.receiving import declared_length, receive_body
from stereo_spot.web.sending import object_response
from stereo_spot.web.site import Site, site_of
from stereo_spot.web.storage import SignedStorage

router = APIRouter(prefix="/storage", include_in_schema=False)


def _storage_of(request: Request) -> SignedStorage:
    storage = site_of(request).storage
    if storage is None:
        raise RequestError(ErrorKind.NOT_FOUND, "no store is served here")
    return storage


Storage = Annotated[SignedStorage, Depends(_storage_of)]


@router.api_route("/{key:path}", methods=["GET", "HEAD"])
def send(key: str, request: Request, storage: Storage) -> Response:
    """An object, or a range of it."""
    query = _claims(request)
    storage.check("get", key, query)
    info, reader = storage.open(key)
    return object_response(
        request, info, reader, filename=query.get("name", "film"), shown=query.get("as", "")
    )


@router.put("/{key:path}")
async def take(key: str, request: Request, storage: Storage) -> Response:
    """A whole film, or one part of it."""
    query = _claims(request)
    site = site_of(request)
    part = query.get("do") == "part"
    storage.check("part" if part else "put", key, query)
    await run_in_threadpool(_wants_film, key, site)
    length = declared_length(request, site.services.limits.max_bytes)
    if part:
        etag = await _take_part(key, request, storage, length)
    else:
        etag = await _take_whole(key, request, storage, length)
    return Response(status_code=200, headers={"etag": f'"{etag}"', "cache-control": "no-store"})


async def _take_whole(key: str, request: Request, storage: SignedStorage, length: int) -> str:
    with storage.new_object(key) as new:
        await receive_body(request, length, new.write_at)
        await run_in_threadpool(_wants_film, key, site_of(request))  # it took its time
        info = await run_in_threadpool(new.commit)
    if info is None:
        raise RequestError(ErrorKind.CONFLICT, "the film was uploaded already")
    return info.etag


async def _take_part(key: str, request: Request, storage: SignedStorage, length: int) -> str:
    query = _claims(request)
    upload_id, number = query["upload"], int(query["part"])
    draft = storage.part_draft(upload_id)
    try:
        with draft.open("xb") as file:
            await receive_body(request, length, lambda _offset, block: file.write(block))
        return await run_in_threadpool(storage.store_part, key, upload_id, number, draft)
    except FileNotFoundError as error:
        raise RequestError(ErrorKind.UPLOAD_EXPIRED, "no such upload is open") from error
    except OSError as error:
        raise MachineError(ErrorKind.DISK_FULL, f"cannot keep the part: {error}") from error
    finally:
        draft.unlink(missing_ok=True)


def _claims(request: Request) -> dict[str, str]:
    """What the link says; a name said twice is not a link of ours."""
    pairs = request.query_params.multi_items()
    claims = dict(pairs)
    if len(claims) != len(pairs):
        raise RequestError(ErrorKind.UNAUTHORIZED, "this link was not signed here")
    return claims


def _wants_film(key: str, site: Site) -> None:
    """Refuse a film that no job waits for, before any of it is sent."""
    source = SourceKey.parse(key)
    job = site.services.jobs.get(source.job_id) if source else None
    if job is None or job.status is JobStatus.DELETED:
        raise RequestError(ErrorKind.NOT_FOUND, "no job waits for this film")
    if job.status is not JobStatus.CREATED or site.services.objects.head(key) is not None:
        raise RequestError(ErrorKind.CONFLICT, "the film was uploaded already")
