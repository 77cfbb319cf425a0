"""What is shown, in order: each step goes on with the stack that the one before has left."""

import json
import os
import re

import tomlkit

from cloud import REGION, Wrong, wait

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PHOTOS = os.path.join(ROOT, "events", "photos")
STACK = "lookbook"

#: Commands of infra/README.md that are not run, by how they begin, and why.
EXCUSED = {
    "pip install cargo-lambda": "run.sh installs sam, with pinned versions; the rest is for `sam build`",
    "rustup target add": "for `sam build`",
    "sam build": "run.sh builds the functions, for this processor and sooner; `just package` builds as this",
    "export CARGO_LAMBDA_GLOBAL": "for `sam build`",
    "aws sqs start-message-move-task": "ministack has no StartMessageMoveTask; `lookbook dead-letters` is run",
}

#: What is typed to questions which the page's table does not name, as they explain themselves.
TYPED = [
    # The table says `Parameters`: Enter for each.
    ("Parameter ", ""),
    ("SAM configuration file", ""),
    ("SAM configuration environment", ""),
    ("Deploy this changeset?", "y"),
    ("Are you sure you want to delete the stack", "y"),
    ("Are you sure you want to delete the folder", "y"),
]

STEPS = []


def step(function):
    """Takes a step in; the first line of its documentation is what it shows."""
    STEPS.append(function)
    return function


def check(holds, what):
    """Fails, and says what is wrong, if something does not hold."""
    if not holds:
        raise Wrong(what)


def photo(name):
    with open(os.path.join(PHOTOS, name), "rb") as file:
        return file.read()


def official():
    """The label that the official runtime gives each sample photo."""
    with open(os.path.join(ROOT, "model", "expected", "expected.json"), encoding="utf-8") as file:
        photos = json.load(file)["photos"]
    return {each["photo"]: max(each["scores"], key=each["scores"].get) for each in photos}


def event(bucket, key):
    """What S3 says of a new object."""
    record = {
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": REGION,
        "eventTime": "2026-01-15T09:30:00.000Z", "eventName": "ObjectCreated:Put",
        "s3": {"s3SchemaVersion": "1.0", "bucket": {"name": bucket}, "object": {"key": key}},
    }
    return json.dumps({"Records": [record]})


class Scenario:
    """What all steps use: the page, the shell, the cloud, and the names of what the stack made."""

    def __init__(self, guide, shell, cloud, place):
        self.guide, self.shell, self.cloud, self.place = guide, shell, cloud, place
        self.bucket = self.table = None

    def run(self, words, placeholders=(), **options):
        """Runs the block of the page that has these words, with something in place of its placeholders."""
        script = self.guide.script(words)
        for placeholder, value in dict(placeholders).items():
            check(placeholder in script, f"the block with {words} has no {placeholder}")
            script = script.replace(placeholder, value)
        return self.shell.run(script, **options)

    def deployed(self):
        """Looks that the last deployment ended well, and what it made is in order."""
        stack = self.cloud.stack(STACK)
        check(stack, f"there is no stack {STACK}")
        state = stack["StackStatus"]
        check(state in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"the stack is {state}")
        self.cloud.mend_mappings()
        outputs = self.cloud.outputs(STACK)
        # Of several buckets, it is the first that the steps use.
        self.bucket, self.table = outputs["BucketName"].split(",")[0], outputs["TableName"]
        return outputs

    def put(self, key, content, bucket=None):
        self.cloud.s3.put_object(Bucket=bucket or self.bucket, Key=key, Body=content)

    def row(self, key, bucket=None):
        return self.cloud.row(self.table, bucket or self.bucket, key)

    def on_shelf(self, key, shelf, bucket=None):
        """Waits until a photo stands on a shelf, and gives its row."""
        def look():
            row = self.row(key, bucket)
            return row if row and row.get("shelf") == shelf else None

        return wait(f"{key} is not on the shelf {shelf}", look)

    def settings(self, words, placeholders=(), more=""):
        """Puts what a `toml` block of the page says into `samconfig.toml`, and `more` beside it."""
        block = tomlkit.parse(self.guide.take(words, "toml").text)
        inner = block.get("default", {}).get("deploy", {}).get("parameters", block)
        overrides = inner["parameter_overrides"]
        for placeholder, value in dict(placeholders).items():
            check(placeholder in overrides, f"{overrides} has no {placeholder}")
            overrides = overrides.replace(placeholder, value)
        self.set_overrides(f"{overrides} {more}".strip())

    def set_overrides(self, overrides):
        path = os.path.join(self.place, "infra", "samconfig.toml")
        with open(path, encoding="utf-8") as file:
            config = tomlkit.load(file)
        config["default"]["deploy"]["parameters"]["parameter_overrides"] = overrides
        with open(path, "w", encoding="utf-8") as file:
            tomlkit.dump(config, file)

    def deploy(self):
        """Deploys again what is set now."""
        self.shell.run("sam deploy")
        return self.deployed()

    def variables(self, logical="Function"):
        return self.cloud.variables(self.cloud.resources(STACK)[logical])

    def patience(self, queue, seconds):
        """For how long a message that was handed out is hidden. Ten times six minutes would be an hour."""
        self.cloud.queues.set_queue_attributes(
            QueueUrl=queue, Attributes={"VisibilityTimeout": str(seconds)}
        )


@step
def it_deploys(at):
    """`sam deploy --guided`, answered as the page says, makes the stack"""
    at.run("sam deploy --guided")
    at.deployed()
    check(at.bucket.startswith(f"{STACK}-photos-"), f"the bucket is called {at.bucket}")
    check("Website" not in at.cloud.resources(STACK), "there is a website that nobody asked for")


@step
def a_photo_gets_its_row(at):
    """the page's first photo is on its shelf after a few seconds"""
    script = at.guide.script("dress-1.jpg \"s3://")

    def look():
        said = at.shell.run(script)
        return f"{at.bucket}/dress-1.jpg" in said and said

    said = wait("the page's query does not show dress-1.jpg", look)
    for name in ("bucket", "key", "label", "confidence", "width", "height"):
        check(f'"{name}"' in said, f"the page says that the answer has `{name}`, and it has not: {said}")


@step
def all_photos_get_their_rows(at):
    """every sample photo gets the label that the official runtime gives it, and stands on its shelf"""
    for name in sorted(official()):
        at.put(f"new in/été/{name}", photo(name))
    for name, label in sorted(official().items()):
        row = at.on_shelf(f"new in/été/{name}", label)
        check(row["label"] == label, f"{name} has the label {row['label']} and not {label}")


@step
def the_log_tells(at):
    """`sam logs` shows what the function says of a photo, and the log has the metrics of the dashboard"""
    at.run("sam logs", until='"classified"')
    outputs = at.cloud.outputs(STACK)

    def counted():
        count = 0
        for line in at.cloud.lines(outputs["LogGroupName"]):
            if '"_aws"' in line:
                said = json.loads(line)
                check(said["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Lookbook", f"not ours: {line}")
                check(said["FunctionName"] == outputs["FunctionName"], f"of another function: {line}")
                count += said.get("Classified", 0)
        return count > len(official())

    wait("the metrics in the log do not count all photos", counted)


@step
def a_removal_leaves_its_shelf(at):
    """a photo that is removed leaves its shelf, and a tombstone stays"""
    at.run('aws s3 rm "s3://$(output BucketName)/dress-1.jpg"')

    def look():
        row = at.row("dress-1.jpg")
        return row if row and "shelf" not in row else None

    row = wait("the row of dress-1.jpg keeps its shelf", look)
    check("expires_at" in row, f"the tombstone of dress-1.jpg does not expire: {row}")


@step
def a_bad_photo_is_rejected(at):
    """what is no photo is on the shelf `rejected`, with a reason"""
    at.put("letter.jpg", b"Dear Sir or Madam, this is not a photo.\n")
    row = at.on_shelf("letter.jpg", "rejected")
    check(row.get("reason_code") == "unsupported_format", f"the reason of letter.jpg is {row}")
    check(len(row.get("reason", "")) > 20, f"the reason of letter.jpg does not say what to do: {row}")


@step
def poison_ends_in_the_dead_letter_queue(at):
    """a message that is no event is in the dead-letter queue at once, says why, and the page's commands show it"""
    outputs = at.cloud.outputs(STACK)
    queue, dead = outputs["QueueUrl"], outputs["DeadLetterQueueUrl"]
    at.cloud.queues.send_message(QueueUrl=queue, MessageBody="this is no event")
    wait("the message that is no event is not in the dead-letter queue",
         lambda: at.cloud.attribute(dead, "ApproximateNumberOfMessages"))
    said = at.run("aws sqs receive-message")
    check("this is no event" in said, f"the page's command does not show the message: {said}")
    message = at.cloud.queues.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"][0]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    check(told.get("code") == "unreadable", f"the message's code is not `unreadable`: {told}")
    check(len(told.get("reason", "")) > 20, f"the message does not say why it is there: {told}")
    wait(f"the log does not have the request that the message names: {told}",
         lambda: told["request_id"] in "\n".join(at.cloud.lines(outputs["LogGroupName"])))
    at.cloud.queues.delete_message(QueueUrl=dead, ReceiptHandle=message["ReceiptHandle"])
    wait("the message that is no event is left in its own queue, too",
         lambda: not at.cloud.attribute(queue, "ApproximateNumberOfMessagesNotVisible"))


@step
def a_dead_letter_comes_back(at):
    """a photo whose bucket was gone is a dead letter, and gets its row once that is mended and it is sent back"""
    outputs = at.cloud.outputs(STACK)
    queue, dead = outputs["QueueUrl"], outputs["DeadLetterQueueUrl"]
    at.patience(queue, 1)
    at.cloud.queues.send_message(QueueUrl=queue, MessageBody=event("archive", "hat-1.jpg"))
    wait("the photo in a bucket that is gone is no dead letter",
         lambda: at.cloud.attribute(dead, "ApproximateNumberOfMessages"), 120)
    at.patience(queue, 360)
    check(not at.row("hat-1.jpg", "archive"), "a photo has a row, and its bucket is gone")
    at.cloud.s3.create_bucket(
        Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    at.put("hat-1.jpg", photo("hat-1.jpg"), bucket="archive")
    at.run("--send-back")
    at.on_shelf("hat-1.jpg", "hat", bucket="archive")


@step
def settings_change(at):
    """another setting in `samconfig.toml` and `sam deploy`: bucket, table and rows stay, the function changes"""
    before, bucket, table = at.variables(), at.bucket, at.table
    at.settings("KeyPrefix=", more='Versioning="Enabled"')
    at.deploy()
    check((bucket, table) == (at.bucket, at.table), f"{bucket}, {table} are now {at.bucket}, {at.table}")
    versions = at.cloud.s3.get_bucket_versioning(Bucket=bucket).get("Status")
    check(versions == "Enabled", f"the bucket keeps no versions: {versions}")
    wanted = before | {"KEY_PREFIX": "products/", "REVIEW_BELOW": "0.7"}
    check(at.variables() == wanted, f"the function has {at.variables()}, and should have {wanted}")
    at.on_shelf("new in/été/shoes-1.jpg", "shoes")
    at.put("shirt-1.jpg", photo("shirt-1.jpg"))
    at.put("products/shirt-1.jpg", photo("shirt-1.jpg"))
    at.on_shelf("products/shirt-1.jpg", "shirt")
    check(not at.row("shirt-1.jpg"), "a photo outside `KeyPrefix` has a row")


@step
def the_website_answers(at):
    """with `WebAccess`, the Function URL answers `api/shelves`, and what no file names stays as it was"""
    digest = at.run("openssl rand").splitlines()[-1].strip()
    check(re.fullmatch("[0-9a-f]{64}", digest), f"the page's commands print no fingerprint: {digest}")
    at.settings('WebAccess=\\"public\\"', {"HASH": digest})
    said = at.run("api/shelves", seconds=240)
    at.deployed()
    shelves = re.search(r'^\{"shelves".*\}', said, re.MULTILINE)
    check(shelves, f"the catalogue does not answer with shelves: {said[-2000:]}")
    counts = {each["name"]: each["count"] for each in json.loads(shelves[0])["shelves"]}
    check(counts["shirt"] == 3, f"there are 3 shirts, and the catalogue says {counts['shirt']}")
    check(counts["rejected"] == 1, f"one is rejected, and the catalogue says {counts['rejected']}")
    prefix = at.variables()["KEY_PREFIX"]
    check(prefix == "products/", f"`KeyPrefix` was not named again, and is now {prefix!r}")
    check(at.variables("Website")["WEB_TOKEN_SHA256"] == digest, "the website has another fingerprint")


@step
def others_may_read(at):
    """the reader policy can be attached to another role"""
    trust = {"Version": "2012-10-17", "Statement": []}
    at.cloud.iam.create_role(RoleName="WEBSITE_ROLE", AssumeRolePolicyDocument=json.dumps(trust))
    at.run("aws iam attach-role-policy")
    attached = at.cloud.iam.list_attached_role_policies(RoleName="WEBSITE_ROLE")["AttachedPolicies"]
    wanted = at.cloud.outputs(STACK)["CatalogueReaderPolicyArn"]
    check([each["PolicyArn"] for each in attached] == [wanted], f"attached are {attached}")
    at.cloud.iam.detach_role_policy(RoleName="WEBSITE_ROLE", PolicyArn=wanted)


@step
def it_is_removed(at):
    """`sam delete` removes the stack, and keeps bucket, photos, table and rows"""
    at.run("sam delete")
    wait("the stack is not gone", lambda: not at.cloud.stack(STACK))
    at.cloud.s3.head_object(Bucket=at.bucket, Key="products/shirt-1.jpg")
    at.on_shelf("products/shirt-1.jpg", "shirt")
    left = at.cloud.functions.list_functions()["Functions"]
    check(not left, f"functions are left: {left}")


@step
def it_deploys_again(at):
    """the stack deploys again over the bucket and the table that were kept, and goes on with them"""
    bucket, table = at.bucket, at.table
    at.settings("ExistingBucket=", {"BUCKET": bucket, "TABLE": table})
    at.deploy()
    check((bucket, table) == (at.bucket, at.table), f"{bucket}, {table} are now {at.bucket}, {at.table}")
    made = at.cloud.resources(STACK)
    check("Photos" not in made and "Catalogue" not in made, f"the stack has made its own: {sorted(made)}")
    # What the kept bucket notifies of is as it was: `KeyPrefix` was products/.
    at.put("products/pants-1.jpg", photo("pants-1.jpg"))
    at.on_shelf("products/pants-1.jpg", "pants")
    at.cloud.s3.delete_object(Bucket=bucket, Key="products/shirt-1.jpg")
    wait("a photo from before is removed, and its row keeps its shelf",
         lambda: "shelf" not in at.row("products/shirt-1.jpg"))


@step
def a_bucket_of_others_is_connected(at):
    """a bucket that notifies others is connected by the page's commands, and still notifies them"""
    queues = at.cloud.queues
    theirs = queues.create_queue(QueueName="theirs")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=theirs, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    entry = {
        "Id": "lookbook-theirs", "QueueArn": arn, "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "theirs/"}]}},
    }
    at.cloud.s3.put_bucket_notification_configuration(
        Bucket="archive", NotificationConfiguration={"QueueConfigurations": [entry]}
    )
    at.set_overrides(f'ExistingBucket="{at.bucket},archive" ExistingTable="{at.table}"')
    at.deploy()
    for number, words in enumerate(("lookbook connect", "jq --null-input")):
        at.run(words, {"BUCKET": "archive"})
        now = at.cloud.s3.get_bucket_notification_configuration(Bucket="archive")
        names = sorted(each["Id"] for each in now["QueueConfigurations"])
        check("lookbook-theirs" in names, f"after {words}, the entry of others is gone: {names}")
        check(len(names) > 2, f"after {words}, lookbook's entries are not there: {names}")
        key = f"products/shorts-{number}.jpg"
        at.put(key, photo("shorts-1.jpg"), bucket="archive")
        at.on_shelf(key, "shorts", bucket="archive")
    at.put("theirs/note.txt", b"for others", bucket="archive")
    wait("others hear nothing of their bucket any more",
         lambda: at.cloud.attribute(theirs, "ApproximateNumberOfMessages"))


@step
def eventbridge_brings_changes(at):
    """a bucket that tells EventBridge reaches the queue by the stack's rules, with the prefix as it is set"""
    at.cloud.s3.put_bucket_notification_configuration(
        Bucket=at.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    at.set_overrides(
        f'ExistingBucket="{at.bucket}" ExistingTable="{at.table}" ExistingBucketEvents="eventbridge" '
        'KeyPrefix="summer/"'
    )
    at.deploy()
    at.put("winter/skirt-1.jpg", photo("skirt-1.jpg"))
    at.put("summer/skirt-1.jpg", photo("skirt-1.jpg"))
    at.on_shelf("summer/skirt-1.jpg", "skirt")
    check(not at.row("winter/skirt-1.jpg"), "a photo outside `KeyPrefix` has a row")
    at.cloud.s3.delete_object(Bucket=at.bucket, Key="new in/été/skirt-1.jpg")
    wait("a photo outside `KeyPrefix` that had a row is removed, and its row keeps its shelf",
         lambda: "shelf" not in at.row("new in/été/skirt-1.jpg"))


@step
def it_is_removed_again(at):
    """what was there before the stack stays when the stack goes"""
    at.shell.run(f"sam delete --stack-name {STACK}")
    wait("the stack is not gone", lambda: not at.cloud.stack(STACK))
    at.cloud.s3.head_object(Bucket=at.bucket, Key="products/pants-1.jpg")
    at.on_shelf("products/pants-1.jpg", "pants")


@step
def all_is_removed(at):
    """the last commands remove all versions of all photos, the bucket and the table"""
    at.run("aws s3 rb", seconds=300)
    buckets = [each["Name"] for each in at.cloud.s3.list_buckets()["Buckets"]]
    check(at.bucket not in buckets, f"the bucket {at.bucket} is still there")
    wait(f"the table {at.table} is still there",
         lambda: at.table not in at.cloud.dynamodb.list_tables()["TableNames"])
