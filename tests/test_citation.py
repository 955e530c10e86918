"""CITATION.cff is one that GitHub and Zenodo read; it and the README cite the version that pyproject.toml builds."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
REQUIRED = {"cff-version", "message", "title", "authors"}  # by the schema of CFF 1.2.0
REQUIRED_OF_REFERENCES = {"authors", "title", "type"}


def test_it_is_the_package_that_is_cited():
    assert CITATION.keys() >= REQUIRED
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["title"].partition(":")[0] == PROJECT["name"]
    assert [author["name"] for author in CITATION["authors"]] == [author["name"] for author in PROJECT["authors"]]
    assert CITATION["license"] == PROJECT["license"]


def test_everyone_cites_the_same_version():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert CITATION["version"] == PROJECT["version"]
    assert re.findall(r"`ggd_helpers` (\d[\w.]*)\)", readme) == [PROJECT["version"]]


@pytest.mark.parametrize("source", CITATION["references"], ids=lambda source: source.get("type"))
def test_the_sources_are_those_of_the_readme(source: dict):
    assert source.keys() >= REQUIRED_OF_REFERENCES
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    names = ", ".join(f"{author['given-names'][0]}. {author['family-names']}" for author in source["authors"])
    assert f"{names}, *{source['title'].partition(':')[0]}*" in readme
