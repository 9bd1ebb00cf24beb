"""Make a film searchable: scenes, frames, transcript, captions and vectors."""
