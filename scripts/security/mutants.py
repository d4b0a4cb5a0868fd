"""Takes each permission check away in turn, and demands that a test fails.

A mutant is the product with one check gone, in a copy of the tree; two copies work side by side, each with servers
and a database of its own. The tests that are likely to notice run first; what none of them notices is run against
all tests about access. A survivor is a check that nobody would miss.
"""

import ast
import os
import queue
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.security.outcome import PLACE, ROOT, NotDoneError, Outcome

TREE = PLACE / "mutants"
CHECKS = {
    *("authorise", "_authorise", "_demand", "check_grant", "lock_patient", "demand_place", "demand_role"),
    *("demand_restricting", "demand_unrestricted", "demand_treating", "demand_exporting"),
}
"""Functions that raise where something is not allowed; called as a statement."""
REFUSALS = {"NotAllowedError", "PermissionDenied", "NotOnCareTeamError"}
"""What an ``if`` raises where something is not allowed."""
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
    ("patients/access.py", "AND began <= %s AND ends > %s", "AND began <= %s AND began <= %s"),
    ("patients/access.py", "| in_emergency(user, patient)", ""),
    ("patients/emergency.py", "running(actor).filter(pk=access_id)", "EmergencyAccess.objects.filter(pk=access_id)"),
    ("analytics/unusual/services.py", "if any(row.actor_id == actor.pk for row in rows):", "if False:"),
    ("scheduling/querysets.py", "return self.filter(_access().opened(user, capability))", "return self.all()"),
    ("patients/models.py", "if not user.can(permissions.VIEW):", "if False:"),
    ("accounts/granting.py", "if holder.pk == granter.pk:", "if False:"),
    ("accounts/granting.py", "if not any(own.covers(grant)", "if False and not any(own.covers(grant)"),
    ("accounts/granting.py", "    if holder.is_superuser:\n        return False\n", ""),
    (
        "accounts/granting.py",
        "return all(any(one.covers(grant) for one in own) for grant in grants_of(holder.pk))",
        "return True",
    ),
    ("accounts/role_table.py", "if wrong := [*_may_give(", "if False and [*_may_give("),
    ("accounts/role_table.py", ", *_may_take(actor, role, take)]", "]"),
    ("accounts/role_table.py", "        if wrong := problems(now):\n            raise ValidationError(wrong)\n", ""),
    ("accounts/role_table.py", "if capability in FIXED.get(role, frozenset()):", "if False:"),
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
PERMISSIONS = "accounts/permissions.py"
KILLED = "killed"
WITHOUT = '@__import__("accounts.permissions", fromlist=["x"]).unguarded('
_TABLE = "tests/accounts/test_access_table.py"
ACCESS = (*(f"{_TABLE}::test_pages[{who}]" for who in ("D-neighbour", "M-neighbour", "W-neighbour")), _TABLE)
ADMIN = ("tests/hospital/test_admin.py", "tests/hospital/test_admin_limits.py")
ALL = (
    _TABLE,
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
MUTANT_SECONDS = 1800
TREES = 2


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


def kill(sample: int = 0, only: str = "") -> Outcome:
    """Run every mutant, those of files whose path begins with ``only``, or evenly so many; survivors are findings."""
    chosen = [mutant for mutant in mutants() if mutant.path.startswith(only)]
    if not chosen:
        raise NotDoneError(f"No file's path begins with {only!r}, or it checks nothing.")
    if sample and sample < len(chosen):
        chosen = [chosen[at * len(chosen) // sample] for at in range(sample)]
    trees: queue.Queue[Path] = queue.Queue()
    for number in range(TREES):
        trees.put(_copied(number))
    _demand_green(trees)
    words = []
    with ThreadPoolExecutor(TREES) as pool:
        for number, (mutant, word) in enumerate(pool.map(lambda one: (one, _fate(one, trees)), chosen), start=1):
            words.append(word)
            print(f"  {number}/{len(chosen)} {word} {mutant}", flush=True)
    alive = [f"{word}: {mutant}" for mutant, word in zip(chosen, words, strict=True) if word != KILLED]
    rate = 100 * words.count(KILLED) / len(chosen)
    return Outcome(len(chosen), "mutants", alive, [f"kill rate {rate:.1f} %"])


def _demand_green(trees: "queue.Queue[Path]") -> None:
    """Run all the tests once without a mutant: of tests that fail anyhow, none kills."""
    tree = trees.get()
    if _fails(tree, ["-n", str(TREES), *ALL], reuse=False):
        raise NotDoneError("The tests about access fail without any mutant: mend them first.")
    trees.put(tree)


def _fate(mutant: Mutant, trees: "queue.Queue[Path]") -> str:
    tree = trees.get()
    target = tree / mutant.path
    kept = target.read_text(encoding="utf-8")
    text = mutant.text + (GUARD if mutant.path == PERMISSIONS else "")
    target.write_text(text, encoding="utf-8")
    try:
        return KILLED if _fails(tree, mutant.tests) or _fails(tree, list(ALL)) else "SURVIVED"
    except NotDoneError as error:
        return f"UNKNOWN ({error})"
    finally:
        target.write_text(kept, encoding="utf-8")
        trees.put(tree)


def _fails(tree: Path, tests: list[str], *, reuse: bool = True) -> bool:
    """Say whether a test fails, or the product does not even start; the database is kept between the runs."""
    environment = os.environ | {"TEST_RUN": "900000001", "PYTHONDONTWRITEBYTECODE": "1"}
    for name in ("HOSPITAL_DATA", "DJANGO_SETTINGS_MODULE"):
        environment.pop(name, None)
    command = [str(tree / ".venv" / "bin" / "pytest"), "-q", "-x", "-p", "no:cacheprovider", "--no-header"]
    command += [*(["--reuse-db"] if reuse else ["--create-db"]), "-m", "not browser", *tests]
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=MUTANT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        message = f"no answer after {MUTANT_SECONDS} s"
        raise NotDoneError(message) from error
    if done.returncode > 1 and "Error" not in done.stdout + done.stderr:
        message = f"pytest ended with {done.returncode}"
        raise NotDoneError(message)
    return done.returncode != 0  # 1: a test failed; 2 to 4 with an error: the product does not even start


def _copied(number: int) -> Path:
    """Return a fresh copy of the tree; only its servers' data are kept, since making them takes a while."""
    tree = TREE / str(number)
    for old in tree.iterdir() if tree.exists() else ():
        if old.is_symlink() or old.is_file():
            old.unlink()
        elif old.name != ".data":
            shutil.rmtree(old)
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    for name in (".venv", "node_modules"):
        (tree / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "static" / "vendor", tree / "static" / "vendor", dirs_exist_ok=True)
    permissions = tree / PERMISSIONS
    permissions.write_text(permissions.read_text(encoding="utf-8") + GUARD, encoding="utf-8")
    return tree


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
        if isinstance(node, ast.If) and not node.orelse and _refusal(node.body[-1]):
            yield Mutant(path, node.lineno, f"if {ast.unparse(node.test)}: refuse", _replaced(text, node, "pass"))


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


def _refusal(node: ast.stmt) -> bool:
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    return _name(node.exc.func if isinstance(node.exc, ast.Call) else node.exc) in REFUSALS


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
