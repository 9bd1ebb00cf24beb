"""Signing in and out in a real browser, on a site where everyone needs a token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import serve

pytestmark = pytest.mark.browser
TOKEN = "0123456789abcdef"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    for served in serve(tmp_path_factory.mktemp("guarded"), tokens={"ann": TOKEN}):
        yield served.client.origin


def test_a_person_signs_in_works_and_signs_out(page: Any, tmp_path: Path) -> None:
    page.expected_complaints.append("401")
    page.goto("/jobs")
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()

    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()

    page.get_by_role("heading", name="Library").wait_for()
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(1000))
    page.goto("/")
    page.locator("#film").set_input_files(film)
    page.get_by_role("button", name="Make it 3D").click()
    page.wait_for_url("**/jobs/*")

    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()
    page.goto("/jobs")
    assert page.url.endswith("/login?next=%2Fjobs")


def test_a_session_that_is_over_leads_back_to_the_form(page: Any) -> None:
    page.expected_complaints.append("401")
    page.goto("/login")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Turn a film into 3D").wait_for()

    page.context.clear_cookies()
    page.locator("#film").set_input_files(
        {"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"x"}
    )
    page.get_by_role("button", name="Make it 3D").click()

    page.get_by_role("heading", name="Sign in").wait_for()


def test_a_film_chosen_before_the_scripts_have_come_counts(page: Any) -> None:
    page.goto("/login")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Turn a film into 3D").wait_for()
    held: list[Any] = []
    page.route("**/new*.js", lambda route: held.append(route))

    page.goto("/", wait_until="commit")
    page.locator("#film").wait_for(state="attached")
    page.locator("#film").set_input_files(
        {"name": "a.mp4", "mimeType": "video/mp4", "buffer": b"x"}
    )
    assert page.get_by_role("button", name="Make it 3D").is_disabled()
    for route in held:
        route.continue_()

    page.locator("#go:enabled").wait_for()
    page.get_by_text("a.mp4").wait_for()
