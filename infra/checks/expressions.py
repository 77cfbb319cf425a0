"""What an expression of the Terraform module is in the template, and how both are written to be compared."""

import re

from templates import branches

#: What an expression of a policy is in the template, when bucket and table are new.
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
#: What an expression of a property is in the template, as `written` writes it. A variable is the parameter of
#: its name and needs no entry, unless the two are of different kinds.
PROPERTIES = {
    "local.table_name": "If(MakesTable, Catalogue, ExistingTable)",
    "local.makes_table ? aws_dynamodb_table.catalogue[0].name : var.existing_table":
        "If(MakesTable, Catalogue, ExistingTable)",
    'length(var.existing_buckets) == 0': "Equals(ExistingBucket, )",
    'var.existing_table == ""': "Equals(ExistingTable, )",
    'var.web_access != "none"': "Not(Equals(WebAccess, none))",
    'local.has_website && var.web_upload_prefix != ""': "And(HasWebsite, Not(Equals(WebUploadPrefix, )))",
    'local.makes_bucket && var.versioning != "none" ? 1 : 0': "IsVersioned",
    "local.makes_bucket && local.has_uploads ? 1 : 0": "HasUploads",
    "var.architecture": "arm64",
    "var.reserved_concurrency": "If(HasReservedConcurrency, ReservedConcurrency, AWS::NoValue)",
    "var.table_deletion_protection": "If(IsProtected, True, False)",
    "var.bucket_event_bridge": "If(TellsEventBridge, {'EventBridgeEnabled': True}, AWS::NoValue)",
    "var.alarm_topic_arns": ["If(HasAlarmTopic, AlarmTopicArn, AlarmTopic)"],
    "length(var.kms_key_arns) > 0": True,
    'length(var.kms_key_arns) > 0 ? "aws:kms" : "AES256"': "If(HasKmsKey, aws:kms, AES256)",
    "one(slice(var.kms_key_arns, 0, min(1, length(var.kms_key_arns))))": "Select(0, Split(,, KmsKeyArn))",
    'var.web_access == "iam" ? "yes" : "no"': "If(IsByIam, yes, no)",
    'var.web_access == "iam" ? "AWS_IAM" : "NONE"': "If(IsByIam, AWS_IAM, NONE)",
    'local.has_uploads ? "${local.buckets[0]}/${var.web_upload_prefix}" : ""':
        "If(HasUploads, Sub(${Bucket}/${WebUploadPrefix}, "
        "{'Bucket': 'If(MakesBucket, Photos, Select(0, Split(,, ExistingBucket)))'}), )",
    "1000 * var.timeout - 100": "FindInMap(Function, TimedOut, Timeout)",
    "aws_sqs_queue.changes.arn": "Changes.Arn",
    "aws_sqs_queue.changes.name": "Changes.QueueName",
    "aws_sqs_queue.dead_letters.name": "DeadLetters.QueueName",
    "aws_sqs_queue.dead_letters.url": "DeadLetters",
    "aws_iam_role.function.arn": "FunctionRole.Arn",
    "aws_iam_role.website[0].arn": "WebsiteRole.Arn",
    "aws_cloudwatch_log_group.function.name": "FunctionLogs",
    "aws_cloudwatch_log_group.website[0].name": "WebsiteLogs",
    "aws_lambda_function.function.function_name": "Function",
    "one(aws_lambda_function.website[*].function_name)": "Website",
}
_SETTING = re.compile(r'lookup\(var\.settings, "(\w+)", ""\)')
_VARIABLE = re.compile(r"var\.(\w+)")
_PART = re.compile(r"\$\{var\.(\w+)\}")


def camel(name):
    """A name as CloudFormation writes it: `key_prefix` and `KEY_PREFIX` are `KeyPrefix`."""
    return "".join(word.title() for word in name.split("_"))


def meant(value):
    """A value of the module, with what it is in the template in place of each expression."""
    if isinstance(value, dict):
        return {key: meant(each) for key, each in value.items()}
    if isinstance(value, list):
        return [meant(each) for each in value]
    if not isinstance(value, str):
        return value
    if value in PROPERTIES:
        return PROPERTIES[value]
    whole = _SETTING.fullmatch(value) or _VARIABLE.fullmatch(value)
    if whole:
        return camel(whole[1])
    return _PART.sub(lambda part: f"${{{camel(part[1])}}}", value.replace("${var.name}", "${AWS::StackName}"))


def written(value):
    """A value of the template, with a text in place of each function."""
    if isinstance(value, list):
        return [written(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(function, inner)] = value.items()
        if function in ("Ref", "Condition"):
            return str(inner)
        if function == "Fn::GetAtt":
            return ".".join(inner)
        if function == "Fn::Sub" and isinstance(inner, str):
            return str(inner)
        if function.startswith("Fn::"):
            return f"{function[4:]}({', '.join(str(written(each)) for each in inner)})"
    return {str(key): written(each) for key, each in value.items()}


def same(values, known=SAME):
    """The values of a policy's statement in the module, as they are called in the template."""
    values = values if isinstance(values, list) else [values]
    return sorted(known.get(each, each) for each in values)


def names(value):
    """The names of what a value stands for when bucket and table are new."""
    first = branches(value)[:1]
    items = first[0] if first and isinstance(first[0], list) else first
    return sorted(name(branches(each)[0]) for each in items)


def name(value):
    """What a text, or a function of the template, names."""
    if not isinstance(value, dict):
        return str(value)
    [(function, inner)] = value.items()
    if function == "Fn::GetAtt":
        return ".".join(inner)
    if function == "Fn::Sub":
        return str(inner[0] if isinstance(inner, list) else inner)
    if function == "Fn::Split":
        return name(inner[1])
    return str(inner)
