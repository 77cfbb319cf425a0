"""The embedded bucket and table, by boto3."""

import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import BUCKET, KEYS, MIB, check, noise, read, run, the_folder

s3 = boto3.client("s3", config=Config(retries={"max_attempts": 1}))


def refused(code, function, **arguments):
    """Asserts that S3 answers with this code (an error's, or a status)."""
    try:
        function(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        assert code in (error.response["Error"]["Code"], status), error.response
    else:
        raise AssertionError(f"{arguments} was done")


def put(key, body=b"x", **more):
    return s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)


def get(key, **more):
    return s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read()


def keys(**more):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=BUCKET, **more).get("Contents", [])]


def clear(prefix):
    for key in keys(Prefix=prefix):
        s3.delete_object(Bucket=BUCKET, Key=key)


@check
def special_keys():
    """special keys: put, head, get, list, copy, delete"""
    for n, key in enumerate(KEYS):
        key, body = f"keys/{key}", f"content {n}".encode()
        put(key, body)
        assert s3.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == len(body), key
        assert get(key) == body and read(the_folder(key)) == body, key
        s3.copy_object(Bucket=BUCKET, Key=f"{key}.copy", CopySource={"Bucket": BUCKET, "Key": key})
        assert get(f"{key}.copy") == body, key
    expected = sorted([f"keys/{k}" for k in KEYS] + [f"keys/{k}.copy" for k in KEYS], key=str.encode)
    assert keys(Prefix="keys/") == expected
    clear("keys/")
    assert keys(Prefix="keys/") == []


@check
def keys_no_folder_holds():
    """keys that a folder cannot hold are refused in words; a folder marker is no object"""
    for key in [".hidden.jpg", "a/.b/c.jpg", "a//b", "a/../b", "x.part", "n" * 300]:
        refused("InvalidRequest", s3.put_object, Bucket=BUCKET, Key=key, Body=b"x")
        refused(404, s3.head_object, Bucket=BUCKET, Key=key)
    put("marker/", b"")
    assert keys(Prefix="marker") == []
    s3.delete_object(Bucket=BUCKET, Key="marker/")


@check
def missing():
    """what is missing is 404, and may be deleted"""
    refused(404, s3.head_object, Bucket=BUCKET, Key="missing")
    refused("NoSuchKey", s3.get_object, Bucket=BUCKET, Key="missing")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="missing-bucket")
    refused(404, s3.head_bucket, Bucket="missing-bucket")
    s3.delete_object(Bucket=BUCKET, Key="missing")
    s3.head_bucket(Bucket=BUCKET)


@check
def listings():
    """listings of both versions: pages, prefixes, delimiters, start and marker"""
    names = [f"list/{folder}{n:02}.jpg" for folder in ("", "a/", "b/c/") for n in range(9)]
    for name in names:
        put(name)
    for operation in ("list_objects_v2", "list_objects"):
        pages = s3.get_paginator(operation).paginate
        size = {"PageSize": 4}
        found = [o["Key"] for page in pages(Bucket=BUCKET, Prefix="list/", PaginationConfig=size)
                 for o in page.get("Contents", [])]
        assert found == sorted(names), operation
        entries = [entry.get("Key") or entry.get("Prefix")
                   for page in pages(Bucket=BUCKET, Prefix="list/", Delimiter="/", PaginationConfig=size)
                   for entry in page.get("Contents", []) + page.get("CommonPrefixes", [])]
        assert sorted(entries) == sorted([n for n in names if n.count("/") == 1] + ["list/a/", "list/b/"])
    assert keys(Prefix="list/", StartAfter="list/b/c/07.jpg") == ["list/b/c/08.jpg"]
    v1 = s3.list_objects(Bucket=BUCKET, Prefix="list/", Marker="list/b/c/07.jpg")
    assert [o["Key"] for o in v1["Contents"]] == ["list/b/c/08.jpg"]
    owners = s3.list_objects_v2(Bucket=BUCKET, Prefix="list/", FetchOwner=True, MaxKeys=1)
    assert owners["Contents"][0]["Owner"]["ID"] and owners["IsTruncated"]
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == [BUCKET]
    assert "Status" not in s3.get_bucket_versioning(Bucket=BUCKET)
    clear("list/")


@check
def ranges():
    """ranges and conditions of reads"""
    etag = put("range", b"0123456789")["ETag"]
    assert get("range", Range="bytes=2-4") == b"234" and get("range", Range="bytes=-3") == b"789"
    assert get("range", Range="bytes=7-", IfMatch=etag) == b"789"
    refused("InvalidRange", s3.get_object, Bucket=BUCKET, Key="range", Range="bytes=10-")
    refused(412, s3.get_object, Bucket=BUCKET, Key="range", IfMatch='"other"')
    refused(304, s3.get_object, Bucket=BUCKET, Key="range", IfNoneMatch=etag)
    assert get("range", ResponseContentType="text/x") == b"0123456789"
    clear("range")


@check
def attributes():
    """headers and user metadata are kept, and copied or replaced"""
    put("meta", b"x", ContentType="image/x", CacheControl="no-store", Metadata={"who": "me"})
    head = s3.head_object(Bucket=BUCKET, Key="meta")
    assert (head["ContentType"], head["CacheControl"]) == ("image/x", "no-store")
    assert head["Metadata"] == {"who": "me"}
    source = {"Bucket": BUCKET, "Key": "meta"}
    s3.copy_object(Bucket=BUCKET, Key="meta2", CopySource=source)
    assert s3.head_object(Bucket=BUCKET, Key="meta2")["Metadata"] == {"who": "me"}
    s3.copy_object(Bucket=BUCKET, Key="meta", CopySource=source, MetadataDirective="REPLACE",
                   Metadata={"who": "you"})
    assert s3.head_object(Bucket=BUCKET, Key="meta")["Metadata"] == {"who": "you"}
    assert s3.get_object_tagging(Bucket=BUCKET, Key="meta")["TagSet"] == []
    clear("meta")


@check
def large():
    """30 MB up in parts, copied in parts, and down again"""
    content, parts = noise(30 * MIB), TransferConfig(multipart_threshold=8 * MIB)
    with open("large.bin", "wb") as file:
        file.write(content)
    s3.upload_file("large.bin", BUCKET, "large", ExtraArgs={"Metadata": {"a": "b"}}, Config=parts)
    assert s3.head_object(Bucket=BUCKET, Key="large")["Metadata"] == {"a": "b"}
    s3.copy({"Bucket": BUCKET, "Key": "large"}, BUCKET, "large copy é", Config=parts)
    s3.download_file(BUCKET, "large copy é", "down.bin", Config=parts)
    assert read("down.bin") == content
    clear("large")


@check
def uploads():
    """uploads in parts: listed, their parts too, aborted, and wrong ones refused"""
    upload = {"Bucket": BUCKET, "Key": "up"}
    upload["UploadId"] = s3.create_multipart_upload(Bucket=BUCKET, Key="up")["UploadId"]
    etags = [s3.upload_part(**upload, PartNumber=n, Body=b"x" * 10)["ETag"] for n in (1, 2)]
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]] == ["up"]
    assert [p["PartNumber"] for p in s3.list_parts(**upload)["Parts"]] == [1, 2]
    parts = [{"PartNumber": n + 1, "ETag": etag} for n, etag in enumerate(etags)]
    refused("EntityTooSmall", s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts})
    refused("InvalidPartOrder", s3.complete_multipart_upload, **upload,
            MultipartUpload={"Parts": parts[::-1]})
    s3.abort_multipart_upload(**upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=BUCKET)
    refused("NoSuchUpload", s3.list_parts, **upload)
    refused(404, s3.head_object, Bucket=BUCKET, Key="up")


@check
def batch():
    """many objects deleted at once"""
    for key in ("batch/a b", "batch/é", "batch/<&>", "batch/stays"):
        put(key)
    objects = [{"Key": key} for key in ("batch/a b", "batch/é", "batch/<&>", "batch/missing")]
    done = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects})
    assert len(done["Deleted"]) == 4 and "Errors" not in done
    assert keys(Prefix="batch/") == ["batch/stays"]
    quiet = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "batch/stays"}], "Quiet": True})
    assert "Deleted" not in quiet and keys(Prefix="batch/") == []


@check
def presigned():
    """presigned addresses, for reading and writing, of both kinds of signatures"""
    for version in ("s3v4", "s3"):
        client = boto3.client("s3", config=Config(signature_version=version))
        address = {"Bucket": BUCKET, "Key": "signed é+.txt"}
        up = urllib.parse.urlsplit(client.generate_presigned_url("put_object", address))
        # `urllib.request` would add a content type, which is not signed.
        connection = http.client.HTTPConnection(up.netloc)
        connection.request("PUT", f"{up.path}?{up.query}", b"hello")
        assert connection.getresponse().status == 200
        down = client.generate_presigned_url("get_object", address)
        with urllib.request.urlopen(down) as answer:
            assert answer.read() == b"hello"
        other = re.sub("Signature=(.)", lambda m: "Signature=" + ("1" if m[1] == "0" else "0"), down)
        try:
            urllib.request.urlopen(other)
        except urllib.error.HTTPError as error:
            assert error.code == 403
        else:
            raise AssertionError("a wrong signature was taken")
        client.delete_object(**address)


@check
def conditions():
    """writes and removals with conditions"""
    etag = put("if", b"1", IfNoneMatch="*")["ETag"]
    refused(412, s3.put_object, Bucket=BUCKET, Key="if", Body=b"2", IfNoneMatch="*")
    refused(412, s3.put_object, Bucket=BUCKET, Key="if", Body=b"2", IfMatch='"other"')
    etag2 = put("if", b"2", IfMatch=etag)["ETag"]
    refused(412, s3.delete_object, Bucket=BUCKET, Key="if", IfMatch=etag)
    s3.delete_object(Bucket=BUCKET, Key="if", IfMatch=etag2)
    refused(404, s3.head_object, Bucket=BUCKET, Key="if")


@check
def not_there():
    """what the bucket does not have is 501, and changes nothing"""
    put("stays", b"1")
    of = {"Bucket": BUCKET, "Key": "stays"}
    refused(501, s3.put_object, **of, Body=b"2", Tagging="a=b")
    refused(501, s3.put_object, **of, Body=b"2", StorageClass="GLACIER")
    refused(501, s3.put_object, **of, Body=b"2", ACL="public-read")
    refused(501, s3.put_object, **of, Body=b"2", ServerSideEncryption="aws:kms")
    refused(501, s3.delete_object, **of, VersionId="3")
    refused(501, s3.put_object_tagging, **of, Tagging={"TagSet": []})
    refused(501, s3.put_object_acl, **of, ACL="private")
    refused(501, s3.list_object_versions, Bucket=BUCKET)
    refused("NotImplemented", s3.create_bucket, Bucket="another")
    assert get("stays") == b"1"
    s3.delete_object(**of)


@check
def keys_are_needed():
    """other keys, and none, are 403, on both ports"""
    from botocore import UNSIGNED

    other = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    refused(403, boto3.client("s3", **other).list_objects_v2, Bucket=BUCKET)
    nobody = boto3.client("s3", config=Config(signature_version=UNSIGNED))
    refused(403, nobody.list_objects_v2, Bucket=BUCKET)
    refused(403, boto3.client("dynamodb", **other).list_tables)


@check
def table():
    """a photo that is put becomes a row, and leaves with it"""
    rows = boto3.resource("dynamodb").Table("lookbook")
    put("my hat.jpg", read("photos/hat-1.jpg"))
    for expected in ("hat", None):
        for _ in range(100):
            row = rows.get_item(Key={"image": f"{BUCKET}/my hat.jpg"}, ConsistentRead=True).get("Item", {})
            if row.get("shelf") == expected and row:
                break
            time.sleep(0.2)
        assert row.get("shelf") == expected, row
        s3.delete_object(Bucket=BUCKET, Key="my hat.jpg")
    assert boto3.client("dynamodb").list_tables()["TableNames"] == ["lookbook"]


run("boto3")
