"""Looks at a report as browsers show it: in light and dark, on a phone, on paper, pointed at.

Called by Tests/look-at-reports.

Writes screenshots and a PDF a page into FOLDER (default /tmp/reports) and fails where something is wrong that can be measured: a
page wider than its screen, text that runs over text or out of its picture, a chart without a curve, colours with too little
contrast, a page of paper that is mostly empty or cuts a table off, anything loaded from elsewhere. Looking at the pictures is
left to the caller.
"""
import argparse
import os
import pathlib
import sys

from playwright.sync_api import sync_playwright

VIEWS = {
    "light": dict(viewport=dict(width=1280, height=900), color_scheme="light"),
    "dark": dict(viewport=dict(width=1280, height=900), color_scheme="dark"),
    "phone": dict(viewport=dict(width=420, height=860), device_scale_factor=2, color_scheme="light", is_mobile=True,
                  has_touch=True),
    "phone-dark": dict(viewport=dict(width=420, height=860), device_scale_factor=2, color_scheme="dark", is_mobile=True,
                       has_touch=True),
}

MEASURE = """() => {
  const problems = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    const wide = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1
      && !e.closest('.scroll, pre'));
    problems.push(`wider than the screen: ${wide.slice(0, 3).map(e => e.tagName + '.' + e.className).join(', ')}`);
  }
  const luminance = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  for (const e of document.querySelectorAll('h1, h2, dd, dt, figcaption b, .legend > span, .state, th, td, .note')) {
    const ink = luminance(getComputedStyle(e).color);
    const contrast = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (contrast < 4.5) problems.push(`contrast ${contrast.toFixed(1)}: ${e.textContent.slice(0, 30)}`);
  }
  for (const svg of [...document.querySelectorAll('svg')].filter(s => s.getBoundingClientRect().width)) {
    const name = svg.getAttribute('aria-label');
    if (!svg.querySelector('polyline, circle')) problems.push(`nothing drawn: ${name}`);
    const frame = svg.getBoundingClientRect();
    const labels = [...svg.querySelectorAll('text.x, text.y')].map(e => [e.getBoundingClientRect(), e.textContent]);
    for (const [box, text] of labels) {
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.bottom > frame.bottom + 1)
        problems.push(`out of its picture: ${text} of ${name}`);
      if (box.height < 9) problems.push(`too small to read (${box.height.toFixed(1)} px): ${text} of ${name}`);
    }
    for (let i = 0; i < labels.length; i++) for (let j = i + 1; j < labels.length; j++) {
      const [a, b] = [labels[i][0], labels[j][0]];
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2)
        problems.push(`text over text: ${labels[i][1]} and ${labels[j][1]} of ${name}`);
    }
  }
  return problems;
}"""


# What a screen would scroll.
CUT = """() => [...document.querySelectorAll('.scroll, pre, .sample')].filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => e.textContent.slice(0, 40))"""


def look(page, view, path, out, name):
    loaded = []
    page.on("request", lambda request: loaded.append(request.url))
    page.on("pageerror", lambda error: loaded.append(f"error: {error}"))
    page.goto(path.as_uri())
    problems = [f"loads {url}" for url in loaded if url != path.as_uri()]
    problems += page.evaluate(MEASURE)
    page.screenshot(path=out / f"{name}-{view}.png", full_page=True)
    tip = page.locator("svg:visible .tip rect").nth(30)
    if tip.count():
        tip.scroll_into_view_if_needed()
        tip.tap() if "phone" in view else tip.hover()
        text = page.locator("svg .tip:hover text").first
        if not text.count() or not text.is_visible():
            problems.append("nothing is shown where a chart is pointed at")
        else:
            box, frame = text.bounding_box(), text.locator("xpath=ancestor::*[local-name()='svg']").bounding_box()
            if box["x"] < frame["x"] - 1 or box["x"] + box["width"] > frame["x"] + frame["width"] + 1:
                problems.append(f"the values run out of the picture: {text.text_content()}")
        page.screenshot(path=out / f"{name}-{view}-pointed.png")
    return problems


def pages_of(pdf):
    """The share of each page that has something on it, from the first to the last mark."""
    import pymupdf as fitz
    shares = []
    with fitz.open(pdf) as document:
        for number, page in enumerate(document):
            image = page.get_pixmap(dpi=60)
            image.save(str(pdf)[:-4] + f"-{number + 1}.png")
            rows = [row for row in range(image.height)
                    if min(image.samples[row * image.stride:(row + 1) * image.stride]) < 200]
            shares.append((rows[-1] + 1) / image.height if rows else 0)
    return shares


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+")
    parser.add_argument("--out", default="/tmp/reports")
    arguments = parser.parse_args()
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    failed = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or None)
        for given in map(pathlib.Path, arguments.pages):
            path = (given / "report.html" if given.is_dir() else given).resolve()
            name = given.name if given.is_dir() else given.stem
            found = {}
            for view, settings in VIEWS.items():
                context = browser.new_context(**settings)
                found[view] = look(context.new_page(), view, path, out, name)
                context.close()
            # The width of A4 between the margins below.
            page = browser.new_page(viewport=dict(width=703, height=1000))
            page.goto(path.as_uri())
            page.emulate_media(media="print")
            cut = page.evaluate(CUT)
            page.emulate_media(media=None)
            pdf = out / f"{name}.pdf"
            page.pdf(path=pdf, format="A4", margin=dict(top="12mm", bottom="12mm", left="12mm", right="12mm"))
            page.close()
            shares = pages_of(pdf)
            found["print"] = [f"page {number + 1} of {len(shares)} is {100 * share:.0f} % full"
                              for number, share in enumerate(shares[:-1]) if share < 0.6]
            found["print"] += [f"cut off at the margin: {text}" for text in cut]
            for view, problems in found.items():
                print(f"{path} {view}: {'as it should be' if not problems else ''}")
                for problem in problems:
                    print(f"  {problem}")
                failed |= bool(problems)
    print(f"the pictures are in {out}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
