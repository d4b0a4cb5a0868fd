"""The browser's files: what the lock file names, and what the build put into ``static/vendor/``."""

import json
import re
from pathlib import Path

from hospital.embedded.place import ROOT
from scripts import build_assets

VENDOR = ROOT / "static" / "vendor"


def test_the_lock_file_names_no_registry_and_every_package_s_sum() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    installed = {name: entry for name, entry in packages.items() if name}
    assert [name for name, entry in installed.items() if "resolved" in entry or "integrity" not in entry] == []


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sprite = (VENDOR / "icons.svg").read_text(encoding="utf-8")
    assert sorted(re.findall(r'<symbol id="([^"]+)"', sprite)) == build_assets.used_icons()


def test_every_icon_that_a_style_draws_has_a_file() -> None:
    drawn = build_assets.drawn_icons()
    assert "clock" in drawn
    assert sorted(path.stem for path in (VENDOR / "icons").iterdir()) == drawn


def test_no_file_refers_to_a_source_map() -> None:
    built = [path for path in VENDOR.rglob("*") if path.suffix in (".css", ".js")]
    assert len(built) == len(
        [target for target in build_assets.FILES.values() if Path(target).suffix in (".css", ".js")]
    )
    assert [path.name for path in built if b"sourceMappingURL" in path.read_bytes()] == []


def test_a_source_map_comment_is_cut_and_nothing_else() -> None:
    script = b"a()\n//# sourceMappingURL=a.js.map\n"
    style = b"a{}\n/*# sourceMappingURL=a.css.map */"
    assert build_assets.SOURCE_MAP.sub(b"", script) == b"a()\n"
    assert build_assets.SOURCE_MAP.sub(b"", style) == b"a{}\n"


def test_icons_are_found_as_templates_and_scripts_name_them() -> None:
    text = """{% icon "clock" %} {% icon "moon" "only-light" %} icon="check" icon: 'x' silicon "no" """
    assert build_assets.ICON_USE.findall(text) == ["clock", "moon", "check", "x"]
