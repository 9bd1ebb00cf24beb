"""What AWS Batch does with a job: attempts, `evaluateOnExit`, and an event for each new state.

A container of the image is a child process here, with the environment that the template gives it
and no other; it finds AWS at moto's server.
"""

import copy
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.template.translated import ACCOUNT, REGION, ROOT

SAMPLE = json.loads((ROOT / "tests/events/batch-job-failed.json").read_text())
EXITED = "Essential container in task exited"
HOST_LOST = "Host EC2 (instance i-0a1b2c3d4e5f60718) terminated."
SPOT_TASK_LOST = "Your Spot Task was interrupted."


@dataclass(frozen=True)
class Ended:
    """How one attempt ended: exit code, reason of the container, reason of the task."""

    code: int | None
    reason: str | None = None
    status_reason: str = EXITED


def command_of(definition, parameters):
    """The definition's command with its `Ref::` parts replaced."""
    known = {**definition["Parameters"], **parameters}
    return [
        known[part.removeprefix("Ref::")] if part.startswith("Ref::") else part
        for part in definition["ContainerProperties"]["Command"]
    ]


def environment_of(definition):
    """The environment that the definition gives the container."""
    given = definition["ContainerProperties"]["Environment"]
    return {entry["Name"]: str(entry["Value"]) for entry in given}


def after(rules, ended):
    """What `evaluateOnExit` says; what nothing matches is tried again."""
    for rule in rules:
        asked = (
            ("OnExitCode", "" if ended.code is None else str(ended.code)),
            ("OnReason", ended.reason or ""),
            ("OnStatusReason", ended.status_reason),
        )
        if all(_fits(rule[name], text) for name, text in asked if name in rule):
            return rule["Action"]
    return "RETRY"


def _fits(pattern, text):
    """A pattern is taken literally, but for one asterisk at its end."""
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern


def run_job(name, definition, target, parameters, run, publish):
    """One job from submission to its end; returns how its attempts ended.

    `run(job_id, attempt)` is one attempt, `publish(event)` hands on a state change.
    """
    strategy = definition["RetryStrategy"]
    job = _Job(str(uuid.uuid4()), name, definition, target, parameters)
    publish(job.event("SUBMITTED", []))
    ends = []
    while len(ends) < strategy["Attempts"]:
        for status in ("RUNNABLE", "STARTING", "RUNNING"):
            publish(job.event(status, ends))
        ends.append(run(job.id, len(ends) + 1))
        if ends[-1].code == 0 or after(strategy["EvaluateOnExit"], ends[-1]) == "EXIT":
            break
    publish(job.event("SUCCEEDED" if ends[-1].code == 0 else "FAILED", ends))
    return ends


@dataclass(frozen=True)
class _Job:
    id: str
    definition_name: str
    definition: dict
    target: dict
    parameters: dict

    def event(self, status, ends):
        """A `Batch Job State Change` as Batch sends it."""
        made = copy.deepcopy(SAMPLE)
        detail, now = made["detail"], int(time.time() * 1000)
        arn = f"arn:aws:batch:{REGION}:{ACCOUNT}:job/{self.id}"
        strategy = self.definition["RetryStrategy"]
        made |= {"id": str(uuid.uuid4()), "resources": [arn]}
        detail |= {
            "jobArn": arn,
            "jobId": self.id,
            "jobName": self.target["BatchParameters"]["JobName"],
            "jobQueue": self.target["Arn"],
            "jobDefinition": f"{self.definition_name}:1",
            "status": status,
            "createdAt": now,
            "parameters": self.parameters,
            "attempts": [_attempt(ended, detail["attempts"][0], now) for ended in ends],
            "retryStrategy": {
                "attempts": strategy["Attempts"],
                "evaluateOnExit": [_camel(rule) for rule in strategy["EvaluateOnExit"]],
            },
        }
        for name in ("statusReason", "startedAt", "stoppedAt"):
            detail.pop(name)
        detail["container"].pop("exitCode")
        detail["container"]["command"] = self.definition["ContainerProperties"]["Command"]
        if status in ("SUCCEEDED", "FAILED"):
            detail |= {"statusReason": ends[-1].status_reason, "startedAt": now, "stoppedAt": now}
            detail["container"] |= _container(ends[-1])
        return made


def _attempt(ended, sample, now):
    made = copy.deepcopy(sample) | {"startedAt": now, "stoppedAt": now}
    made["container"].pop("exitCode")
    made["container"] |= _container(ended)
    return made | {"statusReason": ended.status_reason}


def _container(ended):
    told = {"exitCode": ended.code, "reason": ended.reason}
    return {name: value for name, value in told.items() if value is not None}


def _camel(rule):
    return {name[0].lower() + name[1:]: value for name, value in rule.items()}


class Containers:
    """Runs attempts as processes of their own; `reclaimed` says which of them lose their host."""

    def __init__(self, endpoint, scratch: Path):
        self._endpoint, self.scratch = endpoint, scratch
        self.changed = {}
        """Variables that are not as the template gives them."""
        self.reclaimed = lambda _attempt: None
        """Waits for the moment at which an attempt loses its host; None: it does not."""
        self.said = []

    def run(self, definition, parameters, job_id, attempt):
        """One attempt."""
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": self._endpoint,
            "SCRATCH_DIR": str(self.scratch),
            "AWS_BATCH_JOB_ID": job_id,
            "AWS_BATCH_JOB_ATTEMPT": str(attempt),
            **environment_of(definition),
            **self.changed,
        }
        command = command_of(definition, parameters)
        process = subprocess.Popen(
            [sys.executable, "-m", "inference_container.entrypoint", *command],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        lost = self.reclaimed(attempt)
        if lost:
            process.send_signal(signal.SIGTERM)
        self.said.append(process.communicate(timeout=60)[0].decode())
        code = process.returncode
        return Ended(code if code >= 0 else 128 - code, status_reason=lost or EXITED)
