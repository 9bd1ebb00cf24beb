"""Scenes of a film, search over the library, and the jump into the 3D film."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.kit import film as film_of
from tests.browser.test_film import LONG_MS, choose

pytestmark = pytest.mark.browser
SECONDS = 1.4


@pytest.fixture(scope="module")
def job(chromium: Any, address: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A film of three colours that is converted and analyzed."""
    film = film_of(
        tmp_path_factory.mktemp("colours") / "Three colours.mp4",
        ("red", "green", "blue"),
        seconds=SECONDS,
        size=(160, 90),
        tone=True,
    )
    context = chromium.new_context(base_url=address)
    page = context.new_page()
    choose(page, Path(film), "VR headset")
    page.get_by_role("button", name="Make it 3D").click()
    page.wait_for_url("**/jobs/*")
    page.locator("#player").wait_for(timeout=LONG_MS)
    page.locator("#scenes[data-state=ready]").wait_for(timeout=LONG_MS)
    found = page.url.rpartition("/")[2]
    context.close()
    return str(found)


def at(page: Any) -> float:
    """Where the player stands, once it has arrived there."""
    arrived = "(player => player.currentTime > 0 && !player.seeking && player.currentTime)"
    until = time.monotonic() + LONG_MS / 1000
    while not (found := page.evaluate(f"{arrived}(document.getElementById('player'))")):
        assert time.monotonic() < until, "the player never arrived"
        page.wait_for_timeout(50)
    return float(found)


def test_a_sheet_of_scenes_leads_into_the_film(page: Any, job: str) -> None:
    page.goto(f"/jobs/{job}")
    shots = page.locator("#scenes .shot")
    times = shots.all_text_contents()

    shots.nth(1).click()

    assert [time.strip() for time in times] == ["0:00", "0:01", "0:02"]
    assert at(page) == pytest.approx(SECONDS, abs=0.05)
    shots.nth(1).locator("img").evaluate("image => image.decode()")
    drawn = page.locator("#scenes .shot img").evaluate_all(
        "images => images.map((image) => image.naturalWidth)"
    )
    assert drawn == [160, 160, 160]


def test_words_find_a_moment_in_the_3d_film(page: Any, job: str) -> None:
    page.goto("/jobs")
    page.get_by_role("searchbox").fill("something blue")
    page.keyboard.press("Enter")
    best = page.locator(".hits li").first
    best.get_by_text("Three colours").wait_for()
    best.locator(".shot").click()

    page.wait_for_url(f"**/jobs/{job}#t=2.80")
    assert at(page) == pytest.approx(2 * SECONDS, abs=0.05)


def test_a_scene_finds_what_looks_like_it(page: Any, job: str) -> None:
    page.goto(f"/jobs/{job}")
    page.get_by_role("link", name="More like scene 2").click()

    page.get_by_role("heading", name="Looks like this").wait_for()
    found = page.locator(".hits .shot").evaluate_all("all => all.map((one) => one.hash)")

    assert found and "#t=1.40" not in found


def test_nothing_found_says_what_to_do(page: Any, job: str) -> None:
    page.goto("/search?q=qwertyuiop")

    page.get_by_text("Nothing was found.").wait_for()
    page.get_by_role("link", name="Back to the library").wait_for()


@pytest.mark.parametrize("target", ["/jobs/{job}", "/search?q=red", "/search?like={job}.0"])
def test_pictures_fit_the_window(page: Any, job: str, target: str) -> None:
    page.goto(target.format(job=job))
    page.locator("img").first.wait_for()

    for width in (320, 390, 820, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
