"""A report as JSON and as PDF, and the message that says it is there."""

import json
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone

from accounts.models import User
from accounts.role_table import roles_with
from analytics.models import SecurityReport
from analytics.permissions import REVIEW_SECURITY
from analytics.security.running import compare


def counts(report: SecurityReport) -> dict[str, int]:
    """Return how many open findings a report has of each severity, and how many are accepted."""
    found = [one["severity"] if one["state"] == "open" else "Accepted" for one in report.results]
    return {word: found.count(word) for word in ("High", "Medium", "Low", "Accepted")}


def as_json(report: SecurityReport) -> str:
    """Return the report for other programs: ``at``, ``counts``, ``findings``, ``new``, ``fixed``, ``not_checked``."""
    change = compare(report)
    content = {
        "at": report.at.isoformat(),
        "counts": counts(report),
        "new": sorted(change.new),
        "fixed": sorted(change.fixed),
        "findings": report.results,
        "not_checked": report.not_checked,
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def as_pdf(report: SecurityReport) -> bytes:
    """Return the report as a PDF of A4 pages."""
    from accounts.documents import Pages  # noqa: PLC0415  # its fonts would cost every start two seconds

    pdf = Pages("Security audit", head=f"Security audit, {timezone.localtime(report.at):%d %b %Y %H:%M}")
    words = ", ".join(f"{number} {word.lower()}" for word, number in counts(report).items())
    pdf.text_block(f"Findings: {words}. Confidential.")
    change = compare(report)
    for one in report.results:
        marks = [one["severity"], *(["new"] if one["id"] in change.new else []), *_accepted(one)]
        pdf.head(f"{one['title']} ({', '.join(marks)})")
        pdf.text_block(one["evidence"])
        pdf.text_block(f"What to do: {one['remedy']}")
    if not report.results:
        pdf.text_block("Nothing was found.")
    if report.not_checked:
        pdf.head("Not checked")
        for reason in report.not_checked:
            pdf.text_block(reason)
    return bytes(pdf.output())


def tell_reviewers(report: SecurityReport) -> int:
    """Write to everybody who reviews the site's security; return to how many. Findings stay out of the mail."""
    roles = roles_with(REVIEW_SECURITY)
    people = User.objects.filter(is_active=True, role_assignments__role__in=roles).distinct()
    found = counts(report)
    change = compare(report)
    body = (
        f"The security audit of {timezone.localtime(report.at):%d %b %Y %H:%M} is ready.\n\n"
        f"Open: {found['High']} high, {found['Medium']} medium, {found['Low']} low. Accepted: {found['Accepted']}.\n"
        f"New since the last one: {len(change.new)}. Gone: {len(change.fixed)}. "
        f"Not checked: {len(report.not_checked)}.\n\n"
        "Sign in and open “Security” to read it."
    )
    for person in people:
        send_mail("Security audit", body, settings.DEFAULT_FROM_EMAIL, [person.email])
    return len(people)


def _accepted(one: dict[str, Any]) -> list[str]:
    return [f"accepted until {one['accepted_until']}"] if one["state"] == "accepted" else []
