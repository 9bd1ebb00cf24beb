"""The original's warp, pixel by pixel."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import math

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")

from stereo_engine.inpaint.soft_splat import disparity_of, soft_splat


def plainly(frames, disparity, upstream):
    """The formula with loops."""
    count, channels, height, width = frames.shape
    right, hidden = torch.zeros_like(frames), torch.ones(count, 1, height, width).double()
    for t in range(count):
        low = disparity[t].min()
        for y in range(height - upstream):
            num, den, cov = torch.zeros(channels, width).double(), [0.0] * width, [0.0] * width
            for x in range(width):
                d = float(disparity[t, 0, y, x])
                start = math.floor(x - d)
                part = x - d - start
                if upstream and not (start >= 0 and start + 1 < width):
                    continue
                for tap, share in ((start, 1 - part), (start + 1, part)):
                    if 0 <= tap < width:
                        weight = share * 1.414 ** (d - float(low))
                        num[:, tap] += weight * frames[t, :, y, x]
                        den[tap] += weight
                        cov[tap] += share
            for x in range(width):
                right[t, :, y, x] = num[:, x] / max(den[x], 1e-6)
                hidden[t, 0, y, x] = 1 - min(max(cov[x], 0), 1)
    return right, hidden


@pytest.mark.parametrize("compat", [None, "upstream"])
def test_it_is_the_formula(compat):
    generator = torch.Generator().manual_seed(1)
    frames = torch.rand(2, 3, 5, 17, generator=generator, dtype=torch.float64)
    disparity = disparity_of(torch.rand(2, 1, 5, 17, generator=generator).double(), 4.0)

    right, hidden = soft_splat(frames, disparity, compat=compat)

    expected = plainly(frames, disparity, upstream=compat == "upstream")
    assert torch.allclose(hidden, expected[1], atol=1e-9)
    assert torch.allclose(right, expected[0], atol=1e-9)


def test_only_the_original_loses_the_last_row_and_column():
    frames, flat = torch.ones(1, 3, 4, 6), torch.zeros(1, 1, 4, 6)

    right, hidden = soft_splat(frames, flat)
    assert torch.equal(right, frames) and not hidden.any()

    _, lost = soft_splat(frames, flat, compat="upstream")
    assert lost[:, :, -1].all() and lost[:, :, :, -1].all() and not lost[:, :, :-1, :-1].any()


def test_great_strength_gives_no_nan():
    depth = torch.linspace(0, 1, 400).expand(1, 1, 2, 400)

    right, _ = soft_splat(torch.ones(1, 3, 2, 400), disparity_of(depth, 300.0))

    assert torch.isfinite(right).all()
