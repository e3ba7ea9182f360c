"""Look at the built site in Chromium and say what is wrong with it, as JSON.

    .venv-site/bin/python tools/site/look.py SITE PAGE ... [--chromium PROGRAM]

Every page is opened at a phone's width: requests to another host, and a page wider than the
screen. The pages named are also opened at a laptop's width and in the dark, and read by axe.
"""

import argparse
import json
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

SCREENS = ((1366, 768), (390, 844))
THEMES = ("light", "dark")


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *arguments):
        pass


def look(site: Path, named: list[str], program: str) -> dict:
    """What is wrong, as dicts with page, width, theme, what, where; and how often it looked."""
    every = sorted(path.name for path in site.glob("*.html"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.server_port}/"
    found, looked = [], 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for (width, height), theme in product(SCREENS, THEMES):
            page = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme
            ).new_page()
            requests: list[str] = []
            page.on("request", lambda request, urls=requests: urls.append(request.url))
            for name in every if (width, theme) == (390, "light") else named:
                requests.clear()
                page.goto(home + name, wait_until="networkidle")
                looked += 1
                seen = [
                    ("request", url)
                    for url in requests
                    if not url.startswith((home, "data:", "blob:"))
                ]
                if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                    seen.append(("wide", str(wide)))
                if page.evaluate("document.documentElement.dataset.theme") != theme:
                    seen.append(("theme", "not followed"))
                if name in named:
                    seen += [
                        (finding["id"], node["html"][:200])
                        for finding in Axe().run(page).response["violations"]
                        for node in finding["nodes"]
                    ]
                found += [
                    {"page": name, "width": width, "theme": theme, "what": what, "where": where}
                    for what, where in seen
                ]
            page.context.close()
        browser.close()
    server.shutdown()
    return {"looked": looked, "found": found}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path)
    parser.add_argument("pages", nargs="+")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    chosen = parser.parse_args()
    json.dump(look(chosen.site, chosen.pages, chosen.chromium), sys.stdout, indent=1)
