"""Who is told how jobs end: what the settings say, as the sweeper uses it."""

from stereo_spot.adapters.webhook_sender import WebhookSender
from stereo_spot.conversion.tell import NOBODY, Receiver


def receiver_of(url: str, secrets: str, *, site: str) -> Receiver:
    """The operator's receiver; `site` is the address of the API that links lead to.

    Raises:
        RequestError: `bad_request` naming the setting that is wrong.
    """
    if not url and not secrets:
        return NOBODY
    return Receiver(WebhookSender(url, secrets).deliver, site)
