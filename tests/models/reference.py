"""The models' arithmetic written down plainly in float64, frame by frame, to check against."""

import math
from itertools import pairwise

import numpy as np
import torch

TILE_OVERLAP = 128
START = math.sqrt(700.0**2 + 1)


class PerFrame(torch.Tensor):
    """Embeddings [1, 1, D] that turn into the rows [T, 1, D] where the stock UNet repeats them."""

    def repeat_interleave(self, *args, **kwargs):
        return self.rows


def per_frame(rows):
    made = rows[:1].clone().as_subclass(PerFrame)
    made.rows = rows
    return made


def sigmas(steps):
    """Karras' sigmas from 700 down to 0.002, and 0."""
    ramp = np.linspace(0, 1, steps)
    high, low = 700 ** (1 / 7), 0.002 ** (1 / 7)
    return [*((high + ramp * (low - high)) ** 7), 0.0]


def euler(predict, z, steps):
    """`predict(scaled, t)` is a v-prediction."""
    levels = sigmas(steps)
    for now, then in pairwise(levels):
        v = predict(z / math.sqrt(now**2 + 1), torch.tensor(math.log(now) / 4))
        clean = z / (now**2 + 1) - v * now / math.sqrt(now**2 + 1)
        z = z + (z - clean) / now * (then - now)
    return z


def blur_weights(reduction):
    sigma = max((reduction - 1) / 2, 0.001)
    taps = int(max(4 * sigma, 3))
    taps += 1 - taps % 2
    weights = [math.exp(-((k - taps // 2) ** 2) / (2 * sigma**2)) for k in range(taps)]
    return [w / sum(weights) for w in weights]


def blurred(picture, axis, reduction):
    """One picture [3, H, W] along one axis, mirrored at its ends without repeating them."""
    weights = blur_weights(reduction)
    length, side = picture.shape[axis], len(weights) // 2
    out = torch.zeros_like(picture)
    for k, weight in enumerate(weights):
        places = [abs(p + k - side) for p in range(length)]
        places = [2 * (length - 1) - p if p >= length else p for p in places]
        out += weight * picture.index_select(axis, torch.tensor(places))
    return out


def clip(picture, encoder):
    """The embedding [1, D] of one picture [3, H, W] in -1..1."""
    for axis in (1, 2):
        picture = blurred(picture, axis, picture.shape[axis] / 224)
    small = torch.nn.functional.interpolate(
        picture[None], (224, 224), mode="bicubic", align_corners=True
    )
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=torch.float64)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=torch.float64)
    pixels = ((small + 1) / 2 - mean[:, None, None]) / std[:, None, None]
    return encoder(pixels).image_embeds


def encode(picture, vae):
    return vae.encode(picture[None]).latent_dist.mode()[0]


def decode(latents, vae, chunk):
    """[T, 4, h, w] to pictures [T, 3, H, W] in 0..1."""
    parts = []
    for start in range(0, len(latents), chunk):
        part = latents[start : start + chunk] / 0.18215
        parts.append(vae.decode(part, num_frames=len(part)).sample)
    return (torch.cat(parts) / 2 + 0.5).clamp(0, 1)


def depthcrafter(  # noqa: C901 - spelled out on purpose
    frames, m, *, steps, guidance, window, overlap, noise, decode_chunk=8
):
    """Raw depth [T, H, W], every window and frame spelled out."""
    x = torch.as_tensor(frames, dtype=torch.float64).permute(0, 3, 1, 2) * 2 - 1
    count = len(x)
    window, overlap = (count, 0) if count <= window else (window, overlap)
    tokens = [clip(picture, m.image_encoder) for picture in x]
    noisy = x + 0.02 * noise(tuple(x.shape))
    cond = torch.stack([encode(picture, m.vae) for picture in noisy])
    base = noise((1, window, *cond.shape[1:]))[0] * START
    ids = torch.tensor([[7.0, 127.0, 0.02]], dtype=torch.float64)
    result, start = {}, 0
    while start < count - overlap:
        stop = min(start + window, count)
        z = torch.stack([base[g % window] for g in range(start, stop)])
        if start:
            for k in range(overlap):
                z[k] = result[start + k] + z[k] / START * 700.0
        here, said = cond[start:stop], torch.stack(tokens[start:stop])

        def predict(scaled, t, here=here, said=said):
            def once(condition, embeddings):
                sample = torch.cat([scaled, condition], dim=1)[None]
                return m.unet(
                    sample, t, encoder_hidden_states=per_frame(embeddings), added_time_ids=ids
                ).sample[0]

            full = once(here, said)
            if guidance > 1:
                free = once(torch.zeros_like(here), torch.zeros_like(said))
                full = free + guidance * (full - free)
            return full

        z = euler(predict, z, steps)
        for k, latent in enumerate(z):
            if start and k < overlap:
                share = k / (overlap - 1) if overlap > 1 else 0.0
                latent = share * latent + (1 - share) * result[start + k]
            result[start + k] = latent
        start += window - overlap
    latents = torch.stack([result[g] for g in range(count)])
    return decode(latents, m.vae, decode_chunk).mean(dim=1)


def svd_latents(frames, mask, m, z, *, steps, guidance_min=1.0, guidance_max=1.0):
    """Latents [T, 4, h, w] of one stretch from unit normals `z` of that shape."""
    x = torch.as_tensor(frames, dtype=torch.float64) * 2 - 1
    holes = torch.as_tensor(mask) >= 0.5
    small = torch.zeros(len(x), 1, *z.shape[2:], dtype=torch.float64)
    for row in range(z.shape[2]):
        for column in range(z.shape[3]):
            small[:, :, row, column] = holes[:, :, 8 * row, 8 * column].double()
    cond = torch.cat([torch.stack([encode(picture, m.vae) for picture in x]), small], dim=1)
    token = clip(x[0], m.image_encoder)[None]
    ids = torch.tensor([[6.0, 127.0, 0.0]], dtype=torch.float64)

    def predict(scaled, t):
        def once(condition, embedding):
            sample = torch.cat([scaled, condition], dim=1)[None]
            return m.unet(sample, t, encoder_hidden_states=embedding, added_time_ids=ids).sample[0]

        full = once(cond, token)
        if guidance_min == guidance_max == 1.0:
            return full
        free = once(torch.zeros_like(cond), torch.zeros_like(token))
        for k in range(len(full)):
            part = k / (len(full) - 1) if len(full) > 1 else 0.0
            g = guidance_min + (guidance_max - guidance_min) * part
            full[k] = free[k] + g * (full[k] - free[k])
        return full

    return euler(predict, z * START, steps)


def mirrored(frames, height, width):
    return torch.as_tensor(
        np.pad(
            frames.numpy(),
            ((0, 0), (0, 0), (0, height - frames.shape[2]), (0, width - frames.shape[3])),
            mode="reflect",
        )
    )


def blend(tiles, rows, columns, overlap, stride):
    """Latents of a whole picture; `tiles[r][c]` is changed in place, as the tiles are visited."""
    for r in range(rows):
        for c in range(columns):
            tile = tiles[r][c]
            for k in range(overlap if r else 0):
                above = tiles[r - 1][c][:, :, tiles[r - 1][c].shape[2] - overlap + k]
                tile[:, :, k] = (1 - k / overlap) * above + k / overlap * tile[:, :, k]
            for k in range(overlap if c else 0):
                before = tiles[r][c - 1][:, :, :, tiles[r][c - 1].shape[3] - overlap + k]
                tile[:, :, :, k] = (1 - k / overlap) * before + k / overlap * tile[:, :, :, k]
    lines = []
    for r in range(rows):
        line = [
            tiles[r][c] if c == columns - 1 else tiles[r][c][:, :, :, : stride[1]]
            for c in range(columns)
        ]
        line = torch.cat(line, dim=3)
        lines.append(line if r == rows - 1 else line[:, :, : stride[0]])
    return torch.cat(lines, dim=2)


def sides(length, count):
    """Tile and stride of one axis, in px."""
    if count == 1:
        size = math.ceil(length / 8) * 8
        return size, size
    stride = math.ceil(math.ceil((length - TILE_OVERLAP) / count) / 8) * 8
    return stride + TILE_OVERLAP, stride


def svd_chunk(frames, mask, m, noises, *, tiles, steps, decode_chunk, **guidance):
    """Pictures [T, 3, H, W] of one chunk, every tile with its own noise [T, 4, h, w]."""
    height, width = frames.shape[2:]
    (tall, down), (broad, right) = sides(height, tiles), sides(width, tiles)
    frames = mirrored(frames, down * (tiles - 1) + tall, right * (tiles - 1) + broad)
    grown = torch.zeros(len(frames), 1, *frames.shape[2:], dtype=torch.float64)
    grown[:, :, :height, :width] = mask
    made = []
    for r in range(tiles):
        made.append([])
        for c in range(tiles):
            rows, columns = slice(r * down, r * down + tall), slice(c * right, c * right + broad)
            part, holes = frames[:, :, rows, columns], grown[:, :, rows, columns]
            if (holes >= 0.5).any():
                z = noises[r * tiles + c]
                made[-1].append(svd_latents(part, holes, m, z, steps=steps, **guidance))
            else:
                kept = torch.stack([encode(picture * 2 - 1, m.vae) for picture in part])
                made[-1].append(kept * 0.18215)
    latents = blend(made, tiles, tiles, TILE_OVERLAP // 8, (down // 8, right // 8))
    return decode(latents, m.vae, decode_chunk)[:, :, :height, :width]


def svd_clip(  # noqa: C901 - spelled out on purpose
    frames, mask, m, *, noise, chunk, overlap, tiles=1, **settings
):
    """A whole clip our way: feedback, one noise per tile for all chunks, cross-fades."""
    frames, mask = (torch.as_tensor(x, dtype=torch.float64) for x in (frames, mask))
    count = len(frames)
    while len(frames) <= overlap:
        frames, mask = torch.cat([frames, frames[-1:]]), torch.cat([mask, mask[-1:]])
    total = len(frames)
    (tall, _), (broad, _) = sides(frames.shape[2], tiles), sides(frames.shape[3], tiles)
    noises = []
    out, at = {}, 0
    while at + overlap < total:
        start, reused, length = at, overlap if at else 0, chunk
        if at and at + chunk > total:
            start = max(total + overlap - chunk, 0)
            reused, length = at - start + overlap, chunk - overlap
        places = list(range(start, min(start + length, total)))
        given = frames[places].clone()
        for k in range(reused):
            given[k] = out[places[k]]
        if (mask[places] >= 0.5).any():
            if not noises:
                shape = (1, chunk, 4, tall // 8, broad // 8)
                noises = [noise(shape)[0] for _ in range(tiles * tiles)]
            here = [n[[g % chunk for g in places]] for n in noises]
            made = svd_chunk(given, mask[places], m, here, tiles=tiles, **settings)
        else:
            made = given
        for k, g in enumerate(places):
            fade = min(reused, overlap)
            faded = k - (reused - fade)
            if k >= reused:
                out[g] = made[k]
            elif faded >= 0:
                share = faded / (fade - 1) if fade > 1 else 0.0
                out[g] = (1 - share) * out[g] + share * made[k]
        at += chunk - overlap
    return torch.stack([out[g] for g in range(count)])


def svd_upstream(frames, mask, m, *, noise, chunk, overlap, steps, guidance, decode_chunk=2):
    """A whole clip the original's way, in one tile: crop, 8-bit feedback, hard chunk borders."""
    height, width = (side // 128 * 128 for side in frames.shape[2:])
    frames, mask = (torch.as_tensor(x)[:, :, :height, :width].double() for x in (frames, mask))
    out, at, total = [], 0, len(frames)
    while at + overlap < total:
        start, reused, length = at, overlap if at else 0, chunk
        if at and at + chunk > total:
            start = max(total + overlap - chunk, 0)
            reused, length = at - start + overlap, chunk - overlap
        given = frames[start : min(start + length, total)].clone()
        if reused:
            given[:reused] = (torch.stack(out[-reused:]) * 255).round() / 255
        noise(tuple(given.shape))
        z = noise((1, len(given), 4, height // 8, width // 8))[0]
        holes = mask[start : start + len(given)]
        latents = svd_latents(
            given, holes, m, z, steps=steps, guidance_min=guidance, guidance_max=guidance
        )
        out += list(decode(latents, m.vae, decode_chunk)[reused:])
        at += chunk - overlap
    return torch.stack(out)
