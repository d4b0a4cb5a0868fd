"""``manage.py security_audit``: look at accounts, settings and the site, and say what is not as it should be."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analytics.models import SecurityReport
from analytics.security.running import compare, run_security_audit
from analytics.security.writing import as_json, as_pdf, counts, tell_reviewers


class Command(BaseCommand):
    """Run the security audit; exit code 1 if an open finding is of high severity."""

    help = "Look at accounts, settings, keys and the running site; print and keep what is not as it should be."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the ways to get the report."""
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON too")
        parser.add_argument("--pdf", type=Path, metavar="FILE", help="write the report as PDF too")
        parser.add_argument("--mail", action="store_true", help="tell the privacy officers that it is there")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run and print."""
        report = run_security_audit()
        self._print(report)
        self._write(report, options)
        if options["mail"]:
            self.stdout.write(f"Told {tell_reviewers(report)} people.")
        high = counts(report)["High"]
        if high:
            raise CommandError(f"{high} open findings of high severity.")

    def _print(self, report: SecurityReport) -> None:
        change = compare(report)
        for one in report.results:
            new = "NEW " if one["id"] in change.new else ""
            self.stdout.write(f"{one['severity'].upper():7}{one['state']:9} {new}{one['title']}")
            self.stdout.write(f"        {one['evidence']}\n        -> {one['remedy']}")
        for reason in report.not_checked:
            self.stdout.write(self.style.WARNING(f"NOT CHECKED  {reason}"))
        words = ", ".join(f"{number} {word.lower()}" for word, number in counts(report).items())
        self.stdout.write(
            f"{words}; {len(change.new)} new, {len(change.fixed)} gone, {len(report.not_checked)} not checked."
        )

    def _write(self, report: SecurityReport, options: dict[str, Any]) -> None:
        try:
            if options["json"]:
                options["json"].write_text(as_json(report), encoding="utf-8")
            if options["pdf"]:
                options["pdf"].write_bytes(as_pdf(report))
        except OSError as error:
            raise CommandError(
                f"The report is kept, but {error.filename} can't be written: {error.strerror}."
            ) from error
