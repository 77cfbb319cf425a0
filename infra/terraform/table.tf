resource "aws_dynamodb_table" "catalogue" {
  count                       = local.makes_table ? 1 : 0
  name                        = "${var.name}-catalogue"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "image"
  stream_enabled              = true
  stream_view_type            = "NEW_IMAGE"
  deletion_protection_enabled = var.table_deletion_protection

  attribute {
    name = "image"
    type = "S"
  }
  attribute {
    name = "shelf"
    type = "S"
  }
  attribute {
    name = "added_at"
    type = "S"
  }

  global_secondary_index {
    name            = "by-shelf"
    projection_type = "INCLUDE"
    non_key_attributes = [
      "bucket",
      "key",
      "label",
      "confidence",
      "reviewed_label",
      "reviewed_sha256",
      "reviewed_at",
      "reason_code",
      "reason",
      "width",
      "height",
      "format",
      "content_sha256",
      "model_id",
      "recipe",
    ]

    key_schema {
      attribute_name = "shelf"
      key_type       = "HASH"
    }
    key_schema {
      attribute_name = "added_at"
      key_type       = "RANGE"
    }
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }
  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }

  # Nobody loses a catalogue by accident: to remove it, take this line out first.
  lifecycle {
    prevent_destroy = true
  }
}
