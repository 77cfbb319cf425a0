#!/usr/bin/env bash
# Checks the template. Needs cfn-lint and sam on the PATH (.ci/requirements.txt), but no AWS account
# and no network: `sam validate` asks IAM unless it is told to lint.
set -euo pipefail
cd "$(dirname "$0")"

# Some rules depend on the region; a fixed one gives the same findings everywhere.
region=eu-west-1
export AWS_DEFAULT_REGION="$region" SAM_CLI_TELEMETRY=0

status=0
cfn-lint --non-zero-exit-code informational --regions "$region" -- template.yaml || status=1
sam validate --lint --region "$region" --template-file template.yaml || status=1
exit "$status"
