"""`python -m benchmarks.gpu`: seconds per frame of the model tiers, with random weights.

On a GPU: the full-size architecture at two sizes, each choice on and off, beside the stock SVD
pipeline doing as many UNet evaluations and as much VAE work. `--tiny` runs the same code on a CPU
with tiny modules, and takes peak memory for 100 and for 1,000 frames: a check, not a measurement.
"""

import argparse
import json
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import torch
from stereo_engine.depth.depthcrafter import DepthCrafter, working_size
from stereo_engine.diffusion.modules import FrameNoise
from stereo_engine.inpaint.settings import settings_of
from stereo_engine.inpaint.stream import SvdInpainter
from stereo_engine.loading import compile_blocks
from stereo_engine.models import PEAK_TFLOPS
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu_models import built, stock_chunk

RESULTS = Path(__file__).parent / "results"
SIZES = ((1024, 576), (1920, 1080))
USUAL = {
    "dtype": torch.bfloat16,
    "channels_last": True,
    "guidance": 1.0,
    "flash": True,
    "tile_batch": 4,
    "compiled": False,
    "decode_chunk": 8,
}
VARIANTS = {
    "usual": {},
    "float16": {"dtype": torch.float16},
    "convolutions in the usual order": {"channels_last": False},
    "guidance 1.01 (second prediction)": {"guidance": 1.01},
    "attention without flash": {"flash": False},
    "tiles one by one": {"tile_batch": 1},
    "decode 2 frames at a time": {"decode_chunk": 2},
    "compiled": {"compiled": True},
}


def depth_run(modules, size, choice, frames, tiny):
    """Seconds for each new frame of one full window."""
    window, overlap = (6, 2) if tiny else (110, 25)
    width, height = working_size(*size)
    if tiny:
        width, height = 320, 180  # each frame is large beside what the tiny model makes of it
    film = (np.full((height, width, 3), at % 255, np.uint8) for at in range(frames))
    stream = DepthCrafter(
        modules,
        noise=FrameNoise(0),
        guidance=choice["guidance"],
        window=window,
        overlap=overlap,
        decode_chunk=choice["decode_chunk"],
        max_side=64 if tiny else 1024,
    )
    return sum(1 for _ in stream.estimate(film))


def paint_run(modules, size, choice, frames):
    """Inpaint `frames` with a hole in every tile."""
    width, height = size
    tiles = 2 if width * height > 1280 * 768 else 1
    device = next(modules.unet.parameters()).device

    def film():
        for at in range(frames):
            mask = torch.zeros(1, height, width, device=device)
            mask[:, :, :: max(width // 8, 1)] = 1.0
            yield torch.full((3, height, width), at % 2 / 2, device=device), mask

    inpainter = SvdInpainter(
        modules,
        noise=FrameNoise(0),
        guidance_min=choice["guidance"],
        guidance_max=choice["guidance"],
        tiles=tiles,
        tile_batch=choice["tile_batch"],
        decode_chunk=choice["decode_chunk"],
    )
    return sum(1 for _ in inpainter.fill(film()))


def measured(work, device, counted):
    """Seconds, TFLOP and GiB of one warmed-up call."""
    work()
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    frames = work()
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - start) / frames
    peak = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else None
    tflop = None
    if counted:
        with FlopCounterMode(display=False) as counter:
            work()
        tflop = counter.get_total_flops() / frames / 1e12
    return {"s_per_frame": seconds, "tflop_per_frame": tflop, "peak_gib": peak}


@contextmanager
def attention(flash):
    with nullcontext() if flash else sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
        yield


def table(device, tiny, sizes, variants):
    rows = []
    chunk = settings_of(None).chunk
    for name in variants:
        choice = USUAL | VARIANTS[name]
        dtype = torch.float32 if device == "cpu" else choice["dtype"]
        depth, paint = (built(n, device, dtype, choice["channels_last"], tiny) for n in (8, 9))
        for modules in (depth, paint) if choice["compiled"] else ():
            compile_blocks(modules)
        for size in sizes:
            stages = {
                "depth": lambda size=size, m=depth, c=choice: depth_run(
                    m, size, c, 6 if tiny else 110, tiny
                ),
                "paint": lambda size=size, m=paint, c=choice: paint_run(m, size, c, chunk),
                "stock SVD pipeline": lambda size=size, m=depth: stock_chunk(m, size, chunk),
            }
            for stage, work in stages.items():
                if stage.startswith("stock") and name != "usual":
                    continue
                with attention(choice["flash"]), torch.no_grad():
                    row = measured(work, device, counted=name == "usual")
                rows.append({"variant": name, "stage": stage, "size": list(size), **row})
                print(shown(rows[-1], device), flush=True)
        del depth, paint
        if device == "cuda":
            torch.cuda.empty_cache()
    return rows


def shown(row, device):
    text = f"{row['variant']:36} {row['stage']:20} {row['size'][0]}x{row['size'][1]} "
    text += f"{row['s_per_frame']:8.3f} s/frame"
    if row["tflop_per_frame"]:
        rate = row["tflop_per_frame"] / row["s_per_frame"]
        text += f" {row['tflop_per_frame']:8.2f} TFLOP/frame {rate:6.1f} TFLOP/s"
        peak = peak_of(device)
        text += f" {100 * rate / peak:4.0f} % of peak" if peak else ""
    return text + (f" {row['peak_gib']:6.1f} GiB" if row["peak_gib"] else "")


def peak_of(device):
    name = torch.cuda.get_device_name() if device == "cuda" else ""
    return next((peak for part, peak in PEAK_TFLOPS.items() if part in name), None)


def memory_of(frames):
    """Peak resident MiB of a fresh process that makes depth and paints `frames` tiny frames."""
    command = [sys.executable, "-m", "benchmarks.gpu", "--memory-of", str(frames)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(told.stdout.split()[-1])


def run_through(frames):
    torch.set_num_threads(1)
    depth, paint = (built(n, "cpu", torch.float32, True, True) for n in (8, 9))
    choice = USUAL | {"tile_batch": 1}
    depth_run(depth, (64, 64), choice, frames, tiny=True)
    paint_run(paint, (64, 64), choice, frames)
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true", help="tiny modules on the CPU")
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS), choices=list(VARIANTS))
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        run_through(options.memory_of)
        return
    device = "cpu" if options.tiny else "cuda"
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("no GPU here: not measured; --tiny runs the same code on the CPU")
    sizes = ((64, 64),) if options.tiny else SIZES
    variants = ["usual"] if options.tiny else options.variants
    machine = "CPU, tiny modules" if options.tiny else torch.cuda.get_device_name()
    kept = {"machine": machine, "torch": torch.__version__}
    kept["rows"] = table(device, options.tiny, sizes, variants)
    if options.tiny:
        kept["note"] = "not measured on a GPU: these figures say only that the code runs"
        kept["peak_mib"] = {str(count): memory_of(count) for count in (100, 1000)}
        print(f"peak MiB: {kept['peak_mib']}")
    RESULTS.mkdir(exist_ok=True)
    name = "gpu_tiny.json" if options.tiny else "gpu.json"
    (RESULTS / name).write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
