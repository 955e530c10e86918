"""Where files lie, and that they are written whole or not at all."""

import pytest

from ggd_helpers import files
from ggd_helpers.files import data_path, sha256, written_whole


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A working folder and a `data/` folder, both empty."""
    own, shipped = tmp_path / "own", tmp_path / "data"
    own.mkdir()
    shipped.mkdir()
    monkeypatch.chdir(own)
    monkeypatch.setattr(files, "DATA", shipped)
    return own, shipped


class TestDataPath:
    def test_your_own_file_comes_first(self, places):
        for place in places:
            (place / "particle.csv").write_text(place.name)
        assert data_path("particle.csv").read_text() == "own"

    def test_then_the_one_that_the_course_ships(self, places):
        (places[1] / "particle.csv").write_text("data")
        assert data_path("particle.csv").read_text() == "data"

    def test_an_absolute_path(self, places):
        path = places[0].parent / "elsewhere.csv"
        path.write_text("here")
        assert data_path(str(path)).read_text() == "here"

    def test_neither(self, places):
        (places[0] / "folder.csv").mkdir()
        for name in ("nothing.csv", "folder.csv/nothing.csv"):
            with pytest.raises(FileNotFoundError) as error:
                data_path(name)
            sentence = str(error.value)
            assert sentence.endswith(".")
            assert "\n" not in sentence
            assert repr(name) in sentence
            assert str(places[0] / name) in sentence
            assert str(places[1]) in sentence

    @pytest.mark.parametrize("name", ["folder.csv", "x" * 300])
    def test_what_can_be_no_file(self, places, name):
        (places[0] / "folder.csv").mkdir()
        with pytest.raises(FileNotFoundError) as error:
            data_path(name)
        sentence = str(error.value)
        assert "\n" not in sentence
        assert repr(name) in sentence
        assert ("is a folder" if name == "folder.csv" else "too long") in sentence


def test_sha256_is_the_known_one(tmp_path):
    """The example of FIPS 180-2, appendix B.1."""
    (tmp_path / "a").write_text("abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


class TestWrittenWhole:
    def test_it_replaces_what_was_there(self, tmp_path):
        (tmp_path / "a").write_text("old")
        with written_whole(tmp_path / "a") as partial:
            partial.write_text("new")
            assert (tmp_path / "a").read_text() == "old"
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "new")]

    @pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
    def test_a_failure_leaves_what_was_there(self, tmp_path, error):
        (tmp_path / "a").write_text("old")

        def write() -> None:
            with written_whole(tmp_path / "a") as partial:
                partial.write_text("half")
                raise error

        with pytest.raises(error):
            write()
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]
