"""A headless Chromium looks at pages: what is missing, clipped or too wide, and what axe-core finds.

One browser for all pages and widths: each page is copied with a script that reports on it, and stands in
frames of the widths that are asked for; no page itself has a script.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WIDTHS = (375, 800, 1400)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MILLISECONDS = 60_000  # of the browser's own time

LOOK = """
(async () => {
  const wide = innerWidth + 1, found = [];
  const say = (what, node) => found.push(what + ": " + node.textContent.trim().slice(0, 60));
  const scrolls = node => {
    for (let up = node.parentElement; up; up = up.parentElement)
      if (/auto|scroll/.test(getComputedStyle(up).overflowX)) return up;
    return null;
  };
  const hides = node => {
    for (let up = node.parentElement; up; up = up.parentElement)
      if (/hidden|clip/.test(getComputedStyle(up).overflowX)) return up;
    return null;
  };
  if (document.documentElement.scrollWidth > wide) {
    const right = n => n.getBoundingClientRect().right;
    const all = [...document.body.querySelectorAll("*")].filter(n => right(n) > wide && !scrolls(n));
    say("the page is wider than the window", all.pop() || document.body);
  }
  let formulas = 0;
  for (const math of document.querySelectorAll("math")) {
    if (!math.checkVisibility()) continue;
    formulas += 1;
    const box = math.getBoundingClientRect(), frame = scrolls(math), hidden = hides(math);
    if (box.width < 1 || box.height < 1) say("missing", math);
    if (!frame && (box.right > wide || box.left < -1)) say("wider than the window", math);
    if (hidden && !frame && box.right > hidden.getBoundingClientRect().right + 1) say("clipped", math);
    if (math.querySelector("merror")) say("not understood", math);
  }
  for (const node of document.querySelectorAll("a[href^='#']"))
    if (!document.getElementById(decodeURIComponent(node.hash.slice(1)))) say("leads nowhere", node);
  let violations = [];
  if (window.axe) {
    const result = await axe.run({exclude: [["math *"]]}, {resultTypes: ["violations"]});
    violations = result.violations.map(v => v.id + ": " + v.help + " (" + v.nodes.length + ") " +
      v.nodes[0].html.slice(0, 120));
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const paper = getComputedStyle(document.body).backgroundColor;
  parent.postMessage({name: NAME, width: innerWidth, formulas, found, violations, dark, paper}, "*");
})();
"""
COLLECT = """
const seen = [];
addEventListener("message", event => {
  seen.push(event.data);
  if (seen.length == COUNT) {
    const shown = document.createElement("pre");
    shown.id = "seen";
    shown.textContent = JSON.stringify(seen);
    document.body.replaceChildren(shown);
  }
});
"""


def browser() -> str | None:
    """The Chromium of this machine."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def axe() -> str:
    """The source of axe-core, which the package axe-core-python brings; nothing where it is not."""
    spec = find_spec("axe_core_python")
    if spec is None or not spec.submodule_search_locations:
        return ""
    folder = Path(next(iter(spec.submodule_search_locations)))
    return (folder / "axe.min.js").read_text(encoding="utf-8")


def looked_at(
    pages: Mapping[str, str], folder: Path, widths: Sequence[int] = WIDTHS, dark: bool = False
) -> list[dict[str, Any]]:
    """What was seen of each page (HTML) at each width: `found`, `violations`, and how many formulas.

    `dark` is what the reader prefers; `paper` the colour behind the page.
    """
    path = browser()
    assert path is not None
    (folder / "axe.js").write_text(axe(), encoding="utf-8")
    frames = []
    for number, (name, page) in enumerate(pages.items()):
        script = f"const NAME = {json.dumps(name)};{LOOK}"
        added = f'<script src="axe.js"></script><script>{script}</script></body>'
        assert "</body>" in page and "<script" not in page
        head, _, tail = page.rpartition("</body>")
        (folder / f"{number}.html").write_text(f"{head}{added}{tail}", encoding="utf-8")
        frames += [
            f'<iframe title="{escape(name)}" src="{number}.html" width="{w}" height="900"></iframe>'
            for w in widths
        ]
    collect = COLLECT.replace("COUNT", str(len(frames)))
    whole = folder / "all.html"
    whole.write_text(
        f"<!DOCTYPE html><title>Pages</title><body><script>{collect}</script>{''.join(frames)}",
        encoding="utf-8",
    )
    asked = [f"--virtual-time-budget={MILLISECONDS}", "--dump-dom"]
    shown = _browse(path, whole, folder, dark, *asked)
    seen = re.search(r'<pre id="seen">(.*?)</pre>', shown, re.S)
    assert seen is not None, shown[-2000:]
    found: list[dict[str, Any]] = json.loads(unescape(seen[1]))
    return found


def on_paper(page: str, file: Path, dark: bool = False) -> None:
    """A page (HTML) printed to a PDF, as the browser's own menu does, without what lies behind it."""
    path = browser()
    assert path is not None
    source = file.with_suffix(".html")
    source.write_text(page, encoding="utf-8")
    _browse(path, source, file.parent, dark, f"--print-to-pdf={file}", "--no-pdf-header-footer")


def _browse(path: str, page: Path, folder: Path, dark: bool, *asked: str) -> str:
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    options += [f"--user-data-dir={folder / 'profile'}", "--window-size=1600,1000"]
    options += [f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    command = [path, *options, *asked, page.as_uri()]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=600, check=True)
    return done.stdout
