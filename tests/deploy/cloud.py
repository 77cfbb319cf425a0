"""ministack, and what the test asks it: AWS as this test has it."""

import os
import signal
import socket
import subprocess
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "eu-west-1"
#: Nobody is there. Who asks the internet for something is refused at once.
NOWHERE = "http://127.0.0.1:9"


class Wrong(Exception):
    """What was to be shown is not so."""


def environment(port, home, path):
    """The variables for programs that ask this cloud, and none of whoever runs the test."""
    return {
        "PATH": path,
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "SAM_CLI_TELEMETRY": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    """ministack on a port of loopback, with everything in memory."""

    def __init__(self, program, folder):
        self.port = free_port()
        self.folder = folder
        self._log = os.path.join(folder, "ministack.log")
        env = environment(self.port, folder, os.environ["PATH"]) | {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "STATE_DIR": os.path.join(folder, "state"),
            "S3_DATA_DIR": os.path.join(folder, "s3"),
            # These would listen on ports of their own.
            "IOT_MTLS_ENABLED": "false",
            "SFTP_ENABLED": "0",
            # Functions run as processes of this machine, and no container is looked for.
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": f"unix://{folder}/none",
        }
        with open(self._log, "wb") as log:
            # A group of its own: the functions that it starts are in it too.
            self._process = subprocess.Popen(
                [program], cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )
        self._await()

    def _await(self):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise Wrong(f"ministack ended with {self._process.returncode}:\n{self.said()}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    connection.settimeout(5)
                    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    if connection.recv(1):
                        return
            except OSError:
                time.sleep(0.2)
        raise Wrong(f"ministack does not answer on port {self.port} after a minute:\n{self.said()}")

    def said(self, lines=60):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def stop(self):
        """Ends the server, and the functions that it runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Cloud:
    """The clients, and questions that the test asks more than once."""

    def __init__(self, port):
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        config = Config(retries={"max_attempts": 2}, connect_timeout=5, read_timeout=120)

        def client(name):
            return session.client(name, endpoint_url=f"http://127.0.0.1:{port}", config=config)

        self.cloudformation = client("cloudformation")
        self.s3 = client("s3")
        self.dynamodb = client("dynamodb")
        self.functions = client("lambda")
        self.logs = client("logs")
        self.queues = client("sqs")
        self.iam = client("iam")

    def stack(self, name):
        """The stack, or None if there is none of that name."""
        try:
            return self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def outputs(self, name):
        """What the stack gives out, by key."""
        return {each["OutputKey"]: each["OutputValue"] for each in self.stack(name).get("Outputs", [])}

    def resources(self, name):
        """The names of the stack's resources, by their logical ids."""
        found = self.cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def events(self, name):
        """What became of the stack's resources, for who looks for a fault."""
        found = self.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(
            f"{each['ResourceStatus']} {each['LogicalResourceId']} {each.get('ResourceStatusReason', '')}"
            for each in reversed(found)
        )

    def row(self, table, bucket, key):
        """A photo's row as plain values, or None."""
        found = self.dynamodb.get_item(
            TableName=table, Key={"image": {"S": f"{bucket}/{key}"}}, ConsistentRead=True
        ).get("Item")
        return found and {name: next(iter(value.values())) for name, value in found.items()}

    def attribute(self, queue, name):
        """A number of a queue."""
        got = self.queues.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])
        return int(got["Attributes"][name])

    def variables(self, function):
        """A function's environment."""
        return self.functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]

    def lines(self, group):
        """The lines of a log, oldest first."""
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"].rstrip() for page in pages for event in page["events"]]

    def mend_mappings(self):
        """Makes event source mappings take what waits in their queues.

        ministack keeps the `MaximumConcurrency` of a template as text, as CloudFormation hands numbers
        on, and compares it with a number: no message is taken then. AWS does not need this.
        """
        for mapping in self.functions.list_event_source_mappings()["EventSourceMappings"]:
            most = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
            if most is not None:
                self.functions.update_event_source_mapping(
                    UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(most)}
                )


def wait(what, look, seconds=60):
    """Looks until there is something, and gives it; `what` says what is missing if there is not."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Wrong(f"{what}: not after {seconds} s")
        time.sleep(0.3)
