"""What the site of a release costs: seconds to write it, bytes, and how soon its first page can be used in a browser.

    python benchmarks/site.py /srv/siyu/warehouse            of the current release of a warehouse
    python benchmarks/site.py small/warehouse big/warehouse  of several, side by side: sizes must not differ much

Chromium or Chrome is needed for the last figure: milliseconds until the page has its content and can be clicked
(domInteractive), until its scripts ran (load), and until the first chart is drawn. Median of five visits.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from siyu.release.releases import current
from siyu.report.site.writing import INDEX, SiteFacts, write_site
from siyu.settings import load_settings

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
VISITS = 5


def measure(warehouse: Path, folder: Path) -> None:
    """Write the site of the current release, and print a line."""
    release = current(warehouse)
    if release is None:
        sys.exit(f"{warehouse} has no release")
    settings = load_settings(Path(), warehouse=warehouse)
    began, cpu = time.perf_counter(), time.process_time()
    problems = write_site(release.path, folder, SiteFacts(release.name, release.as_of), settings)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    pages = sum(size for name, size in sizes.items() if name.endswith(".html"))
    told = f"{sum(sizes.values()) / 1e6:.2f} MB, of these pages {pages / 1e6:.2f}"
    print(f"{warehouse}: {seconds:.1f} s ({cpu:.1f} CPU), {told}; {len(problems)} problems", flush=True)
    if BROWSER is None:
        print("  no Chromium or Chrome on this machine: not opened")
        return
    print("  " + ", ".join(f"{name} {value:.0f} ms" for name, value in visit(folder / INDEX).items()), flush=True)


def visit(page: Path) -> dict[str, float]:
    """Open a page several times in a fresh profile, and return the medians of its moments."""
    from playwright.sync_api import sync_playwright

    found: list[dict[str, float]] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        for _ in range(VISITS):
            opened = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            opened.goto(page.as_uri())
            opened.wait_for_function("document.querySelector('.chart')?.dataset.drawn")
            drawn = opened.evaluate("performance.now()")
            moments = opened.evaluate(
                "(({domInteractive, loadEventEnd}) => ({domInteractive, load: loadEventEnd}))"
                "(performance.getEntriesByType('navigation')[0])"
            )
            found.append({**moments, "first chart": drawn})
            opened.close()
        browser.close()
    return {name: median(one[name] for one in found) for name in found[0]}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("warehouses", type=Path, nargs="+")
    for warehouse in parser.parse_args().warehouses:
        with tempfile.TemporaryDirectory() as folder:
            measure(warehouse, Path(folder))


if __name__ == "__main__":
    main()
