"""A headless Chromium to look at pages with; tests are skipped where there is none."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
)
_WAIT_S = 60


def _found(*names: str) -> str:
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = f"no {names[0]} here, with which pages are looked at"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


class Browser:
    """A page in a window of a given size."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path) -> None:
        """Load the page and wait until all of its plots are drawn."""
        self.driver.get(page.resolve().as_uri())
        self.wait("document.readyState === 'complete'")
        if self.run("return document.querySelectorAll('.plot').length"):
            self.wait("document.documentElement.dataset.plots === 'drawn'")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: str) -> None:
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, _WAIT_S).until(lambda _: self.run(f"return {condition}"))

    def resize(self, width: int, height: int) -> None:
        """The page's own width, which a window cannot go below."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )

    def dark(self, value: bool = True) -> None:
        features = [{"name": "prefers-color-scheme", "value": "dark" if value else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def drag(self, element: Any, start: float, end: float) -> None:
        """Press at a fraction of the element's width, move, and let go."""
        from selenium.webdriver import ActionChains

        width = element.size["width"]
        (
            ActionChains(self.driver)
            .move_to_element_with_offset(element, int((start - 0.5) * width), 0)
            .click_and_hold()
            .move_by_offset(int((end - start) * width / 2), 0)
            .move_by_offset(int((end - start) * width / 2), 0)
            .release()
            .perform()
        )

    def point(self, element: Any, across: float, down: float) -> None:
        """Put the pointer at these fractions of the element's width and height."""
        from selenium.webdriver import ActionChains

        size = element.size
        at = int((across - 0.5) * size["width"]), int((down - 0.5) * size["height"])
        ActionChains(self.driver).move_to_element_with_offset(element, *at).perform()

    def double_click(self, element: Any) -> None:
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).double_click(element).perform()

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, refused resources among them."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def pdf(self) -> bytes:
        made = self.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        return base64.b64decode(made["data"])

    def picture(self, path: Path, *, whole: bool = False) -> None:
        made = self.driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": whole}
        )
        path.write_bytes(base64.b64decode(made["data"]))


@contextmanager
def chromium(profile: Path, *, width: int = 1280, height: int = 900) -> Iterator[Browser]:
    """A browser with a profile of its own, which is shut down at the end."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = _found("chromium", "chromium-browser", "google-chrome")
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(_found("chromedriver")))
    try:
        browser = Browser(driver)
        browser.resize(width, height)
        yield browser
    finally:
        driver.quit()
