#!/usr/bin/env python3
"""The Terraform module is what the template is: terraform.py FOLDER TEMPLATE

- The functions have the same variables, the roles the same statements (actions, resources, conditions),
  and queues, table, mapping, bucket, notifications and alarms the same properties.
- Nothing in the module refers to what is not in it. (`terraform validate` says so too, but it needs the
  provider, and with it the network.)
"""

import pathlib
import re
import sys

import hcl2

from templates import Template, branches, listed

#: What an expression of the module is in the template.
SAME = {
    "local.table_arn": "Catalogue.Arn",
    "local.stream_arn": "Catalogue.StreamArn",
    "local.bucket_arns": "Photos.Arn",
    'for arn in local.bucket_arns : "${arn}/*"': "${Photos.Arn}/*",
    "aws_s3_bucket.photos[0].arn": "Photos.Arn",
    "${aws_s3_bucket.photos[0].arn}/*": "${Photos.Arn}/*",
    "var.kms_key_arns": "KmsKeyArn",
    "local.via_s3": "s3.${AWS::Region}.${AWS::URLSuffix}",
    "aws_sqs_queue.changes.arn": "Changes.Arn",
    "aws_sqs_queue.dead_letters.arn": "DeadLetters.Arn",
    "data.aws_caller_identity.current.account_id": "AWS::AccountId",
    # CloudFormation's ARN of a log group ends so, Terraform's does not.
    "${aws_cloudwatch_log_group.function.arn}:*": "FunctionLogs.Arn",
    "${aws_cloudwatch_log_group.website[0].arn}:*": "WebsiteLogs.Arn",
    "${local.table_arn}/index/by-shelf": "${Catalogue.Arn}/index/by-shelf",
    "${local.bucket_arns[0]}/${var.web_upload_prefix}*": "${Photos.Arn}/${WebUploadPrefix}*",
    'arn:${data.aws_partition.current.partition}:s3:::${trimsuffix(statement.value, ".tflite")}.toml':
        "arn:${AWS::Partition}:s3:::${Stem}.toml",
}
_VALUE = "arn:${data.aws_partition.current.partition}:s3:::${statement.value}"
#: What the value of a statement that may be left out is.
VALUES = {
    "ReadModel": {_VALUE: "arn:${AWS::Partition}:s3:::${Object}"},
    "TellMissingFromForbiddenModel": {_VALUE: "arn:${AWS::Partition}:s3:::${Bucket}"},
}
#: The policy documents, and whose they are in the template.
POLICIES = {
    "photo_reader": ("PhotoReader", "PolicyDocument"),
    "catalogue_reader": ("CatalogueReader", "PolicyDocument"),
    "classify": ("FunctionRole", "Policies", 0, "PolicyDocument"),
    "website": ("WebsiteRole", "Policies", 0, "PolicyDocument"),
    "lambda": ("FunctionRole", "AssumeRolePolicyDocument"),
    "changes": ("ChangesPolicy", "PolicyDocument"),
    "bucket": ("PhotosPolicy", "PolicyDocument"),
}
#: What the module leaves to the template.
LEFT_OUT = {"FromTheRulesOnly"}


class Module:
    """The blocks of a module: `module["resource", "aws_sqs_queue", "changes"]`."""

    def __init__(self, texts):
        self.text = "\n".join(texts)
        self.blocks, self.locals = {}, {}
        for text in texts:
            parsed = _plain(hcl2.loads(text))
            for kind in ("resource", "data"):
                for block in parsed.get(kind, []):
                    for type_, named in block.items():
                        self.blocks |= {(kind, type_, name): each for name, each in named.items()}
            for name in ("variable", "output"):
                for block in parsed.get(name, []):
                    self.blocks |= {(name, "", each): value for each, value in block.items()}
            for block in parsed.get("locals", []):
                self.locals |= block

    def __getitem__(self, path):
        return self.blocks[path]

    def resource(self, type_, name):
        return self.blocks["resource", type_, name]


def _plain(value):
    """What `hcl2` reads, without the quotation marks of texts and its own notes."""
    if isinstance(value, dict):
        notes = ("__is_block__", "__comments__", "__inline_comments__")
        return {_plain(key): _plain(each) for key, each in value.items() if key not in notes}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        if value.startswith('"') and value.endswith('"') and len(value) > 1:
            return value[1:-1]
        if value.startswith("${") and value.endswith("}"):
            return value[2:-1].removeprefix("[").removesuffix("]") if " for " in f" {value[3:]}" else value[2:-1]
    return value


def dangling(module):
    """References to what is not in the module."""
    known = {f"var.{name}" for kind, _, name in module.blocks if kind == "variable"}
    known |= {f"local.{name}" for name in module.locals}
    known |= {f"{type_}.{name}" for kind, type_, name in module.blocks if kind == "resource"}
    known |= {f"data.{type_}.{name}" for kind, type_, name in module.blocks if kind == "data"}
    code = re.sub(r"(?m)#.*$", "", module.text)
    used = set(re.findall(r"\b(?:var|local)\.\w+|\bdata\.aws_\w+\.\w+|(?<!data\.)\baws_\w+\.\w+", code))
    yield from (f"{name} is used, and not there" for name in sorted(used - known))
    unused = {name for name in known - used if name.startswith("var.")}
    yield from (f"{name} is there, and not used" for name in sorted(unused))


def differences(module, template):
    """What is not the same in both, a sentence each."""
    for what, ours, theirs in _pairs(module, template):
        if ours != theirs:
            yield f"{what}: the module has {ours}, and the template {theirs}"


def _pairs(module, template):
    yield from _functions(module, template)
    yield from _statements(module, template)
    yield from _queues(module, template)
    yield from _table(module, template)
    yield from _bucket(module, template)
    yield from _alarms(module, template)


def _properties(template, name):
    return template.resources[name]["Properties"]


def _functions(module, template):
    variables = set()
    for name, ours in (("Function", "function"), ("Website", "website")):
        theirs, block = _properties(template, name), module.resource("aws_lambda_function", ours)
        environment = block["environment"][0]["variables"]
        variables |= {key for key, value in environment.items() if "lookup(var.settings" in str(value)}
        yield f"variables of {name}", sorted(environment), sorted(theirs["Environment"]["Variables"])
        for key, other in (("handler", "Handler"), ("runtime", "Runtime"), ("description", "Description")):
            yield f"{key} of {name}", block[key], theirs[other]
        logging = block["logging_config"][0]
        yield f"log of {name}", (logging["log_format"], logging["system_log_level"]), (
            theirs["LoggingConfig"]["LogFormat"], theirs["LoggingConfig"]["SystemLogLevel"])
    yield "time-out of Website", module.resource("aws_lambda_function", "website")["timeout"], (
        _properties(template, "Website")["Timeout"])
    yield "the list of settings", sorted(module.locals["settings"]), sorted(variables)
    theirs = _properties(template, "Function")["Events"]["Changes"]["Properties"]
    ours = module.resource("aws_lambda_event_source_mapping", "changes")
    yield "batch of the mapping", ours["batch_size"], theirs["BatchSize"]
    yield "window of the mapping", ours["maximum_batching_window_in_seconds"], (
        theirs["MaximumBatchingWindowInSeconds"])
    yield "answer of the mapping", ours["function_response_types"], theirs["FunctionResponseTypes"]
    types = ("AWS::Lambda::Permission",)
    yield "permissions of the URL", sorted(
        block["action"] for (_, type_, _), block in module.blocks.items() if type_ == "aws_lambda_permission"
    ), sorted(each["Action"] for each in template.of_type(*types).values())


def _statements(module, template):
    for name, (resource, *path) in POLICIES.items():
        theirs = _properties(template, resource)
        for part in path:
            theirs = theirs[part]
        block = module["data", "aws_iam_policy_document", name]
        statements = list(block["statement"])
        for each in block.get("dynamic", []):
            statements += each["statement"]["content"]
        ours = dict(_ours(each) for each in statements)
        theirs = dict(_theirs(each) for each in listed(theirs["Statement"]))
        for sid in sorted((set(ours) | set(theirs)) - LEFT_OUT):
            yield f"statement {sid} of {resource}", ours.get(sid), theirs.get(sid)


def _ours(statement):
    conditions = {}
    for each in statement.get("condition", []):
        conditions.setdefault(each["test"], {})[each["variable"]] = _same(each["values"])
    # Which buckets may send is a matter of names: in the template, of three kinds.
    conditions.get("ArnEquals", {}).pop("aws:SourceArn", None)
    return statement["sid"], (
        statement.get("effect", "Allow"), sorted(statement["actions"]),
        _same(statement.get("resources", []), SAME | VALUES.get(statement["sid"], {})), conditions,
    )


def _same(values, known=SAME):
    values = values if isinstance(values, list) else [values]
    return sorted(known.get(each, each) for each in values)


def _theirs(statement):
    conditions = {
        test: {name: _names(value) for name, value in each.items()}
        for test, each in statement.get("Condition", {}).items()
    }
    conditions.get("ArnEquals", {}).pop("aws:SourceArn", None)
    return statement["Sid"], (
        statement["Effect"], sorted(listed(statement["Action"])), _names(statement.get("Resource", [])),
        conditions,
    )


def _names(value):
    """The names of what a value stands for when bucket and table are new."""
    first = branches(value)[:1]
    items = first[0] if first and isinstance(first[0], list) else first
    return sorted(_name(branches(each)[0]) for each in items)


def _name(value):
    if not isinstance(value, dict):
        return str(value)
    [(function, inner)] = value.items()
    if function == "Fn::GetAtt":
        return ".".join(inner)
    if function == "Fn::Sub":
        return str(inner[0] if isinstance(inner, list) else inner)
    if function == "Fn::Split":
        return _name(inner[1])
    return str(inner)


def _queues(module, template):
    for name, ours in (("Changes", "changes"), ("DeadLetters", "dead_letters")):
        theirs, block = _properties(template, name), module.resource("aws_sqs_queue", ours)
        yield f"name of {name}", block["name"].replace("${var.name}", "${AWS::StackName}"), (
            _name(theirs["QueueName"]))
        yield f"days of {name}", block["message_retention_seconds"], theirs["MessageRetentionPeriod"]
        yield f"encryption of {name}", block["sqs_managed_sse_enabled"], theirs["SqsManagedSseEnabled"]
    redrive = module.resource("aws_sqs_queue", "changes")["redrive_policy"]
    yield "receives", int(re.search(r"maxReceiveCount = (\d+)", redrive)[1]), (
        _properties(template, "Changes")["RedrivePolicy"]["maxReceiveCount"])
    seconds = module.resource("aws_sqs_queue", "changes")["visibility_timeout_seconds"]
    for timeout, theirs in template.tree["Mappings"]["Queue"]["VisibilityTimeout"].items():
        yield f"visibility at {timeout}", seconds, f"{theirs // int(timeout)} * var.timeout"


def _table(module, template):
    theirs, ours = _properties(template, "Catalogue"), module.resource("aws_dynamodb_table", "catalogue")
    yield "attributes", [(each["name"], each["type"]) for each in ours["attribute"]], [
        (each["AttributeName"], each["AttributeType"]) for each in theirs["AttributeDefinitions"]]
    yield "key", [(ours["hash_key"], "HASH")], _keys(theirs["KeySchema"])
    yield "indexes", [
        (each["name"], [(key["attribute_name"], key["key_type"]) for key in each["key_schema"]],
         each["projection_type"], each["non_key_attributes"])
        for each in ours["global_secondary_index"]
    ], [
        (each["IndexName"], _keys(each["KeySchema"]), each["Projection"]["ProjectionType"],
         each["Projection"]["NonKeyAttributes"])
        for each in theirs["GlobalSecondaryIndexes"]
    ]
    ttl, other = ours["ttl"][0], theirs["TimeToLiveSpecification"]
    yield "expiry", (ttl["attribute_name"], ttl["enabled"]), (other["AttributeName"], other["Enabled"])
    yield "stream", ours["stream_view_type"], theirs["StreamSpecification"]["StreamViewType"]
    yield "billing", ours["billing_mode"], theirs["BillingMode"]
    yield "backups", ours["point_in_time_recovery"][0]["enabled"], (
        theirs["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
    yield "encryption", ours["server_side_encryption"][0]["enabled"], theirs["SSESpecification"]["SSEEnabled"]


def _keys(schema):
    return [(each["AttributeName"], each["KeyType"]) for each in schema]


def _bucket(module, template):
    theirs = _properties(template, "Photos")
    block = module.resource("aws_s3_bucket_public_access_block", "photos")
    words = {name: "".join(word.title() for word in name.split("_")) for name in block}
    yield "public access", {
        words[name]: value for name, value in block.items() if name not in ("count", "bucket")
    }, dict(theirs["PublicAccessBlockConfiguration"])
    notifications = module.resource("aws_s3_bucket_notification", "photos")
    told = theirs["NotificationConfiguration"].get("EventBridgeConfiguration", {}).get("Fn::If", [None])
    yield "EventBridge of the bucket", notifications.get("eventbridge") == "var.bucket_event_bridge", (
        list(told) == ["TellsEventBridge", {"EventBridgeEnabled": True}, {"Ref": "AWS::NoValue"}])
    # A topic or queue of S3's takes one event in CloudFormation, and several here.
    ours = {}
    for each in notifications["queue"]:
        ours |= {event: "filter_prefix" in each for event in each["events"]}
    yield "notifications, and whether they have a prefix", ours, {
        each["Event"]: "Filter" in each for each in theirs["NotificationConfiguration"]["QueueConfigurations"]
    }
    rules = module.resource("aws_s3_bucket_lifecycle_configuration", "photos")
    mine = [*rules["rule"], *(each["rule"]["content"][0] for each in rules["dynamic"])]
    yield "lifecycle", sorted(each["id"] for each in mine), sorted(
        each["Id"] for each in listed(theirs["LifecycleConfiguration"]["Rules"]))


def _alarms(module, template):
    found = {**module.locals["alarms"], **module.locals["website_alarms"]}
    alarms = template.of_type("AWS::CloudWatch::Alarm")
    rejected = alarms.pop("RejectedAlarm")
    yield "alarms", sorted(found), sorted(alarms)
    period = module.resource("aws_cloudwatch_metric_alarm", "metric")["period"]
    for name in sorted(set(found) & set(alarms)):
        each, theirs = found[name], alarms[name]
        yield f"{name}", (
            each["namespace"], each["metric"], each["statistic"], each["periods"], each["comparison"], period,
            sorted(each["dimensions"]),
        ), (
            theirs["Namespace"], theirs["MetricName"], theirs["Statistic"], theirs["EvaluationPeriods"],
            theirs["ComparisonOperator"], theirs["Period"], sorted(d["Name"] for d in theirs["Dimensions"]),
        )
        if name != "TimeoutsAlarm":
            yield f"threshold of {name}", each["threshold"], theirs["Threshold"]
    for timeout, theirs in template.tree["Mappings"]["Function"]["TimedOut"].items():
        yield "threshold of TimeoutsAlarm", found["TimeoutsAlarm"]["threshold"], (
            f"1000 * var.timeout - {1000 * int(timeout) - theirs}")
    ours = module.resource("aws_cloudwatch_metric_alarm", "rejected")
    yield "share of rejected photos", (ours["metric_query"][0]["expression"], ours["threshold"]), (
        rejected["Metrics"][0]["Expression"], rejected["Threshold"])


def faults(texts, template):
    """What is wrong with a module, whose files have these texts."""
    module = Module(texts)
    return [*dangling(module), *differences(module, Template(template))]


def main():
    folder, template = (pathlib.Path(path) for path in sys.argv[1:3])
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf"))]
    found = faults(texts, template.read_text(encoding="utf-8"))
    for fault in found:
        print(f"{folder}: {fault}", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
