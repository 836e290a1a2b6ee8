"""As much of the WebDriver protocol as the dashboard's test needs: a headless Chromium behind Debian's chromedriver.
Python's standard library only. Source: https://www.w3.org/TR/webdriver2/."""

import base64
import json
import re
import subprocess
import tempfile
import time
import urllib.request

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference to an element

# Chromium must neither want a sandbox (we may be root in a container) nor look for its maker's servers.
_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
              "--disable-background-networking", "--disable-component-update", "--disable-sync",
              "--window-size=1280,1000"]


class Browser:
    """Use in a `with`: it ends the browser and its driver whatever happens."""

    def __enter__(self):
        self._profile = tempfile.TemporaryDirectory()
        self._driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        try:
            self._base = f"http://127.0.0.1:{self._read_port()}"
            options = {"args": [*_ARGUMENTS, f"--user-data-dir={self._profile.name}"]}
            wanted = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
            self._base += "/session/" + self._call("POST", "/session", wanted)["sessionId"]
        except BaseException:
            self._end_driver()
            raise
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", "")
        finally:
            self._end_driver()

    def _end_driver(self):
        self._driver.terminate()
        self._driver.wait(10)
        self._driver.stdout.close()
        self._profile.cleanup()

    def _read_port(self):
        for line in self._driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                return int(found[1])
        raise RuntimeError("chromedriver ended without telling its port")

    def _call(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self._base + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def run(self, script):
        """What `script`, a function's body, returns."""
        return self._call("POST", "/execute/sync", {"script": script, "args": []})

    def click(self, selector):
        """As a user does: the element must be visible, and nothing may lie over it."""
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        self._call("POST", f"/element/{found[_ELEMENT]}/click")

    def text(self, selector):
        return self.run(f"return document.querySelector({json.dumps(selector)})?.textContent ?? ''")

    def wait_for(self, script, what, seconds=30):
        """Until `script`, an expression, is true."""
        deadline = time.monotonic() + seconds
        while not self.run(f"return Boolean({script})"):
            if time.monotonic() > deadline:
                raise AssertionError(f"{what}: not within {seconds} s; the page says:\n{self.text('body')}")

    def be_a_telephone(self, width, height):
        """From now on the page has a screen of so many CSS pixels, smaller than any window may be."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self._call("GET", "/screenshot")))
