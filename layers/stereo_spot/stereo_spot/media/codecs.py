"""Which codecs of other tracks fit where, by their common names."""

MP4_AUDIO = frozenset(
    {"aac", "aac_latm", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac", "dts"}
)
TEXT_SUBTITLES = frozenset({"mov_text", "subrip", "srt", "text", "webvtt"})
"""Plain text, which both containers hold; the form changes, the words do not."""
