"""`stereo-spot aws`: what an operator does to a deployment."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from stereo_spot.cli.options import JsonOption
from stereo_spot.cli.output import errors_told, notes, print_json, results
from stereo_spot.errors import ErrorKind, RequestError

if TYPE_CHECKING:
    from stereo_spot.adapters.aws.queue import SqsQueue

app = typer.Typer(help="Look after a deployment on AWS.", no_args_is_help=True)
StackOption = Annotated[str, typer.Option("--stack", help="Name of the stack.")]
RegionOption = Annotated[str, typer.Option("--region", help="Its region.")]
QueueArgument = Annotated[str, typer.Argument(help="A queue by its name in the template.")]
_QUEUE_URL = "QueueUrl"
_POLL_S = 1
"""Any wait makes SQS ask all of its servers; a person should not wait for an empty queue."""


def _queues(outputs: dict[str, str], region: str) -> "dict[str, SqsQueue]":
    """The queues of a stack by their names in the template."""
    from stereo_spot.adapters.aws.queue import SqsQueue
    from stereo_spot.runtime.aws import new_client
    from stereo_spot.runtime.aws_tools import settings_of

    client = new_client("sqs", settings_of(outputs, region))
    named = {name: url for name, url in outputs.items() if name.endswith(_QUEUE_URL)}
    return {
        name.removesuffix("Url"): SqsQueue(client, url, long_poll_s=_POLL_S)
        for name, url in named.items()
    }


def _queue(name: str, queues: "dict[str, SqsQueue]") -> "SqsQueue":
    if name not in queues:
        known = ", ".join(sorted(queues)) or "none"
        raise RequestError(ErrorKind.NOT_FOUND, f"no queue {name}; the stack has: {known}")
    return queues[name]


@app.command("recover")
def recover_job(
    job: Annotated[str, typer.Argument(help="A job id.")],
    stack: StackOption = "stereo-spot",
    region: RegionOption = "us-east-1",
    as_json: JsonOption = False,
) -> None:
    """Do at once what the sweeper would do for a job, and send out what nobody holds."""
    from stereo_spot.runtime import aws, aws_tools

    with errors_told(as_json=as_json), aws_tools.told_plainly():
        outputs = aws_tools.outputs_of(stack, region)
        app_on_aws = aws.services_of(aws_tools.settings_of(outputs, region))
        done = aws_tools.recover(job, app_on_aws)
        if as_json:
            print_json({"ok": True, **asdict(done)})
            return
        results.print(f"{done.job_id}: {done.before} -> {done.after}")
        for what in done.asked_for:
            results.print(f"asked for: {what}")
        if done.reason:
            results.print(f"reason: {done.reason}", markup=False)


@app.command("redrive")
def redrive_queue(
    queue: QueueArgument,
    look: Annotated[bool, typer.Option("--look", help="Only show what lies there.")] = False,
    to: Annotated[str | None, typer.Option("--to", help="Send it all to this queue.")] = None,
    discard: Annotated[bool, typer.Option("--discard", help="Throw it all away.")] = False,
    stack: StackOption = "stereo-spot",
    region: RegionOption = "us-east-1",
    as_json: JsonOption = False,
) -> None:
    """Look at dead letters, replay them or throw them away: exactly one of the three."""
    from stereo_spot.runtime import aws_tools

    with errors_told(as_json=as_json), aws_tools.told_plainly():
        if look + discard + (to is not None) != 1:
            raise RequestError(ErrorKind.BAD_REQUEST, "say one of --look, --to QUEUE, --discard")
        queues = _queues(aws_tools.outputs_of(stack, region), region)
        source = _queue(queue, queues)
        if look:
            found = [asdict(letter) for letter in aws_tools.letters(source)]
            print_json({"ok": True, "letters": found})
            return
        moved = aws_tools.redrive(source, _queue(to, queues) if to else None)
        if as_json:
            print_json({"ok": True, "moved": moved})
        else:
            notes.print(f"{moved} messages {'sent to ' + to if to else 'thrown away'}")


@app.command("smoke")
def smoke_test(
    stack: StackOption = "stereo-spot",
    region: RegionOption = "us-east-1",
    as_json: JsonOption = False,
) -> None:
    """Prove a deployment: a job row, first writer wins, signed links, the bus, each queue."""
    from stereo_spot.runtime import aws, aws_smoke, aws_tools

    with errors_told(as_json=as_json), aws_tools.told_plainly():
        outputs = aws_tools.outputs_of(stack, region)
        app_on_aws = aws.services_of(aws_tools.settings_of(outputs, region))
        checks = list(aws_smoke.smoke(app_on_aws, _queues(outputs, region)))
        good = all(check.passed for check in checks)
        if as_json:
            print_json({"ok": good, "checks": [asdict(check) for check in checks]})
        for check in () if as_json else checks:
            mark = "[green]ok[/]    " if check.passed else "[red]failed[/]"
            results.print(f"{mark} {check.name}  {check.detail}")
        if not good:
            raise typer.Exit(1)
