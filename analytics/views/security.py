"""The page of the security audit."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import actor_of, requires
from analytics.forms import AcceptFindingForm
from analytics.models import FindingState, SecurityFinding, SecurityReport
from analytics.permissions import REVIEW_SECURITY
from analytics.security.deciding import accept_finding, reopen_finding
from analytics.security.running import compare, run_security_audit
from analytics.security.writing import as_json, as_pdf, counts

FORMATS = {"json": (as_json, "application/json"), "pdf": (as_pdf, "application/pdf")}
RECENTLY_FIXED = 20


@requires(REVIEW_SECURITY)
@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Show what is not as it should be, what changed since the last run, and what could not be looked at."""
    return render(request, "analytics/security.html", _context())


@requires(REVIEW_SECURITY)
@require_POST
def security_run(request: HttpRequest) -> HttpResponse:
    """Run the audit now."""
    report = run_security_audit()
    messages.success(request, f"Looked again: {len(report.results)} findings.")
    return redirect("analytics:security")


@requires(REVIEW_SECURITY)
@require_POST
def finding_accept(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Accept a finding until a day."""
    finding = get_object_or_404(SecurityFinding, pk=finding_id)
    form = AcceptFindingForm(request.POST)
    if form.is_valid():
        try:
            accept_finding(actor=actor_of(request), finding_id=finding.pk, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "Accepted. It comes back when its day is over.")
            return redirect("analytics:security")
    return render(request, "analytics/security.html", {**_context(), "form": form, "asked": finding.pk}, status=422)


@requires(REVIEW_SECURITY)
@require_POST
def finding_reopen(request: HttpRequest, finding_id: int) -> HttpResponse:
    """Take an acceptance back."""
    get_object_or_404(SecurityFinding, pk=finding_id)
    reopen_finding(actor=actor_of(request), finding_id=finding_id)
    messages.success(request, "Open again.")
    return redirect("analytics:security")


@requires(REVIEW_SECURITY)
@require_GET
def security_report(request: HttpRequest, report_id: int, form: str) -> HttpResponse:  # noqa: ARG001  # a view's
    """Give a report as a file."""
    report = get_object_or_404(SecurityReport, pk=report_id)
    write, kind = FORMATS[form]
    name = f"security-audit-{timezone.localtime(report.at):%Y-%m-%d}.{form}"
    return HttpResponse(
        write(report), content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _context() -> dict[str, object]:
    latest = SecurityReport.objects.first()
    standing = SecurityFinding.objects.exclude(state=FindingState.FIXED).select_related("accepted_by")
    fixed = SecurityFinding.objects.filter(state=FindingState.FIXED).order_by("-last_seen")
    change = compare(latest) if latest else None
    return {
        "latest": latest,
        "earlier": SecurityReport.objects.all()[1:11],
        "counts": counts(latest) if latest else {},
        "new": change.new if change else (),
        "gone": len(change.fixed) if change else 0,
        "open": [one for one in standing if one.state == FindingState.OPEN],
        "accepted": [one for one in standing if one.state == FindingState.ACCEPTED],
        "fixed": fixed[:RECENTLY_FIXED],
        "form": AcceptFindingForm(),
    }
