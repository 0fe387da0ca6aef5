"""nbformat without the grammar that takes longer to import than all else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

IMPORT = "from casa_desktop.batch import notebooks\nassert notebooks.load().__name__ == 'nbformat'\n"
HERE = "import sys\nassert not {'lark', 'rfc3987_syntax'} & set(sys.modules), 'the grammar was imported'\n"
CHECK = """
from jsonschema import Draft202012Validator as Validator
iri = Validator({"format": "iri"}, format_checker=Validator.FORMAT_CHECKER)
assert iri.is_valid("http://localhost/\\u00fc") and not iri.is_valid("no iri")
"""


@pytest.mark.skipif(importlib.util.find_spec("rfc3987_syntax") is None, reason="nothing here checks IRIs")
@pytest.mark.parametrize("before", ["", "import jsonschema\n", "import rfc3987_syntax\n"])
def test_nbformat_is_imported_without_a_grammar_that_still_checks_iris(before: str) -> None:
    code = before + IMPORT + (HERE if not before else "") + CHECK
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)


def test_a_script_is_read_without_that_grammar() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom casa_desktop.batch import source\nsource.read(Path(sys.argv[1]))\n"
    )
    subprocess.run([sys.executable, "-c", code + HERE, __file__], check=True, timeout=200)
