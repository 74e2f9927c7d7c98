"""Tie a process to the life of its parent, then become the command: `python -I -S tether.py PARENT COMMAND...`.

Linux kills a process when the thread that started it ends, if the process has asked for that. It has to ask by itself,
between its fork and its exec. Running Python there (`preexec_fn`) can deadlock a parent that has threads, so this
little program does it in a process of its own. The wish survives exec. Elsewhere than on Linux it only becomes the
command.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask to die with the parent and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent is gone already")
    try:
        os.execvp(command[0], command)  # noqa: S606 - there is no shell to want
    except OSError as error:
        print(f"cannot run {command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201 - this is a program
        sys.exit(127)


if __name__ == "__main__":
    main()
