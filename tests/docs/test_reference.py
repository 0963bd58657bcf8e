"""Is everything that exists in the reference, and nothing else, and does every link lead somewhere?"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import re
import runpy
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_type_hints

import click
import pytest

import zcrm_core
from zcrm_cli.main import cli
from zcrm_contract_tests import Capabilities, TokenStoreContract
from zcrm_contract_tests.arguments import parser
from zcrm_contract_tests.profiles import PROFILES
from zcrm_contract_tests.promises import all_promises
from zcrm_contract_tests.report import Run, StoreReport, write
from zcrm_contract_tests.verdicts import Outcome, Verdict
from zcrm_core import Client, Config, LogEvent, Region, Secret, StoreClaim, TokenStorePlugin, hookspecs
from zcrm_core.authorization import OAuth, Tokens
from zcrm_core.config_keys import KEYS
from zcrm_core.crm.access_rights import Profiles, Roles
from zcrm_core.crm.attachments import Attachments
from zcrm_core.crm.batch import BatchItem, BatchResult
from zcrm_core.crm.blueprint import BlueprintAccess
from zcrm_core.crm.bulk import Bulk, BulkReadJob, BulkWriteJob
from zcrm_core.crm.criteria import SearchField
from zcrm_core.crm.entity import Entity
from zcrm_core.crm.jobs import MassUpdate
from zcrm_core.crm.line_items import LineItems
from zcrm_core.crm.module_settings import ModuleSettings
from zcrm_core.crm.modules import Modules
from zcrm_core.crm.notes import Notes, RecordNotes
from zcrm_core.crm.org import Organization
from zcrm_core.crm.photo import Photo
from zcrm_core.crm.reading import RecordReading
from zcrm_core.crm.record import Record
from zcrm_core.crm.record_access import RecordAccess
from zcrm_core.crm.records import ModuleClient
from zcrm_core.crm.related import RelatedList
from zcrm_core.crm.tags import ModuleTags
from zcrm_core.crm.taxes import Taxes
from zcrm_core.crm.users import Users
from zcrm_core.crm.variables import VariableGroups, Variables
from zcrm_core.crm.writing import RecordWriting
from zcrm_core.crm_access import CrmAccess
from zcrm_core.download import Download
from zcrm_core.hookspecs import EventFields
from zcrm_core.plugin_rules import OPTIONAL_STORE_HOOKS
from zcrm_core.plugin_rules import STORE_HOOKS as TOKEN_HOOKS
from zcrm_core.plugins import Plugins
from zcrm_core.response import Response

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
HOOKS = {name: function for name, function in vars(hookspecs).items() if name.startswith("zcrm_")}
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
NOTHING = "–"  # noqa: RUF001 - the dash that the tables show for no value


def page(name: str) -> str:
    """The text of a page."""
    return (DOCS / name).read_text(encoding="utf-8")


def rows(name: str, *header: str) -> list[tuple[str, ...]]:
    """The rows of every table of a page that has this header, cell by cell."""
    found: list[tuple[str, ...]] = []
    inside = False
    for line in page(name).splitlines():
        cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
        if line.startswith("|") and cells == header:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|--"):
            found.append(cells)
    assert found, f"{name} has no table with the columns {header}"
    return found


def code(text: str) -> list[str]:
    """What a text sets in code type."""
    return CODE.findall(text)


def words(text: str) -> set[str]:
    """The names in what a text sets in code type."""
    return set(re.findall(r"\w+", " ".join(code(text))))


# -- hooks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_documented_with_its_arguments(name: str) -> None:
    """The table of hooks has each hook as it is called."""
    documented = [code(first) for first, *_ in rows("reference/hooks.md", "hook", "asked of", "answers")]

    assert [f"{name}({', '.join(inspect.signature(HOOKS[name]).parameters)})"] in documented


def test_no_hook_is_documented_that_does_not_exist() -> None:
    """The table of hooks invents none."""
    assert len(rows("reference/hooks.md", "hook", "asked of", "answers")) == len(HOOKS)


STORE_HOOKS = {*TOKEN_HOOKS, *OPTIONAL_STORE_HOOKS}


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_page_with_every_argument(name: str) -> None:
    """The page has the hook as it is called, each argument with its type, the answer, and who is asked."""
    text = page(f"reference/hooks/{name}.md")
    signature = inspect.signature(HOOKS[name])
    call = f"{name}({', '.join(signature.parameters)})"
    facts = {row[0]: row[1] for row in rows(f"reference/hooks/{name}.md", "question", "answer")}

    assert text.startswith(f"# {name}\n\n`{call}`\n")
    assert set(facts) == {"asked of", "when", "answers", "an error"}
    assert code(facts["answers"])[0].replace("\\", "") == signature.return_annotation
    assert facts["asked of"].startswith("the chosen store" if name in STORE_HOOKS else "every ")
    if signature.parameters:
        table = rows(f"reference/hooks/{name}.md", "argument", "type", "meaning")
        assert [(code(first)[0], code(kind)[0].replace("\\", "")) for first, kind, _ in table] == [
            (each.name, each.annotation) for each in signature.parameters.values()
        ]
        assert all(meaning for _, _, meaning in table)
    else:
        assert "It has no arguments." in text
    assert "```python\n" in text


def test_no_page_is_about_a_hook_that_does_not_exist() -> None:
    """Each page of a hook is one of a hook that there is, and the table leads to it."""
    pages = {file.stem for file in (DOCS / "reference" / "hooks").glob("*.md")}
    linked = {
        (link, *code(first)[0].split("(")[:1])
        for first, *_ in rows("reference/hooks.md", "hook", "asked of", "answers")
        for link in LINK.findall(first)
    }

    assert pages == set(HOOKS)
    assert linked == {(f"hooks/{name}.md", name) for name in HOOKS}


def test_every_method_of_the_base_class_is_documented() -> None:
    """The reference has each method that an author can write, as it is called."""
    calls = {
        f"{name}({', '.join(parameters)})"
        for name, parameters in methods(TokenStorePlugin)
        if not name.startswith("zcrm_")
    }

    assert calls - set(code(page("reference/hooks.md"))) == set()


@pytest.mark.parametrize("kind", [StoreClaim, Region, LogEvent])
def test_every_value_of_a_hook_is_documented_with_its_fields(kind: type) -> None:
    """The table of values has each class with each of its fields."""
    documented = {first: words(fields) for first, fields in rows("reference/hooks.md", "value", "fields")}

    assert {field.name for field in dataclasses.fields(kind)} - documented[f"`{kind.__name__}`"] == set()


# -- configuration -------------------------------------------------------------------------------------

KEY_HEADER = ("key", "meaning", "values", "default", "also known as")
SHOWN_DEFAULTS = {"region": "`us`, or what the addresses say", "environment": "`production`"}
"""The defaults that another key or an address can change."""


def shown_default(name: str) -> str:
    """The default of a key, as the table shows it."""
    default = KEYS[name].default
    if default is None:
        return SHOWN_DEFAULTS.get(name, NOTHING)
    if isinstance(default, Secret):
        return default.reveal() or "empty"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_documented(name: str) -> None:
    """The reference has each key once, with its meaning, its default and every other spelling."""
    [row] = [cells for cells in rows("reference/configuration.md", *KEY_HEADER) if cells[0] == f"`{name}`"]
    _, meaning, _, default, aliases = row

    assert meaning == KEYS[name].meaning
    assert default == shown_default(name)
    assert tuple(code(aliases)) == KEYS[name].aliases


def test_the_shown_default_of_the_environment_is_the_real_one() -> None:
    """A configuration without an environment is for production, as the table says."""
    config = Config({"client_id": "1000.ABC", "client_secret": "s"})

    assert f"`{config.environment}`" == SHOWN_DEFAULTS["environment"]


def test_no_key_is_documented_that_does_not_exist() -> None:
    """The reference invents no key."""
    named = {name for first, *_ in rows("reference/configuration.md", *KEY_HEADER) for name in code(first)}

    assert named == set(KEYS)


def test_every_key_that_a_plugin_adds_is_documented() -> None:
    """The reference has the keys of our own plugins that the core does not know, with their meaning."""
    ours = {path.parent.name.replace("_", "-") for path in ROOT.glob("plugins/*/pyproject.toml")}
    added = {
        (f"`{entry.name}`", f"`{key}`", meaning)
        for entry in entry_points(group="zcrm")
        if entry.dist is not None and entry.dist.name in ours
        for key, meaning in Plugins(installed=[entry], disabled=[]).config_keys().items()
        if key not in KEYS
    }
    documented = rows("reference/configuration.md", "plugin", "key", "meaning")

    assert set(documented) == added


def test_what_differs_between_sdks_is_about_real_keys() -> None:
    """The table of differences names existing keys."""
    differences = rows("reference/configuration.md", "key", "in Zoho's SDKs", "in zcrm")

    assert {name for first, *_ in differences for name in code(first)} <= set(KEYS)


# -- events --------------------------------------------------------------------------------------------


def emitted() -> Mapping[str, tuple[set[str], set[str]]]:
    """The events in the sources: the levels and the fields of each, from every place that emits it."""
    events: dict[str, tuple[set[str], set[str]]] = {}
    for folder in (ROOT / "zcrm_core", *ROOT.glob("plugins/*/src")):
        for file in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(attr="emit"),
                        args=[ast.Constant(value=str(name)), ast.Attribute(attr=level), *_],
                    ):
                        levels, fields = events.setdefault(name, (set(), set()))
                        levels.add(level)
                        fields |= {str(keyword.arg) for keyword in node.keywords}
                    case ast.Call(func=ast.Attribute(attr="emit")):
                        raise AssertionError(f"{file}:{node.lineno} emits an event whose name is not plain")
    return events


def test_every_event_is_documented_with_its_level_and_fields() -> None:
    """The reference has each event that the sources emit, with its level and its fields, and no other."""
    documented = {
        name: ({level}, set(code(fields)))
        for first, level, _, fields in rows("reference/events.md", "event", "level", "when", "fields")
        for name in code(first)
    }

    assert documented == emitted()


def test_every_field_of_an_event_is_documented_with_its_type() -> None:
    """The reference has each field that an event can hold, with the type that a type checker sees."""
    documented = {
        code(first)[0]: code(kind)[0].replace("\\", "")
        for first, kind, _ in rows("reference/events.md", "field", "type", "meaning")
    }

    hints = get_type_hints(EventFields)

    assert documented == {
        name: hint.__name__ if isinstance(hint, type) else str(hint) for name, hint in hints.items()
    }


# -- errors --------------------------------------------------------------------------------------------


def test_every_error_code_is_listed() -> None:
    """The list of errors has each page with its title, and nothing else."""
    titles = set()
    for file in (DOCS / "errors").glob("ZCRM-*.md"):
        first, _, _ = file.read_text(encoding="utf-8").partition("\n")
        name, _, title = first.removeprefix("# ").partition(": ")
        titles.add((f"[{name}]({name}.md)", title))

    assert set(rows("errors/README.md", "code", "what happened")) == titles


# -- the client ----------------------------------------------------------------------------------------


def test_every_public_name_is_documented() -> None:
    """The page of the client names everything that the package exports."""
    assert set(zcrm_core.__all__) - words(page("reference/client.md")) == set()


def methods(kind: type) -> Iterator[tuple[str, list[str]]]:
    """The public methods of a class, each with its parameters."""
    for name, member in vars(kind).items():
        function = member.__func__ if isinstance(member, classmethod) else member
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, list(inspect.signature(function).parameters)[1:]


CALLED = [
    Client,
    CrmAccess,
    OAuth,
    Tokens,
    Users,
    Roles,
    Profiles,
    Organization,
    Modules,
    Taxes,
    Variables,
    VariableGroups,
    Notes,
    RecordNotes,
    Attachments,
    Photo,
    RelatedList,
    BlueprintAccess,
    ModuleTags,
    RecordAccess,
    RecordReading,
    RecordWriting,
    ModuleSettings,
    ModuleClient,
    LineItems,
    Record,
    SearchField,
    Bulk,
    BulkReadJob,
    BulkWriteJob,
    MassUpdate,
    Download,
    BatchItem,
    BatchResult,
    Response,
    Config,
]


@pytest.mark.parametrize("kind", CALLED)
def test_every_method_is_documented_with_its_arguments(kind: type) -> None:
    """The page of the client has each method as it is called, with the names of all its arguments."""
    calls = [
        (name, set(re.findall(r"\w+", arguments)))
        for span in code(page("reference/client.md"))
        for name, arguments in re.findall(r"(\w+)\(([^)]*)\)", span)
    ]
    missing = [
        name
        for name, parameters in methods(kind)
        if not any(called == name and set(parameters) <= arguments for called, arguments in calls)
    ]

    assert missing == []


@pytest.mark.parametrize(
    "kind", [Client, CrmAccess, ModuleClient, RecordAccess, Record, BatchResult, BatchItem, Response]
)
def test_every_property_is_documented(kind: type) -> None:
    """The page of the client names each property of what a program holds."""
    properties = {
        name
        for name, member in vars(kind).items()
        if isinstance(member, property) and not name.startswith("_")
    }

    assert properties - words(page("reference/client.md")) == set()


ENTITIES = runpy.run_path(str(ROOT / "scripts" / "entities.py"))


def test_the_page_of_entities_is_up_to_date() -> None:
    """The page is what the script writes; run ``python scripts/entities.py`` where it is not."""
    assert ENTITIES["page"](ROOT) == page("reference/entities.md")


def kinds(base: type[Entity] = Entity) -> Iterator[type[Entity]]:
    """Every class of entities."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def test_every_entity_is_on_the_page_with_every_attribute_explained() -> None:
    """The page has each class that exists once all is loaded, and a line that explains each public member."""
    for path in (ROOT / "zcrm_core" / "crm").glob("*.py"):
        importlib.import_module(f"zcrm_core.crm.{path.stem}")
    real = {
        kind.__name__: {name for name in vars(kind) if not name.startswith("_")} - {"points"}
        for kind in kinds()
        if kind.__module__.startswith("zcrm_core.crm.")
    }
    whole = page("reference/entities.md")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", whole, re.DOTALL | re.MULTILINE))
    lines = {
        name: dict(re.findall(r"^\| `(\w+)[(`].* \| (.*) \|$", section, re.MULTILINE))
        for name, section in sections.items()
    }

    assert {name: set(found) for name, found in lines.items()} == real
    assert [name for found in lines.values() for name, says in found.items() if not says] == []
    assert "`points`" in whole.partition("## ")[0]


# -- the command line ----------------------------------------------------------------------------------


def commands(group: click.Group = cli, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by its words after ``zcrm``."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        elif command is not None:
            yield f"{above}{name}", command


@pytest.mark.parametrize("where", ["reference/cli.md", "../plugins/zcrm_cli/README.md"])
def test_every_command_is_documented(where: str) -> None:
    """The page of the command line, and its wheel's, have every command of the program, and no other."""
    documented = {
        named.partition(" --")[0]
        for first, _ in rows(where, "command", "what it does")
        for named in code(first)
    }

    assert documented == {f"zcrm {words}" for words, _ in commands()}


def test_every_option_is_documented() -> None:
    """The page of the command line has each option of each command, and no other."""
    everywhere = [("zcrm", cli), *commands()]
    real = {
        (name, option)
        for name, command in everywhere
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
    }
    documented = {
        (name, code(first)[0].split()[0])
        for first, of, _ in rows("reference/cli.md", "option", "of", "meaning")
        for name in ([name for name, _ in everywhere] if of == "all" else code(of))
    }

    assert documented == real


# -- the contract suite --------------------------------------------------------------------------------

CONTRACT = "reference/contract.md"


def test_every_promise_is_in_the_contract_word_for_word() -> None:
    """CONTRACT.md has each promise of the suite in its order, with its capabilities and what it needs."""
    documented = rows("../contract_tests/CONTRACT.md", "id", "promise", "capability", "needs")

    assert [(id_, said, code(capability), code(needs)) for id_, said, capability, needs in documented] == [
        (promise.id, promise.sentence, list(promise.capabilities), list(promise.behind))
        for promise in all_promises()
    ]


def first_words(name: str, *header: str) -> set[str]:
    """What the first column of a table sets in code type, each without its arguments."""
    return {re.split(r"[ (]", text)[0] for first, *_ in rows(name, *header) for text in code(first)}


def test_every_attribute_of_a_contract_is_documented_with_its_default() -> None:
    """The page has what an author can set, and what holds when nothing is said."""
    documented = {
        code(first)[0]: default.strip("`")
        for first, default, _ in rows(CONTRACT, "attribute", "default", "meaning")
    }
    names = inspect.get_annotations(TokenStoreContract)

    assert documented == {
        name: repr(getattr(TokenStoreContract, name)) if hasattr(TokenStoreContract, name) else NOTHING
        for name in names
    } | {"capabilities": "Capabilities()"}
    assert Capabilities() == TokenStoreContract.capabilities


def test_every_method_of_a_contract_is_documented() -> None:
    """The page has each method that an author writes or can write, as it is called, and no other."""
    calls = {
        f"{name}({', '.join(parameters)})"
        for name, parameters in methods(TokenStoreContract)
        if not name.startswith("test_")
    }

    assert {
        code(first)[0] for first, *_ in rows(CONTRACT, "method", "gives or does", "without it, not checked")
    } == calls


def test_what_is_not_checked_without_a_method_is_said() -> None:
    """The page names, for each optional method, the promises that need it."""
    documented = {
        (code(first)[0].split("(")[0], promise)
        for first, _, without in rows(CONTRACT, "method", "gives or does", "without it, not checked")
        for promise in re.findall(r"TS-\d\d", without)
    } - {("newer_store", "TS-34")}

    assert documented == {(need, promise.id) for promise in all_promises() for need in promise.behind}


def test_every_capability_is_documented_with_its_default() -> None:
    """The page has each capability, and whether it is on."""
    documented = {
        code(first)[0]: default.strip("`")
        for first, default, _ in rows(CONTRACT, "capability", "default", "what it promises")
    }

    assert documented == {name: str(value) for name, value in dataclasses.asdict(Capabilities()).items()}


def test_every_verdict_and_profile_is_documented() -> None:
    """The page has each verdict, and each profile with its number of examples."""
    verdicts = {code(first)[0] for first, *_ in rows(CONTRACT, "verdict", "meaning", "the run")}
    profiles = {
        code(first)[0]: int(number) for first, number, _ in rows(CONTRACT, "profile", "examples", "for")
    }

    assert verdicts == {verdict.value for verdict in Verdict}
    assert profiles == {profile.name: profile.examples for profile in PROFILES.values()}


def test_every_option_of_the_suite_is_documented(pytestconfig: pytest.Config) -> None:
    """The page has each option of the command, and each that the plugin adds to pytest, and no other."""
    command = {option for action in parser()._actions for option in action.option_strings}
    plugin = {name for name in vars(pytestconfig.option) if name.startswith("zcrm_")}

    assert first_words(CONTRACT, "option of `zcrm-contract`", "meaning") == command - {"-h", "--help"}
    assert first_words(CONTRACT, "option of `pytest`", "meaning") == {
        f"--{name.replace('_', '-')}" for name in plugin
    }


def test_every_field_of_the_report_is_documented(tmp_path: Path) -> None:
    """The page has each field of a report that was written, and no other."""
    outcome = Outcome("TS-01", "It works.", Verdict.KEPT)
    write(tmp_path / "report.json", [StoreReport("mine", "1.5", 1, (outcome,), "TestIt", 1)], Run("dev"))
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    [store] = report["stores"]

    assert first_words(CONTRACT, "field of the report", "meaning") == set(report)
    assert first_words(CONTRACT, "field of a store", "meaning") == set(store)
    assert first_words(CONTRACT, "field of a promise", "meaning") == set(store["promises"][0])


# -- the architecture, and the pages themselves --------------------------------------------------------


def test_the_architecture_lists_every_module_in_the_order_of_imports() -> None:
    """The page has each module of the core, and each imports only from those above it."""
    listed = [
        name.strip("/")
        for first, _ in rows("explanation/architecture.md", "module", "question")
        for name in code(first)
    ]
    core = ROOT / "zcrm_core"

    assert sorted(listed) == sorted({path.stem for path in core.glob("*.py")} - {"__init__"} | {"crm"})
    for place, name in enumerate(listed):
        files = core.glob("crm/*.py") if name == "crm" else [core / f"{name}.py"]
        imported = {
            statement.module.split(".")[1]
            for file in files
            for statement in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("zcrm_core.")
            if statement.module is not None
        }
        assert imported <= {*listed[:place], *(["crm"] if name == "crm" else [])}, name


def test_every_page_is_in_the_index() -> None:
    """The index leads to each page, except those of single errors."""
    linked = {(DOCS / link).resolve() for link in LINK.findall(page("README.md"))}
    pages = {file for file in DOCS.rglob("*.md") if not file.name.startswith("ZCRM-")}

    assert pages - linked == {DOCS / "README.md"}


MARKDOWN = [
    *ROOT.glob("*.md"),
    *DOCS.rglob("*.md"),
    *ROOT.glob("plugins/*/README.md"),
    *ROOT.glob("contract_tests/*.md"),
    *ROOT.glob("examples/*/README.md"),
]


@pytest.mark.parametrize("file", MARKDOWN, ids=[str(file.relative_to(ROOT)) for file in MARKDOWN])
def test_every_link_leads_somewhere(file: Path) -> None:
    """Each relative link of a page is a file of the repository."""
    links = [link for link in LINK.findall(file.read_text(encoding="utf-8")) if "://" not in link]

    assert [link for link in links if not (file.parent / link).exists()] == []
