"""One folder per technology; chosen and wired in `runtime` only."""
