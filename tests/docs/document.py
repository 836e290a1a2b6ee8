"""A Markdown page as a list of things to try: its fenced blocks, each with what the comments above it say of it.

  <!-- session: NAME -->      a folder of its own from here on, with nothing running
  <!-- file: NAME -->         the block below is a file of the session
  <!-- hidden: COMMAND -->    run here, needs to succeed; several lines are several commands; `… &` stays until the end
  <!-- output -->             the block below is what running servers print by themselves (`output: among others`)
  <!-- numbers -->            numbers in the block below are examples: any other will do
  <!-- excerpt: FILE -->      the block below stands in that file of the tree, whatever its indentation; "…" leaves lines out
  <!-- needs: COMMAND -->     the session is skipped where that fails: `command -v gdb`
  <!-- not tried: REASON -->  of the block below
"""

import re

WORDS = "session|file|hidden|output|numbers|excerpt|needs|not tried"
COMMENT = re.compile(rf"^<!-- *({WORDS})\b:? *(.*?) *-->$", re.DOTALL)


class Block:
    """`kind`: console, file, output, excerpt, hidden, needs, session or excused; `text` of it, `argument` of its comment,
    `line` in the page."""

    def __init__(self, kind, text, argument, line, numbers=False):
        self.kind = kind
        self.text = text
        self.argument = argument
        self.line = line
        self.numbers = numbers

    def commands(self):
        """[(command, expected output lines)] of a console block."""
        found = []
        for line in self.text.split("\n"):
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found and found[-1][0].endswith("\\"):
                found[-1] = (found[-1][0] + "\n" + line, found[-1][1])
            elif found:
                found[-1][1].append(line)
        return found


def read(text):
    """The blocks of a page, in order. Raises ValueError for one that is neither to be tried nor excused."""
    blocks, said, lines = [], {}, text.split("\n")
    number = 0
    while number < len(lines):
        line, start = lines[number], number + 1
        number += 1
        if line.startswith("<!--"):
            while "-->" not in lines[number - 1]:
                line += "\n" + lines[number]
                number += 1
            found = COMMENT.match(line)
            if found:
                blocks += comment_blocks(found, said, start)
        elif line.startswith("```"):
            end = next(i for i in range(number, len(lines)) if lines[i].startswith("```"))
            blocks.append(fenced(line[3:], "\n".join(lines[number:end]), said, start))
            said = {}
            number = end + 1
    return blocks


def comment_blocks(found, said, line):
    word, argument = found.groups()
    if word in ("session", "hidden", "needs"):
        return [Block(word, argument, "", line)]
    said[word] = argument
    return []


def fenced(language, text, said, line):
    if "not tried" in said:
        return Block("excused", text, said["not tried"], line)
    if "excerpt" in said:
        return Block("excerpt", text, said["excerpt"], line)
    if "file" in said:
        return Block("file", text, said["file"], line)
    if "output" in said:
        return Block("output", text, said["output"], line, "numbers" in said)
    if text.startswith("$ "):
        return Block("console", text, "", line, "numbers" in said)
    raise ValueError(f"line {line}: a block{' of ' + language if language else ''} that is neither tried nor excused")


def stands_in(excerpt, text):
    """Whether the lines of an excerpt follow each other in a text; "…" stands for any lines between."""
    left = [line.strip() for line in text.split("\n")]
    for part in re.split(r"^\s*…\s*$", excerpt, flags=re.MULTILINE):
        wanted = [line.strip() for line in part.strip("\n").split("\n")]
        found = next((at for at in range(len(left)) if left[at:at + len(wanted)] == wanted), None)
        if found is None:
            return False
        left = left[found + len(wanted):]
    return True
