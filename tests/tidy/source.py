"""A file of the tree, as rules look at it."""

import fnmatch
import re

import cpp


class File:
    """Its path, its lines, and for C++ its code without comments and texts."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_cpp = path.endswith((".hpp", ".cpp", ".hpp.in"))
        self.is_header = path.endswith(".hpp")
        self.code = cpp.without_comments_and_texts(text) if self.is_cpp else ""

    def matches(self, patterns):
        return any(fnmatch.fnmatch(self.path, pattern) for pattern in patterns)

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def find(self, pattern):
        """Lines of the code, comments and texts left out, where a pattern stands."""
        return [self.line_of(found.start()) for found in re.finditer(pattern, self.code)]

    def includes(self):
        """(line, header) for each #include, with its quotes or brackets."""
        for number, line in enumerate(self.lines, 1):
            found = re.match(r'\s*#\s*include\s*([<"][^>"]+[>"])', line)
            if found:
                yield number, found[1]
