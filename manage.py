#!/usr/bin/env python3
"""The door for people with a terminal."""

import os
import sys


def main():
    # Only the public door is in a hurry: a command may take as long as it needs.
    os.environ.setdefault("STATEMENT_TIMEOUT", "0")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
