"""How long what is kept: the hospital's retention schedule."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.permissions import actor_of, requires
from patients.permissions import MANAGE_RIGHTS
from patients.rights.forms import RetentionForm
from patients.rights.retention import KINDS, schedule, set_retention


@requires(MANAGE_RIGHTS)
@require_http_methods(["GET", "POST"])
def retention(request: HttpRequest) -> HttpResponse:
    """Show the schedule; set how long one kind of data is kept."""
    form = RetentionForm(request.POST or None, auto_id=f"{request.POST.get('kind', '')[:30]}_%s")
    if request.method == "POST" and form.is_valid():
        try:
            set_retention(actor=actor_of(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "Saved. It counts from the next run of apply_retention.")
            return redirect("patients:retention")
    rules, asked = schedule(), request.POST.get("kind")
    rows = [
        {
            "kind": kind,
            "rule": rules[kind.code],
            "form": form
            if kind.code == asked
            else RetentionForm(
                initial={"kind": kind.code, "years": rules[kind.code].years, "source": rules[kind.code].source},
                auto_id=f"{kind.code}_%s",
            ),
        }
        for kind in KINDS
    ]
    status = 422 if request.method == "POST" else 200
    return render(request, "patients/rights/retention.html", {"rows": rows}, status=status)
