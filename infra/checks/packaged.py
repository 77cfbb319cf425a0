#!/usr/bin/env python3
"""The template for packages that are built already: each `CodeUri` names a zip.

    packaged.py TEMPLATE OUT --architecture x86_64 --code Function=a.zip --code Website=b.zip

The text is rewritten line by line, so that comments, order and short forms as `!Ref` stay. All else is
left as it is. Whatever is not as expected is an error, since a template that still names the sources,
or another processor, would be found out only by who deploys it: a function without a zip, a zip
without a function, a function without `CodeUri` or `Architectures`.
"""

import argparse
import re
import sys

#: The processors of AWS Lambda.
ARCHITECTURES = ("arm64", "x86_64")

_RESOURCE = re.compile(r"^  ([A-Za-z0-9]+):\s*(#.*)?$")
_FUNCTION = re.compile(r"^    Type: AWS::Serverless::Function\s*$")
_CODE = re.compile(r"^(      CodeUri: ).*$")
_ARCHITECTURE = re.compile(r"^(      Architectures: )\[[a-z0-9_]+\]\s*$")


class Unexpected(Exception):
    """The template is not as this module knows it."""


def packaged(template, codes, architecture):
    """The text of a template in which the function `codes[id]` comes from that zip.

    `codes` has one zip for each function, by its logical id; a path is relative to where the template
    will be.
    """
    if architecture not in ARCHITECTURES:
        raise Unexpected(f"there is no architecture {architecture}, only {' and '.join(ARCHITECTURES)}")
    lines = template.splitlines(keepends=True)
    functions = _functions(lines)
    if not functions:
        raise Unexpected("the template has no AWS::Serverless::Function")
    _same(set(functions), set(codes))
    for name, (begin, end) in functions.items():
        _replace(lines, begin, end, _CODE, codes[name], f"{name} has no line `CodeUri: ...`")
        _replace(
            lines, begin, end, _ARCHITECTURE, f"[{architecture}]",
            f"{name} has no line `Architectures: [...]`",
        )
    return "".join(lines)


def _functions(lines):
    """The functions of a template: from which line to which each goes."""
    found, name, begin, inside = {}, None, 0, False
    for number, line in enumerate([*lines, "End:\n"]):
        top = re.match(r"^\S", line) and not line.startswith("#")
        resource = _RESOURCE.match(line) if inside else None
        if (top or resource) and name:
            if any(_FUNCTION.match(each) for each in lines[begin:number]):
                found[name] = (begin, number)
            name = None
        if top:
            inside = line.startswith("Resources:")
        if resource:
            name, begin = resource[1], number
    return found


def _same(functions, codes):
    for name in sorted(functions - codes):
        raise Unexpected(f"the function {name} has no zip: say which with --code {name}=FILE")
    for name in sorted(codes - functions):
        raise Unexpected(f"a zip is given for {name}, which is no function of the template")


def _replace(lines, begin, end, pattern, value, otherwise):
    """Gives the only line that matches another value."""
    places = [number for number in range(begin, end) if pattern.match(lines[number])]
    if len(places) != 1:
        raise Unexpected(otherwise if not places else f"{otherwise}, but {len(places)} of them")
    lines[places[0]] = pattern.sub(lambda match: match[1] + value, lines[places[0]].rstrip("\n")) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("template", help="the template, as infra/template.yaml")
    parser.add_argument("out", help="the file that is written")
    parser.add_argument("--architecture", choices=ARCHITECTURES, required=True)
    parser.add_argument(
        "--code", action="append", default=[], metavar="ID=FILE",
        help="the zip of the function with this logical id, relative to where OUT is; once a function",
    )
    args = parser.parse_args()
    try:
        codes = dict(code.split("=", 1) for code in args.code)
    except ValueError:
        parser.error("--code is ID=FILE, as Function=lookbook-function-arm64.zip")
    with open(args.template, encoding="utf-8") as file:
        template = file.read()
    try:
        text = packaged(template, codes, args.architecture)
    except Unexpected as why:
        sys.exit(f"packaged.py: {args.template}: {why}")
    with open(args.out, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
