"""A shell as a person has it: on a terminal, with questions that are answered."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
#: How a question of `sam` ends: with its default in brackets.
_QUESTION = re.compile(r"([^\n]*)\[[^\]\n]*\]: ?\Z")
_DONE = "the block is done"

# Runs the scripts that are named on a pipe, one after another, in the same shell: what one sets, the
# next one has. The first command that fails ends it. One that is to be stopped hears Ctrl-C alone.
_LOOP = f"""
set -euo pipefail
trap : INT
while read -r script <&ORDERS; do
    if [[ $script = *.tail ]]; then
        (trap - INT; source "$script") || true
    else
        source "$script"
    fi
    printf '\\n%s\\n' '{_DONE}'
done
"""


class Broken(Exception):
    """A command failed, took too long, or asked what nobody can answer."""


class Shell:
    """One bash for all blocks. `answers` are pairs: words of a question, and what is typed then."""

    def __init__(self, folder, env, answers, scripts):
        self.answers = answers
        self._scripts = scripts
        self._count = 0
        self._terminal, theirs = pty.openpty()
        attributes = termios.tcgetattr(theirs)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, attributes)
        ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))  # rows and columns
        reading, self._orders = os.pipe()
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", _LOOP.replace("ORDERS", str(reading))],
            cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, pass_fds=(reading,),
        )
        os.close(theirs)
        os.close(reading)

    def run(self, script, seconds=180, until=None):
        """Runs a script, and gives what it printed.

        With `until`, the script is one that never ends, and is stopped once it has printed that.
        """
        self._count += 1
        path = os.path.join(self._scripts, f"{self._count}.{'tail' if until else 'sh'}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script + "\n")
        os.write(self._orders, (path + "\n").encode())
        said, answered = "", 0
        end = time.monotonic() + seconds
        while _DONE not in said:
            if time.monotonic() > end:
                self.stop()
                wanted = f" and was to print {until!r}" if until else ""
                raise Broken(_told(script, f"it took more than {seconds} s{wanted}", said))
            more = self._read()
            if more is None:
                code = self._bash.wait()
                raise Broken(_told(script, f"a command failed, and bash with it ({code})", said))
            said += more
            if until and until in said:
                # Again and again: bash takes one for its command's if that ends just then.
                os.killpg(self._bash.pid, signal.SIGINT)
            question = _QUESTION.search(said, answered)
            if question and not more:
                os.write(self._terminal, (self._answer(script, question[1], said) + "\n").encode())
                answered = len(said)
        return said.split(_DONE)[0].rstrip("\n")

    def stop(self):
        """Ends the shell and what it has begun."""
        if self._bash.poll() is None:
            os.killpg(self._bash.pid, signal.SIGKILL)
            self._bash.wait()

    def _read(self):
        """What was printed meanwhile; None once there is nobody to print."""
        if not select.select([self._terminal], [], [], 0.3)[0]:
            return ""
        try:
            more = os.read(self._terminal, 65536)
        except OSError:
            return None
        return _COLOURS.sub("", more.decode(errors="replace")).replace("\r", "") if more else None

    def _answer(self, script, question, said):
        for words, answer in self.answers:
            if words in question:
                return answer
        self.stop()
        raise Broken(_told(script, f"nobody said what to answer to {question.strip()!r}", said))


def _told(script, what, said):
    return f"{what}:\n{script}\n--- what it printed:\n{said[-6000:]}"
