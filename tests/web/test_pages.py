"""The pages as they are before any script runs."""

import base64
import re
import uuid
from typing import Any

import pytest
from stereo_spot.errors import ErrorKind
from stereo_spot.model import Recipe, StereoMode
from stereo_spot.web.kinds import HttpKind
from stereo_spot.web.words import advice

from tests.web.conftest import Client, Served

MARKUP = "<script>alert(1)</script> & \"quotes\" 'x' {{ 7777 * 7777 }}"

SURROGATE = base64.urlsafe_b64encode(rb'[1, "\ud800"]').decode()


def page(client: Client, target: str, status: int = 200) -> str:
    got = client.ask("GET", target, accept="text/html")
    assert got.status == status, got.text
    assert got.headers["content-type"].startswith("text/html")
    return got.text


def test_markup_in_a_title_is_text_everywhere(served: Served) -> None:
    job = served.finished(title=MARKUP)

    for target in ("/", "/jobs", f"/jobs/{job.job_id}"):
        text = page(served.client, target)
        assert "<script>alert" not in text and str(7777 * 7777) not in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_markup_in_an_error_is_text(served: Served) -> None:
    job = served.failed(text="<img src=x onerror=alert(1)>")

    assert "<img" not in page(served.client, f"/jobs/{job.job_id}")
    assert "<b>" not in page(served.client, "/jobs/%3Cb%3E", 404)


def test_no_page_has_script_or_style_of_its_own(served: Served) -> None:
    done, failed = served.finished(), served.failed()
    waiting = served.client.create().json["id"]
    targets = ["/", "/jobs", "/nothing", "/errors/not_found"]
    targets += [f"/jobs/{found}" for found in (done.job_id, failed.job_id, waiting)]

    for target in targets:
        text = served.client.ask("GET", target, accept="text/html").text
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|\sstyle=|<style", text), target
        assert not re.search(r"(src|href)=\"(https?:)?//", text), target
        for name in set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text)):
            assert served.client.ask("GET", name).status == 200, name


@pytest.mark.parametrize("mode", list(StereoMode))
def test_a_form_makes_a_job_and_leads_to_its_page(client: Client, mode: str) -> None:
    made = client.ask(
        "POST", "/jobs", f"mode={mode}", content_type="application/x-www-form-urlencoded"
    )

    assert made.status == 303
    assert re.fullmatch(r"/jobs/[0-9a-f-]{36}", made.headers["location"])
    assert "has not arrived yet" in page(client, made.headers["location"])


def test_a_form_with_an_unknown_mode_is_refused(client: Client) -> None:
    got = client.ask("POST", "/jobs", "mode=imax", content_type="application/x-www-form-urlencoded")

    assert got.status == 422 and got.problem()["kind"] == "bad_request"


def test_a_film_can_be_stopped_and_taken_up_again_without_scripts(client: Client) -> None:
    job = client.create().json["id"]

    stopped = client.ask("POST", f"/jobs/{job}/cancel")
    assert (stopped.status, stopped.headers["location"]) == (303, f"/jobs/{job}")
    assert "You stopped it." in page(client, f"/jobs/{job}")
    client.ask("POST", f"/jobs/{job}/retry")
    assert "has not arrived yet" in page(client, f"/jobs/{job}")


def test_a_failure_is_one_sentence_with_what_to_do(served: Served) -> None:
    broken = page(served.client, f"/jobs/{served.failed().job_id}")
    unusable = page(served.client, f"/jobs/{served.failed('source_no_video').job_id}")

    assert "Go on where it stopped" in broken and "segment_failed" in broken
    assert "There is no picture in this file." in unusable
    assert "Go on where it stopped" not in unusable and "Choose another film" in unusable


def test_a_finished_film_is_there_to_watch_and_to_keep(served: Served) -> None:
    job = served.finished(title="Cup")
    text = page(served.client, f"/jobs/{job.job_id}")

    assert f'src="/v1/jobs/{job.job_id}/play"' in text
    assert f'href="/v1/jobs/{job.job_id}/download"' in text
    assert "Cup_LRF_Full_SBS.mp4" in text


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ({}, "Put on red/cyan glasses, red over the left eye,"),
        ({"swap_eyes": True}, "Put on red/cyan glasses, red over the right eye,"),
        ({"anaglyph": "yb_gray"}, "Put on yellow/blue glasses, yellow over the left eye,"),
    ],
)
def test_an_anaglyph_says_which_glasses_it_wants(served: Served, look: Any, said: str) -> None:
    job = served.finished(recipe=Recipe(mode="anaglyph", **look))

    assert said in page(served.client, f"/jobs/{job.job_id}")


def test_the_length_of_a_cut_film_is_that_of_the_cut(served: Served) -> None:
    whole, cut = served.finished(), served.finished(start_s=0.9)

    lengths = [
        re.findall(r"<span>(\d+ s)</span>", page(served.client, f"/jobs/{job.job_id}"))
        for job in (whole, cut)
    ]
    assert lengths == [["1 s"], ["0 s"]]


def test_the_library_goes_on_page_by_page_without_a_gap(served: Served) -> None:
    made = {served.client.create(title=f"film {n}").json["id"] for n in range(5)}
    seen: list[str] = []
    target = "/jobs?limit=2"
    while target:
        text = page(served.client, target)
        seen += re.findall(r'class="card" href="/jobs/([0-9a-f-]{36})"', text)
        more = re.search(r'rel="next" href="([^"]+)"', text)
        target = more[1].replace("&amp;", "&") if more else ""

    assert made <= set(seen) and len(seen) == len(set(seen))


def test_the_list_of_the_api_goes_on_page_by_page_and_by_status(served: Served) -> None:
    made = {served.finished().job_id for _ in range(3)}
    seen: list[str] = []
    target = "/v1/jobs?status=completed&limit=2"
    while target:
        got = served.client.ask("GET", target)
        seen += [job["id"] for job in got.json["jobs"]]
        assert {job["status"] for job in got.json["jobs"]} <= {"completed"}
        link = re.fullmatch(r'<([^>]+)>; rel="next"', got.headers.get("link", ""))
        assert (link is None) == (got.json["next_cursor"] is None)
        target = link[1] if link else ""

    assert made <= set(seen) and len(seen) == len(set(seen))


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "====",
        "e30=",
        "W10=",
        "WzEsMl0",
        "bnVsbA==",
        "A" * 300,
        "%00",
        "%F0%9F",
        "WyJhIiwxXQ==",
    ],
)
def test_a_forged_cursor_is_refused(client: Client, cursor: str) -> None:
    for target in (f"/v1/jobs?cursor={cursor}", f"/jobs?next_token={cursor}"):
        got = client.ask("GET", target)
        assert got.status in (400, 422), got.text
        assert got.problem()["kind"] == "bad_request"


def test_a_page_that_is_not_there_says_what_to_do_next(client: Client) -> None:
    for target in ("/nothing", f"/jobs/{uuid.uuid4()}", "/jobs/nothing"):
        text = page(client, target, 404)
        assert 'href="/jobs"' in text and "not_found" in text


def test_the_type_of_a_problem_leads_to_its_explanation(client: Client) -> None:
    kind = client.ask("GET", "/v1/nothing").problem()["type"]

    assert "There is nothing here." in page(client, kind)
    page(client, "/errors/unheard_of", 404)


def test_every_kind_is_explained_in_its_own_words() -> None:
    told = {kind: advice(kind) for kind in (*ErrorKind, *HttpKind)}

    of_the_work = {kind for kind, words in told.items() if words == advice(None)}
    assert of_the_work == {"chunk_failed", "segment_failed", "assemble_failed"}
