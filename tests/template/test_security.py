"""Who may do what, and what is closed, in every kind of stack."""

import json
import re

from tests.template.translated import NO_VALUE

FUNCTIONS = ("ApiFunction", "ChunkerFunction", "ReassemblerFunction", "TriggerFunction")
UNSCOPED = {
    # these calls know no resource
    "ecr:GetAuthorizationToken",
}


def statements(stack):
    """Every Allow of a role: (role, actions, resources)."""
    for name, role in stack.of("AWS::IAM::Role").items():
        for policy in role.get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement is NO_VALUE or statement["Effect"] != "Allow":
                    continue
                actions, resources = statement["Action"], statement["Resource"]
                yield (
                    name,
                    [actions] if isinstance(actions, str) else actions,
                    [resources] if isinstance(resources, str) else resources,
                )


class TestSecurity:
    def test_buckets_are_private_encrypted_unversioned_and_tell_of_objects(self, stack):
        for bucket in stack.of("AWS::S3::Bucket").values():
            assert all(bucket["PublicAccessBlockConfiguration"].values())
            assert "BucketEncryption" in bucket
            assert "VersioningConfiguration" not in bucket
            assert bucket["NotificationConfiguration"] == {
                "EventBridgeConfiguration": {"EventBridgeEnabled": True}
            }
            rules = bucket["LifecycleConfiguration"]["Rules"]
            assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)
            for rule in bucket["CorsConfiguration"]["CorsRules"]:
                assert all(origin.startswith("https://") for origin in rule["AllowedOrigins"])

    def test_buckets_take_tls_only_and_no_key_twice(self, stack):
        for policy in stack.of("AWS::S3::BucketPolicy").values():
            found = {entry["Sid"]: entry for entry in policy["PolicyDocument"]["Statement"]}
            assert {entry["Effect"] for entry in found.values()} == {"Deny"}
            assert found["TlsOnly"]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            first = found["FirstWriterWins"]
            assert first["Action"] == "s3:PutObject"
            assert first["Condition"]["Null"] == {"s3:if-none-match": "true"}
        prefixes = {
            resource.rpartition(":")[2].partition("/")[2]
            for policy in stack.of("AWS::S3::BucketPolicy").values()
            for entry in policy["PolicyDocument"]["Statement"]
            if entry["Sid"] == "FirstWriterWins"
            for resource in entry["Resource"]
        }
        assert prefixes == {"input/*", "segments/*", "jobs/*"}

    def test_no_role_has_a_star_for_an_action_or_a_resource(self, stack):
        for role, actions, resources in statements(stack):
            assert all("*" not in action for action in actions), role
            if not set(actions) <= UNSCOPED:
                assert "*" not in resources, (role, actions)

    def test_object_rights_end_in_a_prefix(self, stack):
        for role, actions, resources in statements(stack):
            if any(action.startswith("s3:") and "Bucket" not in action for action in actions):
                for resource in resources:
                    assert re.fullmatch(r"arn:aws:s3:::[^/]+/[a-z-]+[/*].*", resource), role

    def test_every_function_has_a_role_of_its_own(self, stack):
        roles = [stack.of("AWS::Lambda::Function")[name]["Role"] for name in FUNCTIONS]

        assert len(set(map(str, roles))) == len(FUNCTIONS)

    def test_the_engine_may_not_touch_the_uploads(self, stack):
        for role, actions, resources in statements(stack):
            if role == "RenderRole":
                assert not any("/input/" in resource for resource in resources)
                assert "s3:DeleteObject" not in actions

    def test_no_secret_is_a_default_or_an_environment_value(self, stack):
        text = json.dumps(stack.resources, default=str)

        assert "resolve:secretsmanager" not in text
        for name in FUNCTIONS:
            variables = stack.of("AWS::Lambda::Function")[name]["Environment"]["Variables"]
            assert not [key for key in variables if "TOKEN" in key and "ARN" not in key]

    def test_gpu_instances_want_a_session_token_and_encrypt_their_disk(self, stack):
        for template in stack.of("AWS::EC2::LaunchTemplate").values():
            data = template["LaunchTemplateData"]
            assert data["MetadataOptions"]["HttpTokens"] == "required"
            (disk,) = data["BlockDeviceMappings"]
            assert (disk["Ebs"]["VolumeType"], disk["Ebs"]["Encrypted"]) == ("gp3", True)

    def test_nothing_is_let_in_from_outside(self, stack):
        for group in stack.of("AWS::EC2::SecurityGroup").values():
            assert "SecurityGroupIngress" not in group
