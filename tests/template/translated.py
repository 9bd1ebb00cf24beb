"""template.yaml as CloudFormation would see it: translated by SAM, resolved for parameters."""

import copy
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION, STACK = "123456789012", "us-east-1", "stage"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::StackName": STACK,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
NO_VALUE = object()
NAMES = {
    "AWS::S3::Bucket": "BucketName",
    "AWS::Events::EventBus": "Name",
    "AWS::SQS::Queue": "QueueName",
    "AWS::DynamoDB::Table": "TableName",
}


class _Loader(yaml.SafeLoader):
    pass


def _tag(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tag)


@cache
def _source():
    return yaml.load((ROOT / "template.yaml").read_text(), _Loader)


def source():
    """The template as it is written."""
    return copy.deepcopy(_source())


def translate():
    """The template without SAM's short forms."""
    transformer = pytest.importorskip(
        "samtranslator.translator.transform", reason="aws-sam-translator is not installed"
    )
    template = source()
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        if "CodeUri" in properties:
            properties["CodeUri"] = "s3://code/trigger.zip"
        if "ContentUri" in properties:
            properties["ContentUri"] = "s3://code/layer.zip"
        if properties.get("PackageType") == "Image":
            properties["ImageUri"] = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/code:x"
        resource.pop("Metadata", None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        return transformer.transform(template, {}, _Policies())


class _Policies:
    def load(self):
        return {}


class Stack:
    """The resources that a choice of parameters makes, with every reference resolved."""

    def __init__(self, template, **parameters):
        self._template = template
        self._given = parameters
        every = template["Resources"]
        self.logical = {
            name: resource
            for name, resource in every.items()
            if "Condition" not in resource or self._condition(resource["Condition"])
        }
        self.resources = {
            name: {**resource, "Properties": self.resolve(resource.get("Properties", {}))}
            for name, resource in self.logical.items()
        }

    def of(self, kind):
        """The resources of a type, by logical id: their properties."""
        return {
            name: resource["Properties"]
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    def outputs(self):
        """The outputs that the stack has, by name."""
        return {
            name: self.resolve(body["Value"])
            for name, body in self._template["Outputs"].items()
            if "Condition" not in body or self._condition(body["Condition"])
        }

    def physical(self, name):
        """What a Ref to the resource gives."""
        resource = self.logical[name]
        kind = resource["Type"]
        if kind in NAMES and NAMES[kind] in resource.get("Properties", {}):
            plain = self.resolve(resource["Properties"][NAMES[kind]])
        else:
            plain = f"{STACK}-{name}"
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{plain}"
        if kind.startswith("AWS::Batch::"):
            return f"arn:aws:batch:{REGION}:{ACCOUNT}:{kind.split('::')[2]}/{plain}"
        return plain

    def attribute(self, name, attribute):
        """What GetAtt gives."""
        plain = self.physical(name)
        service = self.logical[name]["Type"].split("::")[1].lower()
        if attribute == "Arn":
            if service == "s3":
                return f"arn:aws:s3:::{plain}"
            if service == "sqs":
                return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{plain.rpartition('/')[2]}"
            return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{plain}"
        if attribute in ("QueueName", "TableName"):
            return plain.rpartition("/")[2]
        return f"{plain}.{attribute}"

    def resolve(self, value):
        """A value with its intrinsic functions worked out."""
        if isinstance(value, list):
            return [found for entry in value if (found := self.resolve(entry)) is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, given),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._function(name, given)
        resolved = {name: self.resolve(entry) for name, entry in value.items()}
        return {name: entry for name, entry in resolved.items() if entry is not NO_VALUE}

    def _function(self, name, given):
        if name == "Fn::GetAtt":
            return self.attribute(*(given if isinstance(given, list) else given.split(".", 1)))
        if name == "Fn::If":
            return self.resolve(given[1] if self._condition(given[0]) else given[2])
        plain = {
            "Ref": self._ref,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda parts: parts[0].join(map(str, self.resolve(parts[1]))),
            "Fn::Select": lambda parts: self.resolve(parts[1])[int(parts[0])],
            "Fn::Split": lambda parts: str(self.resolve(parts[1])).split(parts[0]),
            "Fn::GetAZs": lambda _region: [f"{REGION}a", f"{REGION}b"],
        }
        return plain[name](given)

    def _ref(self, name):
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._template.get("Parameters", {}):
            parameter = self._template["Parameters"][name]
            value = self._given.get(name, parameter["Default"])
            listed = parameter["Type"] == "CommaDelimitedList"
            return str(value).split(",") if listed else str(value)
        return self.physical(name)

    def _sub(self, given):
        text, local = given if isinstance(given, list) else (given, {})

        def put(found):
            name = found[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in local:
                return str(self.resolve(local[name]))
            return str(self.attribute(*name.split(".", 1)) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", put, text)

    def _condition(self, given):
        if isinstance(given, str):
            return self._condition(self._template["Conditions"][given])
        ((name, parts),) = given.items()
        match name:
            case "Condition":
                return self._condition(parts)
            case "Fn::Equals":
                first, second = (self.resolve(part) for part in parts)
                return str(first) == str(second)
            case "Fn::Not":
                return not self._condition(parts[0])
            case "Fn::And":
                return all(map(self._condition, parts))
            case "Fn::Or":
                return any(map(self._condition, parts))
        raise NotImplementedError(name)
