"""Stand-ins with the models' interfaces and almost no cost, for films of hundreds of frames.

Everything that the windows, chunks and tiles decide shows in the result: which frames are
together, which embedding each one is told, which noise, mask and condition it has.
"""

from types import SimpleNamespace

import torch
from torch import nn

from tests.models.tiny import ExactScheduler


class Block(nn.Module):
    def forward(self, hidden_states, encoder_hidden_states):
        told = encoder_hidden_states.mean(dim=(1, 2))[:, None, None, None]
        return torch.tanh(hidden_states + 0.1 * told)


class Unet(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Linear(channels, 4)
        self.down_blocks = nn.ModuleList([Block()])
        self.mid_block = Block()
        self.up_blocks = nn.ModuleList([Block()])

    def forward(self, sample, t, encoder_hidden_states=None, added_time_ids=None, return_dict=True):
        count = sample.shape[1]
        told = encoder_hidden_states.repeat_interleave(count, dim=0)
        seen = sample + 0.3 * sample.mean(dim=1, keepdim=True) + 0.01 * added_time_ids.sum()
        made = self.mix(seen.movedim(2, -1)).movedim(-1, 2).flatten(0, 1)
        for block in (*self.down_blocks, self.mid_block, *self.up_blocks):
            made = block(hidden_states=made, encoder_hidden_states=told)
        made = (made + 0.01 * t).unflatten(0, (-1, count))
        return SimpleNamespace(sample=made) if return_dict else (made,)


class Vae(nn.Module):
    config = SimpleNamespace(
        block_out_channels=(1,) * 4, scaling_factor=0.18215, latent_channels=4, force_upcast=True
    )

    def __init__(self):
        super().__init__()
        self.inwards, self.outwards = nn.Linear(3, 4), nn.Linear(4, 3)

    def encode(self, pictures):
        small = torch.nn.functional.avg_pool2d(pictures, 8)
        latents = self.inwards(small.movedim(1, -1)).movedim(-1, 1)
        return SimpleNamespace(latent_dist=SimpleNamespace(mode=lambda: latents))

    def decode(self, latents, num_frames):
        assert num_frames == len(latents)
        together = latents + 0.2 * latents.mean(dim=0, keepdim=True)
        pictures = torch.tanh(self.outwards(together.movedim(1, -1)).movedim(-1, 1))
        return SimpleNamespace(sample=pictures.repeat_interleave(8, 2).repeat_interleave(8, 3))


class Encoder(nn.Module):
    config = SimpleNamespace(image_size=224)

    def __init__(self):
        super().__init__()
        self.look = nn.Linear(3, 6)

    def forward(self, pixels):
        return SimpleNamespace(image_embeds=self.look(pixels.mean(dim=(2, 3))))


def modules(channels):
    torch.manual_seed(4)
    torch.set_num_threads(1)
    parts = {"unet": Unet(channels), "vae": Vae(), "image_encoder": Encoder()}
    for part in parts.values():
        part.double().eval().requires_grad_(False)
    return SimpleNamespace(**parts, scheduler=ExactScheduler())
