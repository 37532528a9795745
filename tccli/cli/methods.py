"""
Commands that are made from the references: a group per service, a command per method.

``tc queue task``, ``tc api queue task``, ``tc url queue task`` and ``tc signed-url queue task`` are the same tree of
services and methods; their commands have different callbacks.
"""

from __future__ import annotations

import re
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import click

from tccli import names
from tccli.cli.command import Command, Group
from tccli.cli.context import Context, get_context
from tccli.cli.help.methods import (
    build_sections,
    describe_parameter,
    find_deployment_docs,
    find_deployment_service_docs,
    find_method_docs,
)
from tccli.cli.types import DATA_FORMAT
from tccli.references import method_docs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tccli.core.calls import MethodArguments
    from tccli.references import Method, ReferenceSet
    from tccli.references.method_docs import MethodDocs

    RunMethod = Callable[[Context, Method, MethodArguments, Mapping[str, Any]], None]

SERVICES_WITH_COMMANDS = frozenset({"queue", "hooks"})
"""Their methods are what the commands for people are made of."""
ARTIFACT_WORDS = r"[A-Za-z0-9_-]{22}|(?i:https?://|index:).+"
"""Ids, addresses and index paths, which name a task or an artifact where a service or a method is expected."""
# Folded spellings, for messages about methods that do not have these options.
PAYLOAD_OPTIONS = frozenset({"data", "dataformat", "set", "novalidate"})
PAGING_OPTIONS = frozenset({"paginate", "limit", "continuationtoken"})


class MethodTree(Group):
    """
    Services as groups, their methods as commands.

    Args:
        make: Returns the command for a method.
        commands: Further commands, before the services.
    """

    def __init__(self, *args: Any, make: Callable[[Method], click.Command], **kwargs: Any) -> None:
        super().__init__(*args, subcommand_metavar="SERVICE METHOD [ARGS]...", **kwargs)
        self.kind = "service"
        self._make = make

    def list_commands(self, ctx: click.Context) -> list[str]:
        """
        Return the names of the further commands, and of the services.
        """
        return [*self.commands, *get_context(ctx).library().service_names()]

    def load(self, ctx: click.Context, name: str) -> click.Command:
        """
        Return a service's group, or a further command.
        """
        if name in self.commands:
            return self.commands[name]
        return ServiceGroup(get_context(ctx).library(), name, make=self._make)

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Return a hint for a name that is not known: an id or an address without its method, or a command of artifacts.
        """
        if name in {"task", "group"} and self.name == "url":
            of_api = "task" if name == "task" else "getTaskGroup"
            word = name.upper()
            return f"tc open {word} prints the address of its page; tc url queue {of_api} {word}, that of the API"
        if re.fullmatch(rf"{ARTIFACT_WORDS}|(?i:(download|get|task)?[ -]?(artifacts?|logs?))|download|task", name):
            words = "artifact" if "artifact" in self.commands else "queue getLatestArtifact"
            return f"for an artifact: {ctx.command_path} {words} TASK NAME"
        return super().hint(ctx, name)


class ServiceGroup(Group):
    """
    The methods of one service.
    """

    def __init__(self, library: ReferenceSet, service: str, *, make: Callable[[Method], click.Command]) -> None:
        super().__init__(service, help=library.service(service).summary + ".", subcommand_metavar="METHOD [ARGS]...")
        self.kind = "method"
        self._library = library
        self._service = service
        self._make = make

    def hint(self, ctx: click.Context, name: str) -> str:
        """
        Return a hint for a name that is not known: an id or an address has no method in front of it.
        """
        if self._service == "queue" and re.fullmatch(ARTIFACT_WORDS, name):
            return f"for an artifact: {ctx.command_path} getLatestArtifact TASK NAME"
        hint = super().hint(ctx, name)
        if self._service in SERVICES_WITH_COMMANDS and not hint.startswith("did you mean"):
            from tccli.cli.pointers import find_pointer

            return find_pointer(name) or hint
        return hint

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """
        Return the methods' names.
        """
        return self._library.service(self._service).method_names

    def load(self, _ctx: click.Context, name: str) -> click.Command:
        """
        Return a method's command.
        """
        return self._make(self._library.method(self._service, name))

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write a line for each method.
        """
        from tccli.references.headings import group_methods

        for heading, methods in group_methods(self._library.service(self._service).methods.values()):
            with formatter.section(heading):
                formatter.write_dl([(method.name, method.summary) for method in methods])

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the summary and the documentation of the service.
        """
        super().format_help_text(ctx, formatter)
        _write_docs(formatter, method_docs.load_service_docs(self._service))
        _write_foreign(formatter, find_deployment_service_docs(self._library, self._service))


class MethodCommand(Command):
    """
    A command that takes a method's arguments and query options.

    Args:
        run: Called with the parsed arguments.
        options: Options of the command. A query option of the method with the same name hides one of these.
        is_call: Whether the command calls the method. Then the method's example is one of the command, and ``-`` stands
            for the tasks on stdin.
    """

    def __init__(
        self,
        method: Method,
        run: RunMethod,
        options: Sequence[click.Option],
        *,
        is_call: bool = False,
    ) -> None:
        self.method = method
        self._run = run
        self._is_call = is_call
        # The callback gets these for options that are hidden.
        self._defaults = {str(option.name): None for option in options}
        super().__init__(
            method.name,
            callback=self._call,
            params=[*_arguments(method), *_query_options(method), *_unhidden(options, method)],
            help=method.summary + ".",
            short_help=method.summary,
        )

    @property
    def examples(self) -> Sequence[str]:
        """
        The method's example. Its documentation is read only for help.
        """
        example = self._docs.example if self._is_call else ""
        return (example,) if example else ()

    @cached_property
    def _docs(self) -> MethodDocs:
        return find_method_docs(self.method)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """
        Write the summary, the documentation and the facts in the reference.
        """
        super().format_help_text(ctx, formatter)
        _write_docs(formatter, self._docs.paragraphs, self._docs.parts)
        _write_foreign(formatter, find_deployment_docs(self.method))
        for section in build_sections(self.method):
            with formatter.section(section.heading):
                formatter.write_dl(section.rows)

    def explain_missing_option(self, name: str) -> str:
        """
        Return why the method does not have an option that other methods have.
        """
        folded = names.fold(name.lstrip("-"))
        if folded in PAYLOAD_OPTIONS and not self.method.takes_payload:
            return f"{self.method.id} takes no payload"
        if folded in PAGING_OPTIONS and not self.method.is_paged:
            return f"the response of {self.method.id} has no pages"
        argument = next((each for each in self.method.args if names.fold(each) == folded), None)
        if argument is not None:
            return f"<{argument}> is an argument, which is written without a name"
        return ""

    def _call(self, **values: Any) -> None:
        ctx = click.get_current_context()
        given = [values.pop(f"arg_{place}") for place in range(len(self.method.args))]
        args = [value for value in given if value is not None]
        if any(word != word.strip() for word in args):
            from tccli.cli.addresses import trim_ids

            args = trim_ids(self.method, args)
        if any(map(_may_be_address, args)):
            from tccli.cli.addresses import replace_addresses

            args = replace_addresses(get_context(ctx), self.method, args)
        query = {name: values.pop(f"query_{name}") for name in self.method.query}
        chosen = {name: value for name, value in query.items() if value is not None}
        options = {**self._defaults, **values}
        if any(map(_may_be_name_of_task, args)):
            from tccli.cli.tasks.arguments import has_stdin, replace_names, run_for_each

            if self._is_call and has_stdin(self.method, args):
                run_for_each(get_context(ctx), self.method, args, chosen, options)
                return
            args = replace_names(get_context(ctx), self.method, args)
        if len(args) < len(self.method.args):
            raise click.MissingParameter(ctx=ctx, param=self.params[len(args)])
        from tccli.core.calls import MethodArguments

        self._run(get_context(ctx), self.method, MethodArguments(args, chosen), options)


def _write_docs(
    formatter: click.HelpFormatter, paragraphs: Sequence[str], parts: Sequence[tuple[str, str]] = ()
) -> None:
    """
    Write the bundled documentation below the summary.
    """
    if paragraphs:
        from tccli.cli.help.formatter import write_paragraphs

        formatter.write_paragraph()
        with formatter.indentation():
            write_paragraphs(formatter, paragraphs)
            if parts:
                formatter.write_paragraph()
                formatter.write_dl(parts)


def _write_foreign(formatter: click.HelpFormatter, paragraphs: Sequence[str]) -> None:
    """
    Write the deployment's own description under a heading that names its author.
    """
    if paragraphs:
        from tccli.cli.help.formatter import write_paragraphs

        with formatter.section("In the words of the deployment"):
            write_paragraphs(formatter, paragraphs)


def call_command(method: Method) -> click.Command:
    """
    Return the command that calls *method*.
    """
    return MethodCommand(method, _call, _call_options(method), is_call=True)


def _call(context: Context, method: Method, arguments: MethodArguments, options: Mapping[str, Any]) -> None:
    # Imported late: most of these commands only print their help.
    from tccli.cli.call import run_call

    run_call(context, method, arguments, options)


def service_group(library: ReferenceSet, service: str) -> click.Command:
    """
    Return the group that calls the methods of *service*.
    """
    return ServiceGroup(library, service, make=call_command)


class _PathArgument(click.Argument):
    """
    A required argument that an address before it may give, so click must not report that it is missing.
    """

    def value_is_missing(self, _value: Any) -> bool:
        """
        Return False: the command itself checks that.
        """
        return False


def _may_be_address(word: str) -> bool:
    return word[:4].lower() == "http"


def _may_be_name_of_task(word: str) -> bool:
    return ":" in word or word == "-"


def _arguments(method: Method) -> list[click.Argument]:
    # click lowers the case of argument names, so they are numbered.
    return [_argument(method, place, name) for place, name in enumerate(method.args)]


def _argument(method: Method, place: int, name: str) -> click.Argument:
    if method.may_be_empty(name):
        return click.Argument([f"arg_{place}"], metavar=f"[<{name}>]", required=False, default="")
    return _PathArgument([f"arg_{place}"], metavar=f"<{name}>")


def _query_options(method: Method) -> list[click.Option]:
    return [
        click.Option([f"--{names.kebab(name)}", f"query_{name}"], metavar="TEXT", help=describe_parameter(method, name))
        for name in method.query
    ]


def _unhidden(options: Sequence[click.Option], method: Method) -> list[click.Option]:
    """
    Return the options that no query option of the method hides.
    """
    taken = {names.fold(name) for name in method.query}
    return [option for option in options if not taken & {names.fold(name.lstrip("-")) for name in option.opts}]


def _call_options(method: Method) -> list[click.Option]:
    options = []
    if method.takes_payload:
        options += [
            click.Option(["--data"], metavar="JSON|@FILE|@-", help="The payload; the default is stdin."),
            click.Option(["--data-format"], **DATA_FORMAT),
            click.Option(
                ["--set", "set_"],
                metavar="PATH=TEXT|PATH:=JSON",
                multiple=True,
                help="Change the payload: a.b=text, a.b:=JSON, a[0]=…, a[]=… appends; repeatable.",
            ),
            click.Option(["--no-validate"], is_flag=True, help="Do not validate the payload against the schema."),
        ]
    if method.is_paged:
        options.append(click.Option(["--paginate"], is_flag=True, help="Fetch all pages, as one document."))
    return [*options, click.Option(["--dry-run"], is_flag=True, help="Print the request and send nothing.")]


def api_tree() -> click.Command:
    """
    Return ``tc api``: all services again, as in the Go client.
    """
    return MethodTree(
        "api",
        make=call_command,
        help="Call an API method: tc api queue task is tc queue task.",
        examples=("tc api queue task fN1SbArXTPSVFNUvaOlinQ",),
    )


def method_tree(
    name: str,
    run: RunMethod,
    options: Callable[[], Sequence[click.Option]],
    summary: str,
    *,
    examples: Sequence[str],
    commands: Sequence[click.Command] = (),
) -> click.Command:
    """
    Return a group in which every method's command does *run*.

    Args:
        options: Returns new options for each command.
        commands: Further commands of the group.
    """
    make = partial(_leaf, run=run, options=options)
    further = {str(command.name): command for command in commands}
    return MethodTree(name, make=make, help=summary, examples=examples, commands=further)


def _leaf(method: Method, *, run: RunMethod, options: Callable[[], Sequence[click.Option]]) -> click.Command:
    return MethodCommand(method, run, options())
