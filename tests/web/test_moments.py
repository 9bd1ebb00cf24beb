"""Scenes, words and search of the web application, on the embedded store."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from stereo_spot.analysis.records import (
    Frame,
    Scene,
    TranscriptSegment,
    Video,
    VideoStatus,
    frame_key,
)
from stereo_spot.conversion import control
from stereo_spot.keys import SourceKey
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import JobStatus
from stereo_spot.runtime.analyzer import Opened, analyze_file, open_analyzer
from stereo_spot.runtime.film_worker import FilmJobs, release_ended
from stereo_spot.runtime.films import Films, FilmWatch, film_settings, held_at
from stereo_spot.runtime.local import open_machine

from tests.analysis.kit import film
from tests.web.conftest import Served, serve


class Library(Served):
    """A server with a library, and what it stands on."""

    films: Films
    opened: Opened

    @property
    def folder(self) -> Path:
        return self.opened.settings.folder

    def scenes(self, job_id: str) -> None:
        """A film that was analyzed, without the work."""
        rows, files = self.opened.analyzer.rows, self.opened.analyzer.files
        rows.save_video(
            Video(id=job_id, original_path="-", original_name="-", status=VideoStatus.READY)
        )
        scenes = [
            Scene(id=f"{job_id}_{i}", video_id=job_id, idx=i, t_start=i * 2.0, t_end=i * 2.0 + 2)
            for i in range(3)
        ]
        rows.replace(job_id, Scene, scenes)
        pictures = [
            Frame(id=f"{s.id}_f", scene_id=s.id, t_frame=s.t_start, path=frame_key(job_id, s.idx),
                  phash="0" * 16)
            for s in scenes[:2]
        ]  # fmt: skip
        rows.replace(job_id, Frame, pictures)
        for picture in pictures:
            files.put(picture.path, b"\xff\xd8\xff picture")
        said = TranscriptSegment(
            id=f"{job_id}_s", video_id=job_id, t_start=4.5, t_end=5.0, text="<b>hello & bye</b>"
        )
        rows.replace(job_id, TranscriptSegment, [said])

    def source(self, path: Path | None = None) -> str:
        """A job whose film has arrived."""
        job_id = str(self.client.create(autostart=False).json["id"])
        with self.machine.services.objects.create(str(SourceKey(job_id)), {}) as new:
            new.write_at(0, path.read_bytes() if path else b"film")
            new.commit()
        return job_id


@contextmanager
def library_in(data: Path) -> Iterator[Library]:
    settings = film_settings(data, services=False)
    with open_analyzer(settings) as opened:
        films = Films(open_machine(data, limits=MediaLimits()), opened)
        for served in serve(data, library=films):
            made = Library(served.machine, served.client)
            made.films, made.opened = films, opened
            yield made


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with library_in(tmp_path_factory.mktemp("library")) as made:
        yield made


def page(served: Served, target: str) -> str:
    return served.client.ask("GET", target, accept="text/html").text


def test_without_a_library_there_is_nothing_of_it(served: Served) -> None:
    job = served.finished()

    for target in ("/v1/search?q=red", f"/v1/jobs/{job.job_id}/analysis", "/search?q=red"):
        assert served.client.ask("GET", target).status == 404, target
    assert 'id="scenes"' not in page(served, f"/jobs/{job.job_id}")
    assert 'role="search"' not in page(served, "/jobs")


def test_a_site_without_a_library_does_not_load_the_analyzer() -> None:
    asked = "import sys, stereo_spot.web; print('stereo_spot.analysis' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "False"


def test_scenes_and_words_are_told_with_their_pictures(library: Library) -> None:
    job = library.finished()
    library.scenes(job.job_id)

    known = library.client.ask("GET", f"/v1/jobs/{job.job_id}/analysis").json

    assert (known["state"], known["can_begin"], known["stages_total"]) == ("ready", False, 6)
    assert [scene["at"] for scene in known["scenes"]] == [0.0, 2.0, 4.0]
    assert known["scenes"][2]["picture"] is None
    assert known["transcript"][0]["text"] == "<b>hello & bye</b>"
    picture = library.client.ask("GET", known["scenes"][1]["picture"])
    assert picture.body == b"\xff\xd8\xff picture"
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["x-content-type-options"] == "nosniff"
    text = page(library, f"/jobs/{job.job_id}")
    assert "&lt;b&gt;hello &amp; bye" in text and 'href="#t=4.5"' in text
    assert text.count('class="shot"') == 2


def test_times_count_from_the_begin_of_the_3d_film(library: Library) -> None:
    job = library.finished(start_s=2.0, end_s=4.0)
    library.scenes(job.job_id)

    known = library.client.ask("GET", f"/v1/jobs/{job.job_id}/analysis").json

    assert [scene["at"] for scene in known["scenes"]] == [None, 0.0, None]
    assert known["transcript"][0]["at"] is None


@pytest.mark.parametrize("number", ["2", "99", "-1", "x", "..%2f..%2fanalysis.db", "1000000"])
def test_pictures_that_are_not_there(library: Library, number: str) -> None:
    job = library.finished()
    library.scenes(job.job_id)

    status = library.client.ask("GET", f"/v1/jobs/{job.job_id}/scenes/{number}/picture").status

    assert status in (404, 422)


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 400), ("q=", 400), ("q=%20the%20", 400), ("q=a&like=b", 400), ("like=x", 400),
     ("like=../../x.1", 400), ("q=" + "x" * 400, 422), ("q=red&limit=0", 422)],
)  # fmt: skip
def test_a_search_for_nothing_is_refused(library: Library, query: str, status: int) -> None:
    answer = library.client.ask("GET", f"/v1/search?{query}")

    assert answer.status == status
    assert answer.problem()["kind"] == "bad_request"
    assert library.client.ask("GET", f"/search?{query}", accept="text/html").status in (200, 422)


def test_a_finished_film_is_listed_with_its_picture(library: Library) -> None:
    begun = library.machine.jobs.get(library.source())
    assert begun is not None
    done = begun.model_copy(update={"job_id": str(uuid4()), "status": JobStatus.COMPLETED})
    library.machine.jobs.create(done)
    for job in (begun, done):
        library.scenes(job.job_id)

    for target in ("/jobs", "/"):
        listed = page(library, target)
        assert f'src="/v1/jobs/{done.job_id}/scenes/1/picture"' in listed
        assert f"/v1/jobs/{begun.job_id}/scenes" not in listed


def test_a_picture_of_an_unknown_film_is_not_found(library: Library) -> None:
    unknown = "/v1/search?like=00000000-0000-4000-8000-000000000000.1"

    assert library.client.ask("GET", unknown).status == 404


def test_a_picture_of_a_deleted_film_is_not_found(library: Library) -> None:
    job_id = library.finished().job_id
    library.scenes(job_id)
    library.client.ask("DELETE", f"/v1/jobs/{job_id}")

    for target in (f"/v1/search?like={job_id}.0", f"/v1/jobs/{job_id}/scenes/0/picture"):
        assert library.client.ask("GET", target).status == 404


def test_a_film_that_is_gone_cannot_be_analyzed(library: Library) -> None:
    job = library.finished()

    answer = library.client.ask("POST", f"/v1/jobs/{job.job_id}/analyze")

    assert answer.status == 409
    assert "no longer kept" in answer.problem()["detail"]
    assert "convert it again" in page(library, f"/jobs/{job.job_id}")


def test_a_film_is_asked_for_once_and_kept_until_it_was_seen(library: Library) -> None:
    job_id = library.source()

    answers = [library.client.ask("POST", f"/v1/jobs/{job_id}/analyze") for _ in range(3)]

    assert [answer.status for answer in answers] == [202] * 3
    assert answers[-1].json["state"] == "waiting"
    library.client.ask("DELETE", f"/v1/jobs/{job_id}")
    held = library.folder / held_at(job_id)
    assert held.read_bytes() == b"film"
    library.films.forget(job_id)
    assert not held.exists() and library.films.contents(job_id) is None


def test_a_film_is_seen_found_and_forgotten_with_its_job(tmp_path: Path) -> None:
    source = film(tmp_path / "film.mp4", ("red", "green"), seconds=0.8)
    with library_in(tmp_path / "data") as library:
        job_id = library.source(source)
        library.client.ask("POST", f"/v1/jobs/{job_id}/analyze")
        claim = library.opened.parts.inbox().claim()
        assert claim is not None and claim.video_id == job_id
        analyze_stored_copy(library, job_id)
        FilmJobs(library.opened.parts.inbox(), library.films).complete(claim)

        hits = library.client.ask("GET", "/v1/search?q=green").json["hits"]
        like = library.client.ask("GET", f"/v1/search?like={job_id}.0").json["hits"]
        kept = sorted(path.name for path in library.folder.rglob("*.*") if path.is_file())
        library.client.ask("POST", f"/jobs/{job_id}/delete")
        FilmWatch(library.machine, library.films).forget_deleted()
        undone = library.client.ask("POST", f"/jobs/{job_id}/restore")
        still = library.client.ask("GET", "/v1/search?q=green").json["hits"]
        library.client.ask("DELETE", f"/v1/jobs/{job_id}")
        after = library.client.ask("GET", "/v1/search?q=green").json["hits"]
        FilmWatch(library.machine, library.films).forget_deleted()

        assert hits[0]["job_id"] == job_id and hits[0]["page"].startswith(f"/jobs/{job_id}#t=0.8")
        assert f"{job_id}.0" not in [hit["like"] for hit in like]
        assert [name for name in kept if not name.startswith("analysis.db")] == [
            "scene_000.jpg",
            "scene_001.jpg",
        ]
        assert undone.status == 303 and still == hits
        assert after == []
        assert library.films.contents(job_id) is None
        assert not list(library.folder.rglob("*.jpg"))
        assert json.dumps(library.opened.analyzer.rows.counts()).count(": 0") == 6


def analyze_stored_copy(library: Library, job_id: str) -> None:
    """What the worker does with the second name."""
    from stereo_spot.analysis.pipeline import analyze_video

    analyze_video(library.opened.analyzer, job_id)


def test_a_film_is_found_by_its_title(library: Library) -> None:
    job = library.finished(title="A Voyage to the <Moon>")

    text = page(library, "/search?q=moon%20voyage")

    assert f'href="/jobs/{job.job_id}"' in text and "&lt;Moon&gt;" in text
    assert "Nothing was found" not in text
    assert "Nothing was found" in page(library, "/search?q=moon%20landing")


def test_a_killed_worker_leaves_no_film_behind(library: Library) -> None:
    ended, waiting, unknown = library.source(), library.source(), library.source()
    for job_id in (ended, waiting, unknown):
        library.client.ask("POST", f"/v1/jobs/{job_id}/analyze")
    rows = library.opened.analyzer.rows
    rows.forget(unknown)
    found = library.films.contents(ended)
    assert found is not None
    rows.save_video(found.video.model_copy(update={"status": VideoStatus.FAILED}))

    release_ended(library.films)

    assert set(library.films.held()) & {ended, waiting, unknown} == {waiting}


def test_work_that_begins_begins_the_analysis(tmp_path: Path) -> None:
    with library_in(tmp_path / "data") as library:
        job_id = library.source()
        watch = FilmWatch(library.machine, library.films)
        watch.begin_new()
        assert library.films.contents(job_id) is None

        control.start(job_id, library.machine.services)
        jobs, now = library.machine.services.jobs, time.time()
        from stereo_spot.transitions import job as moves

        for move in moves.claim_chunk(now, "o", 60, etag="e", size=4):
            jobs.apply(job_id, move)
        watch.begin_new()

        known = library.films.contents(job_id)
        assert known is not None and known.video.status is VideoStatus.UPLOADED


def test_films_stay_on_this_machine_unless_services_are_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere")

    here, allowed = (film_settings(tmp_path, services=asked) for asked in (False, True))

    assert here.openai_api_key is None and allowed.openai_api_key is not None
    assert {here.results_in, here.jobs_from, allowed.results_in} == {"local"}


def test_a_film_of_the_command_is_no_hit_on_the_page(tmp_path: Path) -> None:
    with library_in(tmp_path / "data") as library:
        analyze_file(library.opened, film(tmp_path / "film.mp4", ("red", "green"), seconds=0.8))

        assert library.client.ask("GET", "/v1/search?q=red").json["hits"] == []
