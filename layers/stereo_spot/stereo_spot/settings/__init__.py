"""The settings; the only reader of the environment. Each process loads those of its own kind."""
