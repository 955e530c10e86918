"""The package's front door: every public name stands once, is listed, and is imported when it is first used."""

import subprocess
import sys
from collections import Counter

import ggd_helpers as ggd


def test_every_name_is_listed_and_can_be_had():
    assert set(ggd.__all__) <= set(dir(ggd))
    for name in ggd.__all__:
        assert getattr(ggd, name) is not None, name


def test_every_name_has_one_home():
    names = [name for home in ggd._HOMES.values() for name in home] + list(ggd._MODULES)
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(ggd, "entropi")


def test_listing_the_names_imports_nothing():
    program = "import sys, ggd_helpers; dir(ggd_helpers); print({'torch', 'matplotlib'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert out.strip() == "set()"
