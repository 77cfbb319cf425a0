#!/usr/bin/env python3
"""The template as CloudFormation gets it from SAM: expanded.py TEMPLATE...

SAM leaves out properties of an event that it does not know, without a word, and neither `cfn-lint` nor
`sam validate` looks for them. So each of SAM's resources is held against SAM's own models first, which
take no property that they do not name; then the template is expanded, and the result linted.
"""

import copy
import json
import logging
import os
import pathlib
import sys
import tempfile

import cfnlint.api
import cfnlint.config
import samcli.yamlhelper
from samtranslator.internal.schema_source import aws_serverless_function, aws_serverless_statemachine
from samtranslator.public.exceptions import InvalidDocumentException
from samtranslator.translator.transform import transform

try:  # as SAM itself does
    from pydantic.v1 import ValidationError
except ImportError:
    from pydantic import ValidationError

# SAM complains that its own measurements were not sent.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

MODELS = {
    "AWS::Serverless::Function": aws_serverless_function,
    "AWS::Serverless::StateMachine": aws_serverless_statemachine,
}


class NoPolicies:
    """SAM asks for AWS's own policies, and uses none that is not asked for by name."""

    def load(self):
        return {}


def unknown(template):
    """The properties that SAM does not know, a sentence each."""
    for name, resource in template["Resources"].items():
        if not resource["Type"].startswith("AWS::Serverless::"):
            continue
        module = MODELS.get(resource["Type"])
        if module is None:
            yield f"{name} is of the type {resource['Type']}, which this check does not know yet"
            continue
        properties = dict(resource.get("Properties", {}))
        # One by one: a model of all events together says of each why it is none of the others.
        for event, value in properties.pop("Events", {}).items():
            model = getattr(module, f"{value.get('Type')}Event", None)
            if model is None:
                yield f"{name}.{event} is of the type {value.get('Type')}, which SAM does not know"
            else:
                yield from _mistakes(f"{name}.{event}", model, value)
        yield from _mistakes(name, module.Resource, {**resource, "Properties": properties})


def _mistakes(place, model, value):
    try:
        model.parse_obj(value)
    except ValidationError as error:
        for each in error.errors():
            yield f"{place}: {'.'.join(str(part) for part in each['loc'])}: {each['msg']}"


def expanded(template):
    """The template after SAM has worked on it."""
    template = copy.deepcopy(template)
    for resource in template["Resources"].values():
        for name in ("CodeUri", "DefinitionUri"):
            if name in resource.get("Properties", {}):
                # Where the package will be, once it has been uploaded.
                resource["Properties"][name] = "s3://bucket/package"
    # SAM takes parameters for given, and their values for texts.
    parameters = {name: each.get("Default", "x") for name, each in template["Parameters"].items()}
    return transform(template, parameters, NoPolicies())


def findings(template, region):
    """What `cfn-lint` says of the template when it is expanded."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "expanded.json")
        pathlib.Path(path).write_text(json.dumps(expanded(template), indent=1, default=str), encoding="utf-8")
        config = cfnlint.config.ManualArgs(regions=[region])
        text = pathlib.Path(path).read_text(encoding="utf-8")
        for match in cfnlint.api.lint(text, config=config):
            place = "/".join(str(part) for part in match.path or [])
            yield f"expanded, {place}: {match.rule.id} {match.message}"


def faults(text, region):
    """What is wrong with the text of a template."""
    template = samcli.yamlhelper.yaml_parse(text)
    found = list(unknown(template))
    try:
        found += findings(template, region)
    except InvalidDocumentException as error:
        found += [each.message for each in error.causes]
    return found


def main():
    region = os.environ["AWS_DEFAULT_REGION"]
    status = 0
    for path in sys.argv[1:]:
        for fault in faults(pathlib.Path(path).read_text(encoding="utf-8"), region):
            print(f"{path}: {fault}", file=sys.stderr)
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
