"""
Templates in the language of Go's text/template, for entries of a listing. Pure; nothing is escaped for HTML.

Fields are checked against the schema of the entry, so that a wrong template is an error before anything is fetched.
Names are Go's: ``.Status.TaskID`` is ``status.taskId``.

Source: the documentation of Go's package text/template.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# An action in braces, with text/template's trim markers.
_ACTION = re.compile(r"""\{\{(-\s)?((?:/\*.*?\*/|"(?:\\.|[^"\\])*"|`[^`]*`|(?!\}\}).)*?)(\s-)?\}\}""", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<field>\$?(?:\.[A-Za-z_]\w*)+|\$|\.)|(?P<word>[A-Za-z_]\w*)|(?P<mark>[()|]))"""
)
_DIRECTIVE = re.compile(r"%(?:%|[-+ #0]*\d*(?:\.\d+)?[a-zA-Z])")
_ENDINGS = {"if": {"else", "end"}, "range": {"else", "end"}, "with": {"else", "end"}, "else": {"end"}}


class _Scope(NamedTuple):
    """
    What ``.`` and ``$`` are: values while a template is rendered, schemas while it is compiled.
    """

    dot: Any
    root: Any


class _Term(NamedTuple):
    """
    A part of an expression: its value in a scope, and its schema, or None if that is not known.
    """

    evaluate: Callable[[_Scope], Any]
    schema: Any = None


def compile_template(template: str, schema: Mapping[str, Any]) -> Callable[[Any], str]:
    """
    Return the function that renders a document.

    Args:
        schema: Of the documents, without references.

    Raises:
        UsageError: The template is malformed, or has a field that no document has.
    """
    render = _Compiler(template).compile(_Scope(schema, schema))
    return lambda document: render(_Scope(document, document))


class _Compiler:
    def __init__(self, template: str) -> None:
        self._template = template
        self._parts = self._split()

    def _fail(self, problem: str) -> UsageError:
        return UsageError(f"--format-string {self._template!r}: {problem}")

    def _split(self) -> list[tuple[str, str]]:
        """
        Return the parts of the template, each as (kind, text); the last one is taken first.
        """
        parts: list[tuple[str, str]] = []
        end, trims = 0, False
        for found in _ACTION.finditer(self._template):
            text = self._template[end : found.start()]
            text = text.lstrip() if trims else text
            parts.append(("text", text.rstrip() if found[1] else text))
            if not found[2].strip().startswith("/*"):
                parts.append(("action", found[2].strip()))
            end, trims = found.end(), bool(found[3])
        rest = self._template[end:]
        parts.append(("text", rest.lstrip() if trims else rest))
        if any("{{" in text for kind, text in parts if kind == "text"):
            raise self._fail("an action has no end: write {{ and }}")
        return parts[::-1]

    def compile(self, scope: _Scope) -> Callable[[_Scope], str]:
        render, word = self._block(scope, set())
        assert not word
        return render

    def _block(self, scope: _Scope, endings: set[str]) -> tuple[Callable[[_Scope], str], str]:
        """
        Compile parts up to one of *endings*, or to the end; return what renders them, and the ending.
        """
        pieces: list[Callable[[_Scope], str]] = []
        while self._parts:
            kind, text = self._parts.pop()
            word = text.split(maxsplit=1)[0] if text.strip() else ""
            if kind == "text":
                pieces.append(partial(_constant, text))
            elif word in endings:
                return partial(_join, pieces), text
            elif word in _ENDINGS and word != "else":
                pieces.append(self._control(word, text.removeprefix(word), scope))
            elif word in {"else", "end"}:
                raise self._fail(f"{{{{{word}}}}} without a beginning")
            else:
                pieces.append(partial(_show, self._pipeline(text, scope).evaluate))
        if endings:
            raise self._fail("{{end}} is missing")
        return partial(_join, pieces), ""

    def _control(self, word: str, text: str, scope: _Scope) -> Callable[[_Scope], str]:
        term = self._pipeline(text, scope)
        dot = scope.dot
        if word == "with":
            dot = term.schema
        elif word == "range":
            dot = (term.schema or {}).get("items") or (term.schema or {}).get("additionalProperties")
            dot = dot if isinstance(dot, dict) else None
        body, ending = self._block(_Scope(dot, scope.root), _ENDINGS[word])
        otherwise: Callable[[_Scope], str] = partial(_constant, "")
        if ending == "else":
            otherwise, _ = self._block(scope, _ENDINGS["else"])
        elif ending != "end":
            inner, _, condition = ending.removeprefix("else").strip().partition(" ")
            if inner not in {"if", "with"}:
                raise self._fail(f"{{{{{ending}}}}} is not understood")
            # Its end is ours, too.
            otherwise = self._control(inner, condition, scope)

        def render(values: _Scope) -> str:
            value = term.evaluate(values)
            if not value:
                return otherwise(values)
            if word != "range":
                return body(_Scope(value, values.root) if word == "with" else values)
            items = value.values() if isinstance(value, dict) else value
            if isinstance(items, str | int | float | bool):
                raise self._fail(f"range over {_format(items)!r}, which is not a list")
            return "".join(body(_Scope(item, values.root)) for item in items)

        return render

    def _pipeline(self, text: str, scope: _Scope) -> _Term:
        tokens: list[tuple[str, str]] = []
        end = 0
        while text[end:].strip():
            found = _TOKEN.match(text, end)
            if found is None:
                raise self._fail(f"{text[end:].strip()!r} is not understood")
            tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            end = found.end()
        tokens.reverse()
        term = self._pipe(tokens, scope)
        if tokens:
            raise self._fail(f"unexpected {tokens[-1][1]!r}")
        return term

    def _pipe(self, tokens: list[tuple[str, str]], scope: _Scope) -> _Term:
        term = self._command(tokens, scope, None)
        while tokens and tokens[-1] == ("mark", "|"):
            tokens.pop()
            term = self._command(tokens, scope, term)
        return term

    def _command(self, tokens: list[tuple[str, str]], scope: _Scope, piped: _Term | None) -> _Term:
        if tokens and tokens[-1][0] == "word" and tokens[-1][1] not in {"true", "false", "nil"}:
            name = tokens.pop()[1]
            terms = []
            while tokens and tokens[-1][1] not in {"|", ")"}:
                terms.append(self._operand(tokens, scope))
            return self._call(name, [*terms, *([piped] if piped else [])])
        term = self._operand(tokens, scope)
        if piped is not None or (tokens and tokens[-1][1] not in {"|", ")"}):
            raise self._fail("a value cannot have arguments; functions are " + ", ".join(_FUNCTIONS))
        return term

    def _operand(self, tokens: list[tuple[str, str]], scope: _Scope) -> _Term:
        kind, text = tokens.pop() if tokens else ("", "")
        if kind == "field":
            return self._field(text, scope)
        if kind == "text":
            return _constant_term(_unquote(text))
        if kind == "number":
            return _constant_term(float(text) if "." in text else int(text))
        if text in {"true", "false", "nil"}:
            return _constant_term({"true": True, "false": False, "nil": None}[text])
        if text == "(":
            term = self._pipe(tokens, scope)
            if not tokens or tokens.pop() != ("mark", ")"):
                raise self._fail(") is missing")
            return term
        if kind == "word":
            return self._call(text, [])
        raise self._fail(f"unexpected {text!r}" if text else "an action is empty")

    def _field(self, text: str, scope: _Scope) -> _Term:
        """
        Compile ``.Status.TaskID``: each name is checked against the schema, as far as there is one.
        """
        start = "root" if text.startswith("$") else "dot"
        schema: Any = getattr(scope, start)
        steps: list[str] = []
        for name in text.removeprefix("$").split(".")[1:]:
            if not name:
                continue
            known = schema.get("properties") if isinstance(schema, dict) else None
            if known is None:
                steps.append(name)
                schema = schema.get("additionalProperties") if isinstance(schema, dict) else None
                continue
            key = next((each for each in known if name in {_go_name(each), each}), None)
            if key is None:
                raise self._fail(f"no field {name!r}: there are {', '.join(sorted(map(_go_name, known)))}")
            steps.append(key)
            schema = known[key]

        def evaluate(values: _Scope) -> Any:
            value = getattr(values, start)
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
            return value

        return _Term(evaluate, schema)

    def _call(self, name: str, terms: Sequence[_Term]) -> _Term:
        if name not in _FUNCTIONS:
            raise self._fail(f"no function {name!r}: there are {', '.join(_FUNCTIONS)}")
        function, least, most = _FUNCTIONS[name]
        if not least <= len(terms) <= most:
            count = f"{least}" if least == most else f"at least {least}"
            raise self._fail(f"{name} takes {count} arguments, not {len(terms)}")
        if name == "len" and terms[0].schema and terms[0].schema.get("type") in {"integer", "number", "boolean"}:
            raise self._fail("len takes a text, a list or a map")
        if name == "printf":
            self._check_printf(terms)

        def evaluate(values: _Scope) -> Any:
            try:
                return function(*(term.evaluate(values) for term in terms))
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                raise self._fail(f"{name}: {error}") from None

        items = terms[0].schema.get("items") if name == "index" and isinstance(terms[0].schema, dict) else None
        return _Term(evaluate, items)

    def _check_printf(self, terms: Sequence[_Term]) -> None:
        try:
            text = terms[0].evaluate(_Scope(None, None))
        except UsageError:
            return
        if not isinstance(text, str):
            return
        directives = [each for each in _DIRECTIVE.findall(text) if each != "%%"]
        unknown = [each for each in directives if each[-1] not in "svdqtfgx"]
        if unknown or "%" in _DIRECTIVE.sub("", text):
            raise self._fail(f"printf has no directive {unknown[0] if unknown else '%'!r}; use %s, %d, %q or %v")
        if len(directives) != len(terms) - 1:
            raise self._fail(f"printf {text!r} takes {len(directives)} values, not {len(terms) - 1}")


def _go_name(name: str) -> str:
    """
    Return the name of a JSON property in the Go client: ``taskId`` is ``TaskID``.
    """
    return re.sub("(Id|Url)(?=[A-Z]|$)", lambda found: found[0].upper(), name[:1].upper() + name[1:])


def _constant(text: str, _scope: _Scope) -> str:
    return text


def _constant_term(value: Any) -> _Term:
    return _Term(lambda _scope: value)


def _join(pieces: Sequence[Callable[[_Scope], str]], scope: _Scope) -> str:
    return "".join(piece(scope) for piece in pieces)


def _show(evaluate: Callable[[_Scope], Any], scope: _Scope) -> str:
    return _format(evaluate(scope))


def _unquote(text: str) -> str:
    import json

    if text.startswith("`"):
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]


def _format(value: Any) -> str:
    """
    Return what Go prints for a value; an object is JSON.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return f"[{' '.join(map(_format, value))}]"
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _printf(text: str, *values: Any) -> str:
    rest = iter(values)

    def fill(found: re.Match[str]) -> str:
        directive = found[0]
        if directive == "%%":
            return "%"
        value = next(rest)
        if directive[-1] in "dfgx":
            return str(directive % value)
        shown = _quote(value) if directive[-1] == "q" else _format(value)
        return f"{directive[:-1]}s" % shown

    return _DIRECTIVE.sub(fill, text)


def _quote(value: Any) -> str:
    import json

    return json.dumps(_format(value), ensure_ascii=False)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else value[key]
    return value


def _length(value: Any) -> int:
    return 0 if value is None else len(value)


def _and(*values: Any) -> Any:
    return next((value for value in values if not value), values[-1])


def _or(*values: Any) -> Any:
    return next((value for value in values if value), values[-1])


_FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "len": (_length, 1, 1),
    "printf": (_printf, 1, 99),
    "print": (lambda *values: "".join(map(_format, values)), 0, 99),
    "println": (lambda *values: " ".join(map(_format, values)) + "\n", 0, 99),
    "index": (_index, 1, 99),
    "eq": (lambda first, *others: first in others, 2, 99),
    "ne": (lambda first, second: first != second, 2, 2),
    "lt": (lambda first, second: first < second, 2, 2),
    "le": (lambda first, second: first <= second, 2, 2),
    "gt": (lambda first, second: first > second, 2, 2),
    "ge": (lambda first, second: first >= second, 2, 2),
    "and": (_and, 1, 99),
    "or": (_or, 1, 99),
    "not": (lambda value: not value, 1, 1),
}
"""Name → the function, and how many arguments it takes."""
