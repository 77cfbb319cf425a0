"""The embedded bucket, by rclone."""

import os

from checks import BUCKET, KEYS, MIB, check, command, noise, read, run, write

# rclone has a way of its own to say where a bucket is. Names that file systems share with no
# disguise are kept as they are; a backslash is no separator here.
REMOTE = f":s3,provider=Other,env_auth=true,endpoint='{os.environ['AWS_ENDPOINT_URL_S3']}':{BUCKET}"
NAMES = [key for key in KEYS if "\\" not in key]


def rclone(*args, code=0):
    return command("rclone", "--config", os.devnull, *args, code=code)


@check
def there_and_back():
    """copy, check, copy back: special names, and 30 MB in parts"""
    for n, name in enumerate(NAMES):
        write(f"rclone/{name}", f"content {n}".encode())
    write("rclone/large.bin", noise(30 * MIB, seed=3))
    rclone("copy", "rclone", f"{REMOTE}/rclone", "--s3-upload-cutoff", "8M", "--s3-chunk-size", "8M")
    rclone("check", "rclone", f"{REMOTE}/rclone")
    rclone("check", "--download", "rclone", f"{REMOTE}/rclone")
    rclone("copy", f"{REMOTE}/rclone", "rcloned")
    for name in [*NAMES, "large.bin"]:
        assert read(f"rclone/{name}") == read(f"rcloned/{name}"), name


@check
def sync():
    """sync, with what is gone, and times that are kept"""
    os.remove("rclone/large.bin")
    write("rclone/new.jpg", b"new")
    os.utime("rclone/new.jpg", (1_600_000_000, 1_600_000_000))
    rclone("sync", "rclone", f"{REMOTE}/rclone")
    rclone("check", "rclone", f"{REMOTE}/rclone")
    listed = rclone("lsl", f"{REMOTE}/rclone")
    assert "2020-09-13" in next(line for line in listed.splitlines() if line.endswith(" new.jpg"))
    assert "large.bin" not in listed


@check
def server_side():
    """copies within the bucket, in one piece and in parts, and moves"""
    rclone("copyto", "rcloned/large.bin", f"{REMOTE}/large")
    rclone("copyto", f"{REMOTE}/large", f"{REMOTE}/copy", "--s3-copy-cutoff", "8M", "--s3-chunk-size", "8M")
    rclone("moveto", f"{REMOTE}/copy", f"{REMOTE}/moved é")
    rclone("copyto", f"{REMOTE}/moved é", "rcloned/moved.bin")
    assert read("rcloned/moved.bin") == read("rcloned/large.bin")
    for name in ("large", "moved é"):
        rclone("deletefile", f"{REMOTE}/{name}")
    rclone("purge", f"{REMOTE}/rclone")
    assert set(rclone("lsf", REMOTE).splitlines()).isdisjoint({"large", "copy", "moved é", "rclone/"})


run("rclone")
