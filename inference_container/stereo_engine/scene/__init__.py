"""Rendered 3D scenes with known depth and true views for both eyes; nothing is stored.

`render` gives frames with truth, for tests and benchmarks; `python -m stereo_engine.scene OUT.mp4`
writes a little film with sound, to try a conversion on.
"""

from stereo_engine.scene.kinds import CALM, HARSH, KINDS, Look
from stereo_engine.scene.truth import TruthFrame, render

__all__ = ["CALM", "HARSH", "KINDS", "Look", "TruthFrame", "render"]
