"""nbformat without the grammar that takes longer to import than all else."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Dict

import pytest

IMPORT = "from casa_desktop.batch import notebooks\nassert notebooks.load().__name__ == 'nbformat'\n"
HERE = "import sys\nassert not {'lark', 'rfc3987_syntax'} & set(sys.modules), 'the grammar was imported'\n"
CHECK = """
from jsonschema import Draft202012Validator as Validator
iri = Validator({"format": "iri"}, format_checker=Validator.FORMAT_CHECKER)
assert iri.is_valid("http://localhost/\\u00fc") and not iri.is_valid("no iri")
"""


@pytest.fixture(scope="module")
def grammar(tmp_path_factory: pytest.TempPathFactory) -> Dict[str, str]:
    """Variables of a Python with a jsonschema that has the grammar, as users' have; the tests' own has none."""
    folder = tmp_path_factory.mktemp("grammar")
    wanted = ("jsonschema>=4.25", "rfc3987-syntax", "lark")
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--target", folder, *wanted], check=True, timeout=200)
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.parametrize("before", ["", "import jsonschema\n", "import rfc3987_syntax\n"])
def test_nbformat_is_imported_without_a_grammar_that_still_checks_iris(before: str, grammar: Dict[str, str]) -> None:
    code = before + IMPORT + (HERE if not before else "") + CHECK
    subprocess.run([sys.executable, "-c", code], env=grammar, check=True, timeout=200)


def test_a_script_is_read_without_that_grammar(grammar: Dict[str, str]) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom casa_desktop.batch import source\nsource.read(Path(sys.argv[1]))\n"
    )
    subprocess.run([sys.executable, "-c", code + HERE, __file__], env=grammar, check=True, timeout=200)
