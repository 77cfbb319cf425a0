resource "aws_s3_bucket" "photos" {
  count  = local.makes_bucket ? 1 : 0
  bucket = local.bucket_name

  # Nobody loses photos by accident: to remove it, take this line out first, and empty it.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_public_access_block" "photos" {
  count                   = local.makes_bucket ? 1 : 0
  bucket                  = aws_s3_bucket.photos[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "photos" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.photos[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "photos" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.photos[0].id

  rule {
    bucket_key_enabled = length(var.kms_key_arns) > 0

    apply_server_side_encryption_by_default {
      sse_algorithm     = length(var.kms_key_arns) > 0 ? "aws:kms" : "AES256"
      kms_master_key_id = one(slice(var.kms_key_arns, 0, min(1, length(var.kms_key_arns))))
    }
  }
}

resource "aws_s3_bucket_versioning" "photos" {
  count  = local.makes_bucket && var.versioning != "none" ? 1 : 0
  bucket = aws_s3_bucket.photos[0].id

  versioning_configuration {
    status = var.versioning
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "photos" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.photos[0].id

  rule {
    id     = "abort-unfinished-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = var.versioning == "none" ? [] : [1]
    content {
      id     = "forget-old-versions"
      status = "Enabled"
      filter {}

      expiration {
        expired_object_delete_marker = true
      }
      noncurrent_version_expiration {
        noncurrent_days = 30
      }
    }
  }
}

# Who has a signed form may send it from the page, wherever that is.
resource "aws_s3_bucket_cors_configuration" "photos" {
  count  = local.makes_bucket && local.has_uploads ? 1 : 0
  bucket = aws_s3_bucket.photos[0].id

  cors_rule {
    allowed_methods = ["POST"]
    allowed_origins = ["*"]
    allowed_headers = ["*"]
    max_age_seconds = 3600
  }
}

data "aws_iam_policy_document" "bucket" {
  count = local.makes_bucket ? 1 : 0

  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"] # whatever it is, since it takes away
    resources = [aws_s3_bucket.photos[0].arn, "${aws_s3_bucket.photos[0].arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "photos" {
  count  = local.makes_bucket ? 1 : 0
  bucket = aws_s3_bucket.photos[0].id
  policy = data.aws_iam_policy_document.bucket[0].json
}

# Only of the new bucket: this resource replaces all notifications that a bucket has, so those of an
# existing one are set as ../README.md says.
resource "aws_s3_bucket_notification" "photos" {
  count       = local.makes_bucket ? 1 : 0
  bucket      = aws_s3_bucket.photos[0].id
  eventbridge = var.bucket_event_bridge

  queue {
    id            = "lookbook-created"
    queue_arn     = aws_sqs_queue.changes.arn
    events        = ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed"]
    filter_prefix = var.key_prefix == "" ? null : var.key_prefix
  }
  # Wherever it is: there may be a row of it from when the prefix was wider.
  queue {
    id        = "lookbook-removed"
    queue_arn = aws_sqs_queue.changes.arn
    events    = ["s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
  }

  # S3 sends a test message, and refuses the notifications if it may not.
  depends_on = [aws_sqs_queue_policy.changes]
}
