"""A film's whole way through the page, in a real browser with the real pipeline."""

from pathlib import Path
from typing import Any

import av
import pytest

from tests.web.program import FRAMES, SIZE

pytestmark = pytest.mark.browser
LONG_MS = 180_000


def choose(page: Any, film: Path, on: str) -> None:
    page.goto("/")
    page.locator("#film").set_input_files(film)
    page.get_by_text(on, exact=True).click()


def seen_on(page: Any) -> list[int]:
    """Every percentage that the page shows from now on."""
    seen: list[int] = []
    page.expose_function("tell", lambda percent: seen.append(percent))
    page.add_init_script(
        """setInterval(() => {
            const shown = document.getElementById("percent");
            if (shown) tell(Number(shown.textContent));
        }, 100);"""
    )
    return seen


def test_a_film_is_sent_followed_played_downloaded_and_deleted(
    page: Any, film: Path, tmp_path: Path
) -> None:
    seen = seen_on(page)
    choose(page, film, "VR headset")
    assert page.locator("#film-name").text_content() == film.name
    page.get_by_role("button", name="Make it 3D").click()
    page.wait_for_url("**/jobs/*")
    job = page.url.rpartition("/")[2]
    assert page.locator("h1").text_content() == film.stem

    page.locator("#player").wait_for(timeout=LONG_MS)

    assert len(set(seen)) >= 3 and seen == sorted(seen)

    playing = page.evaluate(
        """async () => {
            const player = document.getElementById("player");
            player.muted = true;
            await player.play();
            await new Promise((on) => player.addEventListener("timeupdate", on, { once: true }));
            return [player.videoWidth, player.videoHeight, Math.round(player.duration)];
        }"""
    )
    assert playing == [2 * SIZE[0], SIZE[1], FRAMES // 24]

    with page.expect_download() as waiting:
        page.locator("#download").click()
    assert waiting.value.suggested_filename == f"{film.stem}_LRF_Full_SBS.mp4"
    kept = tmp_path / "film.mp4"
    waiting.value.save_as(kept)
    with av.open(str(kept)) as result:
        assert sum(1 for _ in result.decode(video=0)) == FRAMES
        assert len(result.streams.audio) == 1

    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text(f"“{film.stem}” was deleted.").wait_for()
    assert page.request.get(f"/v1/jobs/{job}").status == 404


def test_an_empty_file_is_not_sent(page: Any, tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    choose(page, empty, "VR headset")

    page.get_by_role("button", name="Make it 3D").click()

    page.get_by_role("alert").get_by_text("empty.mp4 is empty: choose the film again.").wait_for()
    assert page.request.get("/v1/jobs").json()["jobs"] == []


@pytest.mark.parametrize("name", [f"{'x' * 199}\N{CLAPPER BOARD}.mp4", "two\nlines.mp4", ".mp4"])
def test_a_film_is_sent_whatever_its_file_is_called(page: Any, name: str) -> None:
    page.goto("/")
    page.locator("#film").set_input_files(
        {"name": name, "mimeType": "video/mp4", "buffer": bytes(1000)}
    )
    page.get_by_role("button", name="Make it 3D").click()

    page.wait_for_url("**/jobs/*")


def test_a_large_film_survives_a_broken_line_and_a_closed_page(
    page: Any, film: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    padding = 70 << 20
    large.write_bytes(film.read_bytes() + padding.to_bytes(4, "big") + b"free")
    with large.open("r+b") as file:
        file.truncate(film.stat().st_size + padding)
    page.expected_complaints = ["ERR_"]
    page.context.route("**/storage/**part=3&**", lambda route: route.abort())
    choose(page, large, "Phone")
    page.get_by_role("button", name="Make it 3D").click()
    page.get_by_text("trying again").wait_for()
    job = page.request.get("/v1/jobs?limit=1").json()["jobs"][0]["id"]
    upload = page.evaluate(f"JSON.parse(localStorage.getItem('upload/{job}')).uploadId")
    held = f"/v1/jobs/{job}/upload/{upload}/parts"
    while len(page.request.get(held).json()["parts"]) < 4:
        page.wait_for_timeout(100)
    page.close()
    page.context.unroute_all()

    back = page.context.new_page()
    sent: list[str] = []
    back.on("request", lambda asked: sent.append(asked.url) if asked.method == "PUT" else None)
    back.goto(f"/jobs/{job}")
    back.locator("#film").set_input_files(large)
    back.locator("#parts").wait_for()

    assert {url.partition("part=")[2].partition("&")[0] for url in sent} == {"3"}
    found = page.context.request.get(f"/v1/jobs/{job}").json()
    assert found["uploaded"] and found["options"]["recipe"]["max_width"] == 1920
    page.context.request.delete(f"/v1/jobs/{job}")


def test_what_is_no_film_is_told_in_one_sentence(page: Any, tmp_path: Path) -> None:
    text = tmp_path / "<img src=x onerror=document.title=1>.mp4"
    text.write_text("This is a letter, not a film.\n" * 50)
    choose(page, text, "3D TV")
    page.get_by_role("button", name="Make it 3D").click()

    page.get_by_role("heading", name="This file is not a film.").wait_for()

    assert page.locator("h1").text_content() == text.stem
    page.get_by_role("link", name="Choose another film").wait_for()


def test_a_stopped_film_goes_on_where_it_stopped(page: Any, film: Path) -> None:
    choose(page, film, "Red/cyan glasses")
    page.get_by_role("button", name="Make it 3D").click()
    page.locator("#parts").wait_for()
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("heading", name="You stopped it.").wait_for()

    page.get_by_role("button", name="Go on where it stopped").click()

    page.locator("#player").wait_for(timeout=LONG_MS)
    page.get_by_text(f"{film.stem}_redcyan_dubois.mp4").wait_for()
