#!/usr/bin/env bash
# Checks what is declared in infra/: the templates, the state machine, the Terraform module. Needs what is
# in .ci/requirements.txt on the PATH, but no AWS account; Checkov, which has an environment of its own, is
# installed from PyPI at the first run. Nothing here asks AWS: `sam validate` would, unless told to lint.
#
# VENV (infra/.venv) says where Checkov's environment is, PYTHON (python3) what makes it.
set -euo pipefail
cd "$(dirname "$0")"

# Some rules depend on the region; a fixed one gives the same findings everywhere.
region=eu-west-1
export AWS_DEFAULT_REGION="$region" SAM_CLI_TELEMETRY=0
venv=${VENV-$PWD/.venv}
templates=(template.yaml backfill.yaml)

status=0
check() {
    echo "-- $1"
    shift
    "$@" || status=1
}

check "cfn-lint" cfn-lint --non-zero-exit-code informational --regions "$region" -- "${templates[@]}"
for template in "${templates[@]}"; do
    check "sam validate $template" sam validate --lint --region "$region" --template-file "$template"
done
check "expanded templates" python3 checks/expanded.py "${templates[@]}"
check "policies" python3 checks/policies.py "${templates[@]}"
check "state machine" python3 checks/machine.py backfill.asl.json backfill.yaml ../events/distributed-map.json
check "terraform module" python3 checks/terraform.py terraform template.yaml
# `terraform validate` needs the provider, and with it the network.
if command -v terraform >/dev/null; then
    check "terraform fmt" terraform fmt -check -diff terraform
else
    echo "-- terraform fmt: SKIPPED, since there is no terraform"
fi
check "self-tests of the checks" python3 -m unittest discover --quiet --start-directory checks

[ -x "$venv/bin/checkov" ] || "${PYTHON-python3}" -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
checkov() {
    "$venv/bin/checkov" --config-file checkov.yaml --file "$@"
}
# It passes, and would not if a bucket were public.
check "checkov" checkov "${templates[@]}"
broken() (
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    sed 's/BlockPublicPolicy: true/BlockPublicPolicy: false/' template.yaml >"$work/template.yaml"
    ! checkov "$work/template.yaml" >"$work/log" && grep -q CKV_AWS_54 "$work/log"
)
check "checkov finds a public bucket" broken

exit "$status"
