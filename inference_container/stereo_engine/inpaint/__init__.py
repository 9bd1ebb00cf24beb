"""What a hole shows. `extend`, the default, is fused with the warp: see `stereo_engine.splat`."""
