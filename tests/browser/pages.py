"""The exporter's pages in headless Chromium: an empty exporter, a healthy one, and one with 100,000 drifted users whose
names hold HTML, quotes and right-to-left text; in both themes, at phone and at desktop width.

Each page is looked at as a browser sees it: nothing is wider than the window, nothing comes from elsewhere, no policy is
broken, every control has a name, colours stand out, the keyboard reaches everything. The screenshots are kept.
"""

import argparse
import base64
import json
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

APP = "0oaBrowser0000000001"
WIDTHS = {"phone": 390, "desktop": 1280}
PAGES = ["", "drift", "drift?state=resolved", "failures", "config", "runbook"]
NASTY = [
    "<script>document.title='owned'</script>@example.com",
    "\"onmouseover=\"alert(1)@example.com",
    "o'brien & sons <b>@example.com",
    "علي.حسن@example.com",
    "\u202egnp.exe@example.com",
    "=HYPERLINK(\"http://evil\")@example.com",
    "a-very-long-name-without-any-place-to-break-" + "x" * 120 + "@example.com",
]
failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print("FAILED:", what)


class Process:
    def __init__(self, command, log):
        self.log = log
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=open(log, "a"))

    def await_line(self, pattern):
        for _ in range(600):
            found = re.search(pattern, pathlib.Path(self.log).read_text())
            if found:
                return found.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"{self.log} never said {pattern}:\n{pathlib.Path(self.log).read_text()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)


class Browser:
    """WebDriver over its own HTTP, as far as it is needed here."""

    def __init__(self, chromedriver, directory):
        port_file = directory / "chromedriver.out"
        self.process = subprocess.Popen(
            [chromedriver, "--port=0"], stdout=open(port_file, "w"), stderr=subprocess.STDOUT
        )
        for _ in range(100):
            found = re.search(r"successfully on port (\d+)", port_file.read_text())
            if found:
                break
            time.sleep(0.1)
        else:
            sys.exit("chromedriver did not start: " + port_file.read_text())
        self.base = f"http://127.0.0.1:{found.group(1)}"
        self.session = self.call(
            "POST",
            "/session",
            {
                "capabilities": {
                    "alwaysMatch": {
                        "browserName": "chrome",
                        "goog:loggingPrefs": {"browser": "ALL"},
                        "goog:chromeOptions": {
                            "args": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                                     f"--user-data-dir={directory / 'profile'}", "--hide-scrollbars"]
                        },
                    }
                }
            },
        )["sessionId"]

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.base + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def command(self, method, path, body=None):
        return self.call(method, f"/session/{self.session}{path}", body)

    def cdp(self, name, parameters):
        return self.command("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def run(self, script):
        return self.command("POST", "/execute/sync", {"script": script, "args": []})

    def show(self, url, width, dark):
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600},
        )
        scheme = "dark" if dark else "light"
        self.cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self.command("POST", "/url", {"url": url})

    def picture(self, path):
        height = min(2400, self.run("return document.documentElement.scrollHeight"))
        width = self.run("return window.innerWidth")
        shot = self.cdp(
            "Page.captureScreenshot",
            {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}},
        )
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        return [line["message"] for line in self.command("POST", "/se/log", {"type": "browser"})]

    def tab(self):
        self.command(
            "POST",
            "/actions",
            {
                "actions": [
                    {
                        "type": "key",
                        "id": "keyboard",
                        "actions": [{"type": "keyDown", "value": "\ue004"}, {"type": "keyUp", "value": "\ue004"}],
                    }
                ]
            },
        )

    def quit(self):
        try:
            self.command("DELETE", "")
        except (urllib.error.URLError, OSError):
            pass
        self.process.terminate()
        self.process.wait(10)


LOOK = """
const visible = e => e.getClientRects().length > 0;
const luminance = c => {
  const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const background = e => {
  for (; e; e = e.parentElement) {
    const c = getComputedStyle(e).backgroundColor;
    if (c !== 'rgba(0, 0, 0, 0)' && c !== 'transparent') return c;
  }
  return 'rgb(255, 255, 255)';
};
let contrast = 21, worst = '';
for (const e of document.querySelectorAll('h1,h2,p,a,td,th,li,label,caption,button,select,.muted,pre,time')) {
  if (!visible(e) || !e.textContent.trim()) continue;
  const a = luminance(getComputedStyle(e).color), b = luminance(background(e));
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < contrast) { contrast = ratio; worst = e.outerHTML.slice(0, 120); }
}
const wide = [...document.querySelectorAll('body *')].filter(e => visible(e) && !e.closest('.scroll, pre, .skip, thead') &&
  e.getBoundingClientRect().right > window.innerWidth + 1).map(e => e.outerHTML.slice(0, 120));
return {
  title: document.title, lang: document.documentElement.lang,
  headings: [...document.querySelectorAll('h1')].length,
  landmarks: ['header', 'main', 'nav'].filter(n => !document.querySelector(n)),
  unnamed: [...document.querySelectorAll('select, input:not([type=hidden]), button')].filter(e =>
    !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label')).length,
  tables: [...document.querySelectorAll('table')].filter(t => !t.caption || !t.querySelector('th[scope]')).length,
  width: document.documentElement.scrollWidth, window: window.innerWidth, wide, contrast, worst,
  scripts: document.scripts.length, styled: document.styleSheets.length,
  foreign: performance.getEntriesByType('resource').map(r => r.name).filter(n => !n.startsWith(location.origin)),
  theme: getComputedStyle(document.body).backgroundColor,
  rows: document.querySelectorAll('table.cards tbody tr').length,
};
"""


def look_at(browser, base, name, output):
    for page in PAGES:
        for width_name, width in WIDTHS.items():
            for dark in (False, True):
                where = f"{name} /{page} {width_name} {'dark' if dark else 'light'}"
                browser.show(base + page, width, dark)
                seen = browser.run(LOOK)
                check("okta-servicenow-exporter" in seen["title"], f"{where}: title {seen['title']!r}")
                check(seen["lang"] == "en" and seen["headings"] == 1, f"{where}: language or heading")
                check(not seen["landmarks"], f"{where}: no {seen['landmarks']}")
                check(seen["unnamed"] == 0, f"{where}: a control without a name")
                check(seen["tables"] == 0, f"{where}: a table without caption or column headings")
                check(seen["width"] <= seen["window"] and not seen["wide"], f"{where}: wider than the window {seen['wide'][:3]}")
                check(seen["contrast"] >= 4.5, f"{where}: contrast {seen['contrast']:.2f} of {seen['worst']}")
                check(seen["scripts"] == 0, f"{where}: a script got in")
                check(seen["styled"] == 1, f"{where}: the stylesheet was not loaded")
                check(not seen["foreign"], f"{where}: asks elsewhere for {seen['foreign']}")
                check(("rgb(255, 255, 255)" == seen["theme"]) != dark, f"{where}: theme {seen['theme']}")
                complaints = [line for line in browser.complaints() if "favicon" not in line]
                check(not complaints, f"{where}: {complaints}")
                file = re.sub(r"\W+", "-", page or "overview")
                browser.picture(output / f"{name}-{file}-{width_name}-{'dark' if dark else 'light'}.png")


def walk_with_keyboard(browser, url):
    browser.show(url, 1280, False)
    reachable = browser.run(
        "return document.querySelectorAll('a[href], select, button, [tabindex=\"0\"]').length"
    )
    reached = set()
    for _ in range(reachable + 5):
        browser.tab()
        state = browser.run(
            "const e = document.activeElement; const s = getComputedStyle(e);"
            "return [e.tagName, e.outerHTML.slice(0, 200), s.outlineStyle]"
        )
        if state[0] in ("BODY", "HTML"):
            break
        check(state[2] != "none", f"no focus is shown on {state[1]}")
        reached.add(browser.run(
            "return [...document.querySelectorAll('a[href], select, button, [tabindex=\"0\"]')]"
            ".indexOf(document.activeElement)"
        ))
    check(len(reached) == reachable, f"the keyboard reaches {len(reached)} of {reachable} things at {url}")


def fill(state):
    """100,000 drifted users, some of them with names that try something."""
    database = sqlite3.connect(state / "state.db")
    (integration,) = database.execute("SELECT id FROM integration").fetchone()
    database.execute("DELETE FROM drift")
    now = int(time.time() * 1000)
    kinds = ["sys_id_changed", "record_missing", "wrong_user", "hidden_by_acl", "key_mismatch"]
    database.executemany(
        "INSERT INTO drift (integration, okta_user_id, kind, scope, external_id, match_key, candidate_sys_id,"
        " first_seen, last_confirmed, resolved) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (integration, f"00u{i:017d}", kinds[i % len(kinds)], "GROUP" if i % 3 else "USER", f"{i:032x}",
             NASTY[i] if i < len(NASTY) else f"user{i}@example.com", f"{i + 1:032x}" if i % 5 == 0 else "",
             now - 1_000_000_000 + i, None, None)
            for i in range(100_000)
        ),
    )
    database.execute(
        "INSERT INTO drift (integration, okta_user_id, kind, scope, external_id, match_key, candidate_sys_id,"
        " first_seen, last_confirmed, resolved) VALUES (?, '00uResolved', 'wrong_user', 'USER', 'x', 'y', '', ?, ?, ?)",
        (integration, now - 90_000_000, now - 4_000_000, now - 3_600_000),
    )
    database.execute("UPDATE failure SET text = ? WHERE id = (SELECT max(id) FROM failure)",
                     ("<img src=x onerror=alert(1)> \u202e \" ' & " + "long" * 60,))
    database.commit()
    database.close()


def main():
    arguments = argparse.ArgumentParser()
    for name in ("exporter", "simulator", "chromedriver", "output"):
        arguments.add_argument("--" + name, required=True)
    options = arguments.parse_args()
    output = pathlib.Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="exporter-browser-", ignore_cleanup_errors=True) as name:
        run(options, output, pathlib.Path(name))
    print(f"{len(list(output.glob('*.png')))} screenshots in {output}")
    return 1 if failures else 0


def run(options, output, directory):
    (directory / "token").write_text("sim-okta-token")
    (directory / "password").write_text("sim-reader-password")

    def configure(okta, servicenow):
        (directory / "config.yml").write_text(
            f"""integrations:
  - name: production
    okta: {{url: "{okta}", api_token_file: token, app: {{id: {APP}}}}}
    servicenow:
      url: "{servicenow}"
      reader: {{basic_auth: {{username: prom_reader, password_file: password}}}}
"""
        )

    def start(log, state):
        exporter = Process(
            [options.exporter, f"--config.file={directory / 'config.yml'}", f"--storage.path={state}",
             "--web.listen-address=127.0.0.1:0", "--web.show-users=names"],
            directory / log,
        )
        return exporter, f"http://{exporter.await_line(r'msg=listening address=([0-9.:]+)')}/"

    browser = Browser(options.chromedriver, directory)
    try:
        configure("http://127.0.0.1:9", "http://127.0.0.1:9")
        exporter, base = start("empty.err", ":memory:")
        look_at(browser, base, "empty", output)
        exporter.stop()

        simulator = Process(
            [options.simulator, "--scenario", "mixed", "--users", "300", "--seed", "1", "--app-id", APP,
             "--okta-listen", "127.0.0.1:0", "--servicenow-listen", "127.0.0.1:0", "--control-listen", "127.0.0.1:0",
             "--addresses-file", str(directory / "addresses")],
            directory / "simulator.err",
        )
        for _ in range(100):
            if (directory / "addresses").exists():
                break
            time.sleep(0.1)
        addresses = json.loads((directory / "addresses").read_text())
        configure(addresses["okta"], addresses["servicenow"])
        exporter, base = start("healthy.err", directory / "state")
        exporter.await_line(r'(compared the two sides)')
        look_at(browser, base, "healthy", output)
        walk_with_keyboard(browser, base + "drift")
        walk_with_keyboard(browser, base)
        exporter.stop()
        simulator.stop()

        fill(directory / "state")
        exporter, base = start("large.err", directory / "state")
        look_at(browser, base, "large", output)
        browser.show(base + "drift?page=1000&sort=okta_user_id", 1280, False)
        seen = browser.run(LOOK)
        check(seen["rows"] == 100, f"the last page has {seen['rows']} rows")
        begin = time.monotonic()
        with urllib.request.urlopen(base + "drift?sort=kind&page=900") as answer:
            size = len(answer.read())
        check(size < 400_000, f"a page of a hundred users is {size} bytes")
        print(f"page 900 of 1,000 by kind: {size} bytes in {time.monotonic() - begin:.3f} s")
        exporter.stop()
    finally:
        browser.quit()


sys.exit(main())
