"""The embedded bucket and table, by the AWS CLI."""

import json
import os
import shutil
import time

from checks import BUCKET, KEYS, MIB, check, command, noise, read, run, write

URL = f"s3://{BUCKET}"


@check
def one():
    """cp there and back, mv, ls and rm of 30 MB"""
    content = noise(30 * MIB)
    write("cli/my big + é.bin", content)
    command("aws", "s3", "cp", "--quiet", "cli/my big + é.bin", f"{URL}/cli/my big + é.bin")
    command("aws", "s3", "cp", "--quiet", f"{URL}/cli/my big + é.bin", f"{URL}/cli/copy")
    command("aws", "s3", "mv", "--quiet", f"{URL}/cli/copy", f"{URL}/cli/moved")
    assert [line.split()[-1] for line in command("aws", "s3", "ls", f"{URL}/cli/").splitlines()] == [
        "moved", "é.bin"]
    command("aws", "s3", "cp", "--quiet", f"{URL}/cli/moved", "cli/back.bin")
    assert read("cli/back.bin") == content
    command("aws", "s3", "rm", "--quiet", "--recursive", f"{URL}/cli/")
    command("aws", "s3", "ls", f"{URL}/cli/", code=1)


@check
def sync():
    """sync both ways: special names, and only what changed"""
    for n, key in enumerate(KEYS):
        write(f"sync/{key}", f"content {n}".encode())
    write("sync/large.bin", noise(30 * MIB, seed=2))
    # S3 tells times in whole seconds: what is sent within the second in which it was written seems
    # older than its original, and is sent again.
    for name in [*KEYS, "large.bin"]:
        os.utime(f"sync/{name}", times=(time.time() - 60,) * 2)
    command("aws", "s3", "sync", "--quiet", "sync", f"{URL}/sync")
    command("aws", "s3", "sync", "--quiet", f"{URL}/sync", "synced")
    for name in [*KEYS, "large.bin"]:
        assert read(f"sync/{name}") == read(f"synced/{name}"), name
    assert command("aws", "s3", "sync", "sync", f"{URL}/sync") == ""
    write("sync/new.jpg", b"new")
    os.remove("sync/large.bin")
    said = command("aws", "s3", "sync", "--delete", "--no-progress", "sync", f"{URL}/sync").splitlines()
    assert sorted(line.split(":")[0] for line in said) == ["delete", "upload"], said
    command("aws", "s3", "rm", "--quiet", "--recursive", f"{URL}/sync")
    shutil.rmtree("synced")


@check
def api():
    """the API's commands, and a query of the table"""
    command("aws", "s3api", "put-object", "--bucket", BUCKET, "--key", "api.jpg", "--body",
            "photos/hat-1.jpg")
    head = json.loads(command("aws", "s3api", "head-object", "--bucket", BUCKET, "--key", "api.jpg"))
    assert head["ContentLength"] == os.path.getsize("photos/hat-1.jpg")
    command("aws", "s3api", "delete-object", "--bucket", BUCKET, "--key", "api.jpg")
    rows = command(
        "aws", "dynamodb", "query", "--table-name", "lookbook", "--index-name", "by-shelf",
        "--key-condition-expression", "shelf = :shelf", "--expression-attribute-values",
        '{":shelf": {"S": "no such shelf"}}')
    assert json.loads(rows)["Count"] == 0


run("aws cli")
