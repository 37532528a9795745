"""
Templates in the language of Go's text/template, for entries of a listing. Pure; nothing is escaped for HTML.

Fields are checked against the schema of the entry, so that a wrong template is an error before anything is fetched.
Names are Go's: ``.Status.TaskID`` is ``status.taskId``.

Source: the documentation of Go's package text/template.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tccli.core.tasks.go_functions import (
    FUNCTIONS,
    ArgumentError,
    check_format,
    check_position,
    format_value,
    kind_in,
    kind_of,
)
from tccli.errors import BrokenAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# An action in braces, with text/template's trim markers.
_ACTION = re.compile(r"""\{\{(-\s)?((?>/\*.*?\*/|"(?:\\.|[^"\\])*"|`[^`]*`|(?!\}\}).)*?)(\s-)?\}\}""", re.DOTALL)
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)|(?P<number>-?\d+(?:\.\d+)?)"""
    r"""|(?P<field>\$?(?:\.[A-Za-z_]\w*)+|\$|\.)|(?P<word>[A-Za-z_]\w*)|(?P<mark>[()|]))"""
)
MAX_DEPTH = 100
"""Nested blocks, branches of else if, parentheses and calls. Go has a limit for parentheses only, of 10,000."""
MAX_SHOWN_CHARACTERS = 200
"""Of a template, or of a part of it, in a message."""
MAX_INTEGER = 2**63 - 1
_ENDINGS = {"if": {"else", "end"}, "range": {"else", "end"}, "with": {"else", "end"}, "else": {"end"}}


class _Scope(NamedTuple):
    """
    What ``.`` and ``$`` are: values while a template is rendered, schemas while it is compiled.
    """

    dot: Any
    root: Any


class _Term(NamedTuple):
    """
    A part of an expression.

    Attributes:
        text: As it is written, for messages.
        evaluate: Returns its value in a scope.
        schema: Of the value, or None if that is not known.
        is_constant: Whether the value is the same in every scope.
        height: How many calls are nested in it.
    """

    text: str
    evaluate: Callable[[_Scope], Any]
    schema: Any = None
    is_constant: bool = False
    height: int = 0

    def kind(self) -> str | None:
        """
        Return the kind of the value, as far as it is known.
        """
        return kind_of(self.evaluate(_Scope(None, None))) if self.is_constant else kind_in(self.schema)


def compile_template(template: str, schema: Mapping[str, Any]) -> Callable[[Any], str]:
    """
    Return the function that renders a document.

    Args:
        schema: Of the documents, without references.

    The function raises BrokenAnswerError for a document that does not fit the template.

    Raises:
        UsageError: The template is malformed, has a field that no document has, or a value of the wrong kind.
    """
    render = _Compiler(template).compile(_Scope(schema, schema))
    return lambda document: render(_Scope(document, document))


class _Compiler:
    def __init__(self, template: str) -> None:
        self._template = template
        self._depth = 0
        self._parts = self._split()

    def _fail(self, problem: str) -> UsageError:
        return UsageError(f"--format-string {_shorten(self._template)!r}: {problem}")

    def _reject_response(self, text: str, problem: str) -> BrokenAnswerError:
        return BrokenAnswerError(
            f"--format-string {_shorten(self._template)!r} does not fit the response: {_shorten(text)}: {problem}"
        )

    @contextmanager
    def _descend(self) -> Iterator[None]:
        if self._depth == MAX_DEPTH:
            raise self._fail(f"it is nested more than {MAX_DEPTH} levels deep")
        self._depth += 1
        yield
        self._depth -= 1

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
                with self._descend():
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
            dot = _entry_schema(term)
            if term.kind() not in {None, "list", "map", "nil"}:
                raise self._fail(f"range {_shorten(term.text)}: a {term.kind()} is not a list or a map")
        body, ending = self._block(_Scope(dot, scope.root), _ENDINGS[word])
        otherwise: Callable[[_Scope], str] = partial(_constant, "")
        if ending == "else":
            otherwise, _ = self._block(scope, _ENDINGS["else"])
        elif ending != "end":
            inner, _, condition = ending.removeprefix("else").strip().partition(" ")
            if inner not in {"if", "with"}:
                raise self._fail(f"{{{{{ending}}}}} is not understood")
            # Its end is ours, too.
            with self._descend():
                otherwise = self._control(inner, condition, scope)

        return partial(self._render_control, word, term, body, otherwise)

    def _render_control(
        self,
        word: str,
        term: _Term,
        body: Callable[[_Scope], str],
        otherwise: Callable[[_Scope], str],
        values: _Scope,
    ) -> str:
        value = term.evaluate(values)
        if not value:
            return otherwise(values)
        if word != "range":
            return body(_Scope(value, values.root) if word == "with" else values)
        if not isinstance(value, list | dict):
            raise self._reject_response(f"range {term.text}", f"a {kind_of(value)} is not a list or a map")
        # As in Go, maps are sorted.
        items = [value[name] for name in sorted(value)] if isinstance(value, dict) else value
        return "".join(body(_Scope(item, values.root)) for item in items)

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
            raise self._fail("a value cannot have arguments; functions are " + ", ".join(FUNCTIONS))
        return term

    def _operand(self, tokens: list[tuple[str, str]], scope: _Scope) -> _Term:
        kind, text = tokens.pop() if tokens else ("", "")
        if kind == "field":
            return self._field(text, scope)
        if kind == "text":
            return _constant_term(text, _unquote(text))
        if kind == "number":
            return _constant_term(text, self._number(text))
        if text in {"true", "false", "nil"}:
            return _constant_term(text, {"true": True, "false": False, "nil": None}[text])
        if text == "(":
            with self._descend():
                term = self._pipe(tokens, scope)
            if not tokens or tokens.pop() != ("mark", ")"):
                raise self._fail(") is missing")
            return term._replace(text=f"({term.text})")
        if kind == "word":
            return self._call(text, [])
        raise self._fail(f"unexpected {text!r}" if text else "an action is empty")

    def _number(self, text: str) -> int | float:
        # As in Go, whole numbers have 64 bits, and others are finite.
        number = float(text)
        if "." not in text and abs(number) < MAX_INTEGER:
            return int(text)
        if "." not in text or abs(number) == float("inf"):
            raise self._fail(f"the number {text[:20]} is too large")
        return number

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

        return _Term(text, evaluate, schema)

    def _call(self, name: str, terms: Sequence[_Term]) -> _Term:
        if name not in FUNCTIONS:
            raise self._fail(f"no function {name!r}: there are {', '.join(FUNCTIONS)}")
        function = FUNCTIONS[name]
        if not function.least <= len(terms) <= function.most:
            count = f"{function.least}" if function.least == function.most else f"at least {function.least}"
            raise self._fail(f"{name} takes {count} arguments, not {len(terms)}")
        text = _shorten(" ".join([name, *(term.text for term in terms)]))
        height = 1 + max((term.height for term in terms), default=0)
        if height > MAX_DEPTH:
            raise self._fail(f"it is nested more than {MAX_DEPTH} levels deep")

        def evaluate(values: _Scope) -> Any:
            found = [term.evaluate(values) for term in terms]
            try:
                function.check([kind_of(value) for value in found])
                return function.call(*found)
            except ArgumentError as error:
                raise self._reject_response(text, str(error)) from None

        is_constant = all(term.is_constant for term in terms)
        try:
            _check_call(name, terms)
        except ArgumentError as error:
            raise self._fail(f"{text}: {error}") from None
        schema = _entry_schema(terms[0]) if name == "index" and len(terms) == 2 else None
        return _Term(text, evaluate, schema, is_constant, height)


def _check_call(name: str, terms: Sequence[_Term]) -> None:
    """
    Raise ArgumentError if a call is wrong for every document.
    """
    kinds = [term.kind() for term in terms]
    FUNCTIONS[name].check(kinds)
    constants = [term.evaluate(_Scope(None, None)) if term.is_constant else None for term in terms]
    if name == "printf" and terms[0].is_constant:
        check_format(str(constants[0]), kinds[1:])
    if name == "index":
        for key in constants[1:]:
            check_position(key)
    if all(term.is_constant for term in terms):
        FUNCTIONS[name].call(*constants)


def _entry_schema(term: _Term) -> Any:
    """
    Return the schema of the entries of a list or a map, or None if it is not known.
    """
    schema = term.schema if isinstance(term.schema, dict) else {}
    found = schema.get("items") or schema.get("additionalProperties")
    return found if isinstance(found, dict) else None


def _go_name(name: str) -> str:
    """
    Return the name of a JSON property in the Go client: ``taskId`` is ``TaskID``.
    """
    return re.sub("(Id|Url)(?=[A-Z]|$)", lambda found: found[0].upper(), name[:1].upper() + name[1:])


def _constant(text: str, _scope: _Scope) -> str:
    return text


def _constant_term(text: str, value: Any) -> _Term:
    return _Term(text, lambda _scope: value, None, is_constant=True)


def _join(pieces: Sequence[Callable[[_Scope], str]], scope: _Scope) -> str:
    return "".join(piece(scope) for piece in pieces)


def _show(evaluate: Callable[[_Scope], Any], scope: _Scope) -> str:
    return format_value(evaluate(scope))


def _unquote(text: str) -> str:
    import json

    if text.startswith("`"):
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return text[1:-1]


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_CHARACTERS else f"{text[:MAX_SHOWN_CHARACTERS]}…"
