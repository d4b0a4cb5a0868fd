"""Takes each permission check away in turn, and demands that a test fails.

A mutant is the product with one check gone, in a copy of the tree. The tests that are likely to notice run first;
what none of them notices is run against all tests about access. A survivor is a check that nobody would miss.
"""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.security.outcome import PLACE, ROOT, NotDoneError, Outcome

TREE = PLACE / "mutants"
CHECKS = {"authorise", "_authorise", "demand_place", "demand_role", "demand_restricting", "check_grant", "lock_patient"}
"""Functions that raise where something is not allowed; called as a statement."""
FILTERS = re.compile(r"\.(?:visible_to|listed_to)\((?:[^()]|\([^()]*\))*\)")
MIDDLEWARE = (
    "accounts.sessions.SessionLimitsMiddleware",
    "accounts.integration.NoPagesMiddleware",
    "accounts.second_factor.SecondFactorMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.audit.recording.ReadsMiddleware",
)
CLAUSES = (
    ("patients/access.py", "(opened & ~blocked)", "(opened)"),
    ("patients/access.py", "return opened & (Q(", "return opened | (Q("),
    ("patients/access.py", "began__lte=now, ends__gt=now", "began__lte=now"),
    ("patients/access.py", "| in_emergency(user, patient)", ""),
    ("patients/emergency.py", "if access.actor_id == actor.pk:", "if False:"),
    ("patients/emergency.py", "running(actor).filter(pk=access_id)", "EmergencyAccess.objects.filter(pk=access_id)"),
    ("analytics/unusual/services.py", "if any(row.actor_id == actor.pk for row in rows):", "if False:"),
    ("scheduling/views/fetching.py", "if not operation.is_open:", "if False:"),
    ("scheduling/services/locking.py", "if not operation.is_open:", "if False:"),
    ("scheduling/services/care_team.py", "if not operation.is_open:", "if False:"),
    ("scheduling/querysets.py", "return self.filter(_access().opened(user, capability))", "return self.all()"),
    ("patients/models.py", "if not user.can(permissions.VIEW):", "if False:"),
    ("scheduling/views/requesting.py", "if patient and not Patient.objects", "if False and not Patient.objects"),
    ("accounts/models.py", "if self.is_active else frozenset()", ""),
    ("accounts/models.py", "if self.is_active else ()", ""),
    ("hospital/live.py", "why_over(", "(lambda *_: '')("),
)
"""Checks that are a part of an expression: file, what stands there, what the mutant has."""
GUARD = '''

def unguarded(capability: str) -> Callable[[View[P]], View[P]]:
    """Say what a view needs, and do not ask for it: for mutants."""

    def decorate(view: View[P]) -> View[P]:
        view.capability = capability
        return view

    return decorate
'''
WITHOUT = '@__import__("accounts.permissions", fromlist=["x"]).unguarded('
ACCESS = ("tests/accounts/test_access_table.py",)
ADMIN = ("tests/hospital/test_admin.py", "tests/hospital/test_admin_limits.py")
ALL = (
    *ACCESS,
    "tests/accounts",
    "tests/patients",
    "tests/analytics",
    "tests/scheduling/test_access.py",
    "tests/scheduling/views",
    "tests/scheduling/services",
    "tests/hospital/test_admin.py",
    "tests/hospital/test_admin_limits.py",
    "tests/hospital/test_live.py",
    "tests/security/test_audit_sweep.py",
)
MUTANT_SECONDS = 900


@dataclass(frozen=True)
class Mutant:
    """One check taken away: where, what it was, and the whole file without it."""

    path: str
    line: int
    what: str
    text: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.path}:{self.line} {self.what}"

    @property
    def tests(self) -> list[str]:
        """Return the tests that are likely to notice, most likely first."""
        room, *rest = Path(self.path).with_suffix("").parts
        beside = [f"tests/{room}/{'/'.join(rest[:-1])}".rstrip("/"), f"tests/{room}"]
        likely = ["tests/hospital/test_admin.py", "tests/hospital/test_admin_limits.py"] if "admin" in self.path else []
        return [
            *likely,
            *(ACCESS if "views" in self.path else ()),
            *(name for name in beside if (ROOT / name).exists()),
        ]


def mutants() -> list[Mutant]:
    """Return every mutant, in the order of files."""
    found = [*_middleware(), *_clauses()]
    for path in _files():
        text = (ROOT / path).read_text(encoding="utf-8")
        found += [*_decorators(path, text), *_statements(path, text), *_filters(path, text), *_admin(path, text)]
    return sorted(found, key=lambda one: (one.path, one.line, one.what))


def kill(sample: int = 0) -> Outcome:
    """Run every mutant, or evenly so many, and return the survivors as findings."""
    chosen = mutants()
    if sample and sample < len(chosen):
        chosen = chosen[:: len(chosen) // sample][:sample]
    _copy()
    if _fails(["tests/accounts/test_access_table.py"], reuse=False):
        raise NotDoneError("The tests about access fail without any mutant: mend them first.")
    survivors = []
    for number, mutant in enumerate(chosen, start=1):
        try:
            word = "killed" if _is_killed(mutant) else "SURVIVED"
        except NotDoneError as error:
            word = f"UNKNOWN ({error})"
        if word != "killed":
            survivors.append(f"{word}: {mutant}")
        print(f"  {number}/{len(chosen)} {word:8} {mutant}", flush=True)
    rate = 100 * (len(chosen) - len(survivors)) / len(chosen)
    return Outcome(len(chosen), "mutants", survivors, [f"kill rate {rate:.1f} %"])


def _is_killed(mutant: Mutant) -> bool:
    target = TREE / mutant.path
    kept = target.read_text(encoding="utf-8")
    target.write_text(
        mutant.text if mutant.path != "accounts/permissions.py" else mutant.text + GUARD, encoding="utf-8"
    )
    try:
        return _fails(mutant.tests) or _fails(list(ALL))
    finally:
        target.write_text(kept, encoding="utf-8")


def _fails(tests: list[str], *, reuse: bool = True) -> bool:
    """Say whether a test fails, or the product does not even start; the database is kept between the runs."""
    environment = os.environ | {"TEST_RUN": "900000001", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("HOSPITAL_DATA", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    command = [str(TREE / ".venv" / "bin" / "pytest"), "-q", "-x", "-p", "no:cacheprovider", "--no-header"]
    command += ["--reuse-db", *([] if reuse else ["--create-db"]), "-m", "not browser", *tests]
    try:
        done = subprocess.run(
            command, cwd=TREE, env=environment, capture_output=True, text=True, timeout=MUTANT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"no answer after {MUTANT_SECONDS} s"
        raise NotDoneError(message) from error
    if done.returncode > 1 and "Error" not in done.stdout + done.stderr:
        message = f"pytest ended with {done.returncode}"
        raise NotDoneError(message)
    return done.returncode != 0  # 1: a test failed; 2 to 4 with an error: the product does not even start


def _copy() -> None:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (TREE / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, TREE / name)
    for name in (".venv", "node_modules"):
        if not (TREE / name).exists():
            (TREE / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "static" / "vendor", TREE / "static" / "vendor", dirs_exist_ok=True)
    permissions = TREE / "accounts" / "permissions.py"
    permissions.write_text(permissions.read_text(encoding="utf-8") + GUARD, encoding="utf-8")


def _files() -> Iterator[str]:
    for room in ("accounts", "analytics", "hospital", "patients", "resources", "scheduling"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and "demo" not in path.parts:
                yield str(path.relative_to(ROOT))


def _decorators(path: str, text: str) -> Iterator[Mutant]:
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.startswith("@requires("):
            changed = WITHOUT + line.removeprefix("@requires(")
            yield Mutant(path, number + 1, line.strip(), "".join([*lines[:number], changed, *lines[number + 1 :]]))
        if line.startswith("@reauthentication_required"):
            yield Mutant(path, number + 1, line.strip(), "".join([*lines[:number], "\n", *lines[number + 1 :]]))


def _statements(path: str, text: str) -> Iterator[Mutant]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and _name(node.value.func) in CHECKS:
            yield Mutant(path, node.lineno, f"{_name(node.value.func)}(…)", _replaced(text, node, "pass"))


def _filters(path: str, text: str) -> Iterator[Mutant]:
    for found in FILTERS.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Mutant(path, line, found[0].replace("\n", " "), text[: found.start()] + ".all()" + text[found.end() :])


def _admin(path: str, text: str) -> Iterator[Mutant]:
    if "admin" not in path:
        return
    for node in ast.walk(ast.parse(text)):
        is_check = isinstance(node, ast.FunctionDef) and re.fullmatch(r"has_\w+_permission", node.name)
        if is_check and isinstance(node, ast.FunctionDef):
            body = node.body[-1]
            yield Mutant(path, node.lineno, f"{node.name} says yes", _replaced(text, body, "return True"))


def _middleware() -> Iterator[Mutant]:
    path = "hospital/settings/base.py"
    text = (ROOT / path).read_text(encoding="utf-8")
    for name in MIDDLEWARE:
        yield Mutant(
            path, text[: text.index(name)].count("\n") + 1, f"without {name}", text.replace(f'    "{name}",\n', "")
        )


def _clauses() -> Iterator[Mutant]:
    for path, there, mutated in CLAUSES:
        text = (ROOT / path).read_text(encoding="utf-8")
        if there not in text:
            message = f"{path} has no {there!r} any more: mend CLAUSES in {__name__}."
            raise NotDoneError(message)
        yield Mutant(
            path, text[: text.index(there)].count("\n") + 1, f"{there} -> {mutated}", text.replace(there, mutated)
        )


def _replaced(text: str, node: ast.stmt, by: str) -> str:
    lines = text.splitlines(keepends=True)
    indent = " " * node.col_offset
    return "".join([*lines[: node.lineno - 1], f"{indent}{by}\n", *lines[node.end_lineno or node.lineno :]])


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
