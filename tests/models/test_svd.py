"""Inpainting against a plain reference: one call, chunks, tiles, and any size and length."""
# ruff: noqa: E402 - nothing of the models may be imported where torch is missing

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (make models)")
pytest.importorskip("diffusers", reason="diffusers is not installed (make models)")
pytest.importorskip("transformers", reason="transformers is not installed (make models)")

from stereo_engine.inpaint import svd, tiles
from stereo_engine.inpaint.chunks import chunk_at

from tests.models import cheap, reference, tiny


@pytest.fixture(scope="module")
def modules():
    return tiny.in_double(tiny.modules(9))


def clip(count, height=16, width=24, hole=(slice(None), slice(4, 12))):
    """Pictures [T, 3, H, W] and holes [T, 1, H, W]."""
    pictures = tiny.frames(count, height, width).permute(0, 3, 1, 2)
    mask = torch.zeros(count, 1, height, width)
    mask[:, :, hole[0], hole[1]] = 1.0
    return pictures, mask


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (1.01, 1.01), (1.0, 1.6)])
@pytest.mark.parametrize("count", [1, 4])
def test_one_call_agrees_with_the_reference(modules, count, low, high):
    pictures, mask = clip(count)
    mask *= torch.linspace(0.45, 0.55, 16)[:, None]
    mask[:, :, 8, :8], mask[:, :, 8, 8:] = 0.5, 0.4999  # of each 8 x 8 the first counts
    noise, settings = tiny.Noise(), {"steps": 3, "guidance_min": low, "guidance_max": high}

    made = svd.infer_latents(pictures, mask, modules, noise=noise, **settings)

    assert noise.shapes == [(count, 3, 16, 24), (1, count, 4, 2, 3)]
    with torch.no_grad():
        z = noise.drawn[1][0]
        expected = reference.svd_latents(pictures, mask, modules, z, **settings)
    assert made.shape == (1, count, 4, 2, 3) and made.dtype == torch.float32
    assert torch.allclose(made[0].double(), expected, rtol=1e-5, atol=1e-5)
    shown = svd.decode(made, modules, 2)
    assert torch.allclose(shown.double(), reference.decode(expected, modules.vae, 2), atol=1e-5)


def both(modules, pictures, mask, **settings):
    ours, plain = tiny.Noise(), tiny.Noise()
    settings = {"steps": 2, "decode_chunk": 4, "chunk": 7, "overlap": 2} | settings
    made = svd.infer(pictures, mask, modules, noise=ours, **settings)
    with torch.no_grad():
        expected = reference.svd_clip(pictures, mask, modules, noise=plain, **settings)
    assert ours.shapes == plain.shapes
    assert made.shape == pictures.shape and made.dtype == torch.float32
    return made.double(), expected


@pytest.mark.parametrize("count", [1, 3, 8, 12])
def test_a_clip_of_any_length_agrees_with_the_reference(modules, count):
    made, expected = both(modules, *clip(count))

    assert torch.allclose(made, expected, atol=1e-5)


@pytest.mark.parametrize("size", [(16, 16), (17, 23), (30, 40)])
def test_a_picture_of_any_size_agrees_with_the_reference(modules, size):
    made, expected = both(modules, *clip(2, *size), steps=1)

    assert torch.allclose(made, expected, atol=1e-5)


@pytest.mark.parametrize("batch", [1, 3])
def test_tiles_agree_with_the_reference_and_those_without_holes_are_kept(
    modules, batch, monkeypatch
):
    monkeypatch.setattr(tiles, "OVERLAP_PX", 32)
    monkeypatch.setattr(reference, "TILE_OVERLAP", 32)
    pictures, mask = clip(2, 100, 108, hole=(slice(0, 100), slice(0, 30)))
    settings = {"steps": 1, "decode_chunk": 4, "chunk": 3, "overlap": 1, "tiles": 2}
    calls = []
    hook = modules.unet.register_forward_pre_hook(lambda _, args: calls.append(len(args[0])))
    ours, plain = tiny.Noise(), tiny.Noise()
    made = svd.infer(pictures, mask, modules, noise=ours, tile_batch=batch, **settings)
    hook.remove()

    with torch.no_grad():
        expected = reference.svd_clip(pictures, mask, modules, noise=plain, **settings)
    assert ours.shapes == plain.shapes
    assert calls == ([2] if batch > 1 else [1, 1])
    assert torch.allclose(made.double(), expected, atol=1e-5)


def test_chunks_without_holes_pass_through_and_ask_for_nothing(modules):
    pictures, mask = clip(9)
    noise = tiny.Noise()

    made = svd.infer(pictures, mask * 0, modules, noise=noise, steps=1, chunk=5, overlap=2)

    assert noise.shapes == []
    assert torch.equal(made, pictures)


@pytest.mark.parametrize("total", range(4, 90))
def test_chunks_cover_every_frame_once_in_order(total):
    at = done = 0
    while chunk := chunk_at(at, total):
        assert chunk.start + chunk.reused == done and chunk.stop > done
        assert chunk.stop - chunk.start <= 23
        assert chunk.reused >= 1 or not at
        at, done = at + 20, chunk.stop
    assert done == total


@pytest.mark.parametrize("size", [(16, 24), (40, 70), (25, 37)])
def test_a_decode_in_tiles_is_the_decode_of_the_whole_where_the_decoder_is_local(size):
    generator = torch.Generator().manual_seed(2)
    latents, modules = torch.randn(1, 3, 4, *size, generator=generator), cheap.modules(9)

    tiled = svd.decode(latents, modules, 2, tile=24)

    assert torch.allclose(tiled, svd.decode(latents, modules, 2), atol=1e-6)


def test_the_same_seed_gives_the_same_picture(modules):
    pictures, mask = clip(6)
    made = [
        svd.infer(pictures, mask, modules, noise=tiny.Noise(9), steps=1, chunk=5, overlap=2)
        for _ in range(2)
    ]

    assert torch.equal(*made) and torch.isfinite(made[0]).all()


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_gives_about_the_same_picture(kind):
    modules, half = tiny.modules(9), tiny.modules(9)
    for part in (half.unet, half.vae, half.image_encoder):
        part.to(kind)
    pictures, mask = clip(5)
    settings = {"steps": 2, "chunk": 4, "overlap": 2}

    made = svd.infer(pictures, mask, half, noise=tiny.Noise(), **settings)

    expected = svd.infer(pictures, mask, modules, noise=tiny.Noise(), **settings)
    assert made.dtype == torch.float32 and half.vae.dtype == kind
    assert (made - expected).abs().mean() < 0.02
