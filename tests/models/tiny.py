"""The models' architectures in small, with random weights; nothing is downloaded for a test."""

import math
from types import SimpleNamespace

import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    UNetSpatioTemporalConditionModel,
)
from stereo_engine import weights
from stereo_engine.registry import SVD, TIERS
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    Dinov2Config,
)

COMMIT = "0123456789" * 4
WIDTH = 32
"""Of the embeddings that the UNet looks at."""


def scheduler():
    return EulerDiscreteScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        interpolation_type="linear",
        prediction_type="v_prediction",
        sigma_min=0.002,
        sigma_max=700.0,
        steps_offset=1,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
    )


class ExactScheduler:
    """The same schedule in float64; the stock class computes in float32 whatever it is given."""

    init_noise_sigma = math.sqrt(700.0**2 + 1)

    def set_timesteps(self, steps, device=None):
        ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
        high, low = 700 ** (1 / 7), 0.002 ** (1 / 7)
        levels = (high + ramp * (low - high)) ** 7
        self.timesteps = torch.log(levels) / 4
        self.sigmas = torch.cat([levels, levels.new_zeros(1)])
        self.at = 0

    def scale_model_input(self, z, t):
        return z / torch.sqrt(self.sigmas[self.at] ** 2 + 1)

    def step(self, v, t, z, return_dict=False):
        now, then = self.sigmas[self.at], self.sigmas[self.at + 1]
        self.at += 1
        clean = z / (now**2 + 1) - v * now / torch.sqrt(now**2 + 1)
        return (z + (z - clean) / now * (then - now),)


def unet(channels):
    """Two channels to a group in one of the blocks: a norm of each channel alone would take out
    what the embeddings of time add, and with it any error in them.
    """
    return UNetSpatioTemporalConditionModel(
        in_channels=channels,
        out_channels=4,
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        layers_per_block=1,
        num_attention_heads=(2, 2),
        cross_attention_dim=WIDTH,
        addition_time_embed_dim=16,
        projection_class_embeddings_input_dim=48,
    )


def vae():
    return AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4
    )


def image_encoder():
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=32,
            projection_dim=WIDTH,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=224,
            patch_size=56,
        )
    )


def modules(channels, seed=7):
    """The four modules; embeddings are made large enough that getting them wrong shows."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # more threads only wait for each other on work this small
    encoder = image_encoder()
    encoder.visual_projection.weight.data *= 20
    made = SimpleNamespace(
        unet=unet(channels), vae=vae(), image_encoder=encoder, scheduler=scheduler()
    )
    for part in (made.unet, made.vae, made.image_encoder):
        part.eval().requires_grad_(False)
    return made


def in_double(made):
    for part in (made.unet, made.vae, made.image_encoder):
        part.double()
    made.scheduler = ExactScheduler()
    return made


class Noise:
    """Seeded unit normals that remember what they were asked for."""

    def __init__(self, seed=5):
        self.generator = torch.Generator().manual_seed(seed)
        self.shapes = []
        self.drawn = []

    def __call__(self, shape):
        self.shapes.append(tuple(shape))
        self.drawn.append(torch.randn(shape, generator=self.generator, dtype=torch.float64))
        return self.drawn[-1]


def frames(count, height=32, width=32, seed=1):
    """float32 [T, H, W, 3] in 0..1: soft colours that drift."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 5, 7, generator=generator)
    wide = torch.nn.functional.interpolate(coarse, (height, width + 2 * count), mode="bicubic")
    steps = [wide[0, :, :, 2 * t : 2 * t + width] for t in range(count)]
    return torch.stack(steps).permute(0, 2, 3, 1).clamp(0, 1)  # [T, H, W, 3]


def depth_anything():
    torch.manual_seed(11)
    torch.set_num_threads(1)
    backbone = Dinov2Config(
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=56,
        patch_size=14,
        out_features=["stage1", "stage2"],
        reshape_hidden_states=False,
    )
    config = DepthAnythingConfig(
        backbone_config=backbone,
        reassemble_hidden_size=24,
        reassemble_factors=[2, 1],
        neck_hidden_sizes=[8, 16],
        fusion_hidden_size=8,
        head_hidden_size=8,
        head_in_index=-1,
        patch_size=14,
    )
    return DepthAnythingForDepthEstimation(config).eval().requires_grad_(False)


def save_weights(root):
    """Fill a cache with tiny weights of every model, complete with manifests; returns it."""
    for model in {model for models in TIERS.values() for model in models}:
        folder = weights.folder_of(model, root)
        folder.mkdir(parents=True)
        _save(model, folder)
        weights._write_manifest(model, folder, COMMIT)
    return root


def _save(model, folder):
    if model.in_channels:
        modules(model.in_channels).unet.save_pretrained(folder)
    elif model is SVD:
        shared = modules(8)
        shared.vae.save_pretrained(folder / "vae", variant="fp16")
        shared.image_encoder.save_pretrained(folder / "image_encoder", variant="fp16")
        shared.scheduler.save_pretrained(folder / "scheduler")
    else:
        depth_anything().save_pretrained(folder)
