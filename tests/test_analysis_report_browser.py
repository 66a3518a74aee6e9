"""The report in a real browser: nothing leaves it, nothing is complained about, and what is interactive works."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sweep_helpers import plan, sweep

from qadam_plugin.analysis.fronts import front_mask
from qadam_plugin.analysis.groups import select
from qadam_plugin.analysis.metrics import METRICS
from qadam_plugin.analysis.report.collect import collect_report
from qadam_plugin.analysis.report.render import render_report
from qadam_plugin.hardware.space import parse_space
from qadam_plugin.sweep.frames import results_frame
from qadam_plugin.sweep.store import ResultStore

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not here"),
]

SPACE = (
    "pe_type: [int16, lightpe1, lightpe2]\nrows: [2, 3, 4]\ncols: [4, 5]\nifmap_spad_depth: 12\nglb_kib: [64, 128]\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep's results with their report."""
    path = tmp_path_factory.mktemp("report") / "results"
    sweep(path, plan(parse_space(SPACE, "space.yaml")))
    with ResultStore.reading(path) as store:
        report = collect_report(store, results_frame(store), METRICS["perf_per_area"])
    (path / "report.html").write_text(render_report(report), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def open_browser() -> Iterator[Callable[[int, bool], Any]]:
    """Browsers of a width, with or without JavaScript, closed at the end."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    opened: list[webdriver.Chrome] = []

    def opening(width: int = 1280, script: bool = True) -> webdriver.Chrome:
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", f"--window-size={width},900"):
            options.add_argument(argument)
        if not script:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        opened.append(driver)
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        return driver

    yield opening
    for driver in opened:
        driver.quit()


@pytest.fixture(scope="module")
def browser(folder: Path, open_browser: Callable[..., Any]) -> Any:
    """A browser with the report opened and its first plot drawn."""
    driver = open_browser()
    driver.get((folder / "report.html").as_uri())
    _wait(driver, "return document.querySelectorAll('.cloud .points path').length > 0")
    return driver


def _wait(driver: Any, condition: str) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(driver, 60).until(lambda it: it.execute_script(condition))


def _choose(browser: Any, names: set[str]) -> None:
    for box in browser.find_elements("css selector", ".types input"):
        if box.is_selected() != (box.get_attribute("value") in names):
            box.click()


def _front(browser: Any) -> set[str]:
    return set(browser.execute_script("return document.querySelector('.explorer').dataset.front").split())


def test_no_request_leaves_and_nothing_is_complained_about(browser: Any, folder: Path) -> None:
    browser.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    _wait(browser, "return document.querySelectorAll('.bars .bars path, .bars .point').length > 0")
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    assert {url for url in asked if not url.startswith(("data:", "blob:"))} == {(folder / "report.html").as_uri()}
    assert browser.get_log("browser") == []


def test_the_page_forbids_itself_every_request(browser: Any) -> None:
    script = """const done = arguments[0];
        fetch('http://127.0.0.1:9/').then(() => done('went out'), () => {});
        document.addEventListener('securitypolicyviolation', (event) => done(event.effectiveDirective));"""
    browser.set_script_timeout(30)
    assert browser.execute_async_script(script) == "connect-src"
    browser.get_log("browser")


@pytest.mark.parametrize(
    "names",
    [{"int16", "lightpe1", "lightpe2"}, {"int16"}, {"int16", "lightpe2"}],
    ids=lambda names: "+".join(sorted(names)),
)
def test_the_filter_shows_the_front_of_what_is_ticked(browser: Any, folder: Path, names: set[str]) -> None:
    _choose(browser, names)
    with ResultStore.reading(folder) as store:
        results = results_frame(store)
    part = select(results, np.array([name in names for name in results["pe_type"]]))
    axes = [METRICS["onchip_energy_uj"], METRICS["perf_per_area"]]
    assert _front(browser) == set(select(part, front_mask(part, axes))["config_id"])
    shown = browser.execute_script("return document.querySelector('.explorer').dataset.shown")
    assert int(shown) == len(part) == 12 * len(names)


def test_axes_can_be_chosen(browser: Any, folder: Path) -> None:
    from selenium.webdriver.support.ui import Select

    _choose(browser, {"int16", "lightpe1", "lightpe2"})
    before = [Select(browser.find_element("css selector", f"select.{axis}")) for axis in "xy"]
    before[0].select_by_visible_text("area (mm²)")
    before[1].select_by_visible_text("latency (ms)")
    with ResultStore.reading(folder) as store:
        results = results_frame(store)
    axes = [METRICS["area_mm2"], METRICS["latency_ms"]]
    assert _front(browser) == set(select(results, front_mask(results, axes))["config_id"])


def test_pointing_at_a_design_shows_its_config_and_a_click_keeps_it(browser: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    _choose(browser, {"int16", "lightpe1", "lightpe2"})
    cloud = browser.find_element("css selector", ".cloud")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", cloud)
    point = browser.find_element("css selector", ".cloud .points path")
    ActionChains(browser).move_to_element(point).perform()
    _wait(browser, "return !document.querySelector('.chosen').hidden")
    head = browser.find_element("css selector", ".card h4").text
    terms = [item.text for item in browser.find_elements("css selector", ".card dt")]
    assert "config" in head and {"area", "latency", "rows", "glb_kib"} <= set(terms)
    assert browser.find_element("css selector", ".cloud .hoverlayer").text
    ActionChains(browser).click(point).perform()
    _wait(browser, "return document.querySelector('.hint').textContent.startsWith('Kept')")


def test_a_config_in_a_table_is_found_in_the_plot_and_its_architecture_copied(browser: Any, folder: Path) -> None:
    button = browser.find_element("css selector", "table.best button")
    config = button.text
    button.click()
    _wait(browser, f"return document.querySelector('.card h4').textContent.endsWith('{config}')")
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    browser.execute_cdp_cmd("Browser.grantPermissions", grant)
    browser.find_element("css selector", ".copy").click()
    _wait(browser, "return document.querySelector('.said').textContent === 'copied'")
    text = browser.execute_async_script(
        "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))"
    )
    assert text.startswith("# Timeloop v0.4 architecture") and f"Config {config}" in text
    assert text == browser.execute_script("return document.querySelector('.arch textarea').value")


def test_where_the_clipboard_is_closed_the_text_is_there_to_be_copied(browser: Any) -> None:
    browser.execute_script(
        "navigator.clipboard.writeText = () => Promise.reject(new Error('no')); document.execCommand = () => false"
    )
    browser.find_element("css selector", ".copy").click()
    _wait(browser, "return document.querySelector('.said').textContent === 'press Ctrl+C to copy'")
    assert browser.find_element("css selector", ".arch textarea").is_displayed()
    assert "architecture:" in browser.execute_script("return String(window.getSelection())")


def test_words_and_tables_are_there_without_javascript(folder: Path, open_browser: Callable[..., Any]) -> None:
    driver = open_browser(script=False)
    driver.get((folder / "report.html").as_uri())
    words = driver.find_element("css selector", "body").text
    assert "Without JavaScript" in words and "Best design of each PE type" in words and "Assumptions" in words
    assert not driver.find_element("css selector", ".explorer").is_displayed()


def test_nothing_is_wider_than_a_phone(folder: Path, open_browser: Callable[..., Any]) -> None:
    driver = open_browser(width=390)
    driver.get((folder / "report.html").as_uri())
    _wait(driver, "return document.querySelectorAll('.cloud .points path').length > 0")
    assert driver.execute_script("return document.documentElement.scrollWidth") <= 390
