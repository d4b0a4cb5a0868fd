"""The security audit finds what is planted, compares with the last run, and keeps what people decide."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import RoleAssignment, SignInFailure, User
from accounts.roles import Role
from analytics.models import FindingState, SecurityFinding, SecurityReport, Severity
from analytics.security import accounts, dependencies, site
from analytics.security.deciding import accept_finding, reopen_finding
from analytics.security.findings import Context, Found, NotCheckedError
from analytics.security.running import compare, run_security_audit
from analytics.security.writing import as_json, as_pdf, tell_reviewers
from analytics.tasks import weekly_security_audit
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def codes(check: Any, before: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(found.code, found.subject) for found in check(Context(timezone.now(), before or {}))]


def about(user: User) -> str:
    return f"user:{user.pk}"


@pytest.fixture
def officer() -> User:
    user: User = UserFactory(role=Role.PRIVACY_OFFICER, last_login=timezone.now())
    return user


def test_who_lacks_a_second_factor(settings: Any, officer: User) -> None:
    settings.SECOND_FACTOR_ROLES = ["privacy_officer"]
    UserFactory(role=Role.WARD_NURSE)
    UserFactory(role=Role.PRIVACY_OFFICER, is_active=False)
    with_one = UserFactory(role=Role.PRIVACY_OFFICER)
    Authenticator.objects.create(user=with_one, type="totp", data={})
    with_codes_only = UserFactory(role=Role.PRIVACY_OFFICER)
    Authenticator.objects.create(user=with_codes_only, type="recovery_codes", data={})

    found = codes(accounts.without_second_factor)

    assert sorted(found) == sorted(("account.no_second_factor", about(one)) for one in (officer, with_codes_only))


def test_who_does_not_come_any_more() -> None:
    now = timezone.now()
    gone = UserFactory(last_login=now - timedelta(days=91), date_joined=now - timedelta(days=200))
    UserFactory(last_login=now - timedelta(days=89), date_joined=now - timedelta(days=200))
    never = UserFactory(date_joined=now - timedelta(days=31))
    UserFactory(date_joined=now - timedelta(days=29))

    assert codes(accounts.dormant) == [("account.dormant", about(gone))]
    assert codes(accounts.never_used) == [("account.never_used", about(never))]


def test_who_may_too_much() -> None:
    root = UserFactory(is_superuser=True)
    both = UserFactory(role=Role.ADMINISTRATOR)
    RoleAssignment.objects.create(user=both, role=Role.PRIVACY_OFFICER)
    UserFactory(role=Role.COORDINATOR)

    found = codes(accounts.too_powerful)

    assert sorted(found) == [("account.superuser", about(root)), ("account.together.privacy_officer", about(both))]


@pytest.mark.parametrize("email", ["ward3@example.org", "theatre@example.org", "INFO@example.org"])
def test_addresses_of_desks(email: str) -> None:
    user = UserFactory(email=email.lower())
    UserFactory(email="ines.ward@example.org")

    assert codes(accounts.shared) == [("account.shared_address", about(user))]


def test_in_many_places_at_once() -> None:
    user = UserFactory()
    for number in range(4):
        UserSession.objects.create(user=user, session_key=f"key{number}", ip=f"10.0.0.{number}", user_agent="x")
    other = UserFactory()
    for number in range(4):
        UserSession.objects.create(user=other, session_key=f"same{number}", ip="10.0.0.1", user_agent="x")

    assert codes(accounts.many_places) == [("account.many_places", about(user))]


def test_failed_sign_ins_are_kept_and_counted(client: Client) -> None:
    user = UserFactory(email="jo@example.org")
    for _ in range(3):
        client.post("/accounts/login/", {"login": "Jo@example.org", "password": "wrong"})
    client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong"})
    assert list(SignInFailure.objects.order_by("pk").values_list("user", "address")) == [
        *[(user.pk, "127.0.0.1")] * 3,
        (None, "127.0.0.1"),
    ]
    assert codes(accounts.failed_sign_ins) == []

    SignInFailure.objects.bulk_create(SignInFailure(user=user) for _ in range(18))

    assert codes(accounts.failed_sign_ins) == [("account.failed_sign_ins", about(user))]


def test_settings(settings: Any) -> None:
    settings.SECOND_FACTOR_ROLES = ["privacy_officer", "administrator"]
    settings.HOSPITAL_NETWORKS = ["10.0.0.0/8"]
    settings.DEMO_ALLOWED = False
    assert codes(site.own_settings) == []
    settings.SECOND_FACTOR_ROLES, settings.HOSPITAL_NETWORKS, settings.DEMO_ALLOWED = [], [], True
    assert [code for code, _ in codes(site.own_settings)] == [
        "setting.second_factor_roles",
        "setting.hospital_networks",
        "setting.demo",
    ]


def test_a_weak_header_is_found(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_HSTS_SECONDS = 3600
    assert codes(site.answers) == []
    settings.X_FRAME_OPTIONS = "SAMEORIGIN"
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"] | {"script-src": ["'self'", "'unsafe-inline'"]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives}
    settings.SECURE_HSTS_SECONDS = 0
    settings.SESSION_COOKIE_SECURE = False
    assert [code for code, _ in codes(site.answers)] == [
        "header.x-frame-options",
        "header.csp_scripts",
        "header.hsts",
        "cookie.session_cookie_secure",
    ]


def test_an_old_key() -> None:
    context = Context(timezone.now())
    assert list(site.key_age(context)) == []
    assert list(context.facts["keys"]) == ["test"]
    long_ago = {"keys": {"test": (timezone.now() - timedelta(days=366)).isoformat()}}
    assert codes(site.key_age, long_ago) == [("key.age", "")]
    assert codes(site.key_age, {"keys": {"former": long_ago["keys"]["test"]}}) == []


@pytest.mark.parametrize(
    ("events", "affected"),
    [
        ([{"introduced": "0"}], True),
        ([{"introduced": "0"}, {"fixed": "2.0"}], True),
        ([{"introduced": "0"}, {"fixed": "1.5"}], False),
        ([{"introduced": "1.6"}], False),
        ([{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "1.4"}, {"fixed": "1.6"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.5"}], True),
        ([{"introduced": "0"}, {"last_affected": "1.4"}], False),
    ],
)
def test_ranges_of_advisories(events: list[dict[str, str]], *, affected: bool) -> None:
    entry = {"ranges": [{"type": "ECOSYSTEM", "events": events}]}
    assert dependencies.is_affected("1.5", entry) is affected


def test_a_package_with_a_known_fault(settings: Any, tmp_path: Path) -> None:
    span = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}
    advisory = {
        "id": "PYSEC-1",
        "modified": timezone.now().isoformat(),
        "summary": "Everything is broken.",
        "affected": [{"package": {"name": "Django", "ecosystem": "PyPI"}, "ranges": [span]}],
    }
    (tmp_path / "one.json").write_text(json.dumps(advisory))
    settings.ADVISORIES = str(tmp_path)
    assert codes(dependencies.known_faults) == [("package.fault", "django:PYSEC-1")]
    (tmp_path / "one.json").write_text(json.dumps(advisory | {"withdrawn": "2026-01-01"}))
    assert codes(dependencies.known_faults) == []


@pytest.mark.parametrize(("content", "words"), [(None, "set ADVISORIES"), ("", "holds no advisory"), ("{", "read")])
def test_without_a_list_nothing_is_called_good(settings: Any, tmp_path: Path, content: str | None, words: str) -> None:
    settings.ADVISORIES = "" if content is None else str(tmp_path)
    if content:
        (tmp_path / "one.json").write_text(content)
    with pytest.raises(NotCheckedError, match=words):
        codes(dependencies.known_faults)


def found(code: str = "a", severity: Severity = Severity.HIGH) -> Found:
    return Found(code, severity, f"Title {code}", "Evidence.", "Remedy.")


def run(*all_found: Found) -> SecurityReport:
    return run_security_audit([lambda _: all_found])


def test_runs_are_compared() -> None:
    run(found("a"), found("b"))
    second = run(found("b"), found("c"))

    a, b, c = SecurityFinding.objects.order_by("code")
    assert (a.state, b.state, c.state) == ("fixed", "open", "open")
    assert compare(second).new == {c.pk}
    assert compare(second).fixed == {a.pk}
    run(found("a"))
    a.refresh_from_db()
    assert a.state == "open"
    assert SecurityFinding.objects.count() == 3


def test_an_accepted_finding_comes_back_when_its_day_is_over(officer: User) -> None:
    run(found())
    finding = SecurityFinding.objects.get()
    tomorrow = timezone.localdate() + timedelta(days=1)
    accept_finding(actor=officer, finding_id=finding.pk, until=tomorrow, note="The old scanner goes in May.")
    run(found())
    finding.refresh_from_db()
    assert finding.state == FindingState.ACCEPTED
    SecurityFinding.objects.update(accepted_until=timezone.localdate() - timedelta(days=1))
    run(found())
    finding.refresh_from_db()
    assert (finding.state, finding.accepted_until) == ("open", None)


@pytest.mark.parametrize(("days", "note"), [(0, "x"), (-1, "x"), (367, "x"), (5, " ")])
def test_accepting_needs_a_reason_and_a_day(officer: User, days: int, note: str) -> None:
    run(found())
    until = timezone.localdate() + timedelta(days=days)
    with pytest.raises(ValidationError):
        accept_finding(actor=officer, finding_id=SecurityFinding.objects.get().pk, until=until, note=note)


def test_others_decide_nothing() -> None:
    run(found())
    pk, day = SecurityFinding.objects.get().pk, timezone.localdate() + timedelta(days=1)
    administrator = UserFactory(role=Role.ADMINISTRATOR)
    with pytest.raises(PermissionDenied):
        accept_finding(actor=administrator, finding_id=pk, until=day, note="x")
    with pytest.raises(PermissionDenied):
        reopen_finding(actor=administrator, finding_id=pk)


def test_what_was_not_looked_at_is_not_called_fixed() -> None:
    def checks(_: Context) -> list[Found]:
        return [found()]

    def blind(_: Context) -> list[Found]:
        raise NotCheckedError("No list.")

    def broken(_: Context) -> list[Found]:
        raise ZeroDivisionError

    run_security_audit([checks])
    blind.__name__ = broken.__name__ = checks.__name__
    assert run_security_audit([blind]).not_checked == ["No list."]
    assert run_security_audit([broken]).not_checked == ["Checks: broke (ZeroDivisionError)."]
    assert SecurityFinding.objects.get().state == "open"


def test_every_check_runs_here() -> None:
    report = run_security_audit()
    assert report.not_checked == [
        "The certificate: this site is served without TLS.",
        "Packages with known faults: set ADVISORIES to an OSV list (a zip or a folder).",
    ]
    assert "setting.demo" in {one["code"] for one in report.results}


def test_the_report_as_files() -> None:
    report = run(found("a"), Found("b", Severity.LOW, "Łukasz “x” 日本", "E…", "R"))
    assert as_pdf(report).startswith(b"%PDF-")
    content = json.loads(as_json(report))
    assert content["counts"] == {"High": 1, "Medium": 0, "Low": 1, "Accepted": 0}
    assert [one["code"] for one in content["findings"]] == ["a", "b"]


def test_the_weekly_run_tells_the_privacy_officers_once(officer: User) -> None:
    weekly_security_audit()
    weekly_security_audit()
    assert SecurityReport.objects.count() == 1
    assert [message.to for message in mail.outbox] == [[officer.email]]
    assert tell_reviewers(SecurityReport.objects.get()) == 1


def test_the_command_fails_with_a_high_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CommandError, match="of high severity"):
        call_command("security_audit", json=tmp_path / "a.json", pdf=tmp_path / "a.pdf")
    assert "NOT CHECKED" in capsys.readouterr().out
    assert json.loads((tmp_path / "a.json").read_text())["counts"]["High"] >= 1
    with pytest.raises(CommandError, match="can't be written"):
        call_command("security_audit", json=tmp_path / "nowhere" / "a.json")


@pytest.fixture
def page(client: Client, officer: User) -> Client:
    client.force_login(officer)
    return client


def test_the_page(page: Client) -> None:
    assert "Nobody has looked yet" in page.get(reverse("analytics:security")).content.decode()
    page.post(reverse("analytics:security-run"))
    finding = SecurityFinding.objects.get(code="setting.demo")
    url = reverse("analytics:finding-accept", args=[finding.pk])

    answer = page.post(url, {"until": "2020-01-01", "note": "It is a demo."})
    assert answer.status_code == 422
    assert "from tomorrow on" in answer.content.decode()
    until = timezone.localdate() + timedelta(days=30)
    assert page.post(url, {"until": until.isoformat(), "note": "It is a demo."}).status_code == 302
    assert "It is a demo." in page.get(reverse("analytics:security")).content.decode()
    page.post(reverse("analytics:finding-reopen", args=[finding.pk]))
    finding.refresh_from_db()
    assert finding.state == "open"


@pytest.mark.parametrize("form", ["pdf", "json"])
def test_the_files_of_the_page(page: Client, form: str) -> None:
    report = run(found())
    answer = page.get(reverse("analytics:security-report", args=[report.pk, form]))
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].endswith(f'.{form}"')
    assert page.get(f"/security/reports/{report.pk + 1}.{form}").status_code == 404
