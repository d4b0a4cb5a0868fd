"""The site for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings.dev")
application = get_wsgi_application()
# Read all views now, once, in the parent of the workers: else each new worker does it while people wait.
_ = get_resolver().url_patterns
