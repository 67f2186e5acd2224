"""The product on one machine as one process tree: `python manage.py demo`."""
