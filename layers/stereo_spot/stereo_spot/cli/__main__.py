"""`python -m stereo_spot.cli`: the same as the `stereo-spot` command."""

from stereo_spot.cli import main

main()
