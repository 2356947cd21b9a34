"""The report in a browser: no error, and what the pointer and the sliders do."""

import re
import shutil

import numpy as np
import pytest

from tfp_vae import VAE, datasets
from tfp_vae_cli.actions.evaluate import evaluate
from tfp_vae_cli.actions.report.page import Section, page
from tfp_vae_cli.actions.report.text_tables import html_table
from tfp_vae_cli.output_format import OutputFormat

CHROMIUM, DRIVER = (shutil.which(name) for name in ("chromium", "chromedriver"))
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium or chromedriver is missing"),
]

DEEP = """
const found = [];
const visit = (node) => {
  if (node.matches && node.matches(arguments[0])) found.push(node);
  for (const child of node.children || []) visit(child);
  if (node.shadowRoot) visit(node.shadowRoot);
};
visit(document.body);
return found;
"""
"""Finds elements in the page and in the shadow trees of its widgets."""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    x = datasets.digits().images[:200]
    vae = VAE.for_data(x, latent_size=3, likelihood="normal", verbose=0)
    vae.adapt(x)
    vae.save(folder / "vae.keras")
    np.save(folder / "digits.npy", x)
    (folder / "history.csv").write_text(
        "epoch,elbo,log_likelihood,kl_divergence\n1,-3.0,-2.0,1.0\n2,-2.0,-1.0,1.0\n"
    )
    arguments = (str(folder / "vae.keras"), str(folder / "digits.npy"), folder / "out", True, 1, 0)
    evaluate(*arguments, OutputFormat.json)
    return folder / "out" / "report.html"


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1000,1400"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser, report):
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    browser.get(report.as_uri())
    wait_for(browser, lambda: browser.execute_script(DEEP, "canvas"))
    return browser


def wait_for(browser, condition):
    ui = pytest.importorskip("selenium.webdriver.support.ui")
    return ui.WebDriverWait(browser, 60).until(lambda _: condition())


def actions(browser):
    return pytest.importorskip("selenium.webdriver").ActionChains(browser, duration=0)


def test_it_opens_without_a_network_and_without_an_error(opened):
    problems = [entry for entry in opened.get_log("browser") if entry["level"] != "INFO"]
    assert problems == []
    headings = [each.text for each in opened.find_elements("css selector", "h2")]
    assert "What the most used latents do" in headings
    assert opened.find_element("css selector", ".verdicts li").text


def move_over(browser, heading, across, up):
    """Moves the pointer to a point of what follows a heading, as shares of its width and height."""
    title = browser.find_element("xpath", f"//h2[text()='{heading}']")
    browser.execute_script("arguments[0].scrollIntoView()", title)
    area = browser.execute_script(
        "return arguments[0].nextElementSibling.getBoundingClientRect()", title
    )
    moved = actions(browser)
    x, y = area["x"] + across * area["width"], area["y"] + up * area["height"]
    moved.w3c_actions.pointer_action.move_to_location(int(x), int(y))
    moved.perform()


def test_the_pointer_over_a_curve_shows_its_values(opened):
    def said():
        cells = opened.execute_script(DEEP, ".bk-tooltip-row-label, .bk-tooltip-row-value")
        return " ".join(each.text for each in cells)

    for across in np.linspace(0.08, 0.3, 12):
        move_over(opened, "Training", across, 0.5)
        if "training" in said() and "validation" not in said():
            assert "epoch" in said()
            assert re.search(r"-[23]\.00", said())
            return
    pytest.fail("no curve answers to the pointer")


def test_the_pointer_over_a_latent_shows_the_row_and_its_reconstruction(opened):
    def shown():
        """Returns what pictures in the shadow trees of widgets are of, but those of sliders."""
        pictures = opened.execute_script(DEEP, "img:not([alt='decoded picture'])")
        in_widget = "return arguments[0].getRootNode() instanceof ShadowRoot"
        return [
            each.get_attribute("alt") for each in pictures if opened.execute_script(in_widget, each)
        ]

    for across in np.linspace(0.2, 0.5, 30):
        for up in (0.35, 0.45, 0.55, 0.65):
            move_over(opened, "Latents", across, up)
            found = shown()
            if found:
                assert found[:2] == ["row", "reconstruction"]
                return
    pytest.fail("no point answers to the pointer")


def test_a_slider_moves_a_decoded_picture(opened):
    (first, *_) = opened.execute_script(DEEP, ".noUi-handle")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", first)

    def decoded():
        return opened.execute_script(DEEP, "img[alt='decoded picture']")[0].get_attribute("src")

    before = decoded()
    actions(opened).drag_and_drop_by_offset(first, 60, 0).perform()
    wait_for(opened, lambda: decoded() != before)
    moved = decoded()
    actions(opened).drag_and_drop_by_offset(first, -60, 0).perform()
    wait_for(opened, lambda: decoded() == before)
    assert moved.startswith("data:image/png;base64,")


def test_a_narrow_window_needs_no_scrolling_to_the_side(opened):
    size = {"width": 400, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    opened.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert opened.execute_script("return document.documentElement.scrollWidth") <= 400
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_values_of_rows_lie_below_each_other(browser, tmp_path):
    short, long = (f'<span class="values">{text}</span>' for text in ("a 1", "a long name 12345"))
    table = html_table(
        [["row", "data", "ELBO (nats)"], ["0", short, "-1.00"], ["1", long, "-12.00"]],
        header=True,
        escaped=False,
    )
    (tmp_path / "page.html").write_text(page("t", [], [Section("Rows", table=table)]))
    browser.get((tmp_path / "page.html").as_uri())
    left = {each.rect["x"] for each in browser.find_elements("css selector", ".values")}
    assert len(left) == 1
    numbers = browser.find_elements("css selector", "td:last-child")
    assert {each.value_of_css_property("text-align") for each in numbers} == {"right"}
