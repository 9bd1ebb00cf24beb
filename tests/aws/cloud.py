"""A local AWS made from the template: its tables, buckets and queues on moto, its rules obeyed.

S3 and the bus tell of their events through moto; everything after that goes by the template: the
rules by their own patterns, targets by type, retries, and dead letters. Functions run in this
process. So do Batch jobs, unless a test gives them containers (`tests.aws.batch`).
"""

import importlib.util
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from moto.events.models import EventPattern
from stereo_spot.runtime.aws import _session, aws_settings, services

from tests.aws import batch
from tests.aws.rights import allowed, needed
from tests.aws.stage import client
from tests.handlers.conftest import Context, handler_of
from tests.template.translated import REGION, ROOT

_ATTEMPTS = 3


@dataclass
class Ran:
    """What ran, in order."""

    functions: list[str] = field(default_factory=list)
    batch_jobs: list[tuple[str, int]] = field(default_factory=list)
    dropped: int = 0
    needed: set[tuple[str, str, str]] = field(default_factory=set)
    """(role, action, resource) of every call that the code made."""


class Cloud:
    """The stack, running."""

    def __init__(self, stack, patch, scratch):
        self.stack, self.ran = stack, Ran()
        self.twice = False
        """Whether every event is delivered twice."""
        self.lose = lambda _body: False
        """Which events are lost on their way."""
        self._patch, self._scratch, self._environment = patch, scratch, None
        self._role = None
        self.attempt = self._attempt_here
        """How one attempt of a Batch job is run."""
        _session.cache_clear()
        self._sqs, self._events = client("sqs"), client("events")
        self._make()
        _session().get_component("event_emitter").register("before-parameter-build", self._note)

    # ---- using it

    def services(self):
        """The ports as the API function has them."""
        self._role = "ApiFunctionRole"
        self._become(self.stack.of("AWS::Lambda::Function")["ApiFunction"]["Environment"])
        return services()

    def missing_rights(self):
        """The calls that were made and that no policy of their role allows."""
        return sorted(call for call in self.ran.needed if not allowed(self.stack, *call))

    def _note(self, params, model, **_):
        if self._role is not None:
            service = model.service_model.service_name
            for action, resource in needed(service, model.name, params):
                self.ran.needed.add((self._role, action, resource))

    def run(self, limit=200):
        """Deliver events until nothing is left to do."""
        for _ in range(limit):
            bodies = self._tapped() or self._letters()
            if not bodies:
                return
            for body in bodies:
                self._deliver(body)
        raise AssertionError("events never end")

    def tick(self):
        """The schedule comes round."""
        (target,) = self.stack.of("AWS::Events::Rule")["SweepSchedule"]["Targets"]
        self._send(target, {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})
        self.run()

    # ---- making it

    def _make(self):
        dynamodb, s3 = client("dynamodb"), client("s3")
        for name, table in self.stack.of("AWS::DynamoDB::Table").items():
            kept = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
            given = {key: table[key] for key in kept if key in table}
            dynamodb.create_table(TableName=self.stack.physical(name), **given)
        for name in self.stack.of("AWS::SQS::Queue"):
            self._sqs.create_queue(QueueName=self.stack.attribute(name, "QueueName"))
        self._tap = self._sqs.create_queue(QueueName="tap")["QueueUrl"]
        for name in self.stack.of("AWS::Events::EventBus"):
            self._events.create_event_bus(Name=self.stack.physical(name))
            self._listen(self.stack.physical(name), "stereo-spot")
        self._listen("default", "aws.s3")
        for name in self.stack.of("AWS::S3::Bucket"):
            bucket = self.stack.physical(name)
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
            )

    def _listen(self, bus, source):
        pattern = json.dumps({"source": [source]})
        self._events.put_rule(Name=f"tap-{bus}", EventBusName=bus, EventPattern=pattern)
        arn = f"arn:aws:sqs:{REGION}:123456789012:tap"
        self._events.put_targets(
            Rule=f"tap-{bus}", EventBusName=bus, Targets=[{"Id": "tap", "Arn": arn}]
        )

    # ---- events

    def _drain(self, url):
        found = []
        while messages := self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += messages
        return found

    def _tapped(self):
        return [json.loads(message["Body"]) for message in self._drain(self._tap)]

    def _letters(self):
        """Undelivered events go to the trigger, through its event source mapping."""
        found = self._drain(self.stack.physical("UndeliveredQueue"))
        if found:
            records = [
                {"messageId": m["MessageId"], "body": m["Body"], "eventSource": "aws:sqs"}
                for m in found
            ]
            answer = self._invoke("TriggerFunction", {"Records": records})
            assert answer == {"batchItemFailures": []}
        return self._tapped()

    def _deliver(self, body):
        if self.lose(body):
            self.ran.dropped += 1
            return
        own = body["source"] == "stereo-spot"
        bus = self.stack.physical("JobsBus") if own else "default"
        for rule in self.stack.of("AWS::Events::Rule").values():
            if "EventPattern" not in rule or rule.get("EventBusName", "default") != bus:
                continue
            if EventPattern.load(json.dumps(rule["EventPattern"])).matches_event(body):
                for target in rule["Targets"] * (2 if self.twice else 1):
                    self._send(target, body)

    def _send(self, target, body):
        match target["Arn"].split(":")[2]:
            case "lambda":
                self._call(self._function_of(target["Arn"]), body)
            case "batch":
                self._batch(target, body)
            case "sqs":
                name = target["Arn"].rpartition(":")[2]
                url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
                self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))

    # ---- functions

    def _function_of(self, arn):
        functions = self.stack.of("AWS::Lambda::Function")
        return next(name for name in functions if self.stack.attribute(name, "Arn") == arn)

    def _call(self, name, body):
        """An asynchronous invocation: tried again, then sent to the queue for failures."""
        for _attempt in range(_ATTEMPTS):
            try:
                self._invoke(name, body)
            except Exception as error:  # noqa: BLE001 - whatever it is, Lambda tries again
                last = error
            else:
                return
        letter = {"requestPayload": body, "responsePayload": {"errorMessage": str(last)}}
        url = self.stack.physical("UndeliveredQueue")
        self._sqs.send_message(QueueUrl=url, MessageBody=json.dumps(letter))

    def _invoke(self, name, body):
        function = self.stack.of("AWS::Lambda::Function")[name]
        self._role = f"{name}Role"
        self._become(function["Environment"])
        self.ran.functions.append(name)
        folder = name.removesuffix("Function").lower()
        return handler_of(folder).lambda_handler(json.loads(json.dumps(body)), Context())

    def _become(self, environment):
        """Take on the environment that the template gives a process."""
        variables = environment["Variables"] | {"SCRATCH_DIR": str(self._scratch)}
        if variables != self._environment:
            for name, value in variables.items():
                self._patch.setenv(name, str(value))
            self._environment = variables
            aws_settings.cache_clear()
            services.cache_clear()

    # ---- Batch

    def _batch(self, target, body):
        transformer = target["InputTransformer"]
        text = transformer["InputTemplate"]
        for name, path in transformer["InputPathsMap"].items():
            value = body
            for step in path.removeprefix("$.").split("."):
                value = value[step]
            text = text.replace(f"<{name}>", json.dumps(value))
        given = json.loads(text)["Parameters"]
        name, definition = next(
            (self.stack.physical(name), found)
            for name, found in self.stack.of("AWS::Batch::JobDefinition").items()
            if self.stack.physical(name) == target["BatchParameters"]["JobDefinition"]
        )
        run = partial(self.attempt, definition, given)
        for ended in batch.run_job(name, definition, target, given, run, self._deliver):
            self.ran.batch_jobs.append((given["key"], ended.code))

    def _attempt_here(self, definition, parameters, _job_id, _attempt):
        """One attempt in this process, where its calls can be noted."""
        self._role = "RenderRole"
        self._become({"Variables": batch.environment_of(definition)})
        return batch.Ended(entrypoint().main(batch.command_of(definition, parameters)))


def entrypoint():
    """The main program of the Batch image."""
    path = ROOT / "inference_container" / "entrypoint.py"
    spec = importlib.util.spec_from_file_location("entrypoint", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def running(patch, scratch, **parameters):
    """The classic stack with these parameters, running."""
    from tests.template.translated import Stack, translate

    try:
        yield Cloud(Stack(translate(), Tier="stub", **parameters), patch, scratch)
    finally:
        _session.cache_clear()
        aws_settings.cache_clear()
        services.cache_clear()


@pytest.fixture
def cloud(aws, monkeypatch, tmp_path):
    """The classic stack, running."""
    with running(monkeypatch, tmp_path / "scratch") as made:
        yield made
