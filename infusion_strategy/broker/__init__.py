"""The embedded queue: `CELERY_BROKER_URL=embedded://`, one SQLite file in DATA_DIR, no server to install."""

from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES.setdefault("embedded", "infusion_strategy.broker.transport:Transport")
