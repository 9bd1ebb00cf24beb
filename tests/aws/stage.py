"""The tables and buckets of a deployment, made on moto, and clients for them."""

import json
import threading

import pytest
from moto.core.models import botocore_stubber
from stereo_spot.adapters.aws.objects import Buckets
from stereo_spot.runtime.aws import new_client
from stereo_spot.settings.aws import AwsSettings

REGION = "us-east-1"
JOBS, SEGMENTS, BUS, TOKENS = "stage-jobs", "stage-segments", "stage-bus", "stage-tokens"
TOKEN = "0123456789abcdef"
BUCKETS = Buckets("stage-input", "stage-output")
_ONE_AT_A_TIME = threading.Lock()


def environment():
    """What the template gives a process of the deployment."""
    return {
        "INPUT_BUCKET_NAME": BUCKETS.input,
        "OUTPUT_BUCKET_NAME": BUCKETS.output,
        "JOBS_TABLE_NAME": JOBS,
        "SEGMENT_COMPLETIONS_TABLE_NAME": SEGMENTS,
        "EVENT_BUS_NAME": BUS,
        "API_TOKENS_SECRET_ARN": TOKENS,
        "AWS_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "stereo-spot",
        "POWERTOOLS_METRICS_NAMESPACE": "StereoSpot/Conversion",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }


def client(service):
    """A client as the runtime makes it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment().items():
            patch.setenv(name, value)
        made = new_client(service, AwsSettings.from_environment())
    made.meta.events.unregister("before-send", botocore_stubber)
    made.meta.events.register("before-send", answered)
    return made


def answered(request, event_name, **_):
    """One call after the other: moto itself does not keep two writers of a row apart."""
    with _ONE_AT_A_TIME:
        return botocore_stubber(event_name, request)


def make_tables(dynamodb):
    text = [("job_id", "S"), ("status", "S")]
    numbers = [(name, "N") for name in ("created_at", "completed_at", "due_at")]
    dynamodb.create_table(
        TableName=JOBS,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind} for name, kind in text + numbers
        ],
        KeySchema=[{"AttributeName": "job_id", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": f"status-{name}",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": name, "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name, _kind in numbers
        ],
    )
    dynamodb.create_table(
        TableName=SEGMENTS,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "job_id", "AttributeType": "S"},
            {"AttributeName": "segment_index", "AttributeType": "N"},
        ],
        KeySchema=[
            {"AttributeName": "job_id", "KeyType": "HASH"},
            {"AttributeName": "segment_index", "KeyType": "RANGE"},
        ],
    )


def make_buckets(s3):
    for bucket in (BUCKETS.input, BUCKETS.output):
        s3.create_bucket(Bucket=bucket)


def note_stored(s3, keys):
    """Append the key of every object that appears to `keys`, as S3's notifications would."""

    def asked(params, context, **_):
        context["key"] = params["Key"]

    def answered(http_response, context, **_):
        if http_response.status_code == 200:
            keys.append(context["key"])

    for call in ("PutObject", "CompleteMultipartUpload"):
        s3.meta.events.register(f"provide-client-params.s3.{call}", asked)
        s3.meta.events.register(f"after-call.s3.{call}", answered)


def make_rest():
    """The bus and the tokens."""
    client("events").create_event_bus(Name=BUS)
    text = json.dumps({"ann": TOKEN})
    client("secretsmanager").create_secret(Name=TOKENS, SecretString=text)
