"""One entry of the list: a promise, the patch that breaks it, and the test that has to notice. A text file, read here."""

import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parent
FIELDS = ("Promise", "Build", "Test")
# What may be switched off is the product's; a patch of a test would prove nothing.
ROOMS = ("supervisor/", "worker/", "loop/", "deploy/")


class BadEntry(Exception):
    """What is wrong with an entry, as a sentence."""


class Entry:
    """Name, promise (where it is made), build (targets), test (a regular expression for ctest -R), and the patch."""

    def __init__(self, name, text):
        self.name = name
        head, found, self.patch = text.partition("\ndiff --git ")
        if not found:
            raise BadEntry(f"{name}: no 'diff --git' in it")
        self.patch = "diff --git " + self.patch
        fields = dict(re.findall(r"^(\w+): *(.+?)$", head, re.MULTILINE))
        for field in FIELDS:
            if not fields.get(field):
                raise BadEntry(f"{name}: no line '{field}: …'")
        self.promise = fields["Promise"]
        self.build = fields["Build"].split()
        self.test = fields["Test"]
        self.files = re.findall(r"^\+\+\+ b/(\S+)", self.patch, re.MULTILINE)
        for file in self.files:
            if not file.startswith(ROOMS):
                raise BadEntry(f"{name}: {file} isn't the product's code")

    def test_names(self):
        """(Suite, name) of gtest cases that the expression spells out; none where it is a true pattern."""
        plain = self.test.replace("\\", "").replace("^", "").replace("$", "").strip("()")
        names = [part.strip("()").split(".", 1) for part in plain.split("|")]
        return [tuple(name) for name in names if len(name) == 2 and all(part.isidentifier() for part in name)]


def read(name):
    path = FOLDER / f"{name}.patch"
    if not path.exists():
        raise BadEntry(f"no entry named '{name}' ({path.name} in tests/unplug)")
    return Entry(name, path.read_text())


def all_names():
    return sorted(path.stem for path in FOLDER.glob("*.patch"))
