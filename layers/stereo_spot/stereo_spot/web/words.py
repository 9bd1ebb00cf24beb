"""Facts as a person reads them: states, numbers, times, and what to do about an error."""

import math
from datetime import UTC, datetime

STATE = {
    "created": "Waiting for the film",
    "ingesting": "Fetching the film",
    "ready": "Ready to start",
    "queued": "About to start",
    "chunking_in_progress": "Working",
    "chunking_complete": "Working",
    "reassembling": "Putting it together",
    "completed": "Done",
    "failed": "Failed",
    "cancelled": "Stopped",
    "deleted": "Deleted",
}
FOUND = {
    "speech": "said",
    "caption": "described",
    "colours": "colours",
    "picture": "looks alike",
}
_THIN_SPACE = "\u202f"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400

_ADVICE = {
    "source_missing": ("The film is not there.", "Send it again."),
    "source_unreadable": ("The film may not be read.", "Look at the file's permissions."),
    "source_empty": ("The file is empty.", "Choose the film again."),
    "source_not_media": ("This file is not a film.", "Choose an mp4, mov, mkv, webm, avi or ts."),
    "source_forbidden_format": (
        "This kind of file is not accepted.",
        "Choose an mp4, mov, mkv, webm, avi or ts.",
    ),
    "source_truncated": ("The film ends too early.", "Upload the whole file again."),
    "source_corrupt": ("The film is damaged.", "Try another copy of it."),
    "source_no_video": ("There is no picture in this file.", "Choose a film with a picture."),
    "source_too_large": ("The film is larger than is accepted here.", "Cut it into parts."),
    "source_too_many_pixels": ("The picture is larger than is accepted here.", "Scale it down."),
    "source_too_many_frames": ("The film has too many pictures.", "Cut it into parts."),
    "source_too_long": ("The film is longer than is accepted here.", "Cut it into parts."),
    "source_size_changes": ("The picture changes its size midway.", "Convert it to one size."),
    "source_unsupported_codec": ("The picture's codec is not known here.", "Convert it to H.264."),
    "source_changed": ("The film was replaced after the work began.", "Upload it again."),
    "cancelled": ("You stopped it.", "What was finished is kept: go on where it stopped."),
    "bad_request": ("This cannot be done as asked.", "Ask for something else."),
    "bad_event": ("This message is none of ours.", "There is nothing to do: it is passed over."),
    "quota_exceeded": ("A limit of this place is reached.", "Wait, or ask who runs it."),
    "no_progress": ("Nothing moved for a day.", "Try again from where it stopped."),
    "disk_full": ("There is no room left on the disk.", "Make room, then go on."),
    "output_unwritable": ("The result cannot be written.", "Look at the folder's permissions."),
    "data_in_use": ("Another server uses the data folder.", "Stop it, or use another folder."),
    "port_in_use": ("Another program listens there.", "Choose another port."),
    "store_unreachable": ("The store does not answer.", "Look at its address; then try again."),
    "provider_failed": ("A service did not help.", "Read what it said; then try again."),
    "licence_not_accepted": ("The model's licence is not accepted.", "Read it, then accept it."),
    "terms_not_accepted": ("The model's terms are not accepted.", "Accept them on its page."),
    "weights_unavailable": ("The model cannot be had here.", "Look at the network."),
    "weights_mismatch": ("What is there is not this model.", "Delete its folder; fetch it again."),
    "token_missing": ("The model needs a token.", "Set HF_TOKEN."),
    "out_of_memory": ("The memory did not suffice.", "Close other programs, then go on."),
    "not_found": ("There is nothing here.", "It may have been deleted."),
    "conflict": ("That cannot be done now.", "Look at the film again."),
    "upload_expired": ("The upload took too long or is over.", "Start it again."),
    "unauthorized": ("This link is not valid, or no longer.", "Open the film again."),
    "method_not_allowed": ("This address cannot be used that way.", "Start from the first page."),
    "forbidden": ("Another site tried to change something here.", "Start from the first page."),
    "wrong_host": ("This server does not answer to that name.", "Use its own address."),
    "timeout": ("The request took too long.", "Send it again."),
    "length_required": ("An upload says how long it is.", "Send it with a Content-Length."),
    "upload_incomplete": ("Not all of the film arrived.", "Send what is missing."),
    "range_not_satisfiable": ("The film has no such part.", "Ask for bytes that it has."),
    "precondition_failed": ("It changed meanwhile.", "Look at it again, then change it."),
    "idempotency_mismatch": ("This key made another job.", "Use a new Idempotency-Key."),
    "too_large": ("The request is too large.", "Send less at once."),
    "internal": ("Something went wrong here.", "Try again; the log says more."),
}


def advice(kind: str | None) -> tuple[str, str]:
    """What happened, in one sentence, and what a person can do."""
    return _ADVICE.get(kind or "", ("A part of the work failed.", "Try again."))


def count(number: float) -> str:
    """A whole number in groups of three."""
    return f"{_whole(number):,}".replace(",", _THIN_SPACE)


def span(seconds: float | None) -> str:
    """A length of time, no finer than it is known."""
    if seconds is None:
        return "unknown"
    whole = _whole(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < 10 * _MINUTE:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    if whole < _HOUR:
        return f"{_whole(whole / _MINUTE)} min"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def clock(seconds: float) -> str:
    """A moment of a film, as players show it."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def size(number: float | None) -> str:
    """Bytes in the unit that fits."""
    if number is None:
        return "unknown"
    if number == 1:
        return "1 byte"
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 999.5:
            return f"{_whole(number)} {unit}" if number >= 10 else f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} TB"


def ago(then: float, now: float) -> str:
    """How long ago, roughly."""
    passed = now - then
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if passed >= unit:
            number = int(passed // unit)
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def moment(then: float) -> str:
    """The exact time."""
    return datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _whole(number: float) -> int:
    """The nearest whole number, halves up, as browsers round."""
    return math.floor(number + 0.5)
