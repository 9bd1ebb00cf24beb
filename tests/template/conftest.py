"""The translated template, and the stacks that the parameters make of it."""

import pytest

from tests.template.translated import Stack, translate

HF_TOKEN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hf-AbCdEf"
LICENCES = "stable-video-diffusion,depthcrafter,stereocrafter"
CHOICES = {
    "classic": {},
    "on-demand": {"UseSpot": "false", "StepConcurrency": "10"},
    "quality": {
        "Tier": "quality",
        "HfTokenSecretArn": HF_TOKEN,
        "VpcId": "vpc-12345678",
        "SubnetIds": "subnet-12345678,subnet-87654321",
        "AcceptLicence": LICENCES,
        "WeightsS3Prefix": "s3://our-models/stereo-spot/weights",
        "ModelRevisions": "depthcrafter=0123abc",
        "AlarmEmail": "a@example.org",
        "MonthlyBudgetUsd": "50",
        "CompletionWebhookUrl": "https://films.example.org/hook",
        "CompletionWebhookSecretArn": HF_TOKEN.replace("hf", "hook"),
    },
    "queue": {"SegmentTarget": "queue"},
    "sagemaker": {"SegmentTarget": "sagemaker", "Tier": "fast"},
    "realtime": {
        "SegmentTarget": "sagemaker",
        "SageMakerCalls": "realtime",
        "Tier": "quality",
        "HfTokenSecretArn": HF_TOKEN,
        "AcceptLicence": LICENCES,
    },
}


@pytest.fixture(scope="session")
def translated():
    return translate()


@pytest.fixture(params=CHOICES)
def stack(request, translated):
    return Stack(translated, **CHOICES[request.param])


@pytest.fixture
def classic(translated):
    return Stack(translated)
