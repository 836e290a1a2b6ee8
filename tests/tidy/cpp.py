"""As much of C++ as check.py must understand: where comments and texts are, and what stands in one full expression."""

import re

_COMMENT_OR_TEXT = re.compile(
    r"""//[^\n]*
    | /\*.*?\*/
    | R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"
    | "(?:[^"\\\n]|\\.)*"
    | (?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'""",
    re.S | re.X)

_OPEN, _CLOSE = "([{", ")]}"


def without_comments_and_texts(text):
    """The same text with spaces in place of comments and of what is inside quotes; offsets and lines stay."""

    def blank(found):
        piece = found[0]
        kept = piece[0] if piece[0] in "\"'" else " "
        inside = "".join(c if c == "\n" else " " for c in piece[1:-1])
        return kept + inside + (kept if kept != " " else (piece[-1] if piece[-1] == "\n" else " "))

    return _COMMENT_OR_TEXT.sub(blank, text)


def capturing_lambdas_beside_co_await(code):
    """Offsets of capturing lambdas that stand in the same full expression as a co_await of the same function."""
    found = set()
    for keyword in re.finditer(r"\bco_await\b", code):
        start = _expression_start(code, keyword.start())
        found.update(_capturing_lambdas(code, start))
    return sorted(found)


def co_awaits_in_conditions(code):
    """Offsets of if, while, for and switch that have a co_await between their brackets, outside of a lambda there."""
    for keyword in re.finditer(r"\b(?:if|while|for|switch)\s*(?:constexpr\s*)?\(", code):
        i = keyword.end()
        end = _matching(code, i - 1)
        while i < end:
            lambda_end = _lambda_end(code, i) if code[i] == "[" else None
            if lambda_end is None and re.match(r"\bco_await\b", code[i:]) and not code[i - 1].isalnum():
                yield keyword.start()
                break
            i = lambda_end or i + 1


def _expression_start(code, position):
    """Walks back to where the full expression around `position` begins: after ; or { or } of a statement."""
    depth = 0
    i = position - 1
    while i >= 0:
        c = code[i]
        if c == "}" and depth == 0 and not _continues_expression(code, i + 1):
            return i + 1
        if c in _CLOSE:
            depth += 1
        elif c in _OPEN:
            if c == "{" and depth == 0:
                return i + 1
            depth = max(depth - 1, 0)
        elif c == ";" and depth == 0:
            return i + 1
        i -= 1
    return 0


def _continues_expression(code, position):
    """Whether what follows a } belongs to the same expression: then it closed a lambda or an initialiser."""
    rest = code[position:].lstrip()
    return rest[:1] in set(",).(]?:+-|&<>=")


def _capturing_lambdas(code, start):
    """Offsets of capturing lambdas from `start` to the end of the full expression; bodies of lambdas are left out."""
    depth = 0
    i = start
    while i < len(code):
        c = code[i]
        lambda_end = _lambda_end(code, i) if c == "[" else None
        if lambda_end is not None:
            if code[i + 1:_matching(code, i)].strip():
                yield i
            i = lambda_end
            continue
        if c == ";" and depth == 0:
            return
        if c == "{" and depth == 0 and _opens_block(code, i):
            return
        if c in _OPEN:
            depth += 1
        elif c in _CLOSE:
            depth -= 1
            if depth < 0:
                return
        i += 1


def _opens_block(code, position):
    """Whether a { begins a statement's block: after ), else, do, try, or at the beginning of a statement."""
    before = code[:position].rstrip()
    return re.search(r"([);{}]|\b(else|do|try|const|override|noexcept))$", before) is not None


def _lambda_end(code, position):
    """End of the lambda whose capture list opens at `position`; None: a subscript, an attribute or an array."""
    before = code[:position].rstrip()
    if before and (before[-1].isalnum() and not re.search(r"\b(return|co_return|co_await|co_yield)$", before)
                   or before[-1] in "_)]" or before[-1] == "["):
        return None
    if code.startswith("[[", position):
        return None
    i = _skip_space(code, _matching(code, position) + 1)
    if code.startswith("<", i):
        i = _skip_space(code, code.index(">", i) + 1)
    if code.startswith("(", i):
        i = _skip_space(code, _matching(code, i) + 1)
    body = re.compile(r"(?:mutable|noexcept|constexpr|->[^{;]*|\s)*\{").match(code, i)
    return _matching(code, body.end() - 1) + 1 if body else None


def _skip_space(code, position):
    while position < len(code) and code[position].isspace():
        position += 1
    return position


def _matching(code, position):
    """Offset of the bracket that closes the one at `position`; the end of the text when none does."""
    depth = 0
    for i in range(position, len(code)):
        if code[i] in _OPEN:
            depth += 1
        elif code[i] in _CLOSE:
            depth -= 1
            if depth == 0:
                return i
    return len(code)
