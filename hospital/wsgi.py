"""The site for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings.dev")
application = get_wsgi_application()
# Read all views now, once, in the parent of the workers: else each new worker does it while people wait.
_ = get_resolver().url_patterns
# All that is loaded by now stays for ever: the collector need not go through it again while a page waits (0.1 s),
# nor write into memory that the workers share. It looks after pages' leavings less often.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 50)
