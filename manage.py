#!/usr/bin/env python3
"""Django's command line for Infusion Strategy."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion_strategy.settings")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as error:
        sys.exit(f"The Python module {error.name} is missing: run `make demo`, which installs everything into .venv.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
