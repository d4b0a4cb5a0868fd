"""``python -m bench``: bookings, boards, rights, the browser, the trail, patients found and brought in."""

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BENCHES = (
    *("booking", "slots", "board", "access", "browser", "boards", "record", "trail", "finding", "importing"),
    "outbox",
)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="?", default="all", choices=(*BENCHES, "all"), help="default: all")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and less history: minutes, not half an hour")
    parser.add_argument(
        "--json", type=Path, default=ROOT / "bench" / "results", metavar="DIR", help="where the figures go"
    )
    return parser.parse_args()


def main() -> int:
    """Run the benches asked for, each on a fresh database."""
    options = arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    os.environ.setdefault("HOSPITAL_DATA", str(ROOT / ".data" / "bench"))
    from bench.stage import servers  # noqa: PLC0415  # after the settings are named

    with servers():
        for name in BENCHES if options.which == "all" else (options.which,):
            run(name, quick=options.quick, folder=options.json)
    return 0


def run(name: str, *, quick: bool, folder: Path) -> None:
    """Run one bench, print its tables and keep its figures."""
    from importlib import import_module  # noqa: PLC0415

    from bench.figures import keep  # noqa: PLC0415
    from bench.stage import fresh_database  # noqa: PLC0415

    with fresh_database():
        found = import_module(f"bench.{name}").measure(quick=quick)
    keep(folder / f"{name}.json", found, quick=quick)


if __name__ == "__main__":
    sys.exit(main())
