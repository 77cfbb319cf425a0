#!/usr/bin/env python3
"""The state machine of a backfill: machine.py DEFINITION TEMPLATE EVENT

- The definition is one in the Amazon States Language (`cfn-lint` has its schema, and follows its states).
- The template fills in each of its blanks, and no other.
- A batch, as its `ItemBatcher` makes it of the items of EVENT, is EVENT: that is an event which the
  function is tested to understand.
"""

import json
import pathlib
import re
import sys

import cfnlint.api
import cfnlint.config
import samcli.yamlhelper

BLANK = re.compile(r"\$\{(\w+)\}")
VALUES = {
    "Partition": "aws",
    "Bucket": "photos",
    "Prefix": "",
    "ResultsBucket": "results",
    "FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:lookbook",
}
#: What the parts of a distributed map may have: `cfn-lint` takes anything there.
PARTS = {
    "ItemReader": {"Resource", "Parameters", "ReaderConfig"},
    "ItemBatcher": {
        "MaxItemsPerBatch", "MaxItemsPerBatchPath", "MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath",
        "BatchInput",
    },
    "ResultWriter": {"Resource", "Parameters", "WriterConfig"},
}


def faults(definition, template, event):
    """What is wrong, a sentence each. All are texts."""
    try:
        json.loads(definition)
    except ValueError as error:
        return [f"the definition is no JSON: {error}"]
    blanks = set(BLANK.findall(definition))
    resources = samcli.yamlhelper.yaml_parse(template)["Resources"].values()
    given = [each["Properties"] for each in resources if each["Type"] == "AWS::Serverless::StateMachine"]
    filled = set(given[0].get("DefinitionSubstitutions", {})) if len(given) == 1 else set()
    if blanks != filled:
        return [f"the template fills in {sorted(filled)}, but the blanks are {sorted(blanks)}"]
    if blanks - set(VALUES):
        return [f"this check has no value for {sorted(blanks - set(VALUES))}"]
    machine = json.loads(BLANK.sub(lambda match: VALUES[match[1]], definition))
    return [*_language(machine), *_batch(machine, json.loads(event))]


def _language(machine):
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "RoleArn": "arn:aws:iam::123456789012:role/backfill",
                    "Definition": machine,
                },
            }
        },
    }
    config = cfnlint.config.ManualArgs(regions=["eu-west-1"])
    for match in cfnlint.api.lint(json.dumps(template, indent=1), config=config):
        yield f"{'/'.join(str(part) for part in (match.path or [])[4:])}: {match.message}"


def _batch(machine, event):
    maps = [each for each in machine["States"].values() if each.get("Type") == "Map"]
    if len(maps) != 1:
        yield f"there are {len(maps)} maps, not one"
        return
    [state] = maps
    for part, names in PARTS.items():
        if part not in state:
            yield f"the map has no {part}"
        for name in sorted(set(state.get(part, {})) - names):
            yield f"{part} has no {name} in the language"
    batch = {"BatchInput": state.get("ItemBatcher", {}).get("BatchInput"), "Items": event["Items"]}
    if batch != event:
        yield f"a batch begins {json.dumps(batch)[:80]}, the function understands {json.dumps(event)[:80]}"
    tasks = state["ItemProcessor"]["States"].values()
    payloads = [each.get("Parameters", {}).get("Payload.$") for each in tasks if each["Type"] == "Task"]
    if payloads != ["$"]:
        yield "the function must get the batch as it is: Payload.$ is to be $"
    for each in tasks:
        if each["Type"] == "Task" and not each.get("Retry"):
            yield "a batch that failed must be tried again: Retry is missing"


def main():
    texts = [pathlib.Path(path).read_text(encoding="utf-8") for path in sys.argv[1:4]]
    found = faults(*texts)
    for fault in found:
        print(f"{sys.argv[1]}: {fault}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
