"""The operator's commands and the worker of one's own as processes, against moto's server."""

import http.server
import json
import os
import signal
import subprocess
import threading
import time
from xml.sax.saxutils import escape

import pytest
from stereo_spot.conversion.create import create
from stereo_spot.conversion.stored import store_bytes
from stereo_spot.model import JobOptions, JobStatus, Recipe, Tier
from stereo_spot.runtime.aws_tools import _OF_OUTPUT

from tests.aws import stage
from tests.flow.command import COMMAND, run, run_json
from tests.handlers.conftest import event
from tests.media.kit import Film, Sound, make

JOB = "12345678-1234-1234-1234-123456789abc"
_STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStacksResult><Stacks><member><StackName>stage</StackName><StackStatus>CREATE_COMPLETE
</StackStatus><CreationTime>2026-11-12T00:00:00Z</CreationTime><Outputs>{outputs}</Outputs></member>
</Stacks></DescribeStacksResult></DescribeStacksResponse>"""
_NONE = """<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>
<Type>Sender</Type><Code>ValidationError</Code><Message>Stack does not exist</Message></Error>
</ErrorResponse>"""


class CloudFormation(http.server.ThreadingHTTPServer):
    """Knows one stack, by its outputs."""

    def __init__(self, outputs):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.outputs = outputs


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        known = "StackName=stage&" in f"{asked}&"
        members = "".join(
            f"<member><OutputKey>{name}</OutputKey><OutputValue>{escape(value)}</OutputValue></member>"
            for name, value in self.server.outputs.items()
        )
        body = (_STACK.format(outputs=members) if known else _NONE).encode()
        self.send_response(200 if known else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def queues(deployment):
    """The URLs of the stack's queues, by their names in the template."""
    names = ("VideoWorkerQueue", "UndeliveredQueue", "DeadLetterQueue")
    sqs = stage.client("sqs")
    return {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}


@pytest.fixture
def operator(deployment, queues, endpoint):
    """The environment of somebody with credentials and nothing else."""
    given = stage.environment()
    outputs = {output: given.get(name, "x") for output, name in _OF_OUTPUT.items()}
    outputs |= {f"{name}Url": url for name, url in queues.items()}
    with CloudFormation(outputs) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_CLOUDFORMATION": f"http://127.0.0.1:{server.server_port}",
        }
        server.shutdown()


def test_smoke_proves_a_deployment(operator, deployment):
    told = run_json("aws", "smoke", "--stack", "stage", env=operator)

    assert [check["name"] for check in told["checks"]] == [
        "job row",
        "first writer wins",
        "signed upload and download",
        "event bus",
        "queue VideoWorkerQueue",
        "queue UndeliveredQueue",
        "queue DeadLetterQueue",
    ]
    assert told["ok"], told
    assert list(deployment.objects.list("")) == []


def test_dead_letters_are_looked_at_and_replayed(operator, queues):
    sqs = stage.client("sqs")
    sqs.send_message(QueueUrl=queues["DeadLetterQueue"], MessageBody='{"source": "aws.s3"}')

    def redrive(*arguments, expect=0):
        return run_json(
            "aws", "redrive", *arguments, "--stack", "stage", env=operator, expect=expect
        )

    looked = redrive("DeadLetterQueue", "--look")
    assert [letter["body"] for letter in looked["letters"]] == [{"source": "aws.s3"}]
    assert redrive("DeadLetterQueue", "--to", "UndeliveredQueue")["moved"] == 1
    (sent,) = sqs.receive_message(QueueUrl=queues["UndeliveredQueue"])["Messages"]
    assert sent["Body"] == '{"source": "aws.s3"}'
    refused = redrive("NoQueue", "--look", expect=2)
    assert refused["error_kind"] == "not_found" and "UndeliveredQueue" in refused["message"]


def test_a_job_is_recovered_by_its_id(operator, deployment):
    create(JobOptions(), deployment, job_id=JOB)

    done = run_json("aws", "recover", JOB, "--stack", "stage", env=operator)

    assert (done["before"], done["asked_for"]) == ("created", ["chunk"])


def test_a_stack_that_is_not_there_is_told_in_one_line(operator):
    told = run("aws", "smoke", "--stack", "nothing", env=operator, expect=2)

    assert "no stack nothing in us-east-1" in " ".join(told.stderr.split())


class TestWorker:
    """The contract of workers that others run: raw S3 events, and `{"job_id"}` to join."""

    @pytest.fixture
    def work(self, deployment, queues, endpoint, tmp_path):
        """Run a worker for a step until something holds; returns what it logged."""
        sqs = stage.client("sqs")

        def left(url):
            names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
            known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            return [int(known[name]) for name in names]

        def until(step, holds, *bodies):
            url = queues["VideoWorkerQueue"]
            for body in bodies:
                sqs.send_message(QueueUrl=url, MessageBody=json.dumps(body))
            names = ("CHUNKING", "VIDEO_WORKER", "OUTPUT_EVENTS", "REASSEMBLY")
            environment = {
                **stage.environment(),
                **{f"{name}_QUEUE_URL": url for name in names},
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL": endpoint,
                "SQS_LONG_POLL_WAIT_SECONDS": "1",
                "SCRATCH_DIR": str(tmp_path / "worker"),
                "INFERENCE_BACKEND": "local",
            }
            process = subprocess.Popen(
                [*COMMAND, "worker", "--source", "sqs", "--step", step],
                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            try:
                for _ in range(600):
                    if (holds() and left(url) == [0, 0]) or process.poll() is not None:
                        break
                    time.sleep(0.05)
                process.send_signal(signal.SIGTERM)
                said, _ = process.communicate(timeout=30)
            finally:
                process.kill()
            assert holds() and process.returncode == 0, said
            assert left(url) == [0, 0]
            return said

        return until

    def test_a_film_goes_all_the_way_by_messages_alone(self, deployment, work, tmp_path):
        app = deployment
        quick = Recipe(tier=Tier.STUB, crf=30, preset="ultrafast")
        create(JobOptions(recipe=quick, segment_duration_s=1.0), app, job_id=JOB)
        film = make(tmp_path, Film(frames=50, size=(64, 48), gop=10, sounds=(Sound(),)))
        store_bytes(app.objects, f"input/{JOB}/source.mp4", film.read_bytes(), {})

        def status(wanted):
            return lambda: app.jobs.get(JOB).status is wanted

        stored = raw(f"input/{JOB}/source.mp4")
        work("chunk", status(JobStatus.CHUNKING_COMPLETE), event("sqs-s3-test"), stored)
        segments = [raw(info.key)["Records"][0] for info in app.objects.list(f"segments/{JOB}/")]
        work("render", status(JobStatus.REASSEMBLING), {"Records": segments}, {"Records": segments})
        said = work("reassemble", status(JobStatus.COMPLETED), "junk", {"job_id": JOB})

        assert app.jobs.get(JOB).frames == 50
        refused = [line for line in said.splitlines() if "message refused" in line]
        assert len(refused) == 1 and 'kind="bad_event"' in refused[0]


def raw(key):
    """S3's own notification of an object, as a queue carries it."""
    made = event("sqs-s3-classic")
    made["Records"][0]["s3"]["object"]["key"] = key
    return made
