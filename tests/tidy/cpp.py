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


def functions(code):
    """(name, begin, end) of each function with a body, lambdas and what is inside of another function left out."""
    after = 0
    for brace in re.finditer(r"\{", code):
        position = brace.start()
        if position < after:
            continue
        name = _function_before(code, position)
        if name:
            after = _matching(code, position)
            yield name, code.rfind("\n", 0, position) + 1, after


# What may stand between a function's parameters and its body.
_QUALIFIERS = re.compile(r"(\s*(const|noexcept(\([^()]*\))?|override|final|&&?|->[\w:<>,&*\s]+?|requires[^;{}]*))+$")


def _function_before(code, position):
    """Name of the function whose body opens at `position`, if one does; of a constructor with its initialisers, too."""
    before = re.sub(r"(?<=[\w>]){[^{};]*}", "()", code[max(0, position - 2000):position])  # member_{1}
    head = _QUALIFIERS.sub("", before[max(before.rfind(mark) for mark in ";{}") + 1:].rstrip())
    initialisers = re.search(r"\)\s*(noexcept\s*)?:(?!:)", head)
    if initialisers:
        head = head[:initialisers.start() + 1]
    found = re.search(r"([~\w:]+|operator[^\w\s]+)\s*\(", head)
    if not found or not head.endswith(")") or re.search(r"\]\s*$", head[:found.start()]):
        return None
    name = found[1]
    return None if name in {"if", "for", "while", "switch", "catch", "return", "constexpr", "decltype"} else name


def classes(code):
    """(name, begin, methods) of each class and struct with a body; special members are no methods."""
    pattern = r"\b(?:class|struct)\s+(?:\[\[\w+\]\]\s*)?((?:\w+::)*\w+)\s*(?:final\s*)?(?::[^;{}()]*)?\{"
    for found in re.finditer(pattern, code):
        if not re.search(r"\benum\s+$", code[:found.start()]):
            begin = found.end() - 1
            yield found[1], found.start(), _methods(code[begin + 1:_matching(code, begin)], found[1].split("::")[-1])


def _methods(body, class_name):
    count = 0
    for statement in re.split(r"[;\x01]", _without_inner_blocks(body)):
        statement = re.sub(r"\b(public|protected|private)\s*:", "", statement).strip()
        if re.match(r"(using|friend|static_assert|typedef|enum|class|struct)\b", statement):
            continue
        plain = _without_template_arguments(statement)
        found = re.search(r"(operator[^\w\s]+|~?\w+)\s*\(", plain)
        if found and "=" not in plain[:found.start()] and found[1].lstrip("~") not in (class_name, "operator="):
            count += 1
    return count


def _without_inner_blocks(body):
    """Each block in braces as one \x01, which ends a statement."""
    pieces, i = [], 0
    while i < len(body):
        if body[i] == "{":
            pieces.append("\x01")
            i = _matching(body, i) + 1
        else:
            pieces.append(body[i])
            i += 1
    return "".join(pieces)


def _without_template_arguments(text):
    """"std::function<void(int)> f" → "std::function f"."""
    while True:
        shorter = re.sub(r"(?<!operator)<[^<>]*>", "", text)
        if shorter == text:
            return text
        text = shorter


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
