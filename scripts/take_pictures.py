"""Photograph the running demo: the day in light, dark, on a phone, on paper, and a case being dragged.

Start the site with ``make run``, then run this with the Python of ``.venv``. It changes nothing: the
dragged case is let go with Escape.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
EMAIL, PASSWORD = "coordinator@example.org", "operating-theatre-demo"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


def main() -> int:
    """Take the pictures and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--address", default="http://127.0.0.1:8000", help="the running site (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "pictures", help="where the pictures go")
    options = parser.parse_args()
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        print("No Chromium found: apt-get install chromium, then run this again.", file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        take_all(browser, options.address, options.folder)
        browser.close()
    return 0


def take_all(browser: Browser, address: str, folder: Path) -> None:
    """Save every picture."""
    page = signed_in(browser, address, viewport=DESK)
    save(page, folder / "day.png")
    drag(page)
    save(page, folder / "day-drag.png")
    page.keyboard.press("Escape")
    page.emulate_media(media="print")
    save(page, folder / "day-print.png")
    save(signed_in(browser, address, viewport=DESK, color_scheme="dark"), folder / "day-dark.png")
    save(signed_in(browser, address, viewport=PHONE, device_scale_factor=2), folder / "day-phone.png")


def signed_in(browser: Browser, address: str, **options: object) -> Page:
    """Return today's schedule as the demo's coordinator sees it."""
    page = browser.new_page(base_url=address, **options)  # type: ignore[arg-type]
    page.goto("/accounts/login/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("#zoom-out[disabled]").wait_for(state="attached")  # the board's script has started
    return page


def drag(page: Page) -> None:
    """Hold a case of the waiting list over the second theatre."""
    card, lane = page.locator(".wl-card").first.bounding_box(), page.locator(".tl-lane").nth(1).bounding_box()
    if card is None or lane is None:
        return
    page.mouse.move(card["x"] + 40, card["y"] + 20)
    page.mouse.down()
    page.mouse.move(card["x"] - 40, card["y"] + 30, steps=4)
    page.mouse.move(lane["x"] + lane["width"] * 0.9, lane["y"] + lane["height"] / 2, steps=6)
    page.wait_for_timeout(200)


def save(page: Page, path: Path) -> None:
    """Save what the page shows."""
    page.screenshot(path=path)
    print(path)


if __name__ == "__main__":
    sys.exit(main())
