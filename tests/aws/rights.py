"""Which calls a role allows, and which calls were made: a missing right shows before a deploy."""

import fnmatch

from tests.template.translated import ACCOUNT, REGION

_S3 = {
    "HeadObject": "GetObject",
    "GetObject": "GetObject",
    "PutObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListParts": "ListMultipartUploadParts",
    "ListObjectsV2": "ListBucket",
    "DeleteObjects": "DeleteObject",
}
_NAMED = {
    "sagemaker-runtime": ("sagemaker", "EndpointName"),
    "secretsmanager": ("secretsmanager", "SecretId"),
}
"""Service -> prefix of its actions, and the parameter that names the resource."""


def needed(service, call, params):
    """The (action, resource) pairs that one call needs."""
    if service == "s3":
        yield from _of_s3(call, params)
    elif service == "dynamodb":
        for table in params.get("RequestItems", {params.get("TableName"): None}):
            arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:{table}"
            index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
            yield f"dynamodb:{call}", arn + index
    elif service == "events":
        for entry in params["Entries"]:
            yield f"events:{call}", f"arn:aws:events:{REGION}:{ACCOUNT}:{entry['EventBusName']}"
    elif service in _NAMED:
        prefix, name = _NAMED[service]
        yield f"{prefix}:{call}", params[name].removesuffix(f".{name}")
    elif service == "sqs":
        queue = params["QueueUrl"].rpartition("/")[2]
        yield f"sqs:{call}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
    else:
        raise NotImplementedError(f"{service}:{call}")


def _of_s3(call, params):
    bucket = f"arn:aws:s3:::{params['Bucket']}"
    action = f"s3:{_S3[call]}"
    if call == "ListObjectsV2":
        yield action, bucket
    elif call == "DeleteObjects":
        for entry in params["Delete"]["Objects"]:
            yield action, f"{bucket}/{entry['Key']}"
    else:
        yield action, f"{bucket}/{params['Key']}"
        if "Tagging" in params:
            yield "s3:PutObjectTagging", f"{bucket}/{params['Key']}"


def allowed(stack, role, action, resource):
    """Whether a role's own policies allow an action on a resource."""
    for policy in stack.of("AWS::IAM::Role")[role]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            actions, resources = statement["Action"], statement["Resource"]
            actions = [actions] if isinstance(actions, str) else actions
            resources = [resources] if isinstance(resources, str) else resources
            if action in actions and any(fnmatch.fnmatchcase(resource, r) for r in resources):
                return True
    return False
