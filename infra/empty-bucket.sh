#!/usr/bin/env bash
# Deletes everything in a bucket: objects, old versions, delete markers, unfinished uploads. The bucket
# stays. This cannot be undone.
#
#     infra/empty-bucket.sh BUCKET          # asks first
#     infra/empty-bucket.sh --yes BUCKET
#
# `aws s3 rm --recursive` and `aws s3 rb --force` leave the versions of a bucket that keeps them, so that
# it cannot be deleted. Needs the AWS CLI, and may be interrupted and begun again.
set -euo pipefail

sure=
if [ "${1-}" = --yes ]; then
    sure=yes
    shift
fi
if [ $# -ne 1 ] || [ -z "$1" ] || [ "${1#-}" != "$1" ]; then
    echo "usage: empty-bucket.sh [--yes] BUCKET" >&2
    exit 2
fi
bucket=$1

if [ -z "$sure" ]; then
    read -r -p "Everything in $bucket will be gone for good. Type the bucket's name to go on: " typed
    if [ "$typed" != "$bucket" ]; then
        echo "Nothing was deleted." >&2
        exit 1
    fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

deleted=0
# A thousand at a time: the most that one request takes. The list begins anew each time, since what it
# had is gone.
while :; do
    aws s3api list-object-versions --bucket "$bucket" --no-paginate --output json --query \
        '{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}, Quiet: `true`}' \
        >"$work/batch.json"
    count=$(grep -c '"Key":' "$work/batch.json" || true)
    [ "$count" -gt 0 ] || break
    aws s3api delete-objects --bucket "$bucket" --delete "file://$work/batch.json" --output json \
        >"$work/answer.json"
    if grep -q '"Errors"' "$work/answer.json"; then
        echo "empty-bucket.sh: some objects of $bucket could not be deleted:" >&2
        head -n 20 "$work/answer.json" >&2
        exit 1
    fi
    deleted=$((deleted + count))
    echo "deleted $deleted" >&2
done

aws s3api list-multipart-uploads --bucket "$bucket" --output text \
    --query 'Uploads[].[UploadId, Key]' | while IFS=$'\t' read -r upload key; do
    [ "$upload" = None ] || aws s3api abort-multipart-upload --bucket "$bucket" --key "$key" --upload-id "$upload"
done
echo "$bucket is empty: $deleted versions and delete markers were deleted." >&2
