"""What a deployment promises, asserted on the translated template for every kind of stack."""

import re
from graphlib import TopologicalSorter

import pytest

from tests.aws.batch import HOST_LOST, SPOT_TASK_LOST, Ended, after
from tests.template.translated import source

FUNCTIONS = ("ApiFunction", "ChunkerFunction", "ReassemblerFunction", "TriggerFunction")
SECRET = "CompletionWebhookSecretArn"
SCALING = "AWS::ApplicationAutoScaling::ScalingPolicy"


class TestRules:
    def test_every_target_tries_again_and_then_tells(self, stack):
        undelivered = stack.attribute("UndeliveredQueue", "Arn")
        for name, rule in stack.of("AWS::Events::Rule").items():
            for target in rule["Targets"]:
                assert target["DeadLetterConfig"] == {"Arn": undelivered}, name
                assert "MaximumRetryAttempts" in target["RetryPolicy"], name

    def test_every_function_target_may_be_called_by_its_rule_alone(self, stack):
        permitted = {
            (entry["FunctionName"], entry["SourceArn"])
            for entry in stack.of("AWS::Lambda::Permission").values()
            if entry["Principal"] == "events.amazonaws.com"
        }
        called = set()
        for name, rule in stack.of("AWS::Events::Rule").items():
            for target in rule["Targets"]:
                if ":lambda:" in target["Arn"]:
                    function = target["Arn"].rpartition(":")[2]
                    called.add((function, stack.attribute(name, "Arn")))
        assert called == permitted

    def test_the_batch_target_keeps_the_retry_strategy_of_its_definition(self, classic):
        (target,) = classic.of("AWS::Events::Rule")["SegmentStoredRule"]["Targets"]

        assert target["Arn"] == classic.physical("RenderQueue")
        assert "RetryStrategy" not in target["BatchParameters"]
        assert target["InputTransformer"] == {
            "InputPathsMap": {"key": "$.detail.object.key"},
            "InputTemplate": '{"Parameters": {"key": <key>}}',
        }

    def test_a_rule_sends_segments_to_who_renders_them(self, translated):
        from tests.template.conftest import CHOICES
        from tests.template.translated import Stack

        for choice, target in (
            ("classic", "RenderQueue"),
            ("queue", "VideoWorkerQueue"),
            ("sagemaker", "TriggerFunction"),
        ):
            stack = Stack(translated, **CHOICES[choice])
            (found,) = stack.of("AWS::Events::Rule")["SegmentStoredRule"]["Targets"]
            assert found["Arn"] in (stack.physical(target), stack.attribute(target, "Arn"))


class TestTimes:
    def test_a_queue_hides_a_message_for_six_times_its_function(self, stack):
        functions = stack.of("AWS::Lambda::Function")
        queues = stack.of("AWS::SQS::Queue")
        for mapping in stack.of("AWS::Lambda::EventSourceMapping").values():
            queue = next(
                q
                for name, q in queues.items()
                if stack.attribute(name, "Arn") == mapping["EventSourceArn"]
            )
            function = functions["TriggerFunction"]
            assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
            assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    @pytest.mark.parametrize("name", ["ChunkerFunction", "ReassemblerFunction"])
    def test_a_lease_outlasts_the_function_that_holds_it(self, classic, name):
        function = classic.of("AWS::Lambda::Function")[name]
        lease = float(function["Environment"]["Variables"]["LEASE_SECONDS"])

        assert lease >= function["Timeout"] + 60

    def test_no_object_expires_before_a_failed_job_can_no_longer_be_retried(self, classic):
        for bucket in classic.of("AWS::S3::Bucket").values():
            for rule in bucket["LifecycleConfiguration"]["Rules"]:
                assert rule.get("ExpirationInDays", 14) >= 14

    def test_the_api_answers_before_its_gateway_gives_up(self, classic):
        assert classic.of("AWS::Lambda::Function")["ApiFunction"]["Timeout"] < 30


class TestQueues:
    def test_every_queue_leads_to_the_dead_letters_and_these_are_watched(self, stack):
        dead = stack.attribute("DeadLetterQueue", "Arn")
        queues = stack.of("AWS::SQS::Queue")
        for name, queue in queues.items():
            assert queue["SqsManagedSseEnabled"]
            if name != "DeadLetterQueue":
                assert queue["RedrivePolicy"]["deadLetterTargetArn"] == dead
        watched = {
            dimension["Value"]
            for alarm in stack.of("AWS::CloudWatch::Alarm").values()
            for dimension in alarm["Dimensions"]
        }
        names = {stack.attribute(name, "QueueName") for name in queues}
        assert names - watched == {stack.attribute("VideoWorkerQueue", "QueueName")}

    def test_what_a_function_cannot_do_is_kept(self, stack):
        configured = stack.of("AWS::Lambda::EventInvokeConfig")
        kept = {entry["FunctionName"] for entry in configured.values()}
        for entry in configured.values():
            assert ":sqs:" in entry["DestinationConfig"]["OnFailure"]["Destination"]
        assert len(kept) == 3

    def test_alarms_tell_somebody(self, stack):
        scaling = {stack.physical(name) for name in stack.of(SCALING)}
        for alarm in stack.of("AWS::CloudWatch::Alarm").values():
            if set(alarm["AlarmActions"]) <= scaling:
                continue  # starts an instance; nobody has to do anything
            assert alarm["AlarmActions"] == [stack.physical("Alarms")]
            assert "docs/runbooks.md" in alarm["AlarmDescription"]


class TestBatch:
    def test_the_queue_tries_spot_first_and_costs_nothing_idle(self, stack):
        order = stack.of("AWS::Batch::JobQueue")["RenderQueue"]["ComputeEnvironmentOrder"]
        environments = stack.of("AWS::Batch::ComputeEnvironment")
        kinds = []
        for entry in sorted(order, key=lambda entry: entry["Order"]):
            (found,) = [
                properties["ComputeResources"]
                for name, properties in environments.items()
                if stack.physical(name) == entry["ComputeEnvironment"]
            ]
            assert found.get("MinvCpus", 0) == 0 and "MaxvCpus" in found
            kinds.append("SPOT" in found["Type"])
        assert kinds in ([True, False], [False])

    def test_a_lost_host_is_tried_again_and_bad_input_is_not(self, stack):
        (definition,) = stack.of("AWS::Batch::JobDefinition").values()
        strategy = definition["RetryStrategy"]
        rules = strategy["EvaluateOnExit"]

        assert len(rules) <= 5 and strategy["Attempts"] <= 10
        for rule in rules:
            assert re.fullmatch(r"[0-9]*\*?", rule.get("OnExitCode", "")), "Batch refuses it"
            for name in ("OnReason", "OnStatusReason"):
                assert re.fullmatch(r"[a-zA-Z0-9.:\s]*\*?", rule.get(name, "")), "Batch refuses it"
        for lost in (HOST_LOST, SPOT_TASK_LOST):
            assert after(rules, Ended(None, status_reason=lost)) == "RETRY"
        assert after(rules, Ended(None, "CannotPullContainerError: timeout")) == "RETRY"
        codes = {code: after(rules, Ended(code)) for code in (1, 2, 137, 143)}
        assert codes == {1: "RETRY", 2: "EXIT", 137: "RETRY", 143: "RETRY"}
        assert rules[-1] == {"Action": "EXIT", "OnReason": "*"}
        assert definition["Timeout"]["AttemptDurationSeconds"] == 4 * 3600

    def test_the_command_names_the_segment(self, stack):
        (definition,) = stack.of("AWS::Batch::JobDefinition").values()

        assert definition["ContainerProperties"]["Command"] == ["--key", "Ref::key"]
        assert "key" in definition["Parameters"]


class TestShape:
    def test_resources_can_be_made_in_some_order(self, translated):
        resources = translated["Resources"]
        graph = {name: _named(body) & set(resources) for name, body in resources.items()}

        assert len(list(TopologicalSorter(graph).static_order())) == len(resources)

    def test_every_parameter_is_described_and_grouped(self):
        template = source()
        grouped = [
            name
            for group in template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
            for name in group["Parameters"]
        ]

        assert sorted(grouped) == sorted(template["Parameters"])
        assert all("Description" in entry for entry in template["Parameters"].values())
        assert all("Description" in entry for entry in template["Outputs"].values())

    def test_what_holds_state_says_what_becomes_of_it(self):
        for name, resource in source()["Resources"].items():
            if resource["Type"] in ("AWS::S3::Bucket", "AWS::DynamoDB::Table"):
                assert {"DeletionPolicy", "UpdateReplacePolicy"} <= set(resource), name

    def test_every_function_finds_its_names_in_its_environment(self, stack):
        from stereo_spot.settings.aws import AwsSettings

        needed = {
            field.validation_alias
            for field in AwsSettings.model_fields.values()
            if field.is_required()
        }
        for name in FUNCTIONS:
            variables = stack.of("AWS::Lambda::Function")[name]["Environment"]["Variables"]
            assert needed <= set(variables), name
        (definition,) = stack.of("AWS::Batch::JobDefinition").values()
        given = {e["Name"]: e["Value"] for e in definition["ContainerProperties"]["Environment"]}
        assert needed <= set(given)

    def test_a_receiver_is_not_deployed_without_its_secret_which_the_trigger_alone_reads(
        self, translated
    ):
        from tests.aws.rights import allowed
        from tests.template.conftest import CHOICES
        from tests.template.translated import Stack

        rule, chosen = translated["Rules"]["SecretForWebhooks"], CHOICES["quality"]
        stack = Stack(translated, **chosen)
        arn = chosen[SECRET]
        for given, good in (({}, True), (chosen, True), ({**chosen, SECRET: ""}, False)):
            made = Stack(translated, **given)
            asked = made._condition(rule["RuleCondition"])
            assert (not asked or made._condition(rule["Assertions"][0]["Assert"])) == good
        readers = [
            role
            for role, body in stack.of("AWS::IAM::Role").items()
            if "Policies" in body and allowed(stack, role, "secretsmanager:GetSecretValue", arn)
        ]
        assert readers == ["TriggerFunctionRole"]

    def test_the_indexes_are_those_that_the_store_asks(self, classic):
        from stereo_spot.adapters.aws import rows

        indexes = classic.of("AWS::DynamoDB::Table")["JobsTable"]["GlobalSecondaryIndexes"]

        assert {index["IndexName"] for index in indexes} == {
            rows.BY_CREATION,
            rows.BY_COMPLETION,
            rows.BY_DUE,
        }

    def test_sources_of_functions_and_images_are_there(self):
        from tests.template.translated import ROOT

        for resource in source()["Resources"].values():
            metadata = resource.get("Metadata", {})
            if "Dockerfile" in metadata:
                assert (ROOT / metadata["Dockerfile"]).read_text().startswith("# ")


def _named(body):
    """The logical ids that a resource refers to."""
    if isinstance(body, list):
        return set().union(*map(_named, body))
    if not isinstance(body, dict):
        return set()
    return set().union(*(_by(name, value) | _named(value) for name, value in body.items()))


def _by(name, value):
    """The logical ids that one function of CloudFormation refers to."""
    match name:
        case "Ref":
            return {value}
        case "Fn::GetAtt":
            return {value[0] if isinstance(value, list) else value.split(".")[0]}
        case "Fn::Sub":
            text = value if isinstance(value, str) else value[0]
            return {part.split(".")[0] for part in re.findall(r"\$\{([^}!]+)\}", text)}
        case "DependsOn":
            return {value} if isinstance(value, str) else set(value)
    return set()
