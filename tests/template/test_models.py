"""Models of the tiers: accepted licences, the hub's token, and a nearer copy of the weights."""

import pytest

from tests.aws.rights import allowed
from tests.template.conftest import CHOICES, HF_TOKEN, LICENCES
from tests.template.translated import Stack

MIRRORS = {
    "quality": "our-models/stereo-spot/weights",
    "sagemaker": "stage-output-123456789012-us-east-1/weights",
    "realtime": "stage-output-123456789012-us-east-1/weights",
}


@pytest.fixture(params=MIRRORS)
def choice(request):
    return request.param


@pytest.fixture
def made(choice, translated):
    return Stack(translated, **CHOICES[choice])


def containers(stack):
    """Whatever runs the engine: (role, variables)."""
    (definition,) = stack.of("AWS::Batch::JobDefinition").values()
    listed = definition["ContainerProperties"]["Environment"]
    yield "RenderRole", {entry["Name"]: entry["Value"] for entry in listed}
    for model in stack.of("AWS::SageMaker::Model").values():
        yield "EndpointRole", model["PrimaryContainer"]["Environment"]


def test_the_engine_knows_what_was_accepted_and_where_the_copy_is(made, choice):
    for _role, variables in containers(made):
        assert variables["ACCEPT_LICENCE"] == CHOICES[choice].get("AcceptLicence", "")
        assert variables["MODEL_REVISIONS"] == CHOICES[choice].get("ModelRevisions", "")
        assert variables["WEIGHTS_S3_PREFIX"] == f"s3://{MIRRORS[choice]}"
        assert variables["STEREO_SPOT_TIER"] == CHOICES[choice]["Tier"]


def test_it_may_read_and_write_that_copy_and_nothing_beside_it(made, choice):
    bucket, _, prefix = MIRRORS[choice].partition("/")
    for role, _variables in containers(made):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert allowed(made, role, action, f"arn:aws:s3:::{bucket}/{prefix}/a/model.json")
            assert not allowed(made, role, action, f"arn:aws:s3:::{bucket}/other/a")
        assert allowed(made, role, "s3:ListBucket", f"arn:aws:s3:::{bucket}")


def test_the_token_comes_from_its_secret_to_those_who_need_it(made, choice):
    given = CHOICES[choice].get("HfTokenSecretArn")
    (definition,) = made.of("AWS::Batch::JobDefinition").values()
    wanted = [{"Name": "HF_TOKEN", "ValueFrom": HF_TOKEN}] if given else None
    assert definition["ContainerProperties"].get("Secrets") == wanted
    readers = ["RenderExecutionRole"]
    for model in made.of("AWS::SageMaker::Model").values():
        assert model["PrimaryContainer"]["Environment"]["HF_TOKEN_ARN"] == (given or "")
        readers.append("EndpointRole")
    for role in readers:
        read = allowed(made, role, "secretsmanager:GetSecretValue", HF_TOKEN)
        assert read == (given is not None), role


def test_quality_is_not_deployed_without_token_and_licences(translated):
    rule = translated["Rules"]["TokenAndLicenceForQuality"]
    for left_out in ("HfTokenSecretArn", "AcceptLicence"):
        stack = Stack(translated, **{**CHOICES["realtime"], left_out: ""})
        assert stack._condition(rule["RuleCondition"])
        assert not all(stack._condition(entry["Assert"]) for entry in rule["Assertions"])
    whole = Stack(translated, **CHOICES["realtime"])
    assert all(whole._condition(entry["Assert"]) for entry in rule["Assertions"])
    assert LICENCES.count(",") == 2


def test_an_endpoint_tells_of_failures_and_sleeps_when_nothing_waits(translated):
    stack = Stack(translated, **CHOICES["sagemaker"])
    (config,) = stack.of("AWS::SageMaker::EndpointConfig").values()
    topic = config["AsyncInferenceConfig"]["OutputConfig"]["NotificationConfig"]["ErrorTopic"]
    (subscription,) = stack.of("AWS::SNS::Subscription").values()
    (capacity,) = stack.of("AWS::ApplicationAutoScaling::ScalableTarget").values()

    assert topic == subscription["TopicArn"] == stack.physical("FailedInvocations")
    assert subscription["Endpoint"] == stack.attribute("UndeliveredQueue", "Arn")
    assert allowed(stack, "EndpointRole", "sns:Publish", topic)
    (policy,) = stack.of("AWS::SQS::QueuePolicy").values()
    senders = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Principal"] == {"Service": "sns.amazonaws.com"}
    ]
    assert [sender["Condition"] for sender in senders] == [{"ArnEquals": {"aws:SourceArn": topic}}]
    assert (capacity["MinCapacity"], capacity["MaxCapacity"]) == (0, "1")


def test_an_endpoint_that_answers_at_once_neither_sleeps_nor_queues(translated):
    stack = Stack(translated, **CHOICES["realtime"])
    (config,) = stack.of("AWS::SageMaker::EndpointConfig").values()
    variables = stack.of("AWS::Lambda::Function")["TriggerFunction"]["Environment"]["Variables"]

    assert "AsyncInferenceConfig" not in config
    assert not stack.of("AWS::ApplicationAutoScaling::ScalableTarget")
    assert (variables["SEGMENT_TARGET"], variables["SAGEMAKER_CALLS"]) == ("sagemaker", "realtime")
    endpoint = stack.physical("Endpoint")
    assert allowed(stack, "TriggerFunctionRole", "sagemaker:InvokeEndpoint", endpoint)
