"""As much of Helm's templates as the project's own chart uses, so that what it renders to is looked at without Helm.

What it does not know it refuses; where Helm is at hand, a test compares the two. Source of the rules: the documentation
of Go's text/template, and Helm's of its functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ACTION = re.compile(r"(\{\{.*?\}\})", re.DOTALL)
WORD = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()|])|(\d+)|(:=|,)|(\$?[A-Za-z_]\w*(?:\.\w+)*|\$?(?:\.\w+)+|[.$]))')


@dataclass(frozen=True)
class Part:
    """Text as it is, a value to be put in, or a block: `kind` says which, `words` what its action says."""

    kind: str
    words: tuple[str, ...] = ()
    text: str = ""
    body: tuple[Part, ...] = ()


def rendered(chart: Path, values: Mapping[str, Any], release: str) -> list[dict[str, Any]]:
    """The objects of a chart, with values above those of its own. Raises ValueError for what it does not know."""
    root = {
        "Values": yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8")) | values,
        "Release": {"Name": release, "Service": "Helm"},
        "Chart": {k.capitalize(): v for k, v in yaml.safe_load((chart / "Chart.yaml").read_text()).items()},
        "Files": {"Get": lambda name: (chart / name).read_text(encoding="utf-8")},
    }
    defined: dict[str, Part] = {}
    whole = {path: tuple(parts(path.read_text(encoding="utf-8"))) for path in sorted((chart / "templates").iterdir())}
    defined |= {part.text: part for some in whole.values() for part in some if part.kind == "define"}
    texts = [Rendering(root, defined).text(some, root, {"$": root}) for some in whole.values()]
    return [one for text in texts for one in yaml.safe_load_all(text) if one]


def parts(text: str) -> Iterator[Part]:
    """A template in parts. A `-` at a brace takes the white space on its side away, to the next text."""
    pieces = ACTION.split(text)
    for n in range(1, len(pieces), 2):
        pieces[n - 1] = pieces[n - 1].rstrip() if pieces[n].startswith("{{-") else pieces[n - 1]
        pieces[n + 1] = pieces[n + 1].lstrip() if pieces[n].endswith("-}}") else pieces[n + 1]
    flat = iter((n % 2, piece[2:-2].strip("-").strip() if n % 2 else piece) for n, piece in enumerate(pieces))
    yield from _until_end(flat, inside=False)


def _until_end(flat: Iterator[tuple[int, str]], *, inside: bool) -> Iterator[Part]:
    for is_action, piece in flat:
        if not is_action:
            yield Part("text", text=piece)
            continue
        if piece == "end":
            if not inside:
                raise ValueError("an end too many")
            return
        words = _words(piece)
        if not words:
            continue  # a comment
        if words[0] in {"if", "range", "define"}:
            name = words[1].strip('"') if words[0] == "define" else ""
            yield Part(words[0], words[1:], name, tuple(_until_end(flat, inside=True)))
        elif words[1:2] == (":=",):
            yield Part("set", words[2:], words[0])
        else:
            yield Part("value", words)
    if inside:
        raise ValueError("a block without its end")


def _words(action: str) -> tuple[str, ...]:
    if action.startswith("/*"):
        return ()
    found, at = [], 0
    while at < len(action.rstrip()):
        match = WORD.match(action, at)
        if match is None:
            raise ValueError(f"what is {action[at:]!r}?")
        found.append(match.group().strip())
        at = match.end()
    return tuple(found)


class Rendering:
    """One chart's templates made text."""

    def __init__(self, root: Mapping[str, Any], defined: Mapping[str, Part]) -> None:
        self.root, self.defined = root, defined
        self.functions: Mapping[str, Callable[..., Any]] = {
            "include": lambda name, dot: self.text(self.defined[name].body, dot, {"$": dot}),
            "list": lambda *items: list(items),
            "index": lambda items, at: items[at],
            "int": int,
            "gt": lambda a, b: a > b,
            "or": lambda *given: next((one for one in given if one), given[-1]),
            "until": lambda n: list(range(n)),
            "quote": lambda value: '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"',
            "required": _required,
            "toYaml": lambda value: yaml.safe_dump(value).rstrip("\n"),
            "indent": _indent,
            "nindent": lambda n, text: "\n" + _indent(n, text),
            "trim": lambda text: text.strip(),
        }

    def text(self, some: Sequence[Part], dot: Any, known: dict[str, Any]) -> str:
        """Parts as text; `dot` and the variables that are `known` are what they can name."""
        made = []
        for part in some:
            if part.kind == "text":
                made.append(part.text)
            elif part.kind == "set":
                known[part.text] = self.value(part.words, dot, known)
            elif part.kind == "value":
                made.append(_printed(self.value(part.words, dot, known)))
            elif part.kind == "if":
                if self.value(part.words, dot, known):
                    made.append(self.text(part.body, dot, dict(known)))
            elif part.kind == "range":
                made += self._each(part, dot, known)
        return "".join(made)

    def _each(self, part: Part, dot: Any, known: dict[str, Any]) -> Iterator[str]:
        names, words = ((), part.words)
        if ":=" in words:
            at = words.index(":=")
            names, words = tuple(word for word in words[:at] if word != ","), words[at + 1 :]
        items = self.value(words, dot, known)
        pairs = sorted(items.items()) if isinstance(items, dict) else list(enumerate(items))
        for key, value in pairs:
            yield self.text(part.body, value, known | dict(zip(names, (key, value)[-len(names) :], strict=False)))

    def value(self, words: Sequence[str], dot: Any, known: Mapping[str, Any]) -> Any:
        """What a pipeline comes to."""
        given: tuple[Any, ...] = ()
        for command in _split(words):
            given = (self._command(command, given, dot, known),)
        return given[0]

    def _command(self, words: Sequence[str], given: tuple[Any, ...], dot: Any, known: Mapping[str, Any]) -> Any:
        terms, at = [], 0
        while at < len(words):
            if words[at] == "(":
                end = _closing(words, at)
                value = self.value(words[at + 1 : end], dot, known)
                at = end
                if words[at + 1 : at + 2] and words[at + 1].startswith("."):
                    at += 1
                    value = _field(value, words[at])
            else:
                value = self._term(words[at], dot, known)
            terms.append(value)
            at += 1
        first, *rest = terms
        return first(*rest, *given) if callable(first) else first

    def _term(self, word: str, dot: Any, known: Mapping[str, Any]) -> Any:
        if word.startswith('"'):
            return word[1:-1]
        if word.isdigit():
            return int(word)
        if word in {"true", "false"}:
            return word == "true"
        if word.startswith("."):
            return _field(dot, word)
        if word.startswith("$"):
            name, _, fields = word.partition(".")
            return _field(known[name], f".{fields}")
        return self.functions[word]


def _field(value: Any, path: str) -> Any:
    for name in path.split(".")[1:]:
        value = value[name] if name else value
    return value


def _split(words: Sequence[str]) -> Iterator[Sequence[str]]:
    depth, begin = 0, 0
    for at, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if word == "|" and depth == 0:
            yield words[begin:at]
            begin = at + 1
    yield words[begin:]


def _closing(words: Sequence[str], at: int) -> int:
    depth = 0
    for place in range(at, len(words)):
        depth += (words[place] == "(") - (words[place] == ")")
        if depth == 0:
            return place
    raise ValueError("a bracket is not closed")


def _required(message: str, value: Any) -> Any:
    if value in (None, ""):
        raise ValueError(message)
    return value


def _indent(number: int, text: str) -> str:
    return "\n".join(" " * number + line for line in text.split("\n"))


def _printed(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
