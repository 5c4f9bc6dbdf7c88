"""Whether the tests notice an error: the share of mutants of a module that they kill.

    python benchmarks/mutation.py kerasae/losses/bernoulli.py kerasae/penalties --out runs/mutation.json

Each mutant is a copy of the project with one operator, comparison, number or condition changed, by the
operators of cosmic-ray (`pip install cosmic-ray`). The tests of its module run on it, without those that
are marked slow, until one fails. What survives is printed as a difference, to be looked at one by one: a
test is missing, or the change makes no difference. Processes are forked from one that has TensorFlow
already. Without modules it takes all rooms of numbers, some hours; with `--most` a seeded draw of each.
"""

import argparse
import difflib
import importlib
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("losses", "penalties", "evaluation", "thresholds", "scores", "preprocessing")
#: The tests of a module: those of the longest path that it begins with.
TESTS = {
    "kerasae/losses": ["tests/test_losses.py"],
    "kerasae/losses/columns.py": ["tests/test_losses.py", "tests/test_tables.py"],
    "kerasae/losses/tokens.py": ["tests/test_losses.py", "tests/test_texts.py"],
    "kerasae/penalties": ["tests/test_penalties.py"],
    "kerasae/penalties/kl_sparsity.py": ["tests/test_penalties.py", "tests/test_models.py"],
    "kerasae/penalties/squared_jacobian.py": ["tests/test_penalties.py", "tests/test_jacobian.py"],
    "kerasae/evaluation": ["tests/test_evaluation.py", "tests/test_data.py"],
    "kerasae/evaluation/_tables.py": ["tests/test_tables.py"],
    "kerasae/evaluation/_texts.py": ["tests/test_texts.py"],
    "kerasae/evaluation/detection.py": ["tests/applications/test_anomaly.py"],
    "kerasae/thresholds": ["tests/applications/test_anomaly.py"],
    "kerasae/scores": ["tests/applications/test_anomaly.py"],
    "kerasae/preprocessing": ["tests/test_data.py", "tests/test_layers.py", "tests/test_images.py"],
    "kerasae/preprocessing/table.py": ["tests/test_tables.py"],
    "kerasae/preprocessing/text.py": ["tests/test_texts.py"],
    "kerasae/models": ["tests/test_models.py"],
}
#: What the tests import anyway, and no mutant changes.
_COMMON = (
    "tensorflow",
    "keras",
    "pandas",
    "scipy.stats",
    "sklearn.pipeline",
    "sklearn.linear_model",
    "pytest",
)
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
    parser.add_argument("--tests", nargs="+", help="in place of those of the module")
    parser.add_argument("--most", type=int, help="mutants of a module, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a JSON file, written anew after each module")
    options = parser.parse_args()
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    sys.dont_write_bytecode = True
    files = [file for one in options.modules for file in _python_files(ROOT / one)]
    for name in _COMMON:
        importlib.import_module(name)
    found = {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = _copied(Path(folder) / "tree")
        for file in files:
            module = file.relative_to(ROOT).as_posix()
            found[module] = examine(
                tree, module, options.tests or tests_of(module), options.most, options.seed
            )
            if options.out is not None:
                options.out.parent.mkdir(parents=True, exist_ok=True)
                options.out.write_text(json.dumps(found, indent=2) + "\n")
    killed, mutants = (sum(one[key] for one in found.values()) for key in ("killed", "mutants"))
    print(f"{killed} of {mutants} mutants killed ({100 * killed / max(mutants, 1):.1f} %)")


def _python_files(path):
    if path.is_dir():
        return sorted(one for one in path.rglob("*.py") if one.name != "__init__.py")
    if not path.is_file():
        raise SystemExit(f"Expected a module or a folder of modules, found nothing at {path}.")
    return [path]


def tests_of(module):
    """The test files of a module."""
    return TESTS[max((path for path in TESTS if module.startswith(path)), key=len, default="kerasae/models")]


def _copied(tree):
    """The files under version control, with links where an installation has packages."""
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.splitlines():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy2(ROOT / name, tree / name)
    for name in ("tuning", "export"):
        (tree / "kerasae" / name).symlink_to(tree / name, target_is_directory=True)
    return tree


def mutants_of(source):
    """What was changed and the changed source, for each mutant that is another program."""
    from cosmic_ray import mutating, plugins

    seen = {source}
    for name in _OPERATORS:
        operator = plugins.get_operator(f"core/{name}")()
        for occurrence in itertools.count():
            mutant = mutating.mutate_code(source, operator, occurrence)
            if mutant is None:
                break
            # The asterisk of a signature is no product.
            if mutant not in seen and mutant.count("/,") == source.count("/,"):
                seen.add(mutant)
                yield name, mutant


def examine(tree, module, tests, most, seed):
    """The mutants of one module, run one after the other: how many were killed, and which were not."""
    source = (ROOT / module).read_text(encoding="utf-8")
    mutants = list(mutants_of(source))
    count = len(mutants)
    if most is not None and count > most:
        mutants = random.Random(seed).sample(mutants, most)
    began = time.monotonic()
    outcome = _run(tree, tests, 1800)
    limit = 3 * (time.monotonic() - began) + 30
    if outcome != 0:
        raise SystemExit(f"The tests {', '.join(tests)} fail without a mutant, with status {outcome}.")
    survivors = []
    for name, mutant in mutants:
        (tree / module).write_text(mutant, encoding="utf-8")
        if _run(tree, tests, limit) == 0:
            changed = difflib.unified_diff(source.splitlines(), mutant.splitlines(), lineterm="", n=0)
            survivors.append({"operator": name, "change": list(changed)[2:]})
    (tree / module).write_text(source, encoding="utf-8")
    killed = len(mutants) - len(survivors)
    print(f"{module}: {killed} of {len(mutants)} killed, of {count} in all; tests {', '.join(tests)}")
    for survivor in survivors:
        print(f"  survived {survivor['operator']}", *survivor["change"], sep="\n    ")
    sys.stdout.flush()
    return {"mutants": len(mutants), "killed": killed, "in_all": count, "survivors": survivors}


def _run(tree, tests, limit):
    """The status of a run of tests in a forked process: 0 if all passed; -1 if it ran past the limit."""
    child = os.fork()
    if child == 0:
        _test(tree, tests)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -1


def _test(tree, tests):
    import pytest

    status = 99
    try:
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow", *tests])
    finally:
        # Nothing of the parent's is to be flushed or closed twice.
        os._exit(int(status))


if __name__ == "__main__":
    main()
