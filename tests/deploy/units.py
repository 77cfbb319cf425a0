"""What the test itself is made of, on small inputs: that it notices what it should notice."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "infra", "checks"))

from guide import Guide, Unclear  # noqa: E402
from packaged import Unexpected, packaged  # noqa: E402
from shell import Broken, Shell  # noqa: E402

TEMPLATE = """\
Resources:
  Bucket:
    Type: AWS::S3::Bucket
  # The function.
  One:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ..
      Architectures: [arm64]
Outputs:
  Two:
    Value: !Ref One
"""

PAGE = """\
| question | answer |
|---|---|
| Name | `me`, or another |
| More | Enter |

```sh
one --with \\
  more   # and a comment
two
```

```toml
three = "3"
```

```sh
# Nothing but a comment.
four
```
"""


def read(*parts):
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


class Packages(unittest.TestCase):
    def test_only_code_and_architecture_change(self):
        changed = packaged(TEMPLATE, {"One": "a b.zip"}, "x86_64")
        self.assertEqual(
            changed,
            TEMPLATE.replace("CodeUri: ..", "CodeUri: a b.zip").replace("[arm64]", "[x86_64]"),
        )

    def test_the_real_template_is_understood(self):
        template = read("infra", "template.yaml")
        changed = packaged(template, {"Function": "f.zip", "Website": "w.zip"}, "x86_64")
        lines = zip(template.splitlines(), changed.splitlines(), strict=True)
        self.assertEqual(sum(old != new for old, new in lines), 4)

    def test_what_is_not_as_expected_is_refused(self):
        for template, codes, architecture in (
            (TEMPLATE, {}, "arm64"),
            (TEMPLATE, {"One": "a.zip", "Other": "b.zip"}, "arm64"),
            (TEMPLATE, {"One": "a.zip"}, "mips"),
            (TEMPLATE.replace("CodeUri", "InlineCode"), {"One": "a.zip"}, "arm64"),
            (TEMPLATE.replace("[arm64]", "!Ref Processor"), {"One": "a.zip"}, "arm64"),
            (TEMPLATE.replace("      CodeUri: ..\n", "      CodeUri: ..\n" * 2), {"One": "a.zip"}, "arm64"),
            (TEMPLATE.replace("Serverless", "Lambda"), {}, "arm64"),
        ):
            with self.subTest(template), self.assertRaises(Unexpected):
                packaged(template, codes, architecture)


class Releases(unittest.TestCase):
    """`packages/release.sh`, with builds that only write what they are told to."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path in ("packages/release.sh", "packages/lib.sh", "infra/template.yaml", "infra/checks/packaged.py"):
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(os.path.join(ROOT, path), target)
        self.script("packages/notices.sh", "echo >dist/LICENSES.txt")
        self.script("packages/functions.sh", 'for each in function catalogue; do echo new >"dist/lookbook-$each-$1.zip"; done')
        self.targets("x86_64", "aarch64")

    def script(self, path, text):
        path = self.root / path
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\nset -e\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def targets(self, *processors):
        """What rustup has; it can add nothing."""
        lines = [f"echo {each}-unknown-linux-gnu" for each in processors]
        self.script("bin/rustup", "\n".join(["[ $2 = list ] || exit 1", *lines]))

    def old(self, processor):
        (self.root / "dist").mkdir(exist_ok=True)
        for name in ("function", "catalogue"):
            (self.root / f"dist/lookbook-{name}-{processor}.zip").write_text("old\n")

    def release(self, **variables):
        environment = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", **variables}
        return subprocess.run(
            [self.root / "packages/release.sh", "--skip-cli"], env=environment, capture_output=True, text=True
        )

    def zips(self):
        return {each.name.removeprefix("lookbook-"): each.read_text().strip() for each in self.root.glob("dist/*.zip")}

    def test_all_is_made_anew_unless_it_is_to_be_kept(self):
        for variables, function in (({}, "new"), ({"KEEP": "1"}, "old")):
            self.old("arm64")
            done = self.release(**variables)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.zips()["function-arm64.zip"], function)
            self.assertNotIn("SKIPPED", done.stderr)
            self.assertIn("function-arm64.zip", (self.root / "dist/SHA256SUMS").read_text())
            self.assertIn("function-arm64.zip", (self.root / "dist/template.yaml").read_text())

    def test_what_cannot_be_had_is_left_out_with_what_was_there(self):
        self.targets("x86_64")
        self.old("arm64")
        done = self.release()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("SKIPPED: the packages for arm64", done.stderr)
        self.assertEqual(sorted(self.zips()), ["catalogue-x86_64.zip", "function-x86_64.zip"])
        self.assertIn("function-x86_64.zip", (self.root / "dist/template.yaml").read_text())
        self.assertNotEqual(self.release(REQUIRE="1").returncode, 0)
        self.targets()
        self.assertNotEqual(self.release().returncode, 0)

    def test_a_build_that_fails_is_no_processor_left_out(self):
        self.old("x86_64")
        self.script("packages/functions.sh", "exit 1")
        self.assertNotEqual(self.release().returncode, 0)
        self.assertEqual(self.zips(), {})
        self.assertFalse((self.root / "dist/SHA256SUMS").exists())


class Zips(unittest.TestCase):
    def test_what_is_too_large_is_not_written(self):
        # The compressor of the packages is in their own environment; this writes the same format.
        stub = """
def deflate_compress(data, level):
    compressor = __import__("zlib").compressobj(9, 8, -15)
    return compressor.compress(data) + compressor.flush()
"""
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "deflate.py").write_text(stub)
            (place / "program").write_bytes(os.urandom(2000))
            zip_py = os.path.join(ROOT, "packages", "zip.py")
            for most, fits in (("0.001", False), ("0.003", True)):
                (place / "package.zip").write_text("old")
                done = subprocess.run(
                    [sys.executable, zip_py, place / "program", place / "package.zip", "--max-mb", most],
                    env={"PYTHONPATH": folder}, capture_output=True, text=True,
                )
                self.assertEqual(done.returncode == 0, fits, done.stderr)
                self.assertEqual((place / "package.zip").exists(), fits)


class Page(unittest.TestCase):
    def test_a_block_is_run_without_what_is_excused(self):
        guide = Guide(PAGE, {"one --with": "why", "four": "why"})
        self.assertEqual(guide.script("two"), "two")
        guide.finish()

    def test_a_command_goes_on_after_a_backslash(self):
        guide = Guide(PAGE, {})
        self.assertEqual(guide.script("two"), "one --with \\\n  more   # and a comment\ntwo")

    def test_a_command_that_nothing_runs_is_noticed(self):
        guide = Guide(PAGE, {})
        guide.take("two")
        with self.assertRaisesRegex(Unclear, "four"):
            guide.finish()

    def test_an_excuse_for_nothing_is_noticed(self):
        guide = Guide(PAGE, {"five": "why"})
        guide.take("two")
        guide.take("four")
        with self.assertRaisesRegex(Unclear, "five"):
            guide.finish()

    def test_words_that_are_not_there_or_twice_are_noticed(self):
        for words in ("six", "o"):
            with self.assertRaises(Unclear):
                Guide(PAGE, {}).take(words)

    def test_answers_are_those_of_the_table(self):
        self.assertEqual(Guide(PAGE, {}).answers(), [("Name", "me"), ("More", "")])


class RealPage(unittest.TestCase):
    def test_dead_letters_are_told_where_to_go(self):
        # What the function has set aside came by SendMessage: SQS does not know from which queue.
        begin = "aws sqs start-message-move-task"
        blocks = Guide(read("infra", "README.md"), {}).blocks
        commands = [each for block in blocks for each in block.commands() if each.startswith(begin)]
        self.assertTrue(commands)
        for command in commands:
            self.assertIn('--destination-arn "$(output QueueArn)"', command)

    def test_alarms_are_those_of_the_template(self):
        made = dict(re.findall(
            r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm\n    Condition: (\w+)$", read("infra", "template.yaml"), re.MULTILINE
        ))
        page = read("infra", "README.md")
        self.assertEqual(re.findall(r"^\| `(\w+Alarm)` \|", page, re.MULTILINE), list(made))
        words = ("five", "six", "seven", "eight", "nine")
        always = words[list(made.values()).count("HasAlarms") - 5]
        self.assertIn(f"there are {always} alarms", page)


class Terminal(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.shell = Shell(folder.name, {"PATH": os.environ["PATH"]}, [("Name", "me")], folder.name)
        self.addCleanup(self.shell.stop)

    def test_what_one_script_sets_the_next_one_has(self):
        self.assertEqual(self.shell.run("f() { echo $1; }; cd /; x=3"), "")
        self.assertEqual(self.shell.run("f $x; pwd"), "3\n/")

    def test_questions_are_answered(self):
        said = self.shell.run('read -r -p "Name [you]: " name; echo "$name"')
        self.assertTrue(said.endswith("me"), said)

    def test_what_never_ends_is_stopped_and_the_shell_goes_on(self):
        self.assertIn("tick", self.shell.run("while true; do echo tick; sleep 0.1; done", until="tick"))
        self.assertEqual(self.shell.run("echo on"), "on")

    def test_what_fails_is_an_error(self):
        for script in ("false", "true\nfalse\ntrue", "echo $nothing", 'read -r -p "Who [me]: " x', "exit 0"):
            with self.subTest(script), self.assertRaises(Broken):
                self.setUp()
                self.shell.run(script, seconds=20)

    def test_what_takes_too_long_is_an_error(self):
        with self.assertRaisesRegex(Broken, "more than 1 s"):
            self.shell.run("sleep 30", seconds=1)


class Pins(unittest.TestCase):
    def test_sam_and_ministack_are_those_of_the_other_checks(self):
        def pin(name, *parts):
            return re.search(rf"^{name}==(.*)$", read(*parts), re.MULTILINE)[1]

        here = ("tests", "deploy")
        sam = pin("aws-sam-cli", *here, "client.txt")
        self.assertEqual(sam, pin("aws-sam-cli", ".ci", "requirements.txt"))
        self.assertEqual(
            pin("ministack", *here, "server.txt"), pin("ministack", "tests", "second", "requirements.txt")
        )
        # The transform that ministack runs for CloudFormation is the one that sam has.
        self.assertEqual(
            pin("aws-sam-translator", *here, "server.txt"), pin("aws-sam-translator", *here, "client.txt")
        )
        least = re.search(r"^  ([0-9.]+) or newer\.$", read("infra", "README.md"), re.MULTILINE)
        self.assertTrue(least, "infra/README.md does not say which SAM CLI it needs")
        self.assertGreaterEqual(
            [int(part) for part in sam.split(".")], [int(part) for part in least[1].split(".")]
        )


if __name__ == "__main__":
    unittest.main()
