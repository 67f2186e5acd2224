#!/usr/bin/env python3
"""Django's command line for Infusion Strategy."""

import os
import sys

OURS = {"demand", "infusion_strategy", "payers", "roi", "sites"}


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion_strategy.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except ModuleNotFoundError as error:
        if error.name.split(".")[0] in OURS:
            raise
        sys.exit(f"The Python module {error.name} is missing: run `make demo`, which installs everything into .venv.")
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except SystemExit as end:  # argparse ends with 2 where a word is missing or unknown; our commands promise 0 or 1
        sys.exit(1 if end.code == 2 else end.code)


if __name__ == "__main__":
    main()
