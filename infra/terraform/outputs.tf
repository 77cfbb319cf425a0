output "bucket_names" {
  description = "Put photos here"
  value       = local.buckets
}

output "table_name" {
  description = "The catalogue"
  value       = local.table_name
}

output "queue_url" {
  description = "Changes on their way to the function"
  value       = aws_sqs_queue.changes.url
}

output "queue_arn" {
  description = "For the notifications of an existing bucket, and for moving dead letters back"
  value       = aws_sqs_queue.changes.arn
}

output "dead_letter_queue_url" {
  description = "Changes that failed ten times, and those that cannot be read"
  value       = aws_sqs_queue.dead_letters.url
}

output "dead_letter_queue_arn" {
  description = "For moving them back"
  value       = aws_sqs_queue.dead_letters.arn
}

output "function_arn" {
  description = "For what calls the function, as a backfill does"
  value       = aws_lambda_function.function.arn
}

output "catalogue_url" {
  description = "The catalogue's API and page"
  value       = one(aws_lambda_function_url.website[*].function_url)
}

output "catalogue_reader_policy_arn" {
  description = "Attach this policy to the role of what shows the catalogue"
  value       = aws_iam_policy.catalogue_reader.arn
}
