"""Write the table of who may do what, for people to read."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from hospital.permission_table import as_markdown


class Command(BaseCommand):
    """``manage.py write_permissions``."""

    help = "Write docs/permissions.md from the roles and the views as they are now."

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Write the file and say where."""
        path = settings.BASE_DIR / "docs" / "permissions.md"
        path.write_text(as_markdown(), encoding="utf-8")
        self.stdout.write(f"Wrote {path.relative_to(settings.BASE_DIR)}.")
