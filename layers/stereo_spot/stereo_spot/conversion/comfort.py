"""How strong the depth may be before it hurts.

Source of the limits: broadcasters' practice of a total parallax of 3 % of the picture's width.
"""

from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.model import JobOptions

COMFORTABLE_PCT = 3.0
BEARABLE_PCT = 5.0


def check_strength(options: JobOptions, *, force: bool) -> None:
    """Refuse a strength that hurts, unless it is forced.

    Raises:
        RequestError: `bad_request`.
    """
    strength = options.recipe.max_disparity
    if strength > BEARABLE_PCT and not force:
        raise RequestError(
            ErrorKind.BAD_REQUEST,
            f"a strength of {strength} % of the picture's width hurts the eyes; "
            f"{BEARABLE_PCT} % is the limit without `force`",
        )


def strength_warnings(options: JobOptions) -> list[str]:
    """What to tell a person of a strength that is allowed but more than most like."""
    strength = options.recipe.max_disparity
    if strength <= COMFORTABLE_PCT:
        return []
    return [
        f"A strength of {strength} % is more than most eyes bear for long; "
        f"{COMFORTABLE_PCT} % is comfortable."
    ]
