terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # The first with `invoked_via_function_url`, without which AWS answers 403 to all.
      version = ">= 6.29.0, < 7.0.0"
    }
  }
}
