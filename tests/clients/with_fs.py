"""The embedded bucket as a file system, by s3fs, as pandas and others use it."""

import os

import s3fs

from checks import BUCKET, KEYS, MIB, check, noise, run

fs = s3fs.S3FileSystem(endpoint_url=os.environ["AWS_ENDPOINT_URL_S3"], use_listings_cache=False)


@check
def files():
    """special names: write, list, stat, copy, move, remove"""
    for n, key in enumerate(KEYS):
        path = f"{BUCKET}/fs/{key}"
        fs.pipe(path, f"content {n}".encode())
        assert fs.cat_file(path) == f"content {n}".encode() and fs.info(path)["size"] > 0, key
    assert sorted(fs.find(f"{BUCKET}/fs")) == sorted(f"{BUCKET}/fs/{key}" for key in KEYS)
    fs.copy(f"{BUCKET}/fs/a b.jpg", f"{BUCKET}/fs/c d.jpg")
    fs.move(f"{BUCKET}/fs/c d.jpg", f"{BUCKET}/fs/e f.jpg")
    assert fs.exists(f"{BUCKET}/fs/e f.jpg") and not fs.exists(f"{BUCKET}/fs/c d.jpg")
    assert fs.isdir(f"{BUCKET}/fs/new in") and not fs.exists(f"{BUCKET}/none")
    fs.rm(f"{BUCKET}/fs", recursive=True)
    assert fs.find(f"{BUCKET}/fs") == []


@check
def large():
    """30 MB written as a stream, read from the middle, and copied"""
    content = noise(30 * MIB, seed=4)
    with fs.open(f"{BUCKET}/stream", "wb", block_size=8 * MIB) as file:
        for start in range(0, len(content), MIB):
            file.write(content[start : start + MIB])
    with fs.open(f"{BUCKET}/stream", "rb") as file:
        file.seek(20 * MIB)
        assert file.read(1000) == content[20 * MIB : 20 * MIB + 1000]
    fs.copy(f"{BUCKET}/stream", f"{BUCKET}/copied")
    assert fs.cat_file(f"{BUCKET}/copied") == content
    fs.rm([f"{BUCKET}/stream", f"{BUCKET}/copied"])


run("s3fs")
