"""What a frame costs: the warp beside cv2.remap, the depth, the whole path beside libav alone."""

import os
import shutil
import subprocess
import tempfile
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
from stereo_engine.depth import work_size
from stereo_engine.depth.classic import ClassicDepth
from stereo_engine.eyes import ClassicEyes, working
from stereo_engine.job import Job
from stereo_engine.picture import blank, views
from stereo_engine.reader import Reader
from stereo_engine.recipe import Recipe
from stereo_engine.render import render
from stereo_engine.scene import render as scene
from stereo_engine.scene.__main__ import main as write_scene
from stereo_engine.splat import right_view, warp_planes
from stereo_engine.writer import encoder_options

from benchmarks import engine_peers as peers

WIDTH, HEIGHT, REPEATS = 1280, 720, 5
CLIP_SECONDS, ROUNDS = 3, 5


def table():
    """Milliseconds of one thread, frames a second, and the two ratios that matter."""
    cv2.setNumThreads(1)
    scores = _warp() | _depth()
    with tempfile.TemporaryDirectory() as folder:
        scores |= _whole_path(Path(folder))
    return scores


def _warp():
    frame = next(iter(scene("cam", 1, 1, WIDTH, HEIGHT, samples=1)))
    out, source = blank(WIDTH, HEIGHT), blank(WIDTH, HEIGHT)
    for plane in views(source):
        plane[:] = 90
    views(source)[0][:] = frame.left[:, :, 1]
    maps = peers.maps(frame.disparity)
    remap = _least(lambda: cv2.remap(frame.left, *maps, cv2.INTER_LINEAR))
    picture = _least(lambda: right_view(frame.left, frame.disparity))
    planar = _least(lambda: warp_planes(views(source), frame.disparity, views(out)))
    blend = _least(lambda: warp_planes(views(source), frame.disparity, views(out), fill="blend"))
    plain = _least(lambda: right_view(frame.left, frame.disparity, backend="numpy"), 2)
    return {
        "remap_ms": remap,
        "warp_rgb_ms": picture,
        "warp_yuv_ms": planar,
        "warp_yuv_blend_ms": blend,
        "warp_numpy_ms": plain,
        "warp_to_remap": picture / remap,
        "warp_yuv_to_remap": planar / remap,
    }


def _depth():
    frames = [frame.left for frame in scene("cam", 1, 6, WIDTH, HEIGHT, samples=1)]
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    smaller = partial(cv2.resize, dsize=work_size(WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    costs = []
    maps = ClassicDepth().maps(map(smaller, greys))
    for _ in greys:
        begun = time.thread_time()
        next(maps)
        costs.append((time.thread_time() - begun) * 1e3)
    return {"depth_ms": float(np.median(costs[1:]))}


def _whole_path(folder):
    clip = folder / "clip.mp4"
    size = ["--width", str(WIDTH), "--height", str(HEIGHT), "--seconds", str(CLIP_SECONDS)]
    write_scene([str(clip), *size])
    job = Job(clip, folder / "engine.mp4", Recipe())
    frames = render(job)["frames"]
    ways = {
        "whole_path": lambda: render(job),
        "libav_alone": lambda: libav_alone(clip, folder / "libav.mp4"),
    }
    program = shutil.which("ffmpeg")
    if program:
        ways["ffmpeg_program"] = lambda: ffmpeg_alone(program, clip, folder / "ffmpeg.mp4")
    rounds = [{name: _spent(work) / frames for name, work in ways.items()} for _ in range(ROUNDS)]
    costs = {name: [some[name] for some in rounds] for name in ways}
    scores = {f"{name}_cpu_ms": float(np.median(cost)) * 1e3 for name, cost in costs.items()}
    for name in list(ways)[1:]:
        ratios = [some["whole_path"] / some[name] for some in rounds]
        scores[f"whole_path_to_{name}"] = float(np.median(ratios))
        scores[f"whole_path_to_{name}_worst"] = max(ratios)
    begun = time.perf_counter()
    render(job)
    return _stages(clip) | scores | {"frames_per_second": frames / (time.perf_counter() - begun)}


def _spent(work):
    """CPU seconds of this process and of those it started, in user and system."""
    before = os.times()
    work()
    return sum(now - then for now, then in zip(os.times()[:4], before[:4], strict=True))


def _stages(clip):
    """CPU milliseconds a frame of what comes before the encoder; the rest is x264."""
    maker = ClassicEyes(Recipe())
    marks = [time.process_time()]
    with Reader(clip) as reader:
        pictures = [reader.picture(decoded.frame, None) for decoded in reader.frames()]
    marks.append(time.process_time())
    maps = list(ClassicDepth().maps(map(working, pictures)))
    marks.append(time.process_time())
    for picture, found in zip(pictures, maps, strict=True):
        maker.pair(picture, found)
    marks.append(time.process_time())
    stages = ("decode", "depth", "disparity_warp_layout")
    spent = zip(stages, np.diff(marks), strict=True)
    return {f"path_{name}_ms": float(cost) / len(pictures) * 1e3 for name, cost in spent}


def libav_alone(source, target):
    """Decode, put the picture beside itself, encode with the engine's settings; nothing else."""
    with av.open(str(source)) as film, av.open(str(target), "w") as out:
        stream = film.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", 2
        made = out.add_stream("libx264", rate=30, options=encoder_options(Recipe(), "h264", "sbs"))
        made.width, made.height, made.pix_fmt = 2 * stream.width, stream.height, "yuv420p"
        made.codec_context.thread_count = 2
        graph = av.filter.Graph()
        begin = graph.add_buffer(template=stream)
        split, beside = graph.add("split"), graph.add("hstack")
        end = graph.add("buffersink")
        begin.link_to(split)
        split.link_to(beside, 0, 0)
        split.link_to(beside, 1, 1)
        beside.link_to(end)
        graph.configure()
        for index, frame in enumerate(film.decode(stream)):
            graph.push(frame)
            pair = graph.pull()
            pair.pts, pair.time_base = index, Fraction(1, 30)
            out.mux(made.encode(pair))
        out.mux(made.encode(None))


def ffmpeg_alone(program, source, target):
    """The same by the ffmpeg program."""
    options = encoder_options(Recipe(), "h264", "sbs")
    made = [word for name, value in options.items() for word in (f"-{name}", value)]
    graph = ["-filter_complex", "split[a][b];[a][b]hstack"]
    threads = ["-threads", "2"]
    source_and_graph = [*threads, "-i", str(source), *graph]
    encoder = ["-c:v", "libx264", *made, *threads, str(target)]
    subprocess.run([program, "-v", "error", "-y", *source_and_graph, *encoder], check=True)


def _least(work, repeats=REPEATS):
    work()
    costs = []
    for _ in range(repeats):
        begun = time.thread_time()
        work()
        costs.append(time.thread_time() - begun)
    return min(costs) * 1e3
