"""The join refuses what does not belong together, names it, and marks the film as stereoscopic."""

import random
from fractions import Fraction

import pytest
from stereo_spot.errors import MachineError, StepError
from stereo_spot.media.cut import cut
from stereo_spot.media.inspect import inspect
from stereo_spot.media.join import final_suffix
from stereo_spot.model import Container, JobOptions, Recipe, StereoMode

from tests.media.kit import (
    LIMITS,
    FileReader,
    Film,
    Sound,
    finish,
    heard,
    make,
    render,
    samples,
    seen,
    walk,
)

OPTIONS = JobOptions(segment_duration_s=0.7)


@pytest.fixture
def walked(tmp_path):
    source = make(tmp_path, Film(sounds=(Sound(),)))
    return source, walk(source, tmp_path / "work", options=OPTIONS)


def rejoin(source, done, folder):
    reader = FileReader(source)
    return finish(reader, done.manifest, done.parts, folder / "again.mp4", done.plan)


def replace_part(source, done, index, folder, **extra):
    """Render one segment once more, otherwise than the rest."""
    reader = FileReader(source)

    def store(segment, path):
        if segment.index == index:
            if extra.pop("short", False):
                segment = segment.model_copy(update={"n_frames": segment.n_frames - 1})
            render(segment, path, done.parts[index], **extra)

    cut(reader, done.plan, scratch=folder, store=store, limits=LIMITS)


def test_a_segment_one_frame_short_is_refused_by_name(walked, tmp_path):
    source, done = walked
    replace_part(source, done, 1, tmp_path, short=True)

    with pytest.raises(StepError, match=r"segment 1 .*16 frames instead of 17") as refusal:
        rejoin(source, done, tmp_path)

    assert refusal.value.kind == "assemble_failed"


@pytest.mark.parametrize("extra", [{"double": False}, {"qp": "20"}, {"level": "51"}])
def test_a_segment_with_other_parameters_is_refused_by_name(extra, walked, tmp_path):
    source, done = walked
    replace_part(source, done, 2, tmp_path, **extra)

    with pytest.raises(StepError, match="segment 2 ") as refusal:
        rejoin(source, done, tmp_path)

    assert refusal.value.kind == "assemble_failed"


def test_a_damaged_segment_is_refused_by_name(walked, tmp_path):
    source, done = walked
    done.parts[1].write_bytes(done.parts[1].read_bytes()[:-900])

    with pytest.raises(StepError, match="segment 1 ") as refusal:
        rejoin(source, done, tmp_path)

    assert refusal.value.kind == "assemble_failed"


def test_joining_twice_gives_the_same_bytes(walked, tmp_path):
    source, done = walked

    rejoin(source, done, tmp_path)

    assert (tmp_path / "again.mp4").read_bytes() == done.final.read_bytes()


def test_the_index_lies_in_front(walked):
    _, done = walked
    body = done.final.read_bytes()

    assert body.index(b"moov") < body.index(b"mdat")


@pytest.mark.parametrize("container", [Container.MP4, Container.MKV])
@pytest.mark.parametrize(
    ("mode", "mark"),
    [
        (StereoMode.SBS, "left_right"),
        (StereoMode.HALF_SBS, "left_right"),
        (StereoMode.TOP_BOTTOM, "top_bottom"),
        (StereoMode.ANAGLYPH, None),
    ],
)
def test_the_film_says_how_the_eyes_are_arranged(container, mode, mark, tmp_path):
    source = make(tmp_path, Film(frames=10))
    options = JobOptions(recipe=Recipe(mode=mode), container=container)

    done = walk(source, tmp_path / "work", options=options)

    facts = inspect(FileReader(done.final), limits=LIMITS)
    assert done.final.suffix == final_suffix(done.plan) == f".{container}"
    assert facts.stereo.container == done.report.stereo == mark
    assert facts.stereo.bitstream == "left_right"
    if container is Container.MP4:
        assert set(facts.stereo.boxes) == ({"st3d", "vexu"} if mark else set())


def test_what_is_stored_already_is_not_written_again(walked, tmp_path):
    source, done = walked
    stored = []

    manifest = cut(
        FileReader(source),
        done.plan,
        scratch=tmp_path,
        store=lambda segment, path: stored.append(segment.index),
        have={0, 2},
        limits=LIMITS,
    )

    assert stored == [1]
    assert [s.pts for s in manifest.segments] == [s.pts for s in done.manifest.segments]


def test_nothing_stays_behind_when_storing_fails(walked, tmp_path):
    source, done = walked
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def store(segment, path):
        raise MachineError("disk_full", "no space left")

    with pytest.raises(MachineError):
        cut(FileReader(source), done.plan, scratch=scratch, store=store, limits=LIMITS)

    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("gop", [12, 400])
def test_at_most_two_segments_lie_on_disk(gop, tmp_path):
    source = make(tmp_path, Film(frames=200, gop=gop, options={"qp": "4"}, size=(192, 128)))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    sizes, files = [], []

    def store(segment, path):
        files.append(len([p for p in path.parent.iterdir() if p.suffix == ".mp4"]))
        sizes.append(sum(p.stat().st_size for p in path.parent.iterdir()))

    from tests.media.test_plan import planned

    made = planned(source, segment_duration_s=1.0)
    cut(FileReader(source), made, scratch=scratch, store=store, limits=LIMITS)

    assert len(files) == 8
    assert max(files) <= 2
    assert max(sizes) <= 3 * source.stat().st_size  # two segments, and one group of pictures


@pytest.mark.long
def test_two_hundred_segments_lose_nothing(tmp_path):
    rate = Fraction(30_000, 1001)
    source = make(
        tmp_path,
        Film("long.mp4", frames=12_000, rate=rate, size=(64, 48), sounds=(Sound(),), gop=30),
    )

    done = walk(source, tmp_path / "work", options=JobOptions(segment_duration_s=2.002))

    before, after = seen(source), seen(done.final, (64, 48))
    assert done.plan.total == 200
    assert after.crcs == before.crcs
    assert after.times == before.times
    assert samples(done.final) == samples(source)
    assert heard(done.final)[0].times == heard(source)[0].times


@pytest.mark.long
def test_closing_a_reader_early_thirty_times_never_hangs(tmp_path):
    from stereo_spot.media.probe import probe

    source = make(tmp_path, Film(frames=100))
    dice = random.Random(3)

    class Leaving(FileReader):
        left = 0

        def read_at(self, offset, length):
            self.left -= 1
            if self.left < 0:
                raise MachineError("internal", "enough")
            return super().read_at(offset, length)

    for _ in range(30):
        reader = Leaving(source)
        reader.left = dice.randrange(2)
        try:
            probe(reader, limits=LIMITS)
        except MachineError as error:
            assert error.message == "enough"
