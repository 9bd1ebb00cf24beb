"""Signing in: a token for a session, and what a session may do."""

from collections.abc import Iterator
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from stereo_spot.web.sessions import COOKIE, SESSION_S, Owners

from tests.web.conftest import Answer, Client, Served, serve

ANN, BOB = "0123456789abcdef", "fedcba9876543210"
PAGE = {"accept": "text/html"}
FORM = {"content_type": "application/x-www-form-urlencoded", **PAGE}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    tokens = {"ann": ANN, "bób": BOB}
    yield from serve(tmp_path_factory.mktemp("data"), tokens=tokens)


@pytest.fixture
def visitor(guarded: Served) -> Client:
    """Somebody without a name."""
    return guarded.client


def sign_in(client: Client, token: str, target: str = "/") -> Answer:
    body = urlencode({"token": token, "next": target})
    return client.ask("POST", "/login", body, origin=client.origin, **FORM)


@pytest.fixture
def ann(visitor: Client) -> Client:
    """A browser in which ann has signed in."""
    return Client(visitor.port, {"cookie": f"{COOKIE}={session_in(sign_in(visitor, ANN))}"})


def session_in(answer: Answer) -> str:
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE].value


def test_a_page_leads_to_the_form_and_back(visitor: Client) -> None:
    sent = visitor.ask("GET", "/jobs?limit=5", **PAGE)
    assert (sent.status, sent.headers["location"]) == (303, "/login?next=%2Fjobs%3Flimit%3D5")

    form = visitor.ask("GET", sent.headers["location"], **PAGE)
    assert form.status == 200 and 'value="/jobs?limit=5"' in form.text

    done = sign_in(visitor, ANN, "/jobs?limit=5")
    assert (done.status, done.headers["location"]) == (303, "/jobs?limit=5")


def test_the_cookie_is_for_this_site_and_its_server_alone(visitor: Client) -> None:
    text = sign_in(visitor, ANN).headers["set-cookie"]

    cookie = SimpleCookie(text)[COOKIE]
    assert cookie["httponly"] and cookie["secure"] and cookie["samesite"] == "lax"
    assert (cookie["path"], cookie["domain"], cookie["max-age"]) == ("/", "", str(SESSION_S))
    assert ANN not in text


@pytest.mark.parametrize("token", ["", "wrong", ANN[:-1], ANN + "0", "ann", "é" * 16])
def test_a_wrong_token_gets_the_form_again(visitor: Client, token: str) -> None:
    refused = sign_in(visitor, token, "/jobs")

    assert refused.status == 401 and "set-cookie" not in refused.headers
    assert 'role="alert"' in refused.text and 'value="/jobs"' in refused.text
    assert not token or token not in refused.text


def test_a_session_sees_its_owners_films_and_the_way_out(ann: Client) -> None:
    made = ann.ask("POST", "/jobs", "mode=sbs", origin=ann.origin, **FORM)
    assert made.status == 303
    film = made.headers["location"]
    page = ann.ask("GET", film, **PAGE)
    assert page.status == 200 and "Signed in as ann" in page.text
    assert ann.ask("GET", "/login?next=/jobs", **PAGE).headers["location"] == "/jobs"

    bob = Client(ann.port, {"authorization": f"Bearer {BOB}"})
    assert bob.ask("GET", f"/v1{film}").status == 404
    out = ann.ask("POST", "/logout", "", origin=ann.origin, **FORM)
    assert (out.status, out.headers["location"]) == (303, "/login")
    assert SimpleCookie(out.headers["set-cookie"])[COOKIE]["max-age"] == "0"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "https://evil.example"},
        {"sec_fetch_site": "cross-site"},
        {"origin": "null"},
    ],
)
@pytest.mark.parametrize("target", ["/jobs", "/v1/jobs"])
def test_a_session_changes_nothing_for_another_site(
    ann: Client, headers: dict[str, str], target: str
) -> None:
    refused = ann.ask("POST", target, "mode=sbs", **{**FORM, "accept": "*/*"}, **headers)

    assert refused.status == 403 and refused.problem()["kind"] == "forbidden"


@pytest.mark.parametrize("target", ["/login", "/logout"])
def test_another_site_signs_nobody_in_or_out(visitor: Client, target: str) -> None:
    body = urlencode({"token": ANN})
    refused = visitor.ask("POST", target, body, origin="https://evil.example", **FORM)

    assert refused.status == 403 and "set-cookie" not in refused.headers


def test_a_program_with_a_token_needs_no_origin(visitor: Client) -> None:
    made = visitor.ask("POST", "/v1/jobs", {}, authorization=f"Bearer {BOB}")

    assert made.status == 202


def test_an_api_call_without_a_name_gets_a_problem(visitor: Client) -> None:
    for headers in ({}, PAGE):
        refused = visitor.ask("GET", "/v1/jobs", **headers)
        assert refused.status == 401 and refused.headers["www-authenticate"] == "Bearer"
        assert refused.problem()["kind"] == "unauthorized"
    assert visitor.ask("GET", "/openapi.json").status == 401


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/healthz/", "/loginx", "/static", "/login/../v1/jobs"])
def test_a_path_beside_an_open_one_is_closed(visitor: Client, method: str, path: str) -> None:
    assert visitor.ask(method, path, origin=visitor.origin).status == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "jobs",
        "/a\r\nset-cookie: x=y",
        "/\t/evil.example",
        "",
    ],
)
def test_the_form_leads_nowhere_else(visitor: Client, target: str) -> None:
    assert sign_in(visitor, ANN, target).headers["location"] == "/"


def test_markup_in_the_target_stays_text(visitor: Client) -> None:
    form = visitor.ask("GET", "/login?next=/%22%3E%3Cscript%3E", **PAGE)

    assert "<script>" not in form.text.replace('<script type="module"', "")


class TestSessions:
    NOW = 1_000_000.0

    def owners(self, now: float = NOW, **tokens: str) -> Owners:
        return Owners(tokens or {"ann": ANN, "bob": BOB}, lambda: now)

    def test_it_is_its_owners_until_it_is_over(self) -> None:
        session = self.owners().session("bob")

        assert self.owners(self.NOW + SESSION_S - 1).of_session(session) == "bob"
        assert self.owners(self.NOW + SESSION_S).of_session(session) is None

    def test_it_ends_with_its_token(self) -> None:
        session = self.owners().session("ann")

        assert self.owners(ann="another-token-of-ann", bob=BOB).of_session(session) is None
        assert self.owners(bob=BOB).of_session(session) is None
        assert self.owners(bob=ANN).of_session(session) is None

    def test_nothing_of_it_may_be_changed(self) -> None:
        owners = self.owners()
        session = owners.session("ann")
        name, until, mac = session.split(".")
        other = owners.session("bob").split(".")

        for forged in (
            f"{other[0]}.{until}.{mac}",
            f"{name}.{int(until) + 1}.{mac}",
            f"{name}.{until}.{other[2]}",
            f"{name}.{until}.",
            f"{name}.{until}.é",
            f"{name}.x.{mac}",
            mac,
            "..",
            "",
        ):
            assert owners.of_session(forged) is None
