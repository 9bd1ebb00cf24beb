"""Decoding for the analyzer: in the guarded process, evenly timed, with or without sound."""

import av
import pytest
from stereo_spot.errors import ErrorKind, SourceError
from stereo_spot.media.detect import find_scenes
from stereo_spot.media.guard import MediaLimits
from stereo_spot.media.pictures import normalize, pick

from tests.analysis.kit import film
from tests.media.kit import FileReader, Film, Sound, make

LIMITS = MediaLimits(wall_s=60)


def normalized(source, folder):
    made = normalize(
        FileReader(source),
        video=folder / "normalized.mp4",
        audio=folder / "audio.wav",
        limits=LIMITS,
    )
    return made, folder / "normalized.mp4", folder / "audio.wav"


def test_a_film_becomes_30_frames_a_second_and_16_khz_mono(tmp_path):
    source = make(tmp_path, Film(frames=50, size=(320, 180), sounds=(Sound(),)))

    made, video, audio = normalized(source, tmp_path)

    assert (made.frames, made.width, made.height, made.audio) == (60, 320, 180, True)
    with av.open(str(video)) as file:
        stream = file.streams.video[0]
        assert (stream.frames, stream.average_rate, stream.height) == (60, 30, 180)
    with av.open(str(audio)) as file:
        stream = file.streams.audio[0]
        assert (stream.rate, stream.channels, stream.format.name) == (16_000, 1, "s16")
        assert float(file.duration / 1e6) == pytest.approx(2.0, abs=0.1)


def test_a_tall_picture_is_made_720_high_and_a_small_one_stays(tmp_path):
    source = make(tmp_path, Film(frames=4, size=(2560, 1440)))

    made, *_ = normalized(source, tmp_path)

    assert (made.width, made.height) == (1280, 720)


def test_sound_that_starts_late_stays_late(tmp_path):
    source = make(tmp_path, Film(frames=50, sounds=(Sound(start=0.5, seconds=1.0),)))

    _, _, audio = normalized(source, tmp_path)

    with av.open(str(audio)) as file:
        heard = [float(abs(frame.to_ndarray()).max()) for frame in file.decode(audio=0)]
    with av.open(str(audio)) as file:
        assert float(file.duration / 1e6) == pytest.approx(1.5, abs=0.15)
    assert heard[0] < 50 < max(heard)


def test_uneven_times_keep_the_length_of_the_film(tmp_path):
    times = tuple(i * 2 + i % 2 for i in range(40))
    source = make(tmp_path, Film(name="uneven.mkv", frames=40, times=times))

    made, *_ = normalized(source, tmp_path)

    assert made.duration_s == pytest.approx(80 / 25, abs=0.1)
    assert made.frames == pytest.approx(made.duration_s * 30, abs=1)


def test_scenes_begin_where_the_picture_changes(tmp_path):
    source = film(tmp_path / "film.mp4", ("red", "green", "blue"), seconds=1.2)

    found = find_scenes(FileReader(source), duration_s=3.6, limits=LIMITS)

    assert found.starts == pytest.approx((0.0, 1.2, 2.4), abs=0.01)
    assert found.end == pytest.approx(3.6, abs=0.01)


def test_pictures_are_those_on_screen_at_the_time_however_far_apart(tmp_path):
    source = film(tmp_path / "film.mp4", ("red", "green", "blue"), seconds=6.0)
    seen = []

    pick(FileReader(source), [0.0, 5.99, 6.02, 17.99], seen.append, limits=LIMITS)

    assert [picture.number for picture in seen] == [0, 1, 2, 3]
    assert [picture.time for picture in seen] == pytest.approx([0.0, 5.96, 6.0, 17.96], abs=1e-6)
    corners = [tuple(picture.pixels[:3]) for picture in seen]
    assert [max(range(3), key=corner.__getitem__) for corner in corners] == [2, 2, 1, 0]


def test_a_film_that_wants_turning_is_shown_upright(tmp_path):
    source = film(tmp_path / "film.mp4", ("red",), seconds=0.2, size=(160, 90))
    turned = bytearray(source.read_bytes())
    at = turned.index(b"tkhd") + 4 + 40
    matrix = [0, 1 << 16, 0, -(1 << 16) & 0xFFFFFFFF, 0, 0, 0, 0, 1 << 30]
    turned[at : at + 36] = b"".join(value.to_bytes(4, "big") for value in matrix)
    (tmp_path / "turned.mp4").write_bytes(turned)
    seen = []

    pick(FileReader(tmp_path / "turned.mp4"), [0.0], seen.append, limits=LIMITS)
    made, *_ = normalized(tmp_path / "turned.mp4", tmp_path)

    assert (seen[0].width, seen[0].height) == (90, 160)
    assert (made.width, made.height) == (90, 160)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"#EXTM3U\nhttp://127.0.0.1/secret", ErrorKind.SOURCE_FORBIDDEN_FORMAT),
        (b"", ErrorKind.SOURCE_EMPTY),
        (b"\x00" * 4000, ErrorKind.SOURCE_NOT_MEDIA),
    ],
)
def test_what_is_no_film_is_refused_by_kind(tmp_path, content, kind):
    (tmp_path / "bad.mp4").write_bytes(content)

    with pytest.raises(SourceError) as refused:
        normalized(tmp_path / "bad.mp4", tmp_path)

    assert refused.value.kind is kind


def test_a_cut_off_film_is_refused_rather_than_shortened(tmp_path):
    whole = film(tmp_path / "film.mp4", ("red",), seconds=1.0).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(SourceError) as refused:
        normalized(tmp_path / "half.mp4", tmp_path)

    assert refused.value.kind is ErrorKind.SOURCE_TRUNCATED
