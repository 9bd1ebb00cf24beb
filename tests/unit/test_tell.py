"""The receiver hears of every end at least once, and nothing else ever waits for it."""

import dataclasses
import logging
import re
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook, WebhookVerificationError
from stereo_spot.adapters.memory import (
    MemoryBus,
    MemoryJobStore,
    MemoryLedger,
    MemoryObjectStore,
    MemoryRenderQueue,
)
from stereo_spot.adapters.webhook_sender import WebhookSender
from stereo_spot.conversion import control
from stereo_spot.conversion.create import create
from stereo_spot.conversion.services import Policy, Services
from stereo_spot.conversion.sweep import sweep
from stereo_spot.conversion.tell import NOBODY, Receiver
from stereo_spot.errors import ErrorKind, RequestError
from stereo_spot.media.guard import MediaLimits
from stereo_spot.model import JobOptions, JobStatus
from stereo_spot.runtime.local import open_machine
from stereo_spot.transitions import job as moves
from stereo_spot.web.site import Site
from stereo_spot.web.telling import job_view

from tests.unit.receiver import NEXT_SECRET, SECRET, listening, sent_bytes

SITE = "https://films.example.org"
API = Path(__file__).parents[2] / "docs/api.md"
FACTS = {
    "frames": 2, "duration_s": 1.0, "width": 64, "height": 64, "frame_rate": "2/1",
    "time_base": "1/2", "start_pts": 0, "video_codec": "h264", "pixel_format": "yuv420p",
    "container": "mov",
}  # fmt: skip


def certified(folder):
    """A server's context with a certificate that it signed itself, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path, both = folder / "certificate.pem", folder / "both.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(private + path.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, path


class Clock:
    """The time of the steps: it stands still but for what a test adds."""

    def __init__(self):
        self.began, self.ahead = time.time(), 0.0

    def __call__(self):
        return self.began + self.ahead


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(clock, tmp_path):
    return Services(
        jobs=MemoryJobStore(), ledger=MemoryLedger(), objects=MemoryObjectStore(),
        bus=MemoryBus(), renders=MemoryRenderQueue(), uploads=None, downloads=None, clock=clock,
        new_owner=lambda: "me", scratch=tmp_path, policy=Policy(), limits=MediaLimits(),
    )  # fmt: skip


@pytest.fixture
def http():
    with listening() as receiver:
        yield receiver


def told_at(url, secrets=SECRET, **how):
    return Receiver(WebhookSender(url, secrets, **how).deliver, SITE)


def completed(app, **said):
    """A job whose end is written, and told to nobody yet."""
    job = create(JobOptions(), app, title="Käse & Co", **said)
    key = f"jobs/{job.job_id}/final.mp4"
    for name in (key, f"input/{job.job_id}/source.mp4"):
        with app.objects.create(name, {}) as new:
            new.commit()
    now = app.clock()
    for change in (
        moves.claim_chunk(now, "o", 60, etag="e", size=1)[0],
        moves.commit_plan(now, digest="d", total=1, facts=FACTS),
        moves.flip(now),
        moves.publish(now, key=key, etag="t", frames=2, result={"frames": 2, "notes": []}),
    ):
        job = app.jobs.apply(job.job_id, change)
    return job


def failed(app):
    """A job that its owner stopped; the bus knows."""
    return control.cancel(create(JobOptions(), app).job_id, app)


def later(clock, seconds):
    clock.ahead += seconds


class TestTelling:
    @pytest.mark.parametrize("end", [completed, failed])
    def test_an_end_is_told_once_signed_and_in_the_words_of_the_job_document(self, app, http, end):
        job = end(app)

        for _sweep in range(3):
            sweep(app, told_at(http.url))

        ((message_id, message),) = http.messages()
        document = job_view(app.jobs.get(job.job_id), Site(app, JobOptions())).model_dump(
            mode="json"
        )
        status = document["status"]
        assert message_id == f"{job.job_id}:1:{status}"
        assert message["type"] == f"job.{status}"
        ended = document["completed_at"] or message["timestamp"]
        assert message["timestamp"] == ended
        data = message["data"]
        links = {name: SITE + path for name, path in document["links"].items()}
        del links["events"]
        assert data.pop("owner") is None
        assert data.pop("links") == links
        assert data == {name: document[name] for name in data}
        assert {"id", "title", "status", "state", "error", "result", "warnings"} <= set(data)
        assert app.jobs.get(job.job_id).announce == "done"

    def test_a_retried_job_is_told_under_its_new_round(self, app, http):
        job = failed(app)
        sweep(app, told_at(http.url))
        control.retry(job.job_id, app)
        control.cancel(job.job_id, app)

        sweep(app, told_at(http.url))

        assert [found for found, _ in http.messages()] == [
            f"{job.job_id}:1:failed",
            f"{job.job_id}:2:failed",
        ]

    def test_two_secrets_sign_so_that_a_receiver_can_change_over(self, app, http):
        failed(app)

        sweep(app, told_at(http.url, f"{NEXT_SECRET} {SECRET}"))

        assert http.messages(SECRET) == http.messages(NEXT_SECRET)
        (_path, headers, body) = http.posts[0]
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(body + b" ", headers)
        assert SECRET[6:] not in sent_bytes(http)

    def test_the_receiver_of_the_documents_takes_a_message_once(self, app, http, capsys):
        failed(app)
        sweep(app, told_at(http.url))
        (_path, headers, body) = http.posts[0]
        (example,) = re.findall(r"```python\n(.*?)```", API.read_text(), re.DOTALL)
        names, seen = {}, set()
        exec(example, names)

        for _delivery in range(2):
            names["receive"](headers, body, SECRET, seen)

        assert capsys.readouterr().out.count("job.failed") == 1
        with pytest.raises(WebhookVerificationError):
            names["receive"](headers, body, NEXT_SECRET, seen)

    def test_a_job_retried_or_deleted_before_it_was_told_is_told_no_more(self, app, http):
        control.retry(failed(app).job_id, app)
        control.delete(failed(app).job_id, app)

        sweep(app, told_at(http.url))

        assert http.posts == []


class TestReceiverInTrouble:
    def test_one_that_was_down_hears_of_every_end_under_the_same_id(self, app, http, clock):
        jobs = [completed(app), failed(app)]
        with listening() as gone:
            url, port = gone.url, gone.port
        sweep(app, told_at(url))
        later(clock, 6.0)
        sweep(app, told_at(url))
        later(clock, 3600.0)

        with listening(port) as back:
            sweep(app, told_at(url))
            found = back.messages()

        assert {message_id.partition(":")[0] for message_id, _ in found} == {
            job.job_id for job in jobs
        }
        assert len(found) == 2
        assert {app.jobs.get(job.job_id).announce for job in jobs} == {"done"}

    def test_one_that_breaks_is_asked_again_after_growing_pauses(self, app, http, clock):
        job = failed(app)
        http.answers = [(500, {}), (503, {}), (429, {}), (200, {})]
        gaps = []
        for _attempt in range(4):
            sweep(app, told_at(http.url))
            due = app.jobs.get(job.job_id).due_at - clock()
            gaps.append(due)
            later(clock, min(due, 3600.0) + 0.01)

        assert [round(gap) for gap in gaps[:3]] == [5, 5, 10]
        assert len({message_id for message_id, _ in http.messages()}) == 1
        assert len(http.posts) == 4
        assert gaps[3] == pytest.approx(moves.FAILED_KEPT_S - 20, abs=1)

    def test_a_redirect_is_not_followed_and_is_no_yes(self, app, http):
        job = failed(app)
        with listening() as other:
            http.answers = [(302, {"location": other.url}), (307, {"location": other.url})]
            sender = WebhookSender(http.url, SECRET)

            assert sender.deliver("a", b"{}") == "answered 302"
            sweep(app, Receiver(sender.deliver, SITE))

            assert other.posts == []
        assert app.jobs.get(job.job_id).announce == "sent"

    def test_one_that_never_ends_its_answer_takes_no_longer_than_the_limit(self, app, http):
        jobs = [failed(app) for _ in range(5)]
        waiting = create(JobOptions(), app)
        with app.objects.create(f"input/{waiting.job_id}/source.mp4", {}) as new:
            new.commit()
        app = dataclasses.replace(app, policy=Policy(unseen_upload_s=0.0))
        app.bus.events.clear()
        http.answers = [(None, {})] * 5

        sweep(app, told_at(http.url, timeout_s=0.2))

        assert len(http.posts) == 1  # the others wait: it is one receiver
        assert [event.kind for event in app.bus.events] == ["ChunkRequested"]
        assert all(app.jobs.get(job.job_id).announce == "sent" for job in jobs)

    def test_one_that_listens_and_says_nothing_is_left(self, app, http):
        http.answers = [(None, {})]
        http.drip = lambda _answer: http.held.wait()

        assert WebhookSender(http.url, SECRET, timeout_s=0.2).deliver("a", b"") == (
            "no answer in 0.2 s"
        )

    def test_one_whose_certificate_is_not_trusted_is_told_nothing(self, tmp_path, monkeypatch):
        tls, certificate = certified(tmp_path)
        with listening(tls=tls) as receiver:
            refused = WebhookSender(receiver.url, SECRET).deliver("a", b"{}")
            assert "certificate verify failed" in refused and receiver.posts == []
            monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            assert WebhookSender(receiver.url, SECRET).deliver("a", b"{}") is None
            assert receiver.messages() == [("a", {})]

    def test_a_message_it_never_takes_does_not_keep_the_others_back(self, app, http, clock):
        first = failed(app)
        http.answers = [(400, {})]
        sweep(app, told_at(http.url))
        second = failed(app)

        sweep(app, told_at(http.url))

        assert app.jobs.get(first.job_id).announce == "sent"
        assert app.jobs.get(second.job_id).announce == "done"

    def test_a_film_is_collected_whatever_the_receiver_does(self, app, http, clock):
        job = completed(app)
        http.answers = [(500, {})] * 3

        for _sweep in range(3):
            sweep(app, told_at(http.url))

        kept = [info.key for prefix in ("input/", "jobs/") for info in app.objects.list(prefix)]
        assert kept == [job.output_key]
        assert app.jobs.get(job.job_id).collections == 1
        for _hour in range(4):
            later(clock, 3600.0)
            sweep(app, told_at(http.url))
        after = app.jobs.get(job.job_id)
        assert after.announce == "done"
        assert after.due_at == pytest.approx(job.completed_at + moves.COLLECT_AGAIN_S)

    def test_after_a_day_it_is_given_up_with_a_line_in_the_log(self, app, http, clock, caplog):
        job = failed(app)
        http.answers = [(500, {})] * 1000
        while app.jobs.get(job.job_id).announce != "done":
            sweep(app, told_at(http.url))
            later(clock, max(1.0, app.jobs.get(job.job_id).due_at - clock() + 0.01))
            assert len(http.posts) < 60

        assert [r.job_id for r in caplog.records if r.message == "receiver never told"] == [
            job.job_id
        ]
        assert 20 < len(http.posts) < 40


class TestKilled:
    def test_between_the_end_and_the_news_the_sweeper_tells_it(self, app, http):
        job = completed(app)
        assert app.jobs.get(job.job_id).announce == "pending"

        sweep(app, told_at(http.url))

        assert [found for found, _ in http.messages()] == [f"{job.job_id}:1:completed"]
        assert [event.kind for event in app.bus.events] == ["JobCompleted"]

    def test_after_the_message_and_before_its_note_it_comes_again_under_the_same_id(
        self, http, tmp_path
    ):
        machine = open_machine(tmp_path)
        job = completed(machine.services)

        def deliver(message_id, text):
            WebhookSender(http.url, SECRET).deliver(message_id, text)
            raise SystemExit

        with pytest.raises(SystemExit):
            sweep(machine.services, Receiver(deliver, SITE))
        clock = Clock()
        clock.ahead = 6.0
        app = dataclasses.replace(machine.services, clock=clock)

        sweep(app, told_at(http.url))

        assert [found for found, _ in http.messages()] == [f"{job.job_id}:1:completed"] * 2
        assert app.jobs.get(job.job_id).announce == "done"


class TestWhoTells:
    def test_a_sweep_without_a_receiver_leaves_it_to_who_has_one_for_a_day(self, app, http, clock):
        job = completed(app)

        for _sweep in range(2):
            sweep(app)
        assert app.jobs.get(job.job_id).announce == "sent"
        sweep(app, told_at(http.url))
        other = failed(app)
        later(clock, 24 * 3600.0 + 1)
        sweep(app)

        assert len(http.messages()) == 1
        assert app.jobs.get(other.job_id).announce == "done"

    def test_where_the_operator_named_nobody_an_end_counts_as_told(self, app, caplog):
        caplog.set_level(logging.WARNING)
        job = failed(app)

        sweep(app, NOBODY)

        after = app.jobs.get(job.job_id)
        assert (after.announce, after.status) == ("done", JobStatus.FAILED)
        assert after.due_at == after.failed_at + moves.FAILED_KEPT_S
        assert caplog.records == []


class TestSettings:
    @pytest.mark.parametrize(
        "url",
        [
            "", "here", "ftp://a.example/", "http://a.example/", "https://", "https://a b/",
            "https://a.example:99999/", "https://user:pass@a.example/", "https://ä.example/",
            "http://[::1/", "https://a..b/", "http://127.0.0.1.example/", "https://a.example/\n",
        ],
    )  # fmt: skip
    def test_an_address_that_is_none_is_named(self, url):
        with pytest.raises(RequestError, match=r"^COMPLETION_WEBHOOK_URL ") as refused:
            WebhookSender(url, SECRET)

        assert refused.value.kind is ErrorKind.BAD_REQUEST
        assert "\n" not in refused.value.message and "pass" not in refused.value.message

    @pytest.mark.parametrize(
        "secret",
        ["", " ", "secret", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ=", f"{SECRET} other",
         "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5", f"{SECRET},{NEXT_SECRET}", "whsec_é"],
    )  # fmt: skip
    def test_a_secret_that_is_none_is_named_and_not_shown(self, secret):
        with pytest.raises(RequestError, match=r"^COMPLETION_WEBHOOK_SECRET ") as refused:
            WebhookSender("https://a.example/", secret)

        shown = refused.value.message.replace("whsec_ and", "")
        assert not any(part in shown for part in secret.split())

    @pytest.mark.parametrize(
        "url", ["https://a.example", "https://a.example:8443/x?y=z", "http://localhost:9/",
                "http://127.0.0.1:9/hook", "http://[::1]:9/"]
    )  # fmt: skip
    def test_https_goes_anywhere_and_http_to_this_machine(self, url):
        WebhookSender(url, SECRET)
