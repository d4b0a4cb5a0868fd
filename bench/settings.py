"""Settings of the benches: those of ``make run``, on a database of their own."""

from hospital.embedded.place import current_place
from hospital.settings.dev import *  # noqa: F403

DATABASES["default"]["TEST"] = {"NAME": "bench_hospital"}  # noqa: F405
STATIC_ROOT = current_place().folder / "static"
MESSAGE_QUIET_HOURS = ""
