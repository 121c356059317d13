"""Every id that the source gives an error has its row in docs/errors.md, with its exit code; no row has another one."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import todoctl
from todoctl.access import forward, probe
from todoctl.adapters import apiserver
from todoctl.errors import ExitCode, TodoctlError
from todoctl.images import causes
from todoctl.preflight.explain import entries, errors
from todoctl.targets import events


@dataclass(frozen=True)
class Made:
    """A place where an error is made: the exit codes that it may have, and the expression of its id, as written."""

    where: str
    module: ModuleType
    exit_codes: frozenset[int]
    id: ast.expr
    text: str


def ids_of(among: tuple[causes.Cause, ...], begin: str) -> set[str]:
    return {f"{begin}.{cause.id}" for cause in among}


def parts() -> set[str]:
    answering = {one.part for one in (probe.FRONTEND, probe.BACKEND)}
    return {f"access.{part}" for part in answering | {name for name, to in forward.PARTS.items() if to.healthy}}


# What is no constant, as the source has it, and the ids that it stands for.
DYNAMIC = {
    'f"access.{expectation.part}"': parts,
    'f"build.{known.id}"': lambda: ids_of(causes.CAUSES, "build"),
    'f"pull.{known.id}"': lambda: ids_of(causes.CAUSES, "pull"),
    'f"push.{known.id}"': lambda: ids_of(causes.ON_PUSH, "push"),
    'f"sideload.{known.id}"': lambda: ids_of(causes.ON_NODE + causes.CAUSES, "sideload"),
    'f"{kind}.unwritable"': lambda: {f"{kind}.unwritable" for kind in given_to("creating", 1)},
    'f"{kind}.disk"': lambda: {f"{kind}.disk" for kind in given_to("creating", 1)},
    '_ID_OF_STATUS.get(status, "cluster.refused")': lambda: {*apiserver._ID_OF_STATUS.values(), "cluster.refused"},
    # Minikube's own names of what went wrong are its own to add to.
    """f"minikube.{event.name.lower().replace('_', '-') if event and event.name else 'failed'}\"""": lambda: {
        "minikube.REASON"
    },
    # Told in a report, whose command ends with no error: the id is that of one that is listed elsewhere.
    "refusal.id": set,
    "check_id": lambda: given_to("disk", 0),
    "check.id": lambda: set(entries()),
}


@cache
def modules() -> dict[ModuleType, tuple[str, ast.Module]]:
    """Return every module of todoctl, with its source; but for the one that runs todoctl when it is imported."""
    names = [one.name for one in pkgutil.walk_packages(todoctl.__path__, "todoctl.")]
    found = {}
    for name in names:
        if not name.endswith("__main__"):
            module = importlib.import_module(name)
            source = Path(inspect.getfile(module)).read_text("utf-8")
            found[module] = (source, ast.parse(source))
    return found


@cache
def classes() -> dict[str, type[TodoctlError]]:
    """Return every class of errors by its name."""
    modules()
    found, new = {TodoctlError}, {TodoctlError}
    while new:
        new = {below for one in new for below in one.__subclasses__() if below.__module__.startswith("todoctl.")}
        found |= new
    assert len({one.__name__ for one in found}) == len(found)
    return {one.__name__: one for one in found}


def given_to(function: str, position: int) -> set[str]:
    """Return the constants that the source gives a function of this name as one of its arguments."""
    given = [
        node.args[position]
        for _, tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and len(node.args) > position
        and getattr(node.func, "attr", getattr(node.func, "id", None)) == function
    ]
    found = {one.value for one in given if isinstance(one, ast.Constant)}
    assert len(found) > 1, function
    return found


def takes_an_id(class_: type[TodoctlError]) -> bool:
    return list(inspect.signature(class_.__init__).parameters)[1] == "id"


def made() -> Iterator[Made]:
    """Yield every place where an error gets its id: a call of its class, or of its base's constructor within it."""
    for module, (source, tree) in modules().items():
        within = {
            id(node): classes()[one.name]
            for one in ast.walk(tree)
            if isinstance(one, ast.ClassDef) and one.name in classes()
            for node in ast.walk(one)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            match node.func:
                case ast.Name(id=name) if name in classes() and takes_an_id(classes()[name]):
                    codes = frozenset({int(classes()[name].exit_code)})
                case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr="__init__") if id(node) in within:
                    of = within[id(node)]
                    if of is TodoctlError:
                        continue
                    codes = frozenset(int(one.exit_code) for one in {of, *of.__subclasses__()})
                case ast.Call(func=ast.Name(id="_type_of")):
                    codes = frozenset(int(events._type_of(code).exit_code) for code in range(256))
                case _:
                    continue
            where = f"{Path(inspect.getfile(module)).relative_to(Path(todoctl.__path__[0]))}:{node.lineno}"
            yield from branches(Made(where, module, codes, node.args[0], ""), source)


def branches(one: Made, source: str) -> Iterator[Made]:
    """Yield the place for each expression that its id may be."""
    for id_ in (one.id.body, one.id.orelse) if isinstance(one.id, ast.IfExp) else (one.id,):
        yield Made(one.where, one.module, one.exit_codes, id_, ast.get_source_segment(source, id_) or "")


def ids(one: Made) -> set[str]:
    match one.id:
        case ast.Constant(value=str(value)):
            return {value}
        case ast.Name(id=name) if isinstance(getattr(one.module, name, None), str):
            return {getattr(one.module, name)}
        case _:
            return DYNAMIC[one.text]()


@cache
def raised() -> dict[str, frozenset[int]]:
    """Return the exit codes that the source gives each id."""
    found: dict[str, set[int]] = defaultdict(set)
    for one in made():
        for id_ in ids(one):
            found[id_] |= one.exit_codes
    return {id_: frozenset(codes) for id_, codes in found.items()}


def test_an_id_is_a_constant_or_one_of_a_list_that_this_test_knows():
    plain = (ast.Constant, ast.Name)
    unknown = [
        f"{one.where}: {one.text}" for one in made() if not isinstance(one.id, plain) and one.text not in DYNAMIC
    ]
    assert unknown == [], "say in DYNAMIC which ids that may be"
    assert set(DYNAMIC) - {one.text for one in made()} == set()


def test_the_table_has_every_id_with_its_exit_codes_and_no_other():
    # A check's own id is explained in its entry, and ends a command with exit code 4.
    own = {id_: {int(ExitCode.PREFLIGHT)} if id_ in entries() else set() for id_ in raised()}
    wanted = {id_: sorted(codes - own[id_]) for id_, codes in raised().items() if codes - own[id_]}
    listed = {id_: sorted(row.exit_codes) for id_, row in errors().items()}
    assert listed == wanted


def test_nothing_is_made_like_an_error_where_this_test_does_not_see_it():
    """A call with `because` and `hint` makes an error: by its class, or by a function that this test knows."""
    unseen = []
    for _, tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and {"because", "hint"} <= {word.arg for word in node.keywords}:
                name = getattr(node.func, "attr", getattr(node.func, "id", ast.unparse(node.func)))
                unseen += [name] if name not in {*classes(), "__init__", "_type_of(code)", "form"} else []
    assert unseen == []


@pytest.mark.parametrize("id_", ["rollout.failed", "build.network", "minikube.timeout", "docker.not-running"])
def test_an_id_is_found_however_it_is_given(id_):
    """As a constant, by a list of causes, by a name of the module, and in a class of its own."""
    assert id_ in raised()
