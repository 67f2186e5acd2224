#!/usr/bin/env python3
"""Django's command line for Infusion Strategy."""

import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infusion_strategy.settings")
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except ModuleNotFoundError as error:
        if os.environ.get("DEBUG"):
            raise
        sys.exit(f"The Python module {error.name} is missing: run `make demo`, which installs everything into .venv.")
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
