# Those of ../template.yaml. Each tells when it begins and when it is over.
locals {
  alarms = {
    DeadLettersAlarm = {
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic   = "Maximum"
      periods     = 1
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      description = "Messages wait in the dead-letter queue. Read their reasons, mend the cause, send them back."
    }
    OldestMessageAlarm = {
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = aws_sqs_queue.changes.name }
      statistic   = "Maximum"
      periods     = 1
      comparison  = "GreaterThanThreshold"
      threshold   = 1800
      description = "A change has waited for half an hour. The function is too slow, or does not run."
    }
    ErrorsAlarm = {
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
      statistic   = "Sum"
      periods     = 1
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      description = "Whole invocations failed. The settings are wrong, the table is gone, or the function fell over."
    }
    ThrottlesAlarm = {
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
      statistic   = "Sum"
      periods     = 3
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      description = "Lambda turned invocations away for a quarter of an hour. The account or reserved_concurrency leaves the function fewer instances than maximum_concurrency says."
    }
    TimeoutsAlarm = {
      namespace   = "AWS/Lambda"
      metric      = "Duration"
      dimensions  = { FunctionName = aws_lambda_function.function.function_name }
      statistic   = "Maximum"
      periods     = 1
      comparison  = "GreaterThanOrEqualToThreshold"
      threshold   = 1000 * var.timeout - 100
      description = "Lambda ended an invocation at its time-out. Raise timeout, or memory_size."
    }
  }
  website_alarms = {
    WebsiteErrorsAlarm = {
      namespace   = "AWS/Lambda"
      metric      = "Url5xxCount"
      dimensions  = { FunctionName = one(aws_lambda_function.website[*].function_name) }
      statistic   = "Sum"
      periods     = 1
      comparison  = "GreaterThanThreshold"
      threshold   = 0
      description = "The catalogue's API answered 5xx. Its log says why."
    }
  }
  all_alarms = merge(local.alarms, local.has_website ? local.website_alarms : {})
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each            = length(var.alarm_topic_arns) == 0 ? {} : local.all_alarms
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = each.value.periods
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
}

resource "aws_cloudwatch_metric_alarm" "rejected" {
  count               = length(var.alarm_topic_arns) == 0 ? 0 : 1
  alarm_name          = "${var.name}-RejectedAlarm"
  alarm_description   = "More than a fifth of the photos of a quarter of an hour, of twenty or more, were rejected. Look at the shelf `rejected` for the reasons."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 20
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns

  metric_query {
    id          = "share"
    label       = "Rejected photos in percent"
    expression  = "IF(rejected + FILL(classified, 0) >= 20, 100 * rejected / (rejected + FILL(classified, 0)), 0)"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = { rejected = "Rejected", classified = "Classified" }
    content {
      id = metric_query.key

      metric {
        namespace   = "Lookbook"
        metric_name = metric_query.value
        dimensions  = { FunctionName = aws_lambda_function.function.function_name }
        period      = 900
        stat        = "Sum"
      }
    }
  }
}
