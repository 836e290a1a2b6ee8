"""The scratch tree: a copy of the sources in the build folder, with a build of its own, in which patches come and go."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import xml.etree.ElementTree

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent


class Failed(Exception):
    """A command that should have worked: what it was, and what it said at last."""


class Scratch:
    """Files keep their times where their content is the same, so that a build does only what a patch asks for."""

    def __init__(self, build_dir):
        self.tree = build_dir / "unplug"
        self.build = self.tree / "build" / build_dir.name
        self.preset = build_dir.name
        self.cache = build_dir / "CMakeCache.txt"

    def sync(self):
        """Makes the copy equal to the sources, which also takes an earlier patch away."""
        wanted = set(self._source_files())
        for name in wanted:
            copy_if_different(SOURCE / name, self.tree / name)
        for path in self._copied_files():
            if str(path.relative_to(self.tree)) not in wanted:
                path.unlink()

    def configure(self):
        if (self.build / "build.ninja").exists():
            return
        # As the build beside it, so that a compiler cache knows every file; linked the quick way.
        options = ["-DCMAKE_EXE_LINKER_FLAGS=-fno-lto"] + self._options_of_the_other_build()
        self._run(["cmake", "--preset", self.preset, *options])

    def make(self, targets):
        self._run(["cmake", "--build", str(self.build), "-j", str(os.cpu_count()), "--target", *targets])

    def apply(self, patch):
        # Not a repository of its own, and not to be taken for a part of the one around it.
        environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(self.tree.parent))
        done = subprocess.run(["git", "apply", "-"], input=patch, text=True, cwd=self.tree, env=environment,
                              capture_output=True)
        if done.returncode != 0:
            raise Failed(f"the patch doesn't apply: {done.stderr.strip()}")

    def test(self, expression):
        """{name: outcome} of what `ctest -R expression` runs: "pass", "fail" or "skip"."""
        report = self.build / "unplug.xml"
        report.unlink(missing_ok=True)
        command = ["ctest", "--test-dir", str(self.build), "-R", expression, "-E", "^Unplug", "--timeout", "120",
                   "--output-on-failure", "--output-junit", str(report)]
        with open(self.build / "unplug.log", "a") as log:
            subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False)
        self.end_leftovers()
        if not report.exists():
            raise Failed("ctest left no report")
        return {case.get("name"): outcome(case) for case in xml.etree.ElementTree.parse(report).iter("testcase")}

    def end_leftovers(self):
        """Programs of this build that still run: with its promise broken, one may outlive its test."""
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "exe").startswith(f"{self.build}/"):
                    os.kill(int(process.name), signal.SIGKILL)
            except OSError:
                pass  # it has ended, or is another user's

    def _source_files(self):
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=SOURCE,
                                capture_output=True, check=True).stdout.decode()
        return [name for name in listed.split("\0") if name and (SOURCE / name).is_file()]

    def _copied_files(self):
        built = self.tree / "build"
        for folder, folders, names in os.walk(self.tree):
            if pathlib.Path(folder) == self.tree and built.name in folders:
                folders.remove(built.name)
            yield from (pathlib.Path(folder) / name for name in names)

    def _options_of_the_other_build(self):
        if not self.cache.exists():
            return []
        text = self.cache.read_text()
        kept = re.findall(r"^(CMAKE_CXX_COMPILER(?:_LAUNCHER)?|CMAKE_CXX_FLAGS_[A-Z]+):\w+=(.+)$", text, re.MULTILINE)
        return [f"-D{name}={value}" for name, value in kept]

    def _run(self, command):
        environment = dict(os.environ, CCACHE_BASEDIR=str(self.tree), CCACHE_NOHASHDIR="1")
        done = subprocess.run(command, cwd=self.tree, env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}\n{done.stdout[-4000:]}")


def outcome(case):
    if case.get("status") == "run":
        return "pass"
    skipped = case.find("skipped")
    message = skipped.get("message", "") if skipped is not None else ""
    return "skip" if case.get("status") == "disabled" or message.startswith("SKIP_") else "fail"


def copy_if_different(source, target):
    if target.exists() and target.read_bytes() == source.read_bytes():
        if (target.stat().st_mode ^ source.stat().st_mode) & 0o111:
            shutil.copymode(source, target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    shutil.copymode(source, target)
