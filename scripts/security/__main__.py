"""``python -m scripts.security``: everything that tries to break the site's security, one line and a table."""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from scripts.security.outcome import PLACE, NotDoneError, Outcome

READING = ("bandit", "secrets", "deploy", "sbom", "advisories")
TESTS = ("matrix", "sweep", "tampering", "hostile", "leaks")
OUTSIDE = ("headers", "wapiti", "sqlmap")
STEPS = (*READING, *TESTS, *OUTSIDE, "mutants")


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make security", description=__doc__)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"of {', '.join(STEPS)}; default: all")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="only N mutants, evenly chosen")
    parser.add_argument("--only", default="", metavar="PATH", help="only mutants of files whose path begins so")
    chosen = parser.parse_args()
    if unknown := set(chosen.steps) - set(STEPS):
        parser.error(f"no such step: {', '.join(sorted(unknown))}")
    return chosen


def main() -> int:
    """Run the steps, keep what they found, and return 1 unless every one of them proved that nothing is wrong."""
    chosen = arguments()
    steps = [step for step in STEPS if step in chosen.steps or not chosen.steps]
    PLACE.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hospital.settings.dev")
    results: dict[str, dict[str, object]] = {}
    inside = [step for step in steps if step not in OUTSIDE]
    for step in inside:
        results[step] = _run(step, _work(step, chosen.sample, chosen.only))
    if outside := [step for step in steps if step in OUTSIDE]:
        results |= _from_outside(outside)
    _keep(results)
    wrong = [step for step, result in results.items() if not result["passed"]]
    print(f"\n{len(results) - len(wrong)} of {len(results)} steps passed; details in {PLACE / 'results.json'}")
    return 1 if wrong else 0


def _keep(results: dict[str, dict[str, object]]) -> None:
    """Write the results beside those of the steps that were not run today, each with its own day."""
    path = PLACE / "results.json"
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        kept = {}
    path.write_text(json.dumps(kept | results, indent=1) + "\n")


def _work(step: str, sample: int, only: str) -> Callable[[], Outcome]:
    from scripts.security import code, mutants, suites  # noqa: PLC0415

    if step == "mutants":
        return lambda: mutants.kill(sample, only)
    found: Callable[[], Outcome] = getattr(code if step in READING else suites, step)
    return found


def _from_outside(steps: list[str]) -> dict[str, dict[str, object]]:
    from scripts.security import scans  # noqa: PLC0415
    from scripts.security.site import demo_site  # noqa: PLC0415

    try:
        with demo_site() as signed_in:
            return {step: _run(step, lambda step=step: getattr(scans, step)(signed_in())) for step in steps}  # type: ignore[misc]
    except NotDoneError as error:
        return {step: _said(step, {"passed": False, "not_done": str(error)}, 0) for step in steps}


def _run(step: str, work: Callable[[], Outcome]) -> dict[str, object]:
    began = time.monotonic()
    try:
        result = work().as_dict()
    except NotDoneError as error:
        result = {"passed": False, "not_done": str(error)}
    except (OSError, ValueError, subprocess.SubprocessError) as error:  # a scanner that hangs, or answers nonsense
        result = {"passed": False, "not_done": f"{type(error).__name__}: {error}"}
    return _said(step, result, time.monotonic() - began)


def _said(step: str, result: dict[str, object], seconds: float) -> dict[str, object]:
    word = "passed" if result["passed"] else "NOT DONE" if "not_done" in result else "FAILED"
    what = result.get("not_done") or f"{result['looked_at']} {result['unit']}, {len(result['findings'])} findings"  # type: ignore[arg-type]
    print(f"{step:12} {word:9} {seconds:6.0f} s  {what}", flush=True)
    for name in ("findings", "notes"):
        for line in result.get(name, ()):  # type: ignore[attr-defined]
            print(f"             {'! ' if name == 'findings' else '- '}{line}", flush=True)
    return result | {"seconds": round(seconds, 1), "day": f"{datetime.now(tz=UTC):%Y-%m-%d}"}


if __name__ == "__main__":
    sys.exit(main())
