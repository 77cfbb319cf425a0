#!/usr/bin/env python3
"""The Terraform module is what the template is: terraform.py FOLDER TEMPLATE

- The functions have the same variables, set to the same, and the same properties; the roles have the same
  statements (actions, resources, conditions), and queues, table, mapping, bucket, notifications and alarms
  the same properties. `expressions.py` says which expression of the one is which of the other.
- Variables have the defaults of the parameters that are called as they are.
- Nothing in the module refers to what is not in it. (`terraform validate` says so too, but it needs the
  provider, and with it the network.)
"""

import pathlib
import re
import sys

import hcl2

from expressions import SAME, VALUES, camel, meant, names, same, written
from expressions import name as name_of
from templates import Template, listed

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
    yield from _settled(module, template)
    yield from _functions(module, template)
    yield from _statements(module, template)
    yield from _queues(module, template)
    yield from _table(module, template)
    yield from _bucket(module, template)
    yield from _alarms(module, template)


def _properties(template, name):
    return template.resources[name]["Properties"]


#: Arguments of a function, and what they are called in the template.
FUNCTION = {
    "architectures": "Architectures", "description": "Description", "handler": "Handler", "memory_size": "MemorySize",
    "reserved_concurrent_executions": "ReservedConcurrentExecutions", "role": "Role", "runtime": "Runtime",
    "timeout": "Timeout",
}
#: The conditions that the module has, too.
CONDITIONS = {
    "makes_bucket": "MakesBucket", "makes_table": "MakesTable", "has_website": "HasWebsite",
    "has_uploads": "HasUploads",
}


def _functions(module, template):
    variables = set()
    for name, ours in (("Function", "function"), ("Website", "website")):
        theirs, block = _properties(template, name), module.resource("aws_lambda_function", ours)
        environment, other = block["environment"][0]["variables"], theirs["Environment"]["Variables"]
        variables |= {key for key, value in environment.items() if "lookup(var.settings" in str(value)}
        yield f"variables of {name}", sorted(environment), sorted(other)
        for key in sorted(set(environment) & set(other)):
            yield f"{key} of {name}", meant(environment[key]), written(other[key])
        for key, called in FUNCTION.items():
            yield f"{key} of {name}", meant(block.get(key)), written(theirs.get(called))
        yield f"tracing of {name}", meant(block["tracing_config"][0]["mode"]), written(theirs["Tracing"])
        yield f"log of {name}", _arguments(block["logging_config"][0]), written(theirs["LoggingConfig"])
        logs, other = module.resource("aws_cloudwatch_log_group", ours), _properties(template, f"{name}Logs")
        yield f"log group of {name}", (meant(logs["name"]), meant(logs["retention_in_days"])), (
            written(other["LogGroupName"]), written(other["RetentionInDays"]))
    yield "the list of settings", sorted(module.locals["settings"]), sorted(variables)
    theirs = _properties(template, "Function")["Events"]["Changes"]["Properties"]
    ours = module.resource("aws_lambda_event_source_mapping", "changes")
    yield "queue of the mapping", meant(ours["event_source_arn"]), written(theirs["Queue"])
    yield "batch of the mapping", ours["batch_size"], theirs["BatchSize"]
    yield "window of the mapping", ours["maximum_batching_window_in_seconds"], (
        theirs["MaximumBatchingWindowInSeconds"])
    yield "answer of the mapping", ours["function_response_types"], theirs["FunctionResponseTypes"]
    yield "scaling of the mapping", _arguments(ours["scaling_config"][0]), written(theirs["ScalingConfig"])
    url = _properties(template, "Website")["FunctionUrlConfig"]
    yield "who may call the URL", meant(module.resource("aws_lambda_function_url", "website")["authorization_type"]), (
        written(url["AuthType"]))
    types = ("AWS::Lambda::Permission",)
    yield "permissions of the URL", sorted(
        block["action"] for (_, type_, _), block in module.blocks.items() if type_ == "aws_lambda_permission"
    ), sorted(each["Action"] for each in template.of_type(*types).values())


def _arguments(block):
    """A block of the module, as CloudFormation calls its arguments."""
    return {camel(key): meant(value) for key, value in block.items()}


def _settled(module, template):
    """What both decide alike: conditions, the table's name, and the defaults of parameters."""
    for ours, theirs in CONDITIONS.items():
        yield f"local.{ours}", meant(module.locals[ours]), written(template.tree["Conditions"][theirs])
    yield "local.table_name", meant(module.locals["table_name"]), meant("local.table_name")
    parameters = template.tree["Parameters"]
    as_text = {False: "no", True: "yes"}
    for kind, _, name in module.blocks:
        if kind == "variable" and camel(name) in parameters:
            ours, theirs = module[kind, "", name]["default"], parameters[camel(name)]["Default"]
            ours = as_text[ours] if isinstance(ours, bool) else ours
            # Lambda has no number for it, and Terraform takes this one.
            yield f"default of var.{name}", "" if (name, ours) == ("reserved_concurrency", -1) else ours, theirs


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
        conditions.setdefault(each["test"], {})[each["variable"]] = same(each["values"])
    # Which buckets may send is a matter of names: in the template, of three kinds.
    conditions.get("ArnEquals", {}).pop("aws:SourceArn", None)
    return statement["sid"], (
        statement.get("effect", "Allow"), sorted(statement["actions"]),
        same(statement.get("resources", []), SAME | VALUES.get(statement["sid"], {})), conditions,
    )


def _theirs(statement):
    conditions = {
        test: {name: names(value) for name, value in each.items()}
        for test, each in statement.get("Condition", {}).items()
    }
    conditions.get("ArnEquals", {}).pop("aws:SourceArn", None)
    return statement["Sid"], (
        statement["Effect"], sorted(listed(statement["Action"])), names(statement.get("Resource", [])),
        conditions,
    )


def _queues(module, template):
    for name, ours in (("Changes", "changes"), ("DeadLetters", "dead_letters")):
        theirs, block = _properties(template, name), module.resource("aws_sqs_queue", ours)
        yield f"name of {name}", block["name"].replace("${var.name}", "${AWS::StackName}"), (
            name_of(theirs["QueueName"]))
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
    yield "deletion of the table", meant(ours["deletion_protection_enabled"]), (
        written(theirs["DeletionProtectionEnabled"]))
    yield "encryption", ours["server_side_encryption"][0]["enabled"], theirs["SSESpecification"]["SSEEnabled"]


def _keys(schema):
    return [(each["AttributeName"], each["KeyType"]) for each in schema]


BY_DEFAULT = "ServerSideEncryptionByDefault"


def _bucket(module, template):
    theirs = _properties(template, "Photos")
    block = module.resource("aws_s3_bucket_public_access_block", "photos")
    yield "public access", {
        camel(name): value for name, value in block.items() if name not in ("count", "bucket")
    }, dict(theirs["PublicAccessBlockConfiguration"])
    notifications = module.resource("aws_s3_bucket_notification", "photos")
    yield "EventBridge of the bucket", meant(notifications.get("eventbridge")), (
        written(theirs["NotificationConfiguration"].get("EventBridgeConfiguration")))
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
    versions = module.resource("aws_s3_bucket_versioning", "photos")
    yield "versioning", [meant(versions["count"]), _arguments(versions["versioning_configuration"][0])], [
        written(each) for each in theirs["VersioningConfiguration"]["Fn::If"][:2]]
    [rule] = module.resource("aws_s3_bucket_server_side_encryption_configuration", "photos")["rule"]
    [ours] = rule["apply_server_side_encryption_by_default"]
    condition, keyed, plain = theirs["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]["Fn::If"]
    yield "encryption of the bucket", (
        meant(ours["sse_algorithm"]), meant(ours["kms_master_key_id"]), meant(rule["bucket_key_enabled"])
    ), (
        f"If({condition}, {keyed[BY_DEFAULT]['SSEAlgorithm']}, {plain[BY_DEFAULT]['SSEAlgorithm']})",
        written(keyed[BY_DEFAULT].get("KMSMasterKeyID")), keyed.get("BucketKeyEnabled"),
    )
    cors = module.resource("aws_s3_bucket_cors_configuration", "photos")
    ours = _arguments(cors["cors_rule"][0])
    condition, other, _ = theirs["CorsConfiguration"]["Fn::If"]
    yield "CORS", (meant(cors["count"]), ours.pop("MaxAgeSeconds"), ours), (
        condition, other["CorsRules"][0]["MaxAge"],
        {key: list(value) for key, value in other["CorsRules"][0].items() if key != "MaxAge"})


def _alarms(module, template):
    found = {**module.locals["alarms"], **module.locals["website_alarms"]}
    theirs = template.of_type("AWS::CloudWatch::Alarm")
    yield "alarms", sorted([*found, "RejectedAlarm"]), sorted(theirs)
    yield "alarms of the website", sorted(module.locals["website_alarms"]), sorted(
        name for name in theirs if template.resources[name]["Condition"] == "HasWebsiteAlarm")
    metric = module.resource("aws_cloudwatch_metric_alarm", "metric")
    ours = {name: _filled_in(metric, each) for name, each in found.items()}
    ours["RejectedAlarm"] = module.resource("aws_cloudwatch_metric_alarm", "rejected")
    for name in sorted(set(ours) & set(theirs)):
        mine, other = _our_alarm(ours[name]), _their_alarm(theirs[name])
        for part in sorted(set(mine) | set(other)):
            yield f"{part} of {name}", mine.get(part), other.get(part)
    for timeout, milliseconds in template.tree["Mappings"]["Function"]["TimedOut"].items():
        yield "threshold of TimeoutsAlarm", found["TimeoutsAlarm"]["threshold"], (
            f"1000 * var.timeout - {1000 * int(timeout) - milliseconds}")


def _filled_in(block, each):
    """An alarm that `for_each` makes of the entry `each`."""
    entry = {f"each.value.{key}": value for key, value in each.items()}
    return {key: entry.get(value, value) if isinstance(value, str) else value for key, value in block.items()}


def _our_alarm(block):
    leave = ("for_each", "count", "alarm_name", "alarm_description", "metric_query", "dynamic")
    alarm = _arguments({key: value for key, value in block.items() if key not in leave})
    # What it measures is an expression, or a metric by itself.
    queries = list(block.get("metric_query", []))
    for each in block.get("dynamic", []):
        [content] = each["metric_query"]["content"]
        for key, value in each["metric_query"]["for_each"].items():
            [measured] = content["metric"]
            measured = {name: value if given == "metric_query.value" else given for name, given in measured.items()}
            queries.append({**content, "id": key if content["id"] == "metric_query.key" else content["id"],
                            "metric": [measured]})
    alarm |= {f"query {each['id']}": _our_query(each) for each in queries}
    return {{"OkActions": "OKActions"}.get(key, key): value for key, value in alarm.items()}


def _our_query(query):
    [measured] = query.get("metric", [None])
    return query.get("label"), query.get("expression"), bool(query.get("return_data")), (
        _arguments(measured) if measured else None)


def _their_alarm(properties):
    leave = ("AlarmDescription", "Metrics")
    alarm = {str(key): written(value) for key, value in properties.items() if key not in leave}
    if "Dimensions" in alarm:
        alarm["Dimensions"] = _pairs_of(alarm["Dimensions"])
    return alarm | {f"query {each['Id']}": _their_query(each) for each in properties.get("Metrics", [])}


def _their_query(query):
    # It is returned if nothing is said, and in Terraform it is not.
    stat = written(query.get("MetricStat"))
    if stat:
        metric = stat.pop("Metric")
        stat |= {**metric, "Dimensions": _pairs_of(metric["Dimensions"])}
    return query.get("Label"), query.get("Expression"), query.get("ReturnData", True), stat


def _pairs_of(dimensions):
    return {each["Name"]: each["Value"] for each in dimensions}


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
