#!/usr/bin/env python3
"""The dashboard in a headless Chromium, on the real girin: what it shows, and that its buttons do what they say.

usage: dashboard_test.py GIRIN [SCREENSHOT]     exit code 77: there is no Chromium here
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

sys.dont_write_bytecode = True

from webdriver import Browser

SKIPPED = 77
girin_path, screenshot_path = None, None


class Girin:
    """The real server with its admin address, ended with the test."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [girin_path, "-w", "2", "-b", "127.0.0.1:0", "--soak", "0", "--control-socket", self.folder.name + "/ctl",
             "--admin-bind", "127.0.0.1:0", *arguments, "demo"],
            cwd=self.folder.name, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.site = self.admin = None
        while not (self.site and self.admin and self.count("is ready") >= 2):
            line = self.process.stderr.readline()
            if not line:
                raise RuntimeError("girin ended:\n" + "".join(self.log))
            self.log.append(line)
            if found := re.search(r"Admin address: (http://127\.0\.0\.1:\d+)", line):
                self.admin = found[1]
            elif found := re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", line):
                self.site = found[1]

    def count(self, words):
        return sum(words in line for line in self.log)

    def get(self, path):
        with urllib.request.urlopen(self.site + path, timeout=30) as answer:
            return answer.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=60)
        finally:
            self.process.kill()
            self.folder.cleanup()
        return self.process.returncode


class Dashboard(unittest.TestCase):
    def start(self, *arguments):
        girin = Girin(*arguments)
        self.addCleanup(girin.stop)
        browser = self.enterContext(Browser()) if hasattr(self, "enterContext") else Browser().__enter__()
        if not hasattr(self, "enterContext"):
            self.addCleanup(browser.__exit__)
        browser.open(girin.admin + "/")
        browser.wait_for("document.querySelector('#state').textContent === 'serving'", "the state")
        return girin, browser

    def keep_asking(self, girin):
        """Requests in the background, so that there are some in every window, however slow the machine is."""
        over = threading.Event()

        def ask():
            while not over.wait(0.05):
                girin.get("/")

        asking = threading.Thread(target=ask)
        asking.start()
        self.addCleanup(asking.join)
        self.addCleanup(over.set)

    def answer(self, browser, button):
        """Presses, says yes, and waits for the outcome."""
        browser.click(button)
        browser.click("#question-yes")
        browser.wait_for("['good', 'bad'].includes(document.querySelector('#notice').className)", "an outcome")
        tone = browser.run("return document.querySelector('#notice').className")
        text = browser.text("#notice")
        browser.run("document.querySelector('#notice').className = ''")
        self.assertEqual(tone, "good", text)

    def test_shows_what_is(self):
        girin, browser = self.start("--admin-allow-actions")
        self.keep_asking(girin)
        browser.wait_for("[...document.querySelectorAll('#slots tr')].filter(r => r.children[2].textContent === 'ready')"
                         ".length === 2", "two ready workers")
        browser.wait_for("[...document.querySelectorAll('#slots tr')].reduce("
                         "(n, r) => n + Number(r.querySelector('[data-name=requests]').textContent), 0) >= 20",
                         "the requests counted")
        browser.wait_for("['p50', 'p99'].every(id => parseFloat(document.getElementById(id).textContent) > 0)", "latencies")
        browser.wait_for("[...document.querySelectorAll('#slots [data-name=p99]')].some(c => / m?s$/.test(c.textContent))",
                         "the latency of a worker")
        self.assertIn(girin.site.removeprefix("http://"), browser.text("#facts"))
        self.assertIn(str(girin.process.pid), browser.text("#facts"))
        browser.wait_for("document.querySelector('#rate-plot path:not(.area)').getAttribute('d').split('L').length > 3",
                         "a plot that grows")
        browser.wait_for("document.querySelectorAll('#events li').length > 0", "the events")

    # FAULTS 44: nobody had asked for anything, and the latency was 0.0 ms.
    def test_has_no_latency_where_nobody_asks(self):
        _, browser = self.start()
        browser.wait_for("document.querySelector('#rate-plot path:not(.area)').getAttribute('d').split('L').length > 2",
                         "two looks")
        for figure in ("#p50", "#p99"):
            self.assertEqual(browser.text(figure), "–")

    # FAULTS 44: labels lay over each other, and a worker's figures were off the screen.
    def test_fits_a_telephone(self):
        girin, browser = self.start("--admin-allow-actions")
        self.keep_asking(girin)
        browser.be_a_telephone(390, 844)
        browser.wait_for("parseFloat(document.getElementById('p99').textContent) > 0", "latencies")
        self.assertLessEqual(browser.run("return document.documentElement.scrollWidth"), 390)
        outside = """
            return [...document.querySelectorAll('main *')].filter(e => {
              const box = e.getBoundingClientRect();
              return box.width > 0 && !(e instanceof SVGElement) && (box.left < 0 || box.right > 390);
            }).map(e => e.outerHTML.slice(0, 100));"""
        self.assertEqual(browser.run(outside), [])
        collisions = """
            const texts = [...document.querySelectorAll('figcaption, figure small, figure output, #slots td')];
            const range = document.createRange();
            const box = e => { range.selectNodeContents(e); return range.getBoundingClientRect(); };
            const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
            const boxes = texts.map(e => [e.textContent, box(e)]).filter(([, b]) => b.width > 0);
            return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([, y]) => meet(x, y)).map(([b]) => `${a} / ${b}`));"""
        self.assertEqual(browser.run(collisions), [])
        for figure in ("busy", "lag", "p99", "pool"):
            self.assertTrue(browser.run(f"return document.querySelector('#slots [data-name={figure}]').offsetHeight > 0"), figure)

    def test_acts_where_it_may(self):
        _, browser = self.start("--admin-allow-actions")
        browser.click("#reload")
        browser.click("#question button[value=no]")
        self.assertTrue(browser.run("return document.querySelector('#notice').hidden"), "no means no")
        self.answer(browser, "#reload")
        browser.wait_for("document.querySelector('#last-reload').textContent.includes('generation 2 serves')", "reload")
        self.answer(browser, "#more")
        browser.wait_for("document.querySelector('#count').textContent === '3 of 3 ready'", "one more")
        pid = browser.run("return document.querySelector('#slots tr:has(button)').children[1].textContent")
        self.answer(browser, "#slots button")
        browser.wait_for(f"![...document.querySelectorAll('#slots tr')].some(r => r.children[1].textContent === '{pid}')",
                         "the worker replaced")
        browser.wait_for("document.querySelector('#count').textContent === '3 of 3 ready'", "three again")
        self.answer(browser, "#fewer")
        browser.wait_for("document.querySelector('#count').textContent === '2 of 2 ready'", "one less")
        if screenshot_path:
            browser.screenshot(screenshot_path)

    def test_only_shows_where_it_may_not_act(self):
        girin, browser = self.start()
        self.assertTrue(browser.run("return document.querySelector('#actions').hidden"))
        self.assertEqual(browser.run("return document.querySelectorAll('#slots button').length"), 0)
        refused = urllib.request.Request(girin.admin + "/v1/reload", b"{}", {"Content-Type": "application/json"})
        with self.assertRaises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(refused, timeout=30)
        self.assertEqual(raised.exception.code, 403)
        raised.exception.close()

    def test_tells_when_the_server_is_gone(self):
        girin, browser = self.start()
        girin.process.kill()
        browser.wait_for("document.querySelector('#state').textContent === 'offline'", "that nobody answers")


def main():
    global girin_path, screenshot_path
    if not shutil.which("chromedriver") or not shutil.which("chromium"):
        print("skipped: no chromium and chromedriver here")
        return SKIPPED
    girin_path = os.path.abspath(sys.argv[1])
    screenshot_path = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    return 0 if unittest.main(argv=sys.argv[:1], exit=False, verbosity=2).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
