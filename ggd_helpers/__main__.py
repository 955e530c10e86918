"""`ggd`, also `python -m ggd_helpers`: see `commands`.

Nothing is imported at the top, for Ctrl-C may come in the first tenths of a second, which imports take.
"""

import sys


def main() -> int:
    """Do what the command line says; returns the exit code."""
    try:
        from ggd_helpers.commands import answer

        return answer(sys.argv[1:])
    except KeyboardInterrupt:
        print("ggd: interrupted.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
