"""Who is let in: hosts, other sites, bodies that never end."""

import socket
from pathlib import Path

import pytest

from tests.web.conftest import Client, Served, serve

FORM = {"content_type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://localhost:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "cross-site", "origin": "{own}"},
    ],
)
def test_another_site_changes_nothing(served: Served, headers: dict[str, str]) -> None:
    job = served.finished()
    sent = {name: value.format(own=served.client.origin) for name, value in headers.items()}

    for method, target in (
        ("POST", "/jobs"),
        ("POST", "/v1/jobs"),
        ("POST", f"/jobs/{job.job_id}/delete"),
        ("POST", f"/jobs/{job.job_id}/restore"),
        ("DELETE", f"/v1/jobs/{job.job_id}"),
        ("PATCH", f"/v1/jobs/{job.job_id}"),
    ):
        refused = served.client.ask(method, target, "mode=sbs", **FORM, **sent)
        assert refused.status == 403 and refused.problem()["kind"] == "forbidden"
    assert served.client.ask("GET", f"/v1/jobs/{job.job_id}", **sent).status == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "{own}"}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}],
)
def test_the_page_itself_and_programs_may_write(served: Served, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=served.client.origin) for name, value in headers.items()}

    assert served.client.ask("POST", "/jobs", "mode=sbs", **FORM, **sent).status == 303


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]", "10.0.0.1"]
)
def test_a_name_that_was_pointed_here_gets_no_answer(client: Client, host: str) -> None:
    got = client.raw(f"GET /v1/jobs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    assert got.startswith(b"HTTP/1.1 421") and b'"wrong_host"' in got


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.0.0.5", "[::1]:8000"]
)
def test_the_names_of_the_loopback_are_answered(client: Client, host: str) -> None:
    got = client.raw(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    assert got.startswith(b"HTTP/1.1 200")


def test_further_hosts_are_let_in_by_name_or_all(tmp_path: Path) -> None:
    for hosts in (["Films.Example"], ["*"]):
        for served in serve(tmp_path, allowed_hosts=hosts):
            assert served.client.ask("GET", "/healthz", host="films.example:8000").status == 200


def test_every_answer_tells_browsers_to_be_careful(client: Client) -> None:
    for target in ("/", "/jobs", "/v1/jobs", "/nothing", "/static/app.css", "/v1/jobs/x"):
        headers = client.ask("GET", target, accept="text/html").headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-request-id"]


def test_a_request_keeps_the_id_it_came_with(client: Client) -> None:
    assert client.ask("GET", "/healthz", x_request_id="abc-1").headers["x-request-id"] == "abc-1"
    odd = client.ask("GET", "/healthz", x_request_id="a b<script>").headers["x-request-id"]
    assert odd.isalnum()


def test_a_body_that_is_too_large_is_not_read(client: Client) -> None:
    head = b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    body = b'{"title": "' + b"x" * (2 << 20) + b'"}'

    got = client.ask("POST", "/v1/jobs", body, content_type="application/json")

    assert got.status == 413 and got.problem()["kind"] == "too_large"
    with socket.create_connection(("127.0.0.1", client.port), timeout=20) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        block = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        for _ in range(20):
            connection.sendall(block)
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
