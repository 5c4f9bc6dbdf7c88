"""Whether the tests notice an error: the share of mutants of a module that they kill.

    python benchmarks/checks/mutation.py kerasae/losses kerasae/penalties --out runs/mutation.json

Each mutant is a copy of the project with one operator, comparison, number or condition changed, by the
operators of cosmic-ray (`pip install cosmic-ray coverage`). What survives is printed as a difference, to be
looked at one by one: a test is missing, or the change makes no difference.

No table says which tests guard a module. All tests that are not marked slow run once without a mutant, each
file in a process of its own, and coverage notes which lines each test runs and how long it takes (`--map`
keeps the notes for the next run). A mutant then gets the tests that run the changed line, the quickest first,
until one fails or `--seconds` are used up. Where no test runs that line by itself, as in a signature, it gets
those of the smallest function, class or module around it, and then the others of their files. A test that
killed a mutant must pass without one. What a test does in a process that it starts is not seen: such a test
and those marked slow may well kill a survivor.

Left out, by their place in the syntax tree, are changes that no caller can compute with: in a `raise`
statement, in a call of `warnings.warn`, and in annotations. Nothing is left out because it once survived.

Processes are forked from one that has TensorFlow already. Without modules it takes all rooms of numbers, some
hours; with `--most` a draw of each module, by `--seed`.
"""

import argparse
import ast
import collections
import compileall
import contextlib
import difflib
import gc
import hashlib
import importlib
import json
import os
import py_compile
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("losses", "penalties", "evaluation", "thresholds", "scores", "preprocessing")
#: One change of each kind: a hundred ways to break a sum are killed by the same test.
_OPERATORS = (
    *("AddNot", "NumberReplacer", "ReplaceAndWithOr", "ReplaceOrWithAnd", "ZeroIterationForLoop"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceBreakWithContinue", "ExceptionReplacer"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub"),
    *(
        f"ReplaceBinaryOperator_{a}_{b}"
        for a, b in (("Add", "Sub"), ("Sub", "Add"), ("Mul", "Div"), ("Div", "Mul"))
    ),
    *(f"ReplaceBinaryOperator_{a}_{b}" for a, b in (("Pow", "Mul"), ("Mod", "Mul"), ("FloorDiv", "Mul"))),
    *(
        f"ReplaceComparisonOperator_{a}_{b}"
        for a, b in (("Lt", "LtE"), ("LtE", "Lt"), ("Gt", "GtE"), ("GtE", "Gt"))
    ),
    *(
        f"ReplaceComparisonOperator_{a}_{b}"
        for a, b in (("Lt", "Gt"), ("Gt", "Lt"), ("Eq", "NotEq"), ("NotEq", "Eq"))
    ),
    *("ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is"),
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", default=[f"kerasae/{room}" for room in ROOMS])
    parser.add_argument(
        "--tests", nargs="+", default=["tests"], help="folders, files and single tests to ask"
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="of tests for one mutant, at most")
    parser.add_argument("--most", type=int, help="mutants of a module, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--map", type=Path, help="a JSON file of what each test runs, kept between runs")
    parser.add_argument("--out", type=Path, help="a JSON file, written anew after each module")
    options = parser.parse_args()
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    modules = [path.relative_to(ROOT).as_posix() for one in options.modules for path in _modules(ROOT / one)]
    files = [name for one in options.tests for name in _tests(one)]
    results = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = _copied(Path(folder) / "tree")
        _import_others(tree, files)
        tests = watched(tree, files, modules, options.map)
        for module in modules:
            results[module] = examine(tree, module, tests, options)
            if options.out is not None:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(results, indent=2) + "\n")
    rooms = collections.defaultdict(list)
    for module, result in results.items():
        rooms[Path(module).parent.as_posix()].append(result)
    for room, members in [*rooms.items(), ("all", [*results.values()])]:
        killed, mutants = (sum(member[key] for member in members) for key in ("killed", "mutants"))
        share = 100 * killed / max(mutants, 1)
        print(f"{room}: {killed} of {mutants} mutants killed ({share:.1f} %), {len(members)} modules")


def _modules(path):
    if path.is_dir():
        return sorted(one for one in path.rglob("*.py") if one.name != "__init__.py")
    return [_file(path)]


def _tests(name):
    """The files of a folder; a file or a test of it by itself."""
    path = ROOT / name.partition("::")[0]
    if not path.is_dir():
        _file(path)
        return [name]
    return sorted(one.relative_to(ROOT).as_posix() for one in path.rglob("test_*.py"))


def _file(path):
    if not path.is_file():
        raise SystemExit(f"Expected a file or a folder, found nothing at {path}.")
    return path


def _copied(tree):
    """The files under version control, with links where an installation has packages."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy2(ROOT / name, tree / name)
    for name in ("tuning", "export"):
        (tree / "kerasae" / name).symlink_to(tree / name, target_is_directory=True)
    # By time and size, a mutant could be taken for the one before it.
    checked = py_compile.PycInvalidationMode.CHECKED_HASH
    compileall.compile_dir(tree / "kerasae", quiet=2, invalidation_mode=checked)
    return tree


def _import_others(tree, files):
    """Import what the tests import of other packages, once for all processes that are forked."""
    path = tree.parent / "names.json"

    def collect():
        pytest.main(["-q", "-p", "no:cacheprovider", "--collect-only", *files])
        path.write_text(json.dumps([*sys.modules]))

    _forked(collect, 600, tree)
    for name in json.loads(path.read_text()) if path.is_file() else []:
        if name.split(".")[0] not in ("kerasae", "tests", "conftest", "__main__"):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    # Collections of garbage in forked processes need not look at these again.
    gc.freeze()


# What each test runs -------------------------------------------------------------------------------


def watched(tree, files, modules, kept):
    """Each test that passes: its seconds, and the lines that it runs of each module in `ROOMS`.

    Args:
        tree: The copy of the project.
        files: Files of tests, as paths in it, or single tests.
        modules: Modules that will have mutants, as paths in it.
        kept: A JSON file in which the notes on each file of tests are kept, or `None`. They are taken
            anew once that file, `conftest.py` or one of `modules` has changed.
    """
    notes = json.loads(kept.read_text()) if kept is not None and kept.is_file() else {}
    states = {path.relative_to(tree).as_posix(): _state(path) for path in _rooms(tree)}
    common = _state(tree / "tests/conftest.py")
    tests = {}
    for name in files:
        own = {name: _state(tree / name.partition("::")[0]), "tests/conftest.py": common}
        current = own | {module: states.get(module) for module in modules}
        if not current.items() <= notes.get(name, {}).get("states", {}).items():
            path = tree.parent / "notes.json"
            path.unlink(missing_ok=True)
            _forked(lambda name=name, path=path: _watch(tree, name, path), 1800, tree)
            if not path.is_file():
                raise SystemExit(f"The tests of {name} did not come to an end without a mutant.")
            notes[name] = {"states": own | states, **json.loads(path.read_text())}
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(notes) + "\n")
        failed = notes[name]["failed"]
        left_out = f"; left out, as they fail without a mutant: {', '.join(failed)}" if failed else ""
        print(f"{name}: {len(notes[name]['tests'])} tests{left_out}", flush=True)
        tests |= notes[name]["tests"]
    return tests


def _state(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _rooms(tree):
    return [module for room in ROOMS for module in _modules(tree / "kerasae" / room)]


class _Watch:
    """A plugin of pytest. The work of a fixture that several tests share counts for each of them."""

    def __init__(self, coverage):
        self.coverage = coverage
        self.seconds = collections.Counter()
        self.shared = {}
        self.failed = set()
        self._open = ["imports"]

    @contextlib.contextmanager
    def _noted(self, context):
        self._open.append(context)
        self.coverage.switch_context(context)
        began = time.monotonic()
        yield
        seconds = time.monotonic() - began
        self.seconds[self._open.pop()] += seconds
        self.seconds[self._open[-1]] -= seconds
        self.coverage.switch_context(self._open[-1])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self.shared[item.nodeid] = item.fixturenames
        with self._noted(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef):
        if fixturedef.scope == "function":
            return (yield)
        with self._noted(f"fixture {fixturedef.argname}"):
            return (yield)

    def pytest_runtest_logreport(self, report):
        if not report.passed:
            self.failed.add(report.nodeid)


def _watch(tree, name, path):
    import coverage

    modules = _rooms(tree)
    measured = coverage.Coverage(data_file=None, config_file=False, include=[str(one) for one in modules])
    measured.start()
    # Not in the first test that happens to need them.
    for module in modules:
        importlib.import_module(".".join(module.relative_to(tree).with_suffix("").parts))
    plugin = _Watch(measured)
    pytest.main(["-q", "-p", "no:cacheprovider", "-m", "not slow", name], plugins=[plugin])
    measured.stop()
    lines = collections.defaultdict(lambda: collections.defaultdict(list))
    for module in measured.get_data().measured_files():
        for line, contexts in measured.get_data().contexts_by_lineno(module).items():
            for context in contexts:
                lines[context][Path(module).relative_to(tree).as_posix()].append(line)
    tests = {}
    for test in plugin.shared.keys() - plugin.failed:
        parts = [test, *(f"fixture {fixture}" for fixture in plugin.shared[test])]
        ran = collections.defaultdict(set)
        for part in parts:
            for module, numbers in lines[part].items():
                ran[module].update(numbers)
        tests[test] = {
            "seconds": sum(plugin.seconds[part] for part in parts),
            "lines": {module: sorted(numbers) for module, numbers in ran.items()},
        }
    path.write_text(json.dumps({"tests": tests, "failed": sorted(plugin.failed)}))


# Mutants -------------------------------------------------------------------------------------------


def mutants_of(source):
    """The operator, its occurrence and the offset `(line, column)` of each change that counts."""
    from cosmic_ray import ast as trees
    from cosmic_ray import plugins

    nodes = [*trees.ast_nodes(trees.get_ast(source))]
    syntax = Syntax(source)
    for name in _OPERATORS:
        operator = plugins.get_operator(f"core/{name}")()
        places = [place for node in nodes for place, _ in operator.mutation_positions(node)]
        for occurrence, place in enumerate(places):
            # An asterisk is a product only between two numbers.
            product = not name.startswith("ReplaceBinaryOperator") or syntax.between_numbers(place)
            if product and not syntax.silent(place):
                yield name, occurrence, place


def mutated(source, name, occurrence):
    from cosmic_ray import mutating, plugins

    return mutating.mutate_code(source, plugins.get_operator(f"core/{name}")(), occurrence)


class Syntax:
    """The syntax tree of a module, asked about places `(line, column)` in it."""

    def __init__(self, source):
        self._lines = source.splitlines()
        self._tree = ast.parse(source)
        self._parts = [node for node in ast.walk(self._tree) if hasattr(node, "lineno")]
        self._silent = [
            part
            for node in ast.walk(self._tree)
            for part in (
                node if isinstance(node, ast.Raise) or _warns(node) else None,
                getattr(node, "annotation", None),
                getattr(node, "returns", None),
            )
            if part is not None
        ]

    def _holds(self, node, place):
        line, column = place
        # The tree counts bytes.
        at = (line, len(self._lines[line - 1][:column].encode()))
        return (node.lineno, node.col_offset) <= at < (node.end_lineno, node.end_col_offset)

    def silent(self, place):
        """Whether what stands there is said or noted only: an error, a warning, an annotation."""
        return any(self._holds(node, place) for node in self._silent)

    def between_numbers(self, place):
        """Whether an operator of two operands stands there."""
        return any(
            isinstance(node, ast.BinOp)
            and self._holds(node, place)
            and not self._holds(node.left, place)
            and not self._holds(node.right, place)
            for node in self._parts
        )

    def around(self, place):
        """The first and last line of each part that holds a place, from the smallest to all lines."""
        holders = [node for node in self._parts if self._holds(node, place)]
        spans = {(node.lineno, node.end_lineno) for node in holders} | {(1, len(self._lines))}
        return sorted(spans, key=lambda span: span[1] - span[0])


def _warns(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "warn"


def chosen(tests, module, spans, most):
    """The tests of the smallest span that any runs, the quickest first, until `most` seconds are full.

    Where that is not the changed part itself, the other tests of the same files follow: a test may read a
    constant of a class without running a line of it. If no test runs anything of the module, all are asked.
    """
    for first, last in spans:
        guards = {
            name
            for name, test in tests.items()
            if any(first <= line <= last for line in test["lines"].get(module, ()))
        }
        if guards:
            break
    else:
        first, last, guards = None, None, set(tests)
    files = {name.split("::")[0] for name in guards} if (first, last) != spans[0] else ()
    others = {name for name in tests if name.split("::")[0] in files} - guards
    names, total = [], 0.0
    for group in (guards, others):
        for name in sorted(group, key=lambda name: (tests[name]["seconds"], name)):
            total += tests[name]["seconds"]
            if names and total > most:
                return names
            names.append(name)
    return names


# Runs ----------------------------------------------------------------------------------------------


def examine(tree, module, tests, options):
    """The mutants of one module, run one after the other: how many were killed, and which were not."""
    source = (tree / module).read_text(encoding="utf-8")
    syntax = Syntax(source)
    mutants = [*mutants_of(source)]
    count = len(mutants)
    if options.most is not None and count > options.most:
        mutants = random.Random(options.seed).sample(mutants, options.most)
    tests, killers = dict(tests), {}
    pending = mutants
    while pending:
        for name, occurrence, place in pending:
            guards = chosen(tests, module, syntax.around(place), options.seconds)
            (tree / module).write_text(mutated(source, name, occurrence), encoding="utf-8")
            killers[name, occurrence] = _first_failure(tree, guards, tests) if guards else None
        (tree / module).write_text(source, encoding="utf-8")
        # A test that needs those before it kills nothing.
        suspects = sorted({killer for killer in killers.values() if killer in tests})
        broken = _first_failure(tree, suspects, tests) if suspects else None
        if broken is not None and broken not in tests:
            raise SystemExit(f"The tests that killed mutants of {module} fail without a mutant: {broken}.")
        pending = [mutant for mutant in mutants if broken is not None and killers[mutant[:2]] == broken]
        tests.pop(broken, None)
    survivors = []
    for name, occurrence, place in mutants:
        if killers[name, occurrence] is None:
            lines = source.splitlines(), mutated(source, name, occurrence).splitlines()
            survivors.append(
                {
                    "operator": name,
                    "change": [*difflib.unified_diff(*lines, lineterm="", n=0)][2:],
                    "tests": len(chosen(tests, module, syntax.around(place), options.seconds)),
                }
            )
    killed = len(mutants) - len(survivors)
    print(f"{module}: {killed} of {len(mutants)} killed, of {count} in all")
    for survivor in survivors:
        print(
            f"  survived {survivor['operator']}, {survivor['tests']} tests", *survivor["change"], sep="\n    "
        )
    sys.stdout.flush()
    return {
        "mutants": len(mutants),
        "killed": killed,
        "in_all": count,
        "survivors": survivors,
        "killers": dict(collections.Counter(killer for killer in killers.values() if killer is not None)),
    }


class _Stop:
    """A plugin of pytest that writes down the first test that fails."""

    def __init__(self, path):
        self.path = path

    def pytest_runtest_logreport(self, report):
        if report.failed and not self.path.is_file():
            self.path.write_text(report.nodeid)


def _first_failure(tree, names, tests):
    """The first of some tests that fails; "no import" if none could start, "time" if they did not end."""
    path = tree.parent / "failed.txt"
    path.unlink(missing_ok=True)
    limit = 5 * sum(tests[name]["seconds"] for name in names) + 60
    arguments = ["-x", "-q", "-p", "no:cacheprovider", *names]
    status = _forked(lambda: pytest.main(arguments, plugins=[_Stop(path)]), limit, tree)
    if status == 0:
        return None
    return path.read_text() if path.is_file() else "time" if status < 0 else "no import"


def _forked(work, limit, tree):
    """The status that `work` returns in a forked process; negative if it was ended, as past the limit."""
    child = os.fork()
    if child == 0:
        _work(work, tree)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -1


def _work(work, tree):
    status = 99
    try:
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        status = work() or 0
    finally:
        # Nothing of the parent's is to be flushed or closed twice.
        os._exit(int(status))


if __name__ == "__main__":
    main()
