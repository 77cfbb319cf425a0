"""Each check finds what it is there for: a template that is broken in one place fails.

python3 -m unittest discover infra/checks
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import expanded
import machine
import policies
import terraform
from templates import Template

INFRA = pathlib.Path(__file__).parent.parent
TEMPLATE = (INFRA / "template.yaml").read_text(encoding="utf-8")
BACKFILL = (INFRA / "backfill.yaml").read_text(encoding="utf-8")
DEFINITION = (INFRA / "backfill.asl.json").read_text(encoding="utf-8")
MODULE = [path.read_text(encoding="utf-8") for path in sorted((INFRA / "terraform").glob("*.tf"))]
EVENT = (INFRA.parent / "events/distributed-map.json").read_text(encoding="utf-8")


def broken(text, old, new, count=1):
    """The text with another in its place, which must be there."""
    if old not in text:
        raise AssertionError(f"there is no {old!r} to be broken")
    return text.replace(old, new, count)


class Policies(unittest.TestCase):
    def finds(self, what, old, new, text=TEMPLATE):
        found = policies.faults(Template(broken(text, old, new)))
        self.assertTrue(any(what in fault for fault in found), found)

    def test_a_statement_without_a_name(self):
        self.finds("has no Sid", "- Sid: WriteCatalogue\n                Effect", "- Effect")

    def test_two_statements_of_one_name(self):
        self.finds("two statements are called", "- Sid: TakeChanges", "- Sid: WriteCatalogue")

    def test_a_statement_in_place_of_another(self):
        kept = "                    - !GetAtt DeletedRule.Arn\n            - !Ref AWS::NoValue\n"
        other = "            - Sid: FromNobody\n              Effect: Deny\n"
        self.finds("either FromTheRulesOnly or FromNobody is there", kept,
                   kept.replace("            - !Ref AWS::NoValue\n", other))

    def test_a_statement_without_a_resource(self):
        self.finds("has no Resource", "Resource: !GetAtt DeadLetters.Arn\n              - Sid",
                   "X: y\n              - Sid")

    def test_all_but_something(self):
        self.finds("which means all others", "Resource: !GetAtt DeadLetters.Arn\n              - Sid",
                   "Resource: !GetAtt DeadLetters.Arn\n                NotAction: sqs:SendMessage\n              - Sid")

    def test_a_wildcard_without_a_comment(self):
        self.finds("no comment says why", '"*" # X-Ray has no resources for these', '"*"')
        self.finds("no comment says why", "${Photos.Arn}/* # every object", "${Photos.Arn}/*")
        why = "              # A stream is named after the time when it was taken on, which no template can look up.\n"
        self.finds("no comment says why", why, "")

    def test_a_wildcard_among_what_is_allowed(self):
        self.finds("allows dynamodb:*", "- dynamodb:UpdateItem\n", "- dynamodb:* # convenient\n")

    def test_a_function_that_writes_to_its_bucket(self):
        self.finds("could set it off", "Action: s3:GetObject\n", "Action: s3:PutObject\n")
        self.finds("could set it off", "Action: s3:ListBucket\n", "Action: s3:DeleteObject\n")
        self.finds("Website may do s3:PutObject", "/${WebUploadPrefix}* # every", "/* # every")

    def test_a_function_that_writes_to_its_queue(self):
        old = "Action: sqs:SendMessage\n                Resource: !GetAtt DeadLetters.Arn"
        self.finds("set itself off", old, old.replace("DeadLetters", "Changes"))

    def test_a_function_with_a_role_or_a_policy_of_other_hands(self):
        self.finds("has no role of its own", "      Role: !GetAtt FunctionRole.Arn\n", "")
        self.finds("may do the policy", "        - !Ref PhotoReader\n",
                   "        - arn:aws:iam::aws:policy/AmazonS3FullAccess\n")

    def test_the_templates_are_well(self):
        for text in (TEMPLATE, BACKFILL):
            self.assertEqual(policies.faults(Template(text)), [])


class Parameters(unittest.TestCase):
    """The patterns take what their constraints say."""

    def takes(self, name, taken, refused):
        pattern = Template(TEMPLATE).tree["Parameters"][name]["AllowedPattern"]
        for value in taken:
            self.assertTrue(re.search(pattern, value), f"{name} refuses {value!r}")
        for value in refused:
            self.assertFalse(re.search(pattern, value), f"{name} takes {value!r}")

    def test_a_model_ends_with_tflite_and_has_it_nowhere_else(self):
        self.takes("ModelFile", ("", "s3://my-models/clothing-v2.tflite", "s3://a.b/c/(d)_1.tflite"), (
            "model.tflite", "s3://models/a.tflite.tflite", "s3://models/a.tflite/b.tflite", "s3://models/a.toml",
            "s3://my.tflite.models/a.tflite", "s3://models/*.tflite", "s3://models/a.tflite/"))

    def test_a_generation_is_one_that_the_function_takes(self):
        most = 4294967295
        near = [most // 10**power * 10**power for power in range(10)]
        edges = sorted({abs(each + step) for each in (0, *near) for step in range(-11, 12)} | {most})
        taken, refused = ([each for each in edges if (each <= most) is fits] for fits in (True, False))
        more = (9999999999, 10**10, 10 * most)
        self.takes("Generation", ["", *map(str, taken)], ["-1", "007", "1.0", *map(str, [*refused, *more])])


class Expanded(unittest.TestCase):
    def finds(self, what, old, new, text=TEMPLATE):
        found = expanded.faults(broken(text, old, new), "eu-west-1")
        self.assertTrue(any(what in fault for fault in found), found)

    def test_a_misspelt_property_of_an_event(self):
        self.finds("extra fields", "MaximumBatchingWindowInSeconds:", "MaximumBatchingWindowInSecond:")

    def test_a_misspelt_property_of_a_function(self):
        self.finds("extra fields", "ReservedConcurrentExecutions:", "ReservedConcurrentExecution:")

    def test_a_misspelt_property_that_only_the_expanded_template_shows(self):
        self.finds("MaximumConcurency", "              MaximumConcurrency: !Ref",
                   "              MaximumConcurency: !Ref")

    def test_a_misspelt_property_of_the_state_machine(self):
        self.finds("extra fields", "DefinitionSubstitutions:", "DefinitionSubstitution:", BACKFILL)


class Machine(unittest.TestCase):
    def finds(self, what, old, new):
        found = machine.faults(broken(DEFINITION, old, new), BACKFILL, EVENT)
        self.assertTrue(any(what in fault for fault in found), found)

    def test_a_state_that_is_not_there(self):
        self.finds("Clasify", '"StartAt": "Classify"', '"StartAt": "Clasify"')

    def test_a_part_that_the_language_has_not(self):
        self.finds("MaxItemPerBatch", '"MaxItemsPerBatch"', '"MaxItemPerBatch"')

    def test_a_batch_that_the_function_does_not_understand(self):
        self.finds("the function understands", '"bucket": "${Bucket}"', '"name": "${Bucket}"')
        self.finds("as it is", '"Payload.$": "$"', '"Payload.$": "$.Items"')

    def test_a_blank_that_is_not_filled_in(self):
        self.finds("the blanks are", "${Prefix}", "${Start}")

    def test_a_batch_that_is_not_tried_again(self):
        begin, end = DEFINITION.index('"Retry"'), DEFINITION.index('"End": true')
        self.finds("Retry is missing", DEFINITION[begin:end], "")


class Terraform(unittest.TestCase):
    def finds(self, what, old, new, module=True):
        texts, template = list(MODULE), TEMPLATE
        if module:
            place = next(number for number, text in enumerate(texts) if old in text)
            texts[place] = broken(texts[place], old, new)
        else:
            template = broken(template, old, new)
        found = terraform.faults(texts, template)
        self.assertTrue(any(what in fault for fault in found), found)

    def test_a_variable_that_only_one_has(self):
        self.finds("variables of Function", "          URL_HOSTS: !Ref UrlHosts\n", "", module=False)
        self.finds("the list of settings", '    "URL_HOSTS",\n', "")

    def test_a_statement_that_only_one_has_or_that_allows_more(self):
        self.finds("statement TakeChanges of FunctionRole", "sqs:ReceiveMessage", "sqs:SendMessage")
        self.finds("statement ReadChanges of CatalogueReader", '"ReadChanges"', '"SeeChanges"')
        self.finds("statement WriteReviews of WebsiteRole", '        "labels",\n', "")
        self.finds("statement SetAsideWhatCannotBeRead", "aws_sqs_queue.dead_letters.arn]",
                   "aws_sqs_queue.changes.arn]")

    def test_another_table_queue_or_alarm(self):
        self.finds("indexes", '      "model_id",\n', "")
        self.finds("receives", "maxReceiveCount     = 10", "maxReceiveCount     = 3")
        self.finds("visibility at 60", '"60": 360', '"60": 240', module=False)
        self.finds("Threshold of OldestMessageAlarm", "Threshold: 1800", "Threshold: 900", module=False)
        self.finds("notifications", '"s3:ObjectRestore:Completed"', '"s3:ObjectAcl:Put"')

    def test_a_variable_or_property_that_is_set_to_something_else(self):
        self.finds("TABLE_NAME of Function", "TABLE_NAME        = local.table_name", "TABLE_NAME        = var.name")
        self.finds("DEAD_LETTER_QUEUE of Function", "aws_sqs_queue.dead_letters.url\n      RUST",
                   "aws_sqs_queue.changes.url\n      RUST")
        self.finds("MAX_PIXELS of Function", "MAX_PIXELS        = lookup(var.settings, \"MAX_PIXELS\"",
                   "MAX_PIXELS        = lookup(var.settings, \"MAX_BYTES\"")
        self.finds("RUST_LOG of Website", "RUST_LOG                = \"warn,", "RUST_LOG                = \"info,")
        self.finds("WEB_TRUST_IAM of Website", 'WEB_TRUST_IAM: !If [IsByIam, "yes", "no"]',
                   'WEB_TRUST_IAM: !If [IsPublic, "yes", "no"]', module=False)
        self.finds("WEB_UPLOADS of Website", "Bucket: !If [MakesBucket, !Ref Photos, ",
                   "Bucket: !If [HasUploads, !Ref Photos, ", module=False)
        self.finds("KEY_PREFIX of Function", "KEY_PREFIX: !Ref KeyPrefix", "KEY_PREFIX: !Ref WebUploadPrefix",
                   module=False)
        self.finds("tracing of Website",
                   'mode = var.tracing\n  }\n  environment {\n    variables = {\n      TABLE_NAME              ',
                   'mode = "Active"\n  }\n  environment {\n    variables = {\n      TABLE_NAME              ')
        self.finds("tracing of Function", "      Tracing: !Ref Tracing", "      Tracing: Active", module=False)
        self.finds("log of Function", "application_log_level = var.log_level", 'application_log_level = "INFO"')
        self.finds("log group of Website", "RetentionInDays: !Ref LogRetentionDays\n\n  # It reads",
                   "RetentionInDays: 7\n\n  # It reads", module=False)
        self.finds("memory_size of Function", "= var.memory_size", "= 2048")
        self.finds("scaling of the mapping", "= var.maximum_concurrency", "= 10")
        self.finds("who may call the URL", '"AWS_IAM" : "NONE"', '"NONE" : "AWS_IAM"')
        self.finds("default of var.timeout", "default     = 60", "default     = 120")
        self.finds("default of var.reserved_concurrency", "default     = -1", "default     = 5")
        self.finds("local.has_uploads", "local.has_website && var", "local.makes_bucket && var")
        self.finds("local.table_name", "aws_dynamodb_table.catalogue[0].name : ", "var.name : ")

    def test_a_bucket_that_keeps_or_encrypts_otherwise(self):
        self.finds("versioning", "status = var.versioning", 'status = "Enabled"')
        self.finds("versioning", "        - Status: !Ref Versioning", "        - Status: Enabled", module=False)
        self.finds("encryption of the bucket", '"aws:kms" : "AES256"', '"AES256" : "aws:kms"')
        self.finds("encryption of the bucket", "bucket_key_enabled = length(var.kms_key_arns) > 0",
                   "bucket_key_enabled = false")
        self.finds("encryption of the bucket", "BucketKeyEnabled: true", "BucketKeyEnabled: false", module=False)
        self.finds("CORS", 'allowed_methods = ["POST"]', 'allowed_methods = ["PUT"]')
        self.finds("deletion of the table", "= var.table_deletion_protection", "= true")

    def test_an_alarm_that_asks_otherwise(self):
        old = 'treat_missing_data  = "notBreaching"\n'
        self.finds("TreatMissingData of ErrorsAlarm", old, old.replace("notB", "b"))
        self.finds("TreatMissingData of RejectedAlarm", f"= 20\n  {old}", f"= 20\n  {old.replace('notB', 'b')}")
        self.finds("OKActions of DeadLettersAlarm", "ok_actions          = var.alarm_topic_arns\n}",
                   "ok_actions          = []\n}")
        self.finds("AlarmActions of RejectedAlarm",
                   "alarm_actions       = var.alarm_topic_arns\n  ok_actions          = var.alarm_topic_arns\n\n",
                   "alarm_actions       = []\n  ok_actions          = var.alarm_topic_arns\n\n")
        self.finds("Period of ThrottlesAlarm", "period              = 300", "period              = 60")
        self.finds("Statistic of ErrorsAlarm", 'statistic   = "Sum"', 'statistic   = "Average"')
        self.finds("Dimensions of OldestMessageAlarm", "QueueName = aws_sqs_queue.changes.name",
                   "QueueName = aws_sqs_queue.dead_letters.name")
        self.finds("MetricName of DeadLettersAlarm", "metric_name         = each.value.metric",
                   "metric_name         = each.value.namespace")
        self.finds("Threshold of RejectedAlarm", "threshold           = 20", "threshold           = 30")
        self.finds("query share of RejectedAlarm", ">= 20, 100", ">= 5, 100")
        self.finds("query classified of RejectedAlarm", 'classified = "Classified"', 'classified = "Unchanged"')
        self.finds("query rejected of RejectedAlarm", "period      = 900", "period      = 300")
        self.finds("query rejected of RejectedAlarm", "            Period: 900\n            Stat: Sum",
                   "            Period: 900\n            Stat: Average", module=False)
        self.finds("alarms of the website", "Condition: HasWebsiteAlarm", "Condition: HasAlarms", module=False)

    def test_a_bucket_that_does_not_tell_eventbridge(self):
        self.finds("EventBridge of the bucket", "eventbridge = var.bucket_event_bridge", "eventbridge = false")
        self.finds("EventBridge of the bucket", "          - EventBridgeEnabled: true\n", "          - {}\n",
                   module=False)

    def test_a_reference_to_nothing(self):
        self.finds("aws_sqs_queue.change is used", "aws_sqs_queue.changes.url", "aws_sqs_queue.change.url")
        self.finds("var.key_prefixes is used", "= var.key_prefix\n", "= var.key_prefixes\n")

    def test_the_module_is_well(self):
        self.assertEqual(terraform.faults(MODULE, TEMPLATE), [])


class Linters(unittest.TestCase):
    def test_cfn_lint_reads_the_template(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "template.yaml")
            path.write_text(broken(TEMPLATE, "  DeadLetters:\n", "  DeadLetter:\n"), encoding="utf-8")
            linted = subprocess.run(
                ["cfn-lint", "--regions", "eu-west-1", "--", str(path)], capture_output=True, text=True
            )
        self.assertNotEqual(linted.returncode, 0, linted.stdout)
        self.assertIn("DeadLetters", linted.stdout)


if __name__ == "__main__":
    sys.exit(unittest.main())
