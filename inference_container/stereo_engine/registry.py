"""The models the tiers `fast` and `quality` are made of: where they are and on what terms.

A revision is the commit of the model's repository, so that a film rendered next year gets the same
weights. Two pins below are commits as other public projects record them; none could be checked
against the hub when this was written. `main` means that no commit was known: the commit that was
downloaded is written into the manifest beside the weights, and can be put here.
"""

from dataclasses import dataclass

DEPTH_ANYTHING_V2_SMALL_REVISION = "5426e4f0f36572d16453bbda7a8389317b1bef99"
SVD_XT_REVISION = "9e43909513c6714f1bc78bcb44d96e733cd242aa"
DEPTHCRAFTER_REVISION = "main"
STEREOCRAFTER_REVISION = "main"


@dataclass(frozen=True)
class Model:
    """One set of weights."""

    name: str
    """What a user types to accept the licence."""
    repo_id: str
    revision: str
    files: tuple[str, ...]
    """The files needed, and nothing else is downloaded; weights are safetensors only."""
    licence: str
    commercial: bool
    """Whether the licence lets anyone use the results for money."""
    gated: bool
    """Whether the hub asks for an account that accepted its terms."""
    size_bytes: int
    in_channels: int | None = None
    """What the UNet must take."""
    folders: tuple[str, ...] = ("",)
    """Where in the repository the files may lie, likeliest first."""

    @property
    def page(self) -> str:
        """Where the licence is read and accepted."""
        return f"https://huggingface.co/{self.repo_id}"


UNET_FILES = ("config.json", "diffusion_pytorch_model.safetensors")

DEPTH_ANYTHING = Model(
    name="depth-anything-v2-small",
    repo_id="depth-anything/Depth-Anything-V2-Small-hf",
    revision=DEPTH_ANYTHING_V2_SMALL_REVISION,
    files=("config.json", "model.safetensors"),
    licence="Apache-2.0",
    commercial=True,
    gated=False,
    size_bytes=99_200_000,
)
SVD = Model(
    name="stable-video-diffusion",
    repo_id="stabilityai/stable-video-diffusion-img2vid-xt",
    revision=SVD_XT_REVISION,
    files=(
        "image_encoder/config.json",
        "image_encoder/model.fp16.safetensors",
        "vae/config.json",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "scheduler/scheduler_config.json",
    ),
    licence="Stability AI community licence (research and non-commercial)",
    commercial=False,
    gated=True,
    size_bytes=1_460_000_000,
)
DEPTHCRAFTER = Model(
    name="depthcrafter",
    repo_id="tencent/DepthCrafter",
    revision=DEPTHCRAFTER_REVISION,
    files=UNET_FILES,
    licence="Tencent, academic, research and education only",
    commercial=False,
    gated=False,
    size_bytes=3_050_000_000,
    in_channels=8,
)
STEREOCRAFTER = Model(
    name="stereocrafter",
    repo_id="TencentARC/StereoCrafter",
    revision=STEREOCRAFTER_REVISION,
    files=UNET_FILES,
    licence="Tencent, academic, research and education only",
    commercial=False,
    gated=False,
    size_bytes=3_050_000_000,
    in_channels=9,
    folders=("unet_diffusers", ""),
)
TIERS: dict[str, tuple[Model, ...]] = {
    "classic": (),
    "fast": (DEPTH_ANYTHING,),
    "quality": (SVD, DEPTHCRAFTER, STEREOCRAFTER),
}
