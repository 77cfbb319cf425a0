"""The program under test: `lookbook local` on a folder and ports of its own, and `lookbook serve`."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = sorted((ROOT / "events" / "photos").glob("*.jpg"))
LABELS = ["dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"]


def label_of(name):
    """What a sample photo shows, by its file's name."""
    return max((label for label in LABELS if name.startswith(label)), key=len)


def sample(name, mark=None):
    """A sample photo's bytes; with a mark, other content that shows the same: a comment is added."""
    content = next(path for path in SAMPLES if path.stem == name).read_bytes()
    if mark is None:
        return content
    comment = mark.encode()
    return content[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + content[2:]


class Server:
    """A command that serves pages until it is stopped; its first line says where."""

    def __init__(self, *command, home, environment):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [os.environ["LOOKBOOK"], *command], cwd=home, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=self.errors,
        )
        self.greeting = self.process.stdout.readline()
        if not self.greeting:
            self.errors.seek(0)
            raise RuntimeError(f"lookbook {command[0]} ended: {self.errors.read()}")
        self.url = re.search(r"http://[\d.]+:\d+", self.greeting)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.process.stdout.close()
        self.errors.close()


class Program(Server):
    """`lookbook local`, started with these arguments."""

    def __init__(self, *arguments):
        self.home = tempfile.TemporaryDirectory(prefix="lookbook-")
        self.environment = {"PATH": os.environ["PATH"], "HOME": self.home.name}
        command = ["local", "--port", "0", "--format", "json", *arguments]
        super().__init__(*command, home=self.home.name, environment=self.environment)
        self.said = json.loads(self.greeting)
        self.folder = pathlib.Path(self.home.name, self.said["folder"])

    def stop(self):
        super().stop()
        self.home.cleanup()

    def serve(self, *arguments):
        """`lookbook serve` on the embedded table, as if it were one on AWS."""
        said, aws = self.said, {"AWS_REGION": "us-east-1"}
        for name in ("access_key_id", "secret_access_key"):
            aws[f"AWS_{name.upper()}"] = said[name]
        for service in ("S3", "DYNAMODB", "DYNAMODB_STREAMS"):
            aws[f"AWS_ENDPOINT_URL_{service}"] = said["s3_endpoint" if service == "S3" else "dynamodb_endpoint"]
        command = ["serve", "--table", said["table"], "--listen", "127.0.0.1:0", *arguments]
        return Server(*command, home=self.home.name, environment=self.environment | aws)

    def put(self, photos):
        """Copies photos into the bucket's folder, and waits until all of them have rows."""
        for name, content in photos.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        wait(lambda: set(photos) <= {row["key"] for row in self.rows()}, "the photos' rows", 120)

    def rows(self):
        """All rows, as `lookbook query` prints them."""
        printed = subprocess.run(
            [os.environ["LOOKBOOK"], "query", "--format", "json"], cwd=self.home.name,
            env=self.environment, check=True, capture_output=True, text=True,
        ).stdout
        return [json.loads(line) for line in printed.splitlines()]

    def shelf_of(self, key):
        """Where a photo stands; nothing if it has no row."""
        return next((row["shelf"] for row in self.rows() if row["key"] == key), None)


def wait(condition, what, seconds=30):
    """Waits until something holds. The time is for the slowest machine: it fails what never comes."""
    end = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
