#!/usr/bin/env python3
"""Every policy of a template is the least that does: policies.py TEMPLATE...

- Each statement has a `Sid` that no other of its policy has, and names its actions and resources
  (`NotAction` and the like name all others). The one of a role's trust has no resource.
- No statement is there in place of another: a condition adds one or leaves it out. So what a setting
  adds takes nothing from who relies on the rest.
- No wildcard stands where no comment says why, beside it or on the line above. What allows has none
  among its actions.
- No function can set itself off: who is called for a queue's messages may not send to that queue, and
  who reads buckets may not write to them. Only the website may put objects, below one prefix, since
  it signs the forms with which browsers upload.
"""

import pathlib
import sys

from templates import Template, branches, documents, listed, texts

#: What a function may do with a bucket.
READING = {"s3:GetObject", "s3:ListBucket"}
FUNCTION, ROLE = "AWS::Serverless::Function", "AWS::IAM::Role"


def faults(template):
    """What is wrong, a sentence each."""
    found = []
    for name, resource in template.resources.items():
        for path, document in documents(resource.get("Properties", {})):
            place = f"{name}, {'.'.join(path)}"
            trust = "AssumeRolePolicyDocument" in path
            found += _document(template, place, document, trust)
    for name, function in template.of_type(FUNCTION).items():
        found += _function(template, name, function)
    return found


def _document(template, place, document, trust):
    sids = []
    for each in document["Statement"]:
        both = branches(each)
        if len(both) > 1:
            names = " or ".join(str(statement.get("Sid")) for statement in both)
            yield f"{place}: either {names} is there: let the condition only add or leave out"
    for statement in listed(document["Statement"]):
        sid = statement.get("Sid")
        if not sid:
            yield f"{place}: a statement has no Sid"
        elif sid in sids:
            yield f"{place}: two statements are called {sid}"
        sids.append(sid)
        needed = {"Effect", "Action"} | (set() if trust else {"Resource"})
        for part in sorted(needed - set(statement)):
            yield f"{place}: {sid} has no {part}"
        for part in sorted({"NotAction", "NotResource", "NotPrincipal"} & set(statement)):
            yield f"{place}: {sid} has {part}, which means all others: name what is meant"
        for part in ("Principal", "Action", "Resource"):
            for text, line in texts(statement.get(part, [])):
                if "*" not in text:
                    continue
                if part == "Action" and statement.get("Effect") == "Allow":
                    yield f"{place}: {sid} allows {text}: name each action"
                if not template.is_explained(line):
                    yield f"{place}: line {line + 1} has the wildcard {text}, and no comment says why"


def actions(template, role):
    """What the role with that id allows: each action, and the resources of its statement."""
    properties = template.resources[role]["Properties"]
    policies = [document for _, document in documents(properties.get("Policies", []))]
    for managed in listed(properties.get("ManagedPolicyArns", [])):
        target = template.resources.get(managed.get("Ref")) if isinstance(managed, dict) else None
        if target is None:
            yield f"the policy {managed}", []
            continue
        policies.append(target["Properties"]["PolicyDocument"])
    for resource in template.of_type("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy").values():
        if {"Ref": role} in resource.get("Roles", []):
            policies.append(resource["PolicyDocument"])
    for policy in policies:
        for statement in listed(policy["Statement"]):
            if statement.get("Effect") == "Allow":
                for action in listed(statement.get("Action", [])):
                    yield action, list(listed(statement.get("Resource", [])))


def _function(template, name, function):
    role = function.get("Role", {}).get("Fn::GetAtt", [None])[0]
    if role is None:
        yield f"{name} has no role of its own in the template: SAM's allows too much"
        return
    if function.get("Policies"):
        yield f"{name} has policies besides its role's"
    events = function.get("Events", {}).values()
    queues = [each["Properties"].get("Queue") for each in events if each["Type"] == "SQS"]
    for action, resources in actions(template, role):
        service = action.split(":")[0]
        if service not in ("s3", "sqs", "dynamodb", "logs", "kms", "xray"):
            yield f"{name} may do {action}: a function needs none of it"
        if action == "sqs:SendMessage" and any(queue in resources for queue in queues):
            yield f"{name} may send to the queue that calls it, and so set itself off"
        if service != "s3" or action in READING:
            continue
        below = all(_is_below(each) for resource in resources for each in branches(resource))
        if action != "s3:PutObject" or queues or not below:
            yield f"{name} may do {action}: a bucket that it wrote to could set it off again"


def _is_below(resource):
    """Whether a resource is what has the prefix of uploads, and not a whole bucket."""
    return any("/${WebUploadPrefix}*" in text for text, _ in texts(resource))


def main():
    status = 0
    for path in sys.argv[1:]:
        for fault in faults(Template(pathlib.Path(path).read_text(encoding="utf-8"))):
            print(f"{path}: {fault}", file=sys.stderr)
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
