# The core of ../template.yaml for Terraform, on packages that are built already. ../checks/terraform.py
# holds the two against each other. EventBridge's rules, dashboard and e-mail are in the template alone.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  makes_bucket = length(var.existing_buckets) == 0
  makes_table  = var.existing_table == ""
  has_website  = var.web_access != "none"
  has_uploads  = local.has_website && var.web_upload_prefix != ""

  # A name that is known beforehand: the queue's policy names the bucket, which needs the policy first.
  bucket_name = coalesce(
    var.bucket_name,
    "${var.name}-photos-${data.aws_caller_identity.current.account_id}-${data.aws_region.current.region}",
  )
  buckets     = local.makes_bucket ? [local.bucket_name] : var.existing_buckets
  bucket_arns = [for name in local.buckets : "arn:${data.aws_partition.current.partition}:s3:::${name}"]
  table_arn   = local.makes_table ? aws_dynamodb_table.catalogue[0].arn : data.aws_dynamodb_table.existing[0].arn
  table_name  = local.makes_table ? aws_dynamodb_table.catalogue[0].name : var.existing_table
  stream_arn  = local.makes_table ? aws_dynamodb_table.catalogue[0].stream_arn : data.aws_dynamodb_table.existing[0].stream_arn
  via_s3      = "s3.${data.aws_region.current.region}.${data.aws_partition.current.dns_suffix}"

  # What `settings` may have: all of the template's variables that no variable here stands for.
  settings = [
    "SHELF_SHARDS",
    "REVIEW_BELOW",
    "MAX_BYTES",
    "MAX_PIXELS",
    "CONCURRENCY",
    "THREADS",
    "IN_FLIGHT_BYTES",
    "URL_HOSTS",
    "GENERATION",
    "WEB_READING",
    "WEB_TOKEN_SHA256",
    "WEB_CORS_ORIGINS",
    "WEB_REQUESTS_PER_SECOND",
  ]
}

data "aws_dynamodb_table" "existing" {
  count = local.makes_table ? 0 : 1
  name  = var.existing_table
}
