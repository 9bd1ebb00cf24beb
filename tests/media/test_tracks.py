"""What is not picture comes back untouched: sound, subtitles, chapters, names and languages."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from stereo_spot.media.child import latm
from stereo_spot.media.inspect import inspect
from stereo_spot.model import Container, JobOptions

from tests.media.kit import LIMITS, FileReader, Film, Sound, heard, make, samples, seen, walk

OPTIONS = JobOptions(segment_duration_s=0.7)
TWO = (Sound(language="eng"), Sound(codec="ac3", rate=48_000, language="deu"))


def lips(path):
    """How much later the sound starts than the picture, in seconds."""
    return [track.times[0] - seen(path).times[0] for track in heard(path)]


@pytest.mark.parametrize(
    "film",
    [
        Film("two.mp4", sounds=TWO),
        Film("two.mkv", sounds=TWO),
        Film("two.ts", sounds=TWO),
        Film("late.mkv", start=2.5, sounds=TWO),
        Film("late.mp4", start=2.5, sounds=(Sound(),)),
        Film("run-up.mp4", start=-0.4, sounds=(Sound(),), muxer={"avoid_negative_ts": "disabled"}),
        Film("opus.webm", codec="libvpx-vp9", sounds=(Sound("libopus", 48_000),)),
        Film("mp3.avi", codec="mpeg4", bframes=0, sounds=(Sound("libmp3lame"),)),
        Film("after.mkv", sounds=(Sound(start=0.5, seconds=1),)),
    ],
    ids=lambda film: film.name,
)
def test_sound_packets_are_the_sources_own_at_the_same_distance_from_the_picture(film, tmp_path):
    source = make(tmp_path, film)

    walked = walk(source, tmp_path / "work", options=OPTIONS)

    before, after = heard(source), heard(walked.final)
    assert [track.payload for track in after] == [track.payload for track in before]
    assert [t.language or "und" for t in after] == [t.language or "und" for t in before]
    for a, b, sound in zip(samples(walked.final), samples(source), film.sounds, strict=True):
        # mp4 cannot hide less than a whole packet at the end, or a run-up after the start.
        assert 0 <= a - b <= (1024 if source.suffix in (".mkv", ".webm") else 0), sound.codec
    for a, b in zip(lips(walked.final), lips(source), strict=True):
        assert abs(a - b) <= Fraction(1, 1000)
    assert walked.report.av_offset_ms <= 0.5
    assert walked.report.audio_tracks == len(film.sounds)


@pytest.mark.parametrize("container", [Container.MP4, Container.MKV])
def test_latm_becomes_the_same_aac_in_a_form_that_players_know(container, tmp_path):
    plain = make(tmp_path, Film("adts.ts", sounds=(Sound(),)))
    source = make(tmp_path, Film("latm.ts", sounds=(Sound(),), muxer={"mpegts_flags": "latm"}))
    options = JobOptions(segment_duration_s=0.7, container=container)

    walked = walk(source, tmp_path / "work", options=options)

    assert heard(source)[0].payload != heard(plain)[0].payload
    assert [t.payload for t in heard(walked.final)] == [t.payload for t in heard(plain)]
    assert abs(lips(walked.final)[0] - lips(source)[0]) <= Fraction(1, 1000)
    assert walked.report.notes == ()


def test_a_damaged_latm_frame_is_left_out_and_the_others_are_kept():
    made = []
    with av.open(io.BytesIO(latm_film()), format="mpegts") as film:
        frames = [bytes(packet) for packet in film.demux(audio=0) if packet.size]
    unwrap = latm.Unwrapper()
    for number, frame in enumerate(frames):
        made.append(unwrap(frame[:9] if number == 5 else frame))

    assert made[5] == b""
    assert all(frame[:2] == b"\xff\xf1" for number, frame in enumerate(made) if number != 5)
    assert unwrap(b"") == b"" == latm.Unwrapper()(b"\x56\xe0\x01\x80")


def latm_film() -> bytes:
    """Half a second of AAC in LATM in a transport stream."""
    made = io.BytesIO()
    with av.open(made, "w", format="mpegts", options={"mpegts_flags": "latm"}) as out:
        sound = out.add_stream("aac", rate=44_100, layout="stereo")
        for number in range(22):
            wave = np.random.default_rng(number).uniform(-0.3, 0.3, (2, 1024)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(wave, "fltp", "stereo")
            frame.rate, frame.pts = 44_100, number * 1024
            out.mux(sound.encode(frame))
        out.mux(sound.encode(None))
    return made.getvalue()


def test_subtitles_chapters_and_names_are_kept(tmp_path):
    film = Film(
        "rich.mkv",
        sounds=TWO,
        subtitles=((0.2, 0.8, "<i>First</i> line"), (1.0, 1.5, "Second")),
        chapters=((0, 1, "One"), (1, 2, "Two")),
        metadata={"title": "A film", "artist": "Nobody"},
    )
    source = make(tmp_path, film)

    walked = walk(source, tmp_path / "work", options=OPTIONS)

    assert walked.final.suffix == ".mp4"
    with av.open(str(walked.final)) as file:
        assert file.metadata["title"] == "A film"
        assert file.metadata["artist"] == "Nobody"
        chapters = [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]["title"])
            for c in file.chapters()
        ]
    assert chapters == [(0, 1, "One"), (1, 2, "Two")]
    texts = [p[2:].decode() for p in heard(walked.final, "subtitle")[0].payload if p[2:]]
    assert texts == ["First line", "Second"]
    facts = inspect(FileReader(walked.final), limits=LIMITS)
    assert (facts.subtitles, facts.chapters) == (1, 2)


def test_subtitles_of_an_mp4_become_plain_text_in_an_mkv(tmp_path):
    film = Film("rich.mkv", subtitles=((0.2, 0.8, "First"), (1.0, 1.5, "Second")))
    first = walk(make(tmp_path, film), tmp_path / "one", options=OPTIONS).final
    options = OPTIONS.model_copy(update={"container": Container.MKV})

    again = walk(first, tmp_path / "two", options=options)

    assert again.final.suffix == ".mkv"
    texts = [p.decode() for p in heard(again.final, "subtitle")[0].payload if p]
    assert texts == ["First", "Second"]


def test_a_track_that_does_not_fit_mp4_makes_the_film_an_mkv_and_says_so(tmp_path):
    source = make(tmp_path, Film("pcm.mkv", sounds=(Sound("pcm_s16le", 48_000),)))

    walked = walk(source, tmp_path / "work", options=OPTIONS)

    assert walked.final.suffix == ".mkv"
    assert "mkv" in walked.report.notes[0]
    assert heard(walked.final)[0].payload == heard(source)[0].payload
    assert inspect(FileReader(walked.final), limits=LIMITS).stereo.container == "left_right"


def test_asking_for_mp4_drops_the_track_that_does_not_fit_and_says_so(tmp_path):
    source = make(tmp_path, Film("pcm.mkv", sounds=(Sound("pcm_s16le", 48_000),)))
    options = OPTIONS.model_copy(update={"container": Container.MP4})

    walked = walk(source, tmp_path / "work", options=options)

    assert walked.final.suffix == ".mp4"
    assert walked.report.notes == ("audio track pcm_s16le does not fit mp4",)


def test_a_silent_film_stays_silent(tmp_path):
    walked = walk(make(tmp_path, Film()), tmp_path / "work", options=OPTIONS)

    assert heard(walked.final) == []
    assert walked.report.audio_tracks == 0


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv", "cut.ts"])
def test_start_and_end_trim_picture_and_sound_alike(name, tmp_path):
    source = make(tmp_path, Film(name, frames=75, sounds=(Sound(),)))
    options = OPTIONS.model_copy(update={"start_s": 0.5, "end_s": 2.1})

    walked = walk(source, tmp_path / "work", options=options)

    before, after = seen(source), seen(walked.final, (96, 64))
    assert after.crcs == before.crcs[13:53]
    sound, kept = heard(source)[0], heard(walked.final)[0]
    start, end = before.times[13], before.times[53]
    inside = [p for p, t in zip(sound.payload, sound.times, strict=True) if start <= t < end]
    assert kept.payload == inside
    first = next(t for t in sound.times if t >= start)
    assert abs((kept.times[0] - after.times[0]) - (first - start)) < Fraction(3, 2000)
