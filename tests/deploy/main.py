"""Deploys the template as infra/README.md says, uses it, changes it, removes it, deploys it again.

`run.sh` calls this with what it needs.
"""

import argparse
import os
import shutil
import stat
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "infra", "checks"))

from cloud import Cloud, Server, environment  # noqa: E402
from guide import Guide  # noqa: E402
from packaged import packaged  # noqa: E402
from scenario import EXCUSED, STEPS, TYPED, Scenario  # noqa: E402
from shell import Shell  # noqa: E402

# Version 1, which is the one on PyPI, asks AWS itself for queues, whatever `AWS_ENDPOINT_URL` says.
AWS = """#!/usr/bin/env bash
exec AWS --endpoint-url "$AWS_ENDPOINT_URL" "$@"
"""

# A Function URL is an address of AWS. ministack answers it on its own port, to who names it as host.
CURL = """#!/usr/bin/env bash
set -euo pipefail
arguments=()
for each; do
    if [[ $each =~ ^https://([a-z0-9]+\\.lambda-url\\.[a-z0-9-]+\\.on\\.aws)(/.*)$ ]]; then
        arguments+=(--header "Host: ${BASH_REMATCH[1]}" "$AWS_ENDPOINT_URL${BASH_REMATCH[2]}")
    else
        arguments+=("$each")
    fi
done
exec CURL --fail-with-body --silent --show-error "${arguments[@]}"
"""


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def workplace(args):
    """A folder as a checkout of the repository is, whose template names the packages."""
    place = os.path.join(args.work, "checkout")
    shutil.copytree(os.path.join(ROOT, "infra"), os.path.join(place, "infra"))
    os.symlink(os.path.join(ROOT, "events"), os.path.join(place, "events"))
    text = packaged(
        read(os.path.join(ROOT, "infra", "template.yaml")),
        {"Function": os.path.abspath(args.function), "Website": os.path.abspath(args.catalogue)},
        args.architecture,
    )
    with open(os.path.join(place, "infra", "template.yaml"), "w", encoding="utf-8") as file:
        file.write(text)
    return place


def shims(args):
    """A folder with the programs that have to know where this cloud is."""
    folder = os.path.join(args.work, "bin")
    os.mkdir(folder)
    curl = shutil.which("curl")
    for name, text in (
        ("curl", CURL.replace("exec CURL", f"exec {curl}")),
        ("aws", AWS.replace("exec AWS", f"exec {args.tools}/aws")),
    ):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
    os.symlink(os.path.abspath(args.lookbook), os.path.join(folder, "lookbook"))
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", required=True, help="a folder for all that is made")
    parser.add_argument("--tools", required=True, help="the folder of sam and aws")
    parser.add_argument("--server", required=True, help="the program of ministack")
    parser.add_argument("--architecture", required=True)
    parser.add_argument("--lookbook", required=True, help="the program of the command line")
    parser.add_argument("--function", required=True, help="the package of the function")
    parser.add_argument("--catalogue", required=True, help="the package of the website")
    args = parser.parse_args()

    guide = Guide(read(os.path.join(ROOT, "infra", "README.md")), EXCUSED)
    for folder in ("home", "cloud", "scripts"):
        os.mkdir(os.path.join(args.work, folder))
    path = os.pathsep.join([shims(args), args.tools, os.environ["PATH"]])
    server = Server(args.server, os.path.join(args.work, "cloud"))
    shell = None
    step = "ministack starts"
    try:
        shell = Shell(
            workplace(args),
            environment(server.port, os.path.join(args.work, "home"), path),
            guide.answers() + TYPED,
            os.path.join(args.work, "scripts"),
        )
        scenario = Scenario(guide, shell, Cloud(server.port), os.path.join(args.work, "checkout"))
        begun_all = time.monotonic()
        for function in STEPS:
            step = function.__doc__.strip().splitlines()[0]
            begun = time.monotonic()
            function(scenario)
            print(f"ok      deploy: {step} ({time.monotonic() - begun:.1f} s)", flush=True)
        step = "every command of infra/README.md is run or excused"
        guide.finish()
        print(f"ok      deploy: {step}", flush=True)
        print(f"{len(STEPS) + 1} things shown in {time.monotonic() - begun_all:.0f} s", flush=True)
    except Exception:
        print(f"FAILED  deploy: {step}", flush=True)
        traceback.print_exc()
        explain(server)
        sys.exit(1)
    finally:
        if shell:
            shell.stop()
        server.stop()


def explain(server):
    """Prints what the stack, the functions and the cloud say."""
    try:
        cloud = Cloud(server.port)
        for stack in cloud.cloudformation.describe_stacks()["Stacks"]:
            print(f"--- the stack {stack['StackName']}: {stack['StackStatus']}", file=sys.stderr)
            print("\n".join(cloud.events(stack["StackName"]).splitlines()[-40:]), file=sys.stderr)
        for group in cloud.logs.describe_log_groups()["logGroups"]:
            print(f"--- the log {group['logGroupName']}", file=sys.stderr)
            print("\n".join(cloud.lines(group["logGroupName"])[-40:]), file=sys.stderr)
    except Exception as error:
        print(f"--- nothing more is known of the stack: {error}", file=sys.stderr)
    print(f"--- the end of ministack's log\n{server.said()}", file=sys.stderr)


if __name__ == "__main__":
    main()
