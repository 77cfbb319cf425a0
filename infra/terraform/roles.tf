data "aws_iam_policy_document" "lambda" {
  statement {
    sid     = "Lambda"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

# What both functions read from buckets. It allows no writing: a function that wrote to a bucket which
# notifies it would set itself off, round and round.
data "aws_iam_policy_document" "photo_reader" {
  statement {
    sid       = "ReadPhotos"
    actions   = ["s3:GetObject"]
    resources = [for arn in local.bucket_arns : "${arn}/*"] # every object
  }
  # Without it, S3 answers 403 and not 404 for a photo that is gone.
  statement {
    sid       = "TellMissingFromForbidden"
    actions   = ["s3:ListBucket"]
    resources = local.bucket_arns
  }
  dynamic "statement" {
    for_each = var.model_file == "" ? [] : [trimprefix(var.model_file, "s3://")]
    content {
      sid     = "ReadModel"
      actions = ["s3:GetObject"]
      resources = [
        "arn:${data.aws_partition.current.partition}:s3:::${statement.value}",
        "arn:${data.aws_partition.current.partition}:s3:::${trimsuffix(statement.value, ".tflite")}.toml",
      ]
    }
  }
  # Without it, S3 answers 403 and not 404 where there is no file beside the model.
  dynamic "statement" {
    for_each = var.model_file == "" ? [] : [split("/", trimprefix(var.model_file, "s3://"))[0]]
    content {
      sid       = "TellMissingFromForbiddenModel"
      actions   = ["s3:ListBucket"]
      resources = ["arn:${data.aws_partition.current.partition}:s3:::${statement.value}"]
    }
  }
  dynamic "statement" {
    for_each = length(var.kms_key_arns) == 0 ? [] : [1]
    content {
      sid       = "DecryptPhotos"
      actions   = ["kms:Decrypt"]
      resources = var.kms_key_arns

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [local.via_s3]
      }
    }
  }
}

resource "aws_iam_policy" "photo_reader" {
  name_prefix = "${var.name}-photo-reader-"
  description = "Reads the photos of lookbook, and its model if that is in a bucket"
  policy      = data.aws_iam_policy_document.photo_reader.json
}

data "aws_iam_policy_document" "classify" {
  statement {
    sid       = "WriteCatalogue"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [local.table_arn]
  }
  statement {
    sid       = "TakeChanges"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.changes.arn]
  }
  statement {
    sid       = "SetAsideWhatCannotBeRead"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.dead_letters.arn]
  }
  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.function.arn}:*"] # its streams
  }
  dynamic "statement" {
    for_each = var.tracing == "Active" ? [1] : []
    content {
      sid       = "Trace"
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"] # X-Ray has no resources for these
    }
  }
}

resource "aws_iam_role" "function" {
  name_prefix          = "${var.name}-function-"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "function" {
  name   = "classify"
  role   = aws_iam_role.function.id
  policy = data.aws_iam_policy_document.classify.json
}

resource "aws_iam_role_policy_attachment" "function_reads_photos" {
  role       = aws_iam_role.function.name
  policy_arn = aws_iam_policy.photo_reader.arn
}

# For what shows the catalogue: the website here, and any other, whose role can have it too.
data "aws_iam_policy_document" "catalogue_reader" {
  statement {
    sid       = "ReadRow"
    actions   = ["dynamodb:DescribeTable", "dynamodb:GetItem"]
    resources = [local.table_arn]
  }
  statement {
    sid       = "ListShelves"
    actions   = ["dynamodb:Query", "dynamodb:Scan"]
    resources = ["${local.table_arn}/index/by-shelf"]
  }
  statement {
    sid       = "ReadChanges"
    actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    resources = [local.stream_arn]
  }
}

resource "aws_iam_policy" "catalogue_reader" {
  name_prefix = "${var.name}-catalogue-reader-"
  description = "Reads the lookbook catalogue, row by row and shelf by shelf"
  policy      = data.aws_iam_policy_document.catalogue_reader.json
}

data "aws_iam_policy_document" "website" {
  count = local.has_website ? 1 : 0

  # The attributes of a review, the shelf that follows from it, and the list of labels that people gave.
  statement {
    sid       = "WriteReviews"
    actions   = ["dynamodb:UpdateItem"]
    resources = [local.table_arn]

    condition {
      test     = "ForAllValues:StringEquals"
      variable = "dynamodb:Attributes"
      values = [
        "image",
        "labels",
        "reviewed_at",
        "reviewed_label",
        "reviewed_sha256",
        "revision",
        "shelf",
      ]
    }
    # It would hand out the others.
    condition {
      test     = "StringEqualsIfExists"
      variable = "dynamodb:ReturnValues"
      values   = ["NONE", "UPDATED_OLD", "UPDATED_NEW"]
    }
  }
  statement {
    sid       = "WriteLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.website[0].arn}:*"] # its streams
  }
  # Forms are signed by this role, and may do what it may.
  dynamic "statement" {
    for_each = local.has_uploads ? [1] : []
    content {
      sid       = "TakeUploads"
      actions   = ["s3:PutObject"]
      resources = ["${local.bucket_arns[0]}/${var.web_upload_prefix}*"] # every key that begins so
    }
  }
  dynamic "statement" {
    for_each = local.has_uploads && length(var.kms_key_arns) > 0 ? [1] : []
    content {
      sid       = "EncryptUploads"
      actions   = ["kms:GenerateDataKey"]
      resources = var.kms_key_arns

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [local.via_s3]
      }
    }
  }
  dynamic "statement" {
    for_each = var.tracing == "Active" ? [1] : []
    content {
      sid       = "Trace"
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"] # X-Ray has no resources for these
    }
  }
}

resource "aws_iam_role" "website" {
  count                = local.has_website ? 1 : 0
  name_prefix          = "${var.name}-website-"
  assume_role_policy   = data.aws_iam_policy_document.lambda.json
  permissions_boundary = var.permissions_boundary_arn == "" ? null : var.permissions_boundary_arn
}

resource "aws_iam_role_policy" "website" {
  count  = local.has_website ? 1 : 0
  name   = "website"
  role   = aws_iam_role.website[0].id
  policy = data.aws_iam_policy_document.website[0].json
}

resource "aws_iam_role_policy_attachment" "website_reads_photos" {
  count      = local.has_website ? 1 : 0
  role       = aws_iam_role.website[0].name
  policy_arn = aws_iam_policy.photo_reader.arn
}

resource "aws_iam_role_policy_attachment" "website_reads_catalogue" {
  count      = local.has_website ? 1 : 0
  role       = aws_iam_role.website[0].name
  policy_arn = aws_iam_policy.catalogue_reader.arn
}
