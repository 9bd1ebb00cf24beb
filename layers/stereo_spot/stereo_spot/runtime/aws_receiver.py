"""The receiver of a deployment; a sweep that has something to tell reads its secret anew."""

from functools import cache

from stereo_spot.adapters.aws.secrets import secret_text
from stereo_spot.adapters.webhook_sender import WebhookSender
from stereo_spot.conversion.tell import NOBODY, Receiver
from stereo_spot.errors import StereoSpotError
from stereo_spot.runtime.aws import new_client
from stereo_spot.settings.aws import AwsSettings


def cloud_receiver(settings: AwsSettings) -> Receiver:
    """Who is told, for one sweep. Settings that are wrong delay the news and stop nothing else."""
    if not settings.completion_webhook_url:
        return NOBODY

    @cache
    def sender() -> WebhookSender:
        client = new_client("secretsmanager", settings)
        secrets = secret_text(client, settings.completion_webhook_secret)
        return WebhookSender(settings.completion_webhook_url, secrets)

    def deliver(message_id: str, text: bytes) -> str | None:
        try:
            return sender().deliver(message_id, text)
        except StereoSpotError as error:
            return error.message

    return Receiver(deliver, settings.api_url)
