"""Steps that attack the running site from outside, signed in and not."""

import http.client
import json
import re
import time

from scripts.security.outcome import PLACE, Outcome
from scripts.security.site import ROLES, Site, posts_refused
from scripts.security.tools import run, tool

PAGES = ("/", "/waiting-list/", "/find/", "/accounts/login/", "/nothing-here/", "/static/css/tokens.css", "/healthz")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=()",
}
OF_PAGES = {"content-security-policy": "default-src 'self'", "x-frame-options": "DENY"}
ONLY_INLINE = "style-src-attr 'unsafe-inline'"
LEAST_PAGES = {"": 3, "coordinator": 15, "ward_nurse": 10}
"""So many pages a crawl has to have seen: fewer means that it was not signed in."""
CRAWL_SECONDS = 120
NOT_FOLLOWED = ("accounts/logout", "accounts/sessions", "accounts/second-factor", "accounts/password", "accounts/stay")
MEDIUM = 2
"""wapiti's levels: 1 low, 2 medium, 3 high, 4 critical."""
JUDGED = {
    "Secure Flag cookie": "the scanned site has no TLS; with hospital.settings.prod cookies are Secure and __Host-",
    "HTTP Strict Transport Security (HSTS)": "sent over TLS only; hospital.settings.prod",
    "HttpOnly Flag cookie": "the token against forged requests is read by our own scripts; the session's is HttpOnly",
    "Unencrypted Channels": "the scanned site has no TLS",
}
SQL_TARGETS = (
    ("coordinator", "waiting-list/?specialty=1&surgeon=1&priority=1&overdue=on&sort=due&page=1"),
    ("coordinator", "?day=2026-11-23"),
    ("coordinator", "operations/new/?patient=1"),
    ("coordinator", "operations/swap/?first=1"),
    ("", "accounts/login/?next=/find/"),
)
TESTED = re.compile(r"(?:GET|POST) parameter '([^']+)' does not seem to be injectable")
INJECTABLE = re.compile(r"Parameter: (.+?) \((?:GET|POST)\)")


def headers(site: Site) -> Outcome:
    """Look at the headers of every kind of answer, and at the cookies."""
    findings, looked = [], 0
    for path in PAGES:
        for role in ("", "coordinator"):
            status, found, _ = site.get(path, role)
            is_page = found.get("content-type", "").startswith("text/html")
            for name, part in (HEADERS | (OF_PAGES if is_page else {})).items():
                looked += 1
                if part not in found.get(name, ""):
                    findings.append(f"{path} ({status}): {name} is {found.get(name, 'missing')!r}")
            policy = found.get("content-security-policy", "").replace(ONLY_INLINE, "")
            if "unsafe" in policy or "http:" in policy or "*" in policy:
                findings.append(f"{path}: the policy is wider than it should be: {policy}")
            if role and is_page and "no-store" not in found.get("cache-control", ""):
                findings.append(f"{path}: may be cached")
            findings += [f"{path}: {name} says what serves it" for name in ("x-powered-by",) if name in found]
    cookie = site.get("/accounts/login/")[1].get("set-cookie", "")
    if "samesite=lax" not in cookie.lower():
        findings.append(f"The cookie of the sign-in page: {cookie[:80]}")
    return Outcome(looked, "headers", findings)


def wapiti(site: Site) -> Outcome:
    """Crawl and attack: not signed in, and as each of two roles."""
    total = 0
    findings: list[str] = []
    notes: list[str] = []
    for role in ("", *ROLES):
        pages, bad, judged = _crawl(site, role)
        who = role or "nobody"
        total += pages
        findings += [f"as {who}: {line}" for line in bad]
        notes.append(f"as {who}: {pages} pages" + (f"; judged: {', '.join(judged)}" if judged else ""))
        if role and site.get("/waiting-list/", role)[0] != http.client.OK:
            findings.append(f"as {who}: was signed out on the way, so it is not known what was seen")
        if pages < LEAST_PAGES[role]:
            findings.append(f"as {who}: only {pages} pages seen, so nothing is proved")
    return Outcome(total, "pages", findings, notes)


def _crawl(site: Site, role: str) -> tuple[int, list[str], list[str]]:
    target, kept = PLACE / f"wapiti-{role or 'nobody'}.json", PLACE / "wapiti" / (role or "nobody")
    target.unlink(missing_ok=True)
    command = [tool("wapiti"), "-u", site.url, "--scope", "folder", "--flush-session", "--store-session", str(kept)]
    command += ["-m", "sql,xss,redirect,file,exec,csrf,cookieflags,http_headers,csp", "--no-bugreport"]
    command += ["--max-scan-time", str(CRAWL_SECONDS), "--max-attack-time", "30", "--tasks", "4", "-t", "10"]
    command += ["-f", "json", "-o", str(target), "--max-links-per-page", "60"]
    for path in NOT_FOLLOWED:
        command += ["-x", f"{site.url}{path}/*"]
    command += ["-H", f"Cookie: {site.cookies[role]}"]
    run(command, seconds=CRAWL_SECONDS * 4)
    report = json.loads(target.read_text())
    bad, judged = [], []
    for kind, hits in (report["vulnerabilities"] | report["anomalies"]).items():
        for hit in hits:
            if hit["level"] >= MEDIUM and kind not in JUDGED:
                bad.append(f"{kind}: {hit['method']} {hit['path']} {hit['parameter']}: {hit['info']}"[:300])
            else:
                judged.append(kind)
    return int(report["infos"]["crawled_pages_nbr"]), bad, sorted(set(judged))


def sqlmap(site: Site) -> Outcome:
    """Try to inject SQL into parameters of addresses and into the searches."""
    tested = 0
    findings: list[str] = []
    for role, path in SQL_TARGETS:
        count, bad = _inject(site, role, ["-u", f"{site.url}{path}"])
        tested, findings = tested + count, findings + bad
    for path in ("find/", "waiting-list/"):
        page = site.get(f"/{path}", "coordinator")[2]
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        before = posts_refused(f"/{path}")
        data = f"text=smith&csrfmiddlewaretoken={token[1] if token else ''}"
        count, bad = _inject(site, "coordinator", ["-u", f"{site.url}{path}", "--data", data, "-p", "text"])
        if refused := posts_refused(f"/{path}") - before:
            bad.append(f"{path}: {refused} posts were refused as forged, so nothing is proved")
        tested, findings = tested + count, findings + bad
    return Outcome(tested, "parameters", findings)


def _inject(site: Site, role: str, given: list[str]) -> tuple[int, list[str]]:
    began = time.monotonic()
    command = [tool("sqlmap"), *given, "--batch", "--dbms=PostgreSQL", "--level", "1", "--risk", "1"]
    command += ["--technique=BEU", "--threads", "4", "--disable-coloring", "--flush-session"]
    command += ["--output-dir", str(PLACE / "sqlmap"), "--skip", "csrfmiddlewaretoken"]
    command += ["--cookie", site.cookies[role]]
    done = run(command, seconds=300)
    findings = [f"{given[1]}: {name} is injectable" for name in INJECTABLE.findall(done.stdout)]
    count = len(set(TESTED.findall(done.stdout))) + len(findings)
    if not count:
        last = done.stdout.strip().splitlines()[-3:]
        findings.append(f"{given[1]}: nothing was tested in {time.monotonic() - began:.0f} s: {last}")
    return count, findings
