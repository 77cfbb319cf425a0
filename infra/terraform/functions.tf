resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "function" {
  function_name                  = var.name
  description                    = "Classifies the photos in the bucket and writes the catalogue"
  filename                       = var.function_zip
  source_code_hash               = filebase64sha256(var.function_zip)
  handler                        = "bootstrap"
  runtime                        = "provided.al2023"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  role                           = aws_iam_role.function.arn

  logging_config {
    log_group             = aws_cloudwatch_log_group.function.name
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }
  tracing_config {
    mode = var.tracing
  }
  environment {
    variables = {
      TABLE_NAME        = local.table_name
      DEAD_LETTER_QUEUE = aws_sqs_queue.dead_letters.url
      RUST_LOG          = "warn,lookbook=${var.log_level}"
      KEY_PREFIX        = var.key_prefix
      SHELF_SHARDS      = lookup(var.settings, "SHELF_SHARDS", "")
      REVIEW_BELOW      = lookup(var.settings, "REVIEW_BELOW", "")
      MAX_BYTES         = lookup(var.settings, "MAX_BYTES", "")
      MAX_PIXELS        = lookup(var.settings, "MAX_PIXELS", "")
      CONCURRENCY       = lookup(var.settings, "CONCURRENCY", "")
      THREADS           = lookup(var.settings, "THREADS", "")
      IN_FLIGHT_BYTES   = lookup(var.settings, "IN_FLIGHT_BYTES", "")
      URL_HOSTS         = lookup(var.settings, "URL_HOSTS", "")
      GENERATION        = lookup(var.settings, "GENERATION", "")
      MODEL_FILE        = var.model_file
      MODEL_SHA256      = var.model_sha256
    }
  }
}

resource "aws_lambda_event_source_mapping" "changes" {
  event_source_arn                   = aws_sqs_queue.changes.arn
  function_name                      = aws_lambda_function.function.arn
  batch_size                         = 10
  maximum_batching_window_in_seconds = 2
  # Only what failed goes back to the queue.
  function_response_types = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = var.maximum_concurrency
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_cloudwatch_log_group" "website" {
  count             = local.has_website ? 1 : 0
  name              = "/aws/lambda/${var.name}-website"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "website" {
  count            = local.has_website ? 1 : 0
  function_name    = "${var.name}-website"
  description      = "Serves the catalogue's API and page"
  filename         = var.catalogue_zip
  source_code_hash = filebase64sha256(var.catalogue_zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = [var.architecture]
  memory_size      = var.memory_size
  timeout          = 30
  role             = aws_iam_role.website[0].arn

  logging_config {
    log_group             = aws_cloudwatch_log_group.website[0].name
    log_format            = "JSON"
    application_log_level = var.log_level
    system_log_level      = "INFO"
  }
  tracing_config {
    mode = var.tracing
  }
  environment {
    variables = {
      TABLE_NAME              = local.table_name
      SHELF_SHARDS            = lookup(var.settings, "SHELF_SHARDS", "")
      RUST_LOG                = "warn,lookbook=${var.log_level}"
      REVIEW_BELOW            = lookup(var.settings, "REVIEW_BELOW", "")
      MAX_BYTES               = lookup(var.settings, "MAX_BYTES", "")
      MAX_PIXELS              = lookup(var.settings, "MAX_PIXELS", "")
      MODEL_FILE              = var.model_file
      MODEL_SHA256            = var.model_sha256
      WEB_READING             = lookup(var.settings, "WEB_READING", "")
      WEB_TOKEN_SHA256        = lookup(var.settings, "WEB_TOKEN_SHA256", "")
      WEB_TRUST_IAM           = var.web_access == "iam" ? "yes" : "no"
      WEB_CORS_ORIGINS        = lookup(var.settings, "WEB_CORS_ORIGINS", "")
      WEB_REQUESTS_PER_SECOND = lookup(var.settings, "WEB_REQUESTS_PER_SECOND", "")
      WEB_UPLOADS             = local.has_uploads ? "${local.buckets[0]}/${var.web_upload_prefix}" : ""
    }
  }
}

resource "aws_lambda_function_url" "website" {
  count              = local.has_website ? 1 : 0
  function_name      = aws_lambda_function.website[0].function_name
  authorization_type = var.web_access == "iam" ? "AWS_IAM" : "NONE"
}

# Without both, AWS itself answers 403.
resource "aws_lambda_permission" "website_url_for_all" {
  count                  = var.web_access == "public" ? 1 : 0
  function_name          = aws_lambda_function.website[0].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "website_for_all" {
  count                    = var.web_access == "public" ? 1 : 0
  function_name            = aws_lambda_function.website[0].function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true
}
