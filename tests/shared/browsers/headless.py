"""A headless browser that opens a page from a file and reports what a script finds there."""

import html
import json
import re
import shutil
import subprocess

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")

#: A browser that asks nobody for anything, with a window of a fixed size.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1100,2000",
    "--virtual-time-budget=4000",
    "--dump-dom",
)

#: Waits for what uPlot does in microtasks and frames, and writes what the script returns.
_PROBE = """
<pre id="probe"></pre>
<script>
addEventListener("load", async () => {
  const wait = () => new Promise(done => setTimeout(done, 60));
  const problems = [];
  addEventListener("error", event => problems.push(event.message));
  addEventListener("securitypolicyviolation", event => problems.push(event.blockedURI));
  await wait();
  let found;
  try { found = await (async () => { %s })(); } catch (error) { problems.push(String(error.stack)); }
  const loaded = performance.getEntriesByType("resource").map(one => one.name);
  document.querySelector("#probe").textContent = JSON.stringify({
    found, problems, loaded: loaded.filter(name => !name.startsWith("data:")),
  });
});
</script>
</body>"""


def probe(page, script, folder):
    """Open an HTML text from a file, run a script in it, and return what the script returns.

    The page must load nothing and raise no error.
    """
    path = folder / "probed.html"
    path.write_text(page.replace("</body>", _PROBE % script), encoding="utf-8")
    command = [CHROMIUM, *_FLAGS, f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    match = re.search(r'<pre id="probe">(.*?)</pre>', dumped, re.DOTALL)
    assert match and match[1], f"The page answered nothing: {dumped[-2000:]}"
    answer = json.loads(html.unescape(match[1]))
    assert not answer["problems"], answer["problems"]
    assert not answer["loaded"], answer["loaded"]
    return answer["found"]
