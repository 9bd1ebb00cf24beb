"""`/storage`: what a signed link lets one do, and what it does not."""

import hashlib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from stereo_spot.media.guard import MediaLimits

from tests.web.conftest import FILM, Client, Served, serve


def changed(url: str, **claims: str) -> str:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query)) | claims
    return parts._replace(query=urlencode(query)).geturl()


def play_link(served: Served, body: bytes = FILM) -> str:
    job = served.finished(body)
    answer = served.client.ask("GET", f"/v1/jobs/{job.job_id}/play")
    assert answer.status == 302 and answer.headers["cache-control"] == "no-store"
    return answer.headers["location"]


def blobs(served: Served) -> set[Path]:
    return set((served.machine.data / "objects" / "blobs").iterdir())


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=1000000-", 1_000_000, len(FILM) - 1),
        ("bytes=-7", len(FILM) - 7, len(FILM) - 1),
        ("bytes=5-99999999", 5, len(FILM) - 1),
        ("bytes=-99999999", 0, len(FILM) - 1),
    ],
)
def test_a_range_is_answered_with_exactly_those_bytes(
    served: Served, asked: str, first: int, last: int
) -> None:
    got = served.client.ask("GET", play_link(served), range=asked)

    assert got.status == 206
    assert got.headers["content-range"] == f"bytes {first}-{last}/{len(FILM)}"
    assert got.body == FILM[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={len(FILM)}-", "bytes=-0", "bytes=99999999999-"])
def test_a_range_outside_is_told_the_size(served: Served, asked: str) -> None:
    got = served.client.ask("GET", play_link(served), range=asked)

    assert got.status == 416 and got.headers["content-range"] == f"bytes */{len(FILM)}"
    assert got.problem()["kind"] == "range_not_satisfiable"


@pytest.mark.parametrize(
    "asked", ["bytes=5-1", "bytes=a-b", "lines=0-1", "bytes=0-1,4-5", "bytes=-", "bytes=٣-٤"]
)
def test_a_range_that_is_none_gets_the_whole(served: Served, asked: str) -> None:
    target = urlsplit(play_link(served))
    head = f"GET {target.path}?{target.query} HTTP/1.0\r\nHost: localhost\r\n"
    request = f"{head}Range: {asked}\r\n\r\n"

    got = served.client.raw(request.encode())

    assert got.startswith(b"HTTP/1.1 200") and got.endswith(FILM[-1000:])


def test_a_range_of_another_version_gets_the_whole(served: Served) -> None:
    link = play_link(served)
    etag = served.client.ask("HEAD", link).headers["etag"]

    same = served.client.ask("GET", link, range="bytes=0-1", if_range=etag)
    other = served.client.ask("GET", link, range="bytes=0-1", if_range='"x"')

    assert (same.status, other.status) == (206, 200)
    assert served.client.ask("GET", link, if_none_match=etag).status == 304


def test_a_film_is_played_inline_and_downloaded_under_a_name_players_know(served: Served) -> None:
    job = served.finished(title='Été "日本"')
    play = served.client.ask(
        "HEAD", served.client.ask("GET", f"/v1/jobs/{job.job_id}/play").headers["location"]
    )
    download = served.client.ask(
        "GET", served.client.ask("GET", f"/v1/jobs/{job.job_id}/download").headers["location"]
    )

    assert play.headers["content-disposition"].startswith("inline;")
    assert play.headers["content-type"] == "video/mp4"
    assert play.headers["x-content-type-options"] == "nosniff"
    assert play.headers["content-length"] == str(len(FILM)) and play.body == b""
    named = download.headers["content-disposition"]
    assert named.startswith("attachment;")
    assert f"filename*=UTF-8''{quote('Été _日本__LRF_Full_SBS.mp4', safe='')}" in named
    assert download.body == FILM


@pytest.mark.parametrize(
    "forged",
    [
        {"sign": "0" * 64},
        {"sign": ""},
        {"until": "99999999999"},
        {"until": "soon"},
        {"as": "attachment"},
        {"name": "evil.html"},
        {"do": "put"},
        {"extra": "1"},
    ],
)
def test_a_link_that_was_changed_opens_nothing(served: Served, forged: dict[str, str]) -> None:
    got = served.client.ask("GET", changed(play_link(served), **forged))

    assert got.status == 403 and got.problem()["kind"] == "unauthorized"


@pytest.mark.parametrize(
    "path",
    [
        "/storage/input/x/source.mp4",
        "/storage/../signing-secret",
        "/storage/%2e%2e/signing-secret",
        "/storage//etc/passwd",
        "/storage/%00",
        "/storage/",
    ],
)
def test_a_key_without_a_signature_is_not_even_looked_at(client: Client, path: str) -> None:
    for method in ("GET", "PUT"):
        assert client.ask(method, path, b"" if method == "PUT" else None).status in (403, 404)


def test_a_link_for_one_film_does_not_open_another(served: Served) -> None:
    one, two = urlsplit(play_link(served)), urlsplit(play_link(served))

    got = served.client.ask("GET", one._replace(query=two.query).geturl())

    assert got.problem()["kind"] == "unauthorized"


def test_a_link_says_everything_once(served: Served) -> None:
    got = served.client.ask("GET", play_link(served) + "&as=inline")

    assert got.problem()["kind"] == "unauthorized"


def test_a_link_opens_nothing_after_its_time(served: Served) -> None:
    job = served.finished()
    late = served.machine.links.url(job.output_key or "", filename="a", inline=True, expires_s=-2)

    assert served.client.ask("GET", late).problem()["kind"] == "unauthorized"


def test_an_upload_link_works_once(served: Served) -> None:
    job = served.client.create().json
    assert served.client.ask("PUT", job["upload"]["url"], FILM).status == 200

    again = served.client.ask("PUT", job["upload"]["url"], b"other")

    assert again.status == 409 and again.problem()["kind"] == "conflict"


def test_a_refusal_reaches_a_client_that_is_still_sending(served: Served) -> None:
    job = served.client.create().json
    served.client.ask("PUT", job["upload"]["url"], FILM)

    again = served.client.ask("PUT", job["upload"]["url"], bytes(40 << 20))

    assert again.problem()["kind"] == "conflict"


def test_an_upload_link_of_a_deleted_job_takes_nothing(served: Served) -> None:
    job = served.client.create().json
    served.client.ask("DELETE", f"/v1/jobs/{job['id']}")

    assert served.client.ask("PUT", job["upload"]["url"], b"late").problem()["status"] == 404


def test_a_film_whose_job_is_deleted_as_it_arrives_is_not_kept(served: Served) -> None:
    job, before = served.client.create().json, blobs(served)
    with half_sent(served, job, 3_000_001) as connection:
        served.client.ask("DELETE", f"/v1/jobs/{job['id']}")
        connection.sendall(b"x")
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 404")
    assert soon(lambda: blobs(served) == before)


def test_an_upload_states_its_length(client: Client) -> None:
    job = client.create().json
    target = urlsplit(job["upload"]["url"])

    def chunked() -> object:
        yield b"some bytes"

    got = client.ask("PUT", f"{target.path}?{target.query}", chunked())

    assert got.status == 411 and got.problem()["kind"] == "length_required"


def test_a_film_above_the_limit_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    for served in serve(tmp_path, limits=MediaLimits(max_bytes=1000)):
        job = served.client.create().json
        asked = {"size_bytes": 1001}
        begun = served.client.ask("POST", f"/v1/jobs/{job['id']}/upload", asked)
        got = served.client.ask("PUT", job["upload"]["url"], b"x" * 1001)

        assert begun.problem()["kind"] == got.problem()["kind"] == "source_too_large"
        assert got.status == begun.status == 413
        assert served.client.ask("PUT", job["upload"]["url"], b"x" * 1000).status == 200


@contextmanager
def half_sent(served: Served, job: Any, length: int) -> Iterator[socket.socket]:
    """An upload of so many bytes, of which three million have arrived."""
    target, before = urlsplit(job["upload"]["url"]), blobs(served)
    line = f"PUT {target.path}?{target.query} HTTP/1.1\r\n"
    head = f"{line}Host: localhost\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", served.client.port), timeout=20) as connection:
        connection.sendall(head.encode() + b"x" * 3_000_000)
        assert soon(lambda: len(blobs(served)) == len(before) + 1)
        yield connection


def soon(true: Callable[[], bool]) -> bool:
    return any(true() or time.sleep(0.05) for _ in range(600))


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    job, before = served.client.create().json, blobs(served)
    with half_sent(served, job, 9_000_000):
        pass

    assert soon(lambda: blobs(served) == before)
    assert not served.client.ask("GET", f"/v1/jobs/{job['id']}").json["uploaded"]
    assert served.client.ask("PUT", job["upload"]["url"], FILM).status == 200


def test_an_empty_film_arrives_too(served: Served) -> None:
    job = served.client.create().json

    assert served.client.ask("PUT", job["upload"]["url"], b"").status == 200


class Parts:
    """An upload in parts, as a program drives it."""

    def __init__(self, client: Client, size: int | None = None) -> None:
        self.client, self.id = client, client.create().json["id"]
        begun = client.ask("POST", f"/v1/jobs/{self.id}/upload", {"size_bytes": size})
        assert begun.status == 201, begun.text
        self.part_size = begun.json["part_size_bytes"]
        self.base = f"/v1/jobs/{self.id}/upload/{begun.json['upload_id']}"

    def link(self, number: int) -> str:
        return str(self.client.ask("POST", f"{self.base}/parts/{number}").json["url"])

    def send(self, number: int, body: bytes) -> str:
        got = self.client.ask("PUT", self.link(number), body)
        assert got.status == 200, got.text
        return got.headers["etag"]

    def held(self) -> list[int]:
        listed = self.client.ask("GET", f"{self.base}/parts").json
        return [part["number"] for part in listed["parts"]]


def test_a_film_in_parts_can_be_resumed_and_is_whole_in_the_end(served: Served) -> None:
    upload = Parts(served.client, size=len(FILM))
    cut = len(FILM) // 3
    pieces = [FILM[:cut], FILM[cut : 2 * cut], FILM[2 * cut :]]
    upload.send(3, pieces[2])
    upload.send(1, b"spoilt on the way")
    assert upload.held() == [1, 3]
    etag = upload.send(1, pieces[0])
    assert etag == f'"{hashlib.md5(pieces[0]).hexdigest()}"'
    early = served.client.ask("POST", f"{upload.base}/complete", {})
    assert early.problem()["kind"] == "conflict"
    upload.send(2, pieces[1])

    done = served.client.ask("POST", f"{upload.base}/complete", {"size_bytes": len(FILM)})

    assert done.status == 200 and done.json["uploaded"]
    reader = served.machine.services.objects.open(f"input/{upload.id}/source.mp4")
    assert reader.read_at(0, len(FILM) + 1) == FILM
    reader.close()
    assert not list((served.machine.data / "uploads").glob("*/*"))


def test_parts_are_finished_only_as_listed_and_as_long_as_the_film(served: Served) -> None:
    upload = Parts(served.client)
    etag = upload.send(1, b"abc")
    complete = f"{upload.base}/complete"

    wrong = served.client.ask("POST", complete, {"parts": [{"number": 1, "etag": "x"}]})
    short = served.client.ask("POST", complete, {"size_bytes": 4})
    right = served.client.ask("POST", complete, {"parts": [{"number": 1, "etag": etag}]})

    assert wrong.problem()["kind"] == "conflict"
    assert short.problem()["kind"] == "upload_incomplete"
    assert right.status == 200


def test_a_given_up_upload_is_gone_with_its_parts(served: Served) -> None:
    upload = Parts(served.client)
    link = upload.link(1)
    upload.send(1, b"abc")

    assert served.client.ask("DELETE", upload.base).status == 204

    for answer in (
        served.client.ask("GET", f"{upload.base}/parts"),
        served.client.ask("POST", f"{upload.base}/complete", {}),
        served.client.ask("PUT", link, b"late"),
    ):
        assert answer.problem()["kind"] == "upload_expired"


def test_a_part_link_takes_that_part_of_that_upload_only(served: Served) -> None:
    one, two = Parts(served.client), Parts(served.client)
    link = urlsplit(one.link(1))

    for forged in (
        changed(link.geturl(), part="2"),
        changed(link.geturl(), do="put"),
        link._replace(path=urlsplit(two.link(1)).path).geturl(),
    ):
        assert served.client.ask("PUT", forged, b"x").problem()["kind"] == "unauthorized"
    other = f"/v1/jobs/{two.id}/upload/{one.base.rpartition('/')[2]}/parts"
    assert served.client.ask("GET", other).problem()["kind"] == "upload_expired"
    for number in ("0", "10001", "-1", "x", "1e3"):
        assert served.client.ask("POST", f"{one.base}/parts/{number}").status == 422


@pytest.mark.parametrize("size", [0, 1, 64 << 20, 256 << 30, 1 << 40])
def test_the_parts_of_any_film_are_few_enough(client: Client, size: int) -> None:
    from stereo_spot.web.uploads import MAX_PARTS, part_size

    assert -(-size // part_size(size)) <= MAX_PARTS
    assert part_size(size) % (1 << 20) == 0
