# What ../README.md says of the template's parameters holds here too: the names are the same, in lower
# case with underscores. Where a parameter is a list with commas, this is a list.

variable "name" {
  type        = string
  default     = "lookbook"
  description = "What the names of all resources begin with; the name of a stack, in the template."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,27}$", var.name))
    error_message = "The name has at most 28 lower-case letters, digits and hyphens: a bucket is called after it."
  }
}

variable "function_zip" {
  type        = string
  description = "The package of the function, as dist/lookbook-function-arm64.zip."
}

variable "catalogue_zip" {
  type        = string
  default     = ""
  description = "The package of the website, as dist/lookbook-catalogue-arm64.zip; needed if web_access is not none."

  validation {
    condition     = var.web_access == "none" || var.catalogue_zip != ""
    error_message = "Say where the package of the website is."
  }
}

variable "architecture" {
  type        = string
  default     = "arm64"
  description = "The processor for which the packages were built."

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "There are arm64 and x86_64."
  }
}

variable "bucket_name" {
  type        = string
  default     = ""
  description = "Name of the bucket for the photos, which must not exist yet. Empty: made from the name, the account and the region."
}

variable "existing_buckets" {
  type        = list(string)
  default     = []
  description = "Buckets that are there already. None is made then, and their notifications are yours to set: see the guide."
}

variable "versioning" {
  type        = string
  default     = "none"
  description = "Whether the new bucket keeps what was overwritten or deleted, for 30 days: none, Enabled or Suspended."

  validation {
    condition     = contains(["none", "Enabled", "Suspended"], var.versioning)
    error_message = "There are none, Enabled and Suspended."
  }
}

variable "bucket_event_bridge" {
  type        = bool
  default     = false
  description = "Whether the new bucket tells EventBridge of all its changes, too, for rules of others."
}

variable "existing_table" {
  type        = string
  default     = ""
  description = "A table of lookbook's that is there already. None is made then."
}

variable "table_deletion_protection" {
  type        = bool
  default     = false
  description = "Whether DynamoDB refuses to delete the new table."
}

variable "kms_key_arns" {
  type        = list(string)
  default     = []
  description = "Keys with which photos are encrypted. A new bucket is encrypted with the first."
}

variable "permissions_boundary_arn" {
  type        = string
  default     = ""
  description = "A permissions boundary for the roles."
}

variable "key_prefix" {
  type        = string
  default     = ""
  description = "Only photos whose key begins so are classified, for example products/."
}

variable "model_file" {
  type        = string
  default     = ""
  description = "A TensorFlow Lite model in a bucket, as s3://bucket/key.tflite. Empty means the built-in one."

  validation {
    condition     = var.model_file == "" || can(regex("^s3://[^/]+/[A-Za-z0-9!_.()/-]*[.]tflite$", var.model_file)) && length(split(".tflite", var.model_file)) == 2
    error_message = "The model is s3://bucket/key.tflite, with letters, digits and !_.()/- in the key and .tflite only at its end."
  }
}

variable "model_sha256" {
  type        = string
  default     = ""
  description = "The SHA-256 that the model must have."

  validation {
    condition     = var.model_file == "" || can(regex("^[0-9A-Fa-f]{64}$", var.model_sha256))
    error_message = "A model from a bucket needs its SHA-256, so that nobody can put another in its place."
  }
}

variable "settings" {
  type        = map(string)
  default     = {}
  description = "More settings of the functions, by the names of their variables, as { REVIEW_BELOW = \"0.7\" }."

  validation {
    condition     = length(setsubtract(keys(var.settings), local.settings)) == 0
    error_message = "There is no such setting; see ../README.md for the names of the variables."
  }
}

variable "web_access" {
  type        = string
  default     = "none"
  description = "Who reaches the catalogue's API and page: none, iam or public."

  validation {
    condition     = contains(["none", "iam", "public"], var.web_access)
    error_message = "There are none, iam and public."
  }
}

variable "web_upload_prefix" {
  type        = string
  default     = ""
  description = "The beginning of the keys of photos that people upload with the page. Empty means that nobody can."
}

variable "memory_size" {
  type        = number
  default     = 1769
  description = "Memory of the functions in MB. At 1769 they have one whole processor."
}

variable "timeout" {
  type        = number
  default     = 60
  description = "Seconds that one invocation may take."

  validation {
    condition     = var.timeout >= 60 && var.timeout <= 900
    error_message = "The SDK may wait 20 seconds where AWS throttles it: from 60 to 900."
  }
}

variable "maximum_concurrency" {
  type        = number
  default     = 5
  description = "Function instances that work at the same time."
}

variable "reserved_concurrency" {
  type        = number
  default     = -1
  description = "Instances kept free for the function, and the most it can have. -1 means that none are."
}

variable "log_level" {
  type        = string
  default     = "INFO"
  description = "Least level of the functions' log lines: DEBUG, INFO, WARN or ERROR."
}

variable "log_retention_days" {
  type        = number
  default     = 30
  description = "Days for which log lines are kept."
}

variable "tracing" {
  type        = string
  default     = "PassThrough"
  description = "Whether the functions record traces in X-Ray by themselves: PassThrough or Active."
}

variable "alarm_topic_arns" {
  type        = list(string)
  default     = []
  description = "SNS topics for the alarms. Without any, no alarms are made."
}
