"""What holds for every page: it fits, it works by keyboard, it says enough without scripts."""

from typing import Any

import pytest
from stereo_spot.web import words

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def job(address: str, chromium: Any) -> str:
    context = chromium.new_context(base_url=address)
    title = "A title that is long " * 9 + "and_has_a_word_without_any_gap" * 4
    made = context.request.post("/v1/jobs", data={"title": title}).json()
    context.close()
    return str(made["id"])


@pytest.mark.parametrize("width", [320, 390, 820, 1440])
@pytest.mark.parametrize("target", ["/", "/jobs", "/jobs/{job}", "/errors/disk_full"])
def test_no_page_is_wider_than_its_window(page: Any, job: str, width: int, target: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(target.format(job=job))

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_control_is_reached_by_keyboard_and_shows_it(page: Any) -> None:
    page.goto("/")
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                    const at = document.activeElement;
                    if (at === document.body) return ["", true];
                    const seen = at.closest("label.drop, label.choice") || at;
                    const drawn = getComputedStyle(seen);
                    return [at.id || at.name || at.textContent.trim(),
                            drawn.outlineStyle !== "none" && parseFloat(drawn.outlineWidth) >= 2];
                }"""
            )
        )

    names = [name for name, _drawn in reached]
    assert {"Skip to content", "New film", "Library", "film", "watch_on", "More"} <= set(names)
    assert [name for name, drawn in reached if not drawn] == []


def test_a_page_without_scripts_says_where_the_film_is_and_asks_before_it_deletes(
    chromium: Any, address: str, job: str
) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/jobs/{job}")

    page.get_by_text("The film has not arrived yet.").wait_for()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("was deleted.").wait_for()
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("The film has not arrived yet.").wait_for()
    assert not page.get_by_role("button", name="Change the title").is_visible()
    context.close()


def test_numbers_read_the_same_with_and_without_scripts(page: Any) -> None:
    numbers = [0, 0.4, 1, 2.5, 9, 59, 60, 61, 599, 600, 999, 1000, 3599, 3600, 7384, 1e5, 43210]
    numbers += [999_999, 1_234_567, 1.58e6, 2.75e11, 3.2e12]
    page.goto("/")

    told = page.evaluate(
        """async (numbers) => {
            const words = await import("/static/words.js");
            return numbers.map((n) => [words.count(n), words.span(n), words.size(n)]);
        }""",
        numbers,
    )

    assert told == [[words.count(n), words.span(n), words.size(n)] for n in numbers]


def test_nothing_moves_for_those_who_asked_for_stillness(page: Any) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto("/")

    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(
            (part) => parseFloat(getComputedStyle(part).transitionDuration) > 0).length"""
    )
    assert moving == 0
