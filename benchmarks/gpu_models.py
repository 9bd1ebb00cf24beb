"""The models at full size with random weights, and the stock pipeline to compare with."""

from types import SimpleNamespace

import diffusers
import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from PIL import Image
from stereo_engine.diffusion.vae import encoded
from stereo_engine.inpaint.settings import settings_of
from stereo_engine.loading import tuned
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

from tests.models import tiny as small

diffusers.utils.logging.set_verbosity_error()


def built(channels, device, dtype, channels_last, tiny):
    """The four modules for `channels` inputs."""
    made = small.modules(channels) if tiny else _full(channels, device)
    for part in (made.unet, made.vae, made.image_encoder):
        part.to(device=device, dtype=dtype).eval().requires_grad_(False)
        if channels_last:
            tuned(part)
    return made


def _full(channels, device):
    with torch.device(device):
        unet = UNetSpatioTemporalConditionModel(
            in_channels=channels,
            block_out_channels=(320, 640, 1280, 1280),
            num_attention_heads=(5, 10, 20, 20),
            cross_attention_dim=1024,
        )
        vae = AutoencoderKLTemporalDecoder(
            block_out_channels=(128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            layers_per_block=2,
        )
        encoder = CLIPVisionModelWithProjection(
            CLIPVisionConfig(
                hidden_size=1280,
                intermediate_size=5120,
                projection_dim=1024,
                num_hidden_layers=32,
                num_attention_heads=16,
                patch_size=14,
            )
        )
    scheduler = small.scheduler()
    return SimpleNamespace(unet=unet, vae=vae, image_encoder=encoder, scheduler=scheduler)


def stock_chunk(modules, size, frames):
    """One chunk by the stock pipeline: as many UNet evaluations, frames encoded and decoded."""
    width, height = (-(-side // 8) * 8 for side in size)
    pipeline = StableVideoDiffusionPipeline(
        vae=modules.vae,
        image_encoder=modules.image_encoder,
        unet=modules.unet,
        scheduler=modules.scheduler,
        feature_extractor=CLIPImageProcessor(),
    )
    pipeline.set_progress_bar_config(disable=True)
    weight = next(modules.unet.parameters())
    pipeline(
        Image.new("RGB", (width, height)),
        height=height,
        width=width,
        num_frames=frames,
        num_inference_steps=settings_of(None).steps,
        min_guidance_scale=1.0,
        max_guidance_scale=1.0,
        decode_chunk_size=settings_of(None).decode_chunk,
        output_type="pt",
    )
    pictures = torch.zeros(frames - 1, 3, height, width, device=weight.device, dtype=weight.dtype)
    encoded(pictures, modules.vae, 5)
    return frames
