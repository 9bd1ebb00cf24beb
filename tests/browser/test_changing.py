"""Another title, and a deletion that is undone, in a real browser on a film that is done."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import Served, serve

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from serve(tmp_path_factory.mktemp("changing"))


@pytest.fixture(scope="module")
def address(served: Served) -> str:
    return served.client.origin


@pytest.fixture
def film(served: Served, page: Any) -> str:
    """The address of a finished film's page, which is open; its bytes are none to play."""
    job = served.finished(title="Old <b>title</b>")
    target = f"/jobs/{job.job_id}"
    page.goto(target)
    return target


def renamed(page: Any, title: str) -> Any:
    """The field, opened by keyboard and with a new title in it."""
    page.get_by_role("button", name="Change the title").press("Enter")
    field = page.get_by_role("textbox", name="Title")
    field.fill(title)
    return field


def test_escape_gives_up_and_enter_saves_where_the_title_stands(
    page: Any, served: Served, film: str
) -> None:
    field = renamed(page, "   ")
    field.press("Enter")
    assert field.evaluate("field => !field.validity.valid && field.checkVisibility()")
    field.press("Escape")
    page.get_by_role("heading", name="Old <b>title</b>").wait_for()
    assert page.evaluate("document.activeElement.id") == "rename"
    assert served.client.ask("GET", f"/v1{film}").json["title"] == "Old <b>title</b>"

    renamed(page, "  Käse & <i>Wein</i> ").press("Enter")

    page.get_by_role("heading", name="Käse & <i>Wein</i>").wait_for()
    page.get_by_role("status").get_by_text("The title is now Käse").wait_for(state="attached")
    assert page.title() == "Käse & <i>Wein</i> · stereo-spot"
    assert page.locator("#filename").text_content() == "Käse _ _i_Wein__i__LRF_Full_SBS.mp4"
    assert page.evaluate("document.activeElement.id") == "rename"
    assert page.url.endswith(film)
    found = served.client.ask("GET", f"/v1{film}").json
    assert found["title"] == "Käse & <i>Wein</i>"


def test_a_title_that_cannot_be_saved_says_why_and_is_kept_to_try_again(
    page: Any, film: str
) -> None:
    page.expected_complaints.append("ERR_INTERNET_DISCONNECTED")
    page.context.set_offline(True)
    field = renamed(page, "New")
    field.press("Enter")
    page.get_by_role("alert").get_by_text("not saved: the server does not answer.").wait_for()
    assert field.input_value() == "New"

    page.context.set_offline(False)
    field.press("Enter")

    page.get_by_role("heading", name="New").wait_for()


def test_another_tab_shows_the_new_title_and_leaves_a_film_that_is_gone(
    page: Any, served: Served, film: str
) -> None:
    page.expected_complaints.append("404")
    served.client.ask("PATCH", f"/v1{film}", {"title": "Elsewhere"})
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("heading", name="Elsewhere").wait_for()

    served.client.ask("POST", f"{film}/delete")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.get_by_role("heading", name="Library").wait_for()
    assert page.get_by_text("Elsewhere").count() == 0


def test_a_page_that_is_being_edited_is_not_taken_away(page: Any, served: Served) -> None:
    job = served.client.create(title="a").json["id"]
    page.goto(f"/jobs/{job}")
    field = renamed(page, "b")
    served.client.ask("POST", f"/v1/jobs/{job}/cancel")
    with page.expect_response(lambda got: got.url.endswith(job) and "cancelled" in got.text()):
        pass
    assert field.input_value() == "b"
    field.press("Enter")

    page.get_by_role("heading", name="You stopped it.").wait_for()
    page.get_by_role("heading", name="b", exact=True).wait_for()


def test_a_deleted_film_is_brought_back_by_keyboard(page: Any, served: Served, film: str) -> None:
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.get_by_text("was deleted").wait_for()
    assert served.client.ask("GET", f"/v1{film}").status == 404
    undo = page.get_by_role("button", name="Undo")
    assert undo.evaluate("button => button === document.activeElement")
    page.goto("/")
    page.go_back()

    undo.press("Enter")

    page.wait_for_url(f"**{film}")
    page.get_by_role("heading", name="Old <b>title</b>").wait_for()
    link = served.client.ask("GET", f"/v1{film}/play").headers["location"]
    assert served.client.ask("GET", link).status == 200


def test_the_offer_ends_after_ten_seconds_without_a_word_out_of_place(page: Any, film: str) -> None:
    page.clock.install()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.locator("#undo-left").get_by_text(re.compile(r"^\d+ s$")).wait_for()

    page.clock.run_for(10_000)

    page.get_by_role("status").get_by_text("was deleted for good.").wait_for()
    assert page.get_by_role("button", name="Undo").count() == 0
    assert page.evaluate("document.activeElement.id") == "removed"
    page.reload()
    page.get_by_role("heading", name="Library").wait_for()
    assert page.get_by_text("was deleted").count() == 0
