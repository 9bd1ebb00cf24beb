"""stereo-spot: ordinary 2D video in, stereoscopic 3D out."""
