"""What `infra/README.md` tells people to run, so that a test can run just that."""

import re
from dataclasses import dataclass, field

_FENCE = re.compile(r"^```(\w*)\s*$")


class Unclear(Exception):
    """The page does not have what the test looks for, or tells what nothing runs."""


@dataclass
class Block:
    """A fenced block: its language, the line on which it begins, its text."""

    language: str
    line: int
    text: str
    used: bool = False

    def commands(self):
        """Its commands, each with the lines that go on after a backslash, without comments."""
        joined = self.text.replace("\\\n", "\\\0")
        for command in joined.splitlines():
            if command.strip() and not command.lstrip().startswith("#"):
                yield command.replace("\0", "\n")


@dataclass
class Guide:
    """A page, and which of its commands have been run.

    `excused` has the commands that cannot be run, by how they begin, and why. A block of commands that
    is neither run nor excused is an error (`finish`), and so is an excuse for nothing.
    """

    page: str
    excused: dict
    blocks: list = field(init=False)
    _excuses_used: set = field(default_factory=set)

    def __post_init__(self):
        self.blocks = list(_blocks(self.page))

    def take(self, words, language="sh"):
        """The only block of a language that has these words."""
        found = [block for block in self.blocks if block.language == language and words in block.text]
        if len(found) != 1:
            raise Unclear(
                f"{len(found)} blocks of `{language}` have the words {words!r}, and there should be one: "
                "if the page says it in another way now, say so in tests/deploy/main.py"
            )
        found[0].used = True
        return found[0]

    def script(self, words):
        """The commands of that block, without those that are excused."""
        return "\n".join(each for each in self.take(words).commands() if not self._is_excused(each))

    def finish(self):
        """Fails if a command was not run and has no excuse, or if an excuse was not needed."""
        for block in self.blocks:
            if block.language == "sh" and not block.used:
                left = [each for each in block.commands() if not self._is_excused(each)]
                if left:
                    raise Unclear(
                        f"nothing runs these commands of line {block.line}; run them in "
                        "tests/deploy/main.py, or excuse them there:\n" + "\n".join(left)
                    )
        for begin in self.excused:
            if begin not in self._excuses_used:
                raise Unclear(f"no command begins with {begin!r}: its excuse is not needed any more")

    def answers(self):
        """What the table `question | answer` says, as pairs of a question and what to type."""
        rows = re.search(r"^\| question \| answer \|\n\|[-|]+\|\n((?:\|.*\n)+)", self.page, re.MULTILINE)
        if not rows:
            raise Unclear("there is no table `| question | answer |`")
        pairs = []
        for row in rows[1].splitlines():
            question, answer = (cell.strip() for cell in row.strip("|").split("|")[:2])
            typed = re.match(r"`([^`]*)`", answer)
            pairs.append((question, typed[1] if typed else ""))
        return pairs

    def _is_excused(self, command):
        begins = [begin for begin in self.excused if command.strip().startswith(begin)]
        self._excuses_used.update(begins)
        return bool(begins)


def _blocks(page):
    language, begin, text = None, 0, []
    for number, line in enumerate(page.splitlines(), start=1):
        fence = _FENCE.match(line)
        if not fence:
            text.append(line)
        elif language is None:
            language, begin, text = fence[1], number, []
        else:
            yield Block(language, begin, "\n".join(text) + "\n")
            language = None
