"""The stereo engine: frames in, left and right eye out."""
