"""What the two video diffusion models share: plain functions over modules already built."""
