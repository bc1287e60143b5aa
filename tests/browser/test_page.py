"""The report's page as people meet it: on a phone, at a desk, on paper, aloud, and in the dark."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from reports.digest.definition import Brand, Definition
from reports.digest.figures import Figures
from reports.digest.page import page
from reports.digest.wording import tiles
from tests.browser.conftest import Show
from tests.support import figures as sample
from tests.support.browser import DESK, OVERFLOW, PHONE, Scheme, faults

pytestmark = pytest.mark.browser


def made(figures: Figures, defined: Definition) -> str:
    return page(figures, defined, sample.run_of(defined), sample.FILES, stored=True)


def month(accounts: int = 12) -> str:
    defined = sample.definition(accounts)
    return made(sample.figures(defined), defined)


def day() -> str:
    defined = sample.definition(cadence="daily", source="api")
    return made(sample.figures(defined), defined)


def hostile() -> str:
    return made(*sample.hostile())


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("html", [month(), day(), hostile()], ids=["month", "day", "hostile"])
def test_nothing_is_wider_than_the_window(show: Show, html: str, width: int) -> None:
    with show(html, width=width) as visited:
        assert visited.page.evaluate(OVERFLOW) == 0


@pytest.mark.parametrize("html", [month(), hostile()], ids=["month", "hostile"])
def test_nothing_is_asked_for_elsewhere(show: Show, html: str) -> None:
    with show(html) as visited:
        asked = [url for url in visited.requests if not url.startswith("data:")]
        assert asked == [visited.page.url]
        assert visited.page.evaluate("document.scripts.length") == 0


def test_text_from_aws_and_from_settings_is_text_and_nothing_else(show: Show) -> None:
    with show(hostile()) as visited:
        assert visited.dialogs == []
        assert visited.page.title() != "owned"
        assert visited.page.locator("img, script, iframe").count() == 0
        said = visited.page.locator("body").inner_text()
        assert said.count(sample.HOSTILE) > 50
        assert "49" not in said.split(sample.HOSTILE)


def test_each_chart_has_a_name_and_says_in_words_what_it_shows(show: Show) -> None:
    with show(month()) as visited:
        charts = visited.page.locator("svg.chart")
        assert charts.count() == 3
        for name in ("Jobs by day, and failed jobs by day", "Mean duration", "Size of a day's"):
            chart = visited.page.get_by_role("img", name=name)
            assert chart.count() == 1, name
            assert len(chart.locator("desc").text_content() or "") > 30
        rows = visited.page.locator(".heat-map tbody tr")
        assert rows.count() == 12
        for row in rows.all():
            name = row.locator("th").inner_text()
            assert row.get_by_role("img", name=f"{name}: ").count() == 1


def test_bars_are_drawn_within_their_chart_and_as_tall_as_their_numbers(show: Show) -> None:
    defined = sample.definition()
    figures = sample.figures(defined)
    with show(made(figures, defined)) as visited:
        chart = visited.page.locator("svg.chart").first
        frame = chart.bounding_box()
        boxes = [bar.bounding_box() for bar in chart.locator("rect.bad").all()]
    assert frame
    heights = [box["height"] for box in boxes if box]
    failed = [day.failed for day in figures.days if day.failed]
    assert len(heights) == len(failed)
    assert [round(height / heights[0], 1) for height in heights] == pytest.approx(
        [number / failed[0] for number in failed], rel=0.06
    )
    for box in filter(None, boxes):
        assert frame["x"] <= box["x"] <= box["x"] + box["width"] <= frame["x"] + frame["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_axe_finds_no_fault(show: Show, width: int, scheme: Scheme) -> None:
    with show(month(), width=width, scheme=scheme) as visited:
        for summary in visited.page.locator("summary").all():
            summary.click()
        assert faults(visited.page, "moderate", "serious", "critical") == []


@pytest.mark.parametrize("accent", ["#ffffff", "#000000", "#ffd400", "#777777", "#d40055"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whatever_a_customers_colour_all_text_can_be_read(
    show: Show, accent: str, scheme: Scheme
) -> None:
    figures, defined = sample.hostile()
    branded = sample.rebranded(defined, Brand(name="Acme Trading", accent=accent))
    with show(made(figures, branded), scheme=scheme) as visited:
        assert faults(visited.page, "serious", "critical") == []


def test_on_paper_no_page_is_blank_and_no_tile_is_cut(show: Show) -> None:
    defined = sample.definition()
    figures = sample.figures(defined)
    with show(made(figures, defined), scheme="dark") as visited:
        paper = PdfReader(io.BytesIO(visited.page.pdf(prefer_css_page_size=True)))
        visited.page.emulate_media(media="print", color_scheme="dark")
        assert visited.page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )
        assert not visited.page.locator("nav").is_visible()
    texts = [" ".join(sheet.extract_text().split()) for sheet in paper.pages]
    assert len(texts) > 3
    assert [number for number, text in enumerate(texts) if len(text) < 100] == []
    a4 = (210, 297)
    size = paper.pages[0].mediabox
    assert (round(size.width / 72 * 25.4), round(size.height / 72 * 25.4)) == a4
    for tile in tiles(figures):
        assert tile.meaning in texts[0]


@pytest.mark.soak
def test_a_month_of_200_accounts_is_small_and_can_be_used_on_a_phone(show: Show) -> None:
    html = month(accounts=200)
    assert len(html.encode()) < 2_000_000
    with show(html, width=PHONE) as visited:
        assert visited.page.evaluate(OVERFLOW) == 0
        assert visited.page.locator(".heat-map tbody tr").last.inner_text().startswith("160 other")
        assert faults(visited.page, "serious", "critical") == []
