"""What the S3 and DynamoDB adapters do beyond the contract of the ports."""

import pytest
import requests
from botocore.exceptions import ClientError
from stereo_spot.adapters.aws import writing
from stereo_spot.adapters.aws.links import S3Links
from stereo_spot.adapters.aws.objects import S3ObjectStore
from stereo_spot.adapters.aws.rows import DynamoJobStore, DynamoLedger
from stereo_spot.adapters.aws.values import attributes_of, item_of
from stereo_spot.errors import ErrorKind, RequestError, SourceError
from stereo_spot.transitions import job as moves

from tests.aws import stage
from tests.contracts.test_job_store import a_job

JOB = "12345678-1234-1234-1234-123456789abc"
SOURCE, FINAL = f"input/{JOB}/source.mp4", f"jobs/{JOB}/final.mp4"
MIB = 1 << 20


@pytest.fixture
def objects(s3):
    return S3ObjectStore(s3, stage.BUCKETS)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of S3's least size, so that a few MiB are an upload in parts."""
    monkeypatch.setattr(writing, "PART_BYTES", 5 * MIB)


def write(objects, key, blocks, **metadata):
    with objects.create(key, metadata) as new:
        offset = 0
        for block in blocks:
            new.write_at(offset, block)
            offset += len(block)
        return new.commit()


def calls_of(client):
    seen = []
    client.meta.events.register(
        "provide-client-params", lambda params, model, **_: seen.append((model.name, dict(params)))
    )
    return seen


class TestObjects:
    def test_the_prefix_picks_the_bucket(self, s3, objects):
        write(objects, SOURCE, [b"film"])
        write(objects, FINAL, [b"film"])

        assert s3.head_object(Bucket=stage.BUCKETS.input, Key=SOURCE)
        assert s3.head_object(Bucket=stage.BUCKETS.output, Key=FINAL)

    def test_all_of_a_job_but_its_film_is_marked_to_expire(self, s3, objects):
        part = f"jobs/{JOB}/segments/0.mp4"
        write(objects, part, [b"part"])
        write(objects, FINAL, [b"film"])

        def tags(key):
            return s3.get_object_tagging(Bucket=stage.BUCKETS.output, Key=key)["TagSet"]

        assert tags(part) == [{"Key": "stereo-spot-lifecycle", "Value": "intermediate"}]
        assert tags(FINAL) == []

    def test_a_large_object_goes_in_parts_with_its_head_last(self, s3, objects, small_parts):
        seen = calls_of(s3)
        body = bytes(range(256)) * (12 * MIB // 256)
        with objects.create(FINAL, {"parts_digest": "d"}) as new:
            new.head_bytes = 8
            new.write_at(0, b"........")
            for offset in range(8, len(body), MIB):
                new.write_at(offset, body[offset : offset + MIB])
            new.write_at(0, body[:8])
            info = new.commit()

        assert (info.size, info.metadata) == (len(body), {"parts_digest": "d"})
        reader = objects.open(FINAL)
        assert reader.read_at(0, len(body)) == body
        numbers = [params["PartNumber"] for name, params in seen if name == "UploadPart"]
        assert sorted(numbers) == [1, 2, 3] and numbers[-1] == 1

    def test_the_later_of_two_large_writers_gets_nothing_and_leaves_no_parts(
        self, s3, objects, small_parts
    ):
        first = write(objects, FINAL, [bytes(11 * MIB)])

        assert write(objects, FINAL, [bytes(11 * MIB)]) is None
        assert objects.head(FINAL) == first
        assert "Uploads" not in s3.list_multipart_uploads(Bucket=stage.BUCKETS.output)

    def test_an_upload_that_breaks_off_leaves_no_parts(self, s3, objects, small_parts):
        with pytest.raises(RuntimeError), objects.create(FINAL, {}) as new:
            new.write_at(0, bytes(11 * MIB))
            raise RuntimeError("broke")

        assert "Uploads" not in s3.list_multipart_uploads(Bucket=stage.BUCKETS.output)

    def test_an_undecided_race_is_tried_again(self, s3, objects):
        left = [2]

        def conflict(params, **_):
            if left[0]:
                left[0] -= 1
                raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")

        s3.meta.events.register("before-parameter-build.s3.PutObject", conflict)

        assert write(objects, FINAL, [b"film"]) is not None

    def test_every_range_is_asked_for_with_the_pinned_version(self, s3, objects):
        info = write(objects, SOURCE, [b"original"])
        reader = objects.open(SOURCE, etag=info.etag)
        s3.put_object(Bucket=stage.BUCKETS.input, Key=SOURCE, Body=b"replaced")

        with pytest.raises(SourceError) as refused:
            reader.read_at(0, 4)
        assert refused.value.kind is ErrorKind.SOURCE_CHANGED

    def test_a_listing_costs_no_look_at_each_object_until_its_metadata_is_asked(self, s3, objects):
        for index in range(3):
            write(objects, f"segments/{JOB}/{index}", [b"x"], plan_digest="p")
        seen = calls_of(s3)

        listed = list(objects.list(f"segments/{JOB}/"))

        assert [name for name, _ in seen] == ["ListObjectsV2"]
        assert [info.metadata.get("plan_digest") for info in listed] == ["p"] * 3
        assert [name for name, _ in seen].count("HeadObject") == 3


class TestRows:
    def test_every_read_that_decides_is_consistent(self, dynamodb):
        jobs, ledger = (
            DynamoJobStore(dynamodb, stage.JOBS),
            DynamoLedger(dynamodb, stage.SEGMENTS),
        )
        seen = calls_of(dynamodb)

        jobs.get(JOB)
        ledger.get(JOB, 0)
        ledger.rows(JOB)

        assert len(seen) == 3
        assert all(params["ConsistentRead"] for _name, params in seen)

    def test_a_query_of_many_pages_is_read_to_its_end(self, dynamodb):
        ledger = DynamoLedger(dynamodb, stage.SEGMENTS)
        big = "x" * 200_000
        for index in range(12):
            dynamodb.put_item(
                TableName=stage.SEGMENTS,
                Item=item_of({"job_id": JOB, "segment_index": index, "error_text": big}),
            )

        assert [row.segment_index for row in ledger.rows(JOB)] == list(range(12))
        ledger.forget(JOB)
        assert ledger.rows(JOB) == []

    def test_a_deleted_job_expires_by_a_whole_second(self, dynamodb):
        jobs = DynamoJobStore(dynamodb, stage.JOBS)
        job = a_job()
        jobs.create(job)

        jobs.apply(job.job_id, moves.delete(1000.25))

        row = dynamodb.get_item(TableName=stage.JOBS, Key={"job_id": {"S": job.job_id}})["Item"]
        assert row["ttl"]["N"].isdecimal()

    @pytest.mark.parametrize("value", [1731072000.123457, 0.1, -3, 10**15, 1e300, "", None, True])
    def test_values_come_back_as_they_went(self, value):
        assert attributes_of(item_of({"a": {"b": [value]}})) == {"a": {"b": [value]}}


class TestLinks:
    @pytest.fixture
    def links(self, s3):
        return S3Links(s3, stage.BUCKETS)

    def test_a_single_upload_is_refused_once_the_key_is_taken(self, links, objects):
        grant = links.single(SOURCE)

        first = requests.put(grant.url, data=b"film", headers=grant.headers, timeout=10)
        again = requests.put(grant.url, data=b"other", headers=grant.headers, timeout=10)

        assert (first.status_code, again.status_code) == (200, 412)
        assert objects.open(SOURCE).read_at(0, 9) == b"film"

    def test_the_condition_is_part_of_the_signature(self, links):
        assert "if-none-match" in links.single(SOURCE).url.lower()

    def test_an_upload_in_parts_is_resumed_and_put_together(self, links, objects):
        upload = links.begin(SOURCE)
        for number, body in ((1, bytes(5 * MIB)), (2, b"tail")):
            grant = links.part(SOURCE, upload, number)
            assert requests.put(grant.url, data=body, timeout=10).status_code == 200

        held = links.parts(SOURCE, upload)
        assert [(part.number, part.size) for part in held] == [(1, 5 * MIB), (2, 4)]
        with pytest.raises(RequestError) as refused:
            links.finish(SOURCE, upload, held[:1])
        assert refused.value.kind is ErrorKind.CONFLICT
        links.finish(SOURCE, upload, held)

        assert objects.head(SOURCE).size == 5 * MIB + 4

    def test_the_second_upload_of_a_film_is_a_conflict(self, links, objects):
        write(objects, SOURCE, [b"film"])
        upload = links.begin(SOURCE)
        requests.put(links.part(SOURCE, upload, 1).url, data=b"other", timeout=10)

        with pytest.raises(RequestError) as refused:
            links.finish(SOURCE, upload, links.parts(SOURCE, upload))
        assert refused.value.kind is ErrorKind.CONFLICT

    def test_an_upload_that_is_over_is_refused_by_kind(self, links):
        upload = links.begin(SOURCE)
        links.finish(SOURCE, upload, None)

        with pytest.raises(RequestError) as refused:
            links.parts(SOURCE, upload)
        assert refused.value.kind is ErrorKind.UPLOAD_EXPIRED

    def test_a_download_is_saved_under_a_name_of_any_script(self, links, objects):
        write(objects, FINAL, [b"film"])

        answer = requests.get(
            links.url(FINAL, filename='Käse "3D".mp4', inline=False),
            headers={"Range": "bytes=1-2"},
            timeout=10,
        )

        assert (answer.status_code, answer.content) == (206, b"il")
        named = answer.headers["content-disposition"]
        assert named.startswith('attachment; filename="K?se _3D_.mp4"')
        assert named.endswith("filename*=UTF-8''K%C3%A4se%20%223D%22.mp4")
