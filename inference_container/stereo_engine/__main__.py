"""The program: `python -m stereo_engine SRC DST [options]`, or `--serve`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from stereo_engine import __version__
from stereo_engine.anaglyph import METHODS
from stereo_engine.errors import EngineError
from stereo_engine.eyes import load_models
from stereo_engine.job import Job, time_of
from stereo_engine.recipe import STRENGTH_MAX_PCT, Mode, Recipe
from stereo_engine.render import render
from stereo_engine.serve import serve
from stereo_engine.windows import Selection


class Arguments(argparse.ArgumentParser):
    """A parser whose refusals are the engine's one-line errors."""

    def error(self, message: str) -> NoReturn:
        """Refuse."""
        raise EngineError("bad_request", message)


def main(argv: Sequence[str] | None = None) -> int:
    """Run once; 0 done, 2 the input's fault, 1 ours."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        options = _parser().parse_args(words)
        if options.serve:
            answers = _answers_alone()
            load_models(options.tier, frozenset(options.accept_licence))
            serve(sys.stdin, answers)
        result = render(_job(options))
    except EngineError as error:
        if as_json:
            refusal = {"ok": False, "error_kind": error.kind, "message": error.message}
            sys.stdout.write(json.dumps(refusal) + "\n")
        else:
            sys.stderr.write(f"{error.kind}: {error.message}\n")
        return error.exit_code
    if as_json:
        sys.stdout.write(json.dumps({"ok": True, **result}) + "\n")
    else:
        size = f"{result['width']}x{result['height']}"
        sys.stdout.write(f"{result['frames']} frames, {size} {result['mode']}: {options.dst}\n")
        for warning in result["warnings"]:
            sys.stderr.write(f"note: {warning}\n")
    return 0


def _answers_alone() -> TextIO:
    """Standard output for our answers only: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answers


def _job(options: argparse.Namespace) -> Job:
    if options.src is None or options.dst is None:
        raise EngineError("bad_request", "SRC and DST are needed (or --serve)")
    if options.max_disparity > STRENGTH_MAX_PCT and not options.force:
        text = f"strength {options.max_disparity} % is over {STRENGTH_MAX_PCT} %: hurts; --force"
        raise EngineError("bad_request", text)
    chosen = {name: getattr(options, name) for name in Recipe.__dataclass_fields__}
    return Job(
        src=options.src,
        dst=options.dst,
        recipe=Recipe.of(chosen),
        selection=Selection(options.skip_frames, options.n_frames, time_of(options.from_time)),
        mezzanine=options.mezzanine,
        depth_from=options.depth_from,
        export_depth=options.export_depth,
        accept_licence=frozenset(options.accept_licence),
    )


def _parser() -> argparse.ArgumentParser:
    usual = Recipe()
    parser = Arguments(prog="stereo-engine", description="2D video to stereoscopic 3D")
    add = parser.add_argument
    add("src", type=Path, nargs="?", metavar="SRC")
    add("dst", type=Path, nargs="?", metavar="DST")
    add("--serve", action="store_true", help="take jobs as JSON lines on stdin")
    add("--json", action="store_true", help="print the result, or the error, as one JSON object")
    add("--version", action="version", version=__version__)
    add("--mode", default=usual.mode, help=", ".join(Mode))
    add("--tier", default=usual.tier, help="classic, fast, quality, or stub (no depth)")
    names = "a non-commercial model whose licence you accept; once for each"
    add("--accept-licence", action="append", default=[], metavar="NAME", help=names)
    add("--max-disparity", type=float, default=usual.max_disparity, help="percent of width")
    add("--convergence", type=float, default=usual.convergence, help="depth on the screen, 0..1")
    add("--force", action="store_true", help="take a strength above 5 %%")
    add("--synth", default=usual.synth, help="the eye to make: right, left, or both")
    add("--fill", default=usual.fill, help="holes: extend the far side, or blend it over rows")
    add("--floating-window", action="store_true", help="black strips where the edge cuts things")
    add("--swap-eyes", action="store_true", default=usual.swap_eyes)
    add("--anaglyph", default=usual.anaglyph, help=", ".join(METHODS))
    add("--codec", default=usual.codec, help="h264 or hevc")
    add("--crf", type=int, default=usual.crf)
    add("--preset", default=usual.preset)
    add("--pix-fmt", default=usual.pix_fmt, help="yuv420p, or yuv420p10le with hevc")
    add("--max-width", type=int, default=None, help="widest finished picture")
    add("--seed", type=int, default=usual.seed)
    add("--skip-frames", type=int, default=0, help="pre-roll: frames that feed depth only")
    add("--n-frames", type=int, default=None, help="exactly so many frames after the pre-roll")
    add("--from-time", default=None, help="drop frames before this time, seconds as NUM/DEN")
    add("--mezzanine", type=Path, default=None, help="write the frames as full SBS here as well")
    add("--depth-from", type=Path, default=None, help="depth: folder of PNG or NPY, or a video")
    add("--export-depth", type=Path, default=None, help="folder for the depth maps, 16-bit PNG")
    return parser


if __name__ == "__main__":
    sys.exit(main())
