"""`ggd site`: what its pages say, show and link to, how large they are, and what is refused; no film is computed."""

import base64
import html
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest
from conftest import refused
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from ggd_helpers.batch.alone.catalogue import Entry, explorers
from ggd_helpers.batch.chapter import read_chapter
from ggd_helpers.batch.site import build, command, films
from ggd_helpers.batch.site.addresses import Addresses
from ggd_helpers.batch.site.formulas import mathml
from ggd_helpers.batch.site.prose import Prose
from ggd_helpers.commands import answer
from ggd_helpers.explorers.film import Film, Frame, film
from ggd_helpers.explorers.particle import ParticleExplorer
from ggd_helpers.explorers.start import ClimbExplorer
from ggd_helpers.files import CHAPTERS

PATHS = sorted(CHAPTERS.glob("[0-9][0-9]_*.ipynb"))
VOID = {"meta", "link", "img", "input", "br", "hr", "col"}
FORMULA = re.compile(r"\$\$.+?\$\$|(?<![$\\])\$[^$]+?\$", re.DOTALL)


class Seen(HTMLParser):
    """A page as a reader meets it.

    Attributes:
        tags: every tag with its attributes, in order.
        text: what stands outside of code, scripts and styles, tags left out.
        said: all text.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.tags, self.text, self.said, self._open = path, list[tuple[str, dict]](), "", "", list[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.said += data
        if not {"code", "pre", "script", "style", "title"} & set(self._open):
            self.text += data

    def all(self, *names: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name in names]


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 20), (shade, 0, 0)).save(file, format="png")
    return file.getvalue()


def no_films(tasks: list[Callable[[], Film]]) -> list[Film]:
    frames = [Frame(f"{k}", films.small(picture(80 * k)), f"told {k}", f"<b>{k}</b>") for k in range(3)]
    return [Film("knob", frames, 1) for _ in tasks]


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[build.Size]]]:
    """The site of the committed chapters, with films of three tiny pictures."""
    out = tmp_path_factory.mktemp("site") / "pages"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(films, "side_by_side", no_films)
        yield out, build.build(out, CHAPTERS)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A folder of two chapters, and what they link to."""
    folder = tmp_path / "notebooks"
    (folder / "exercises").mkdir(parents=True)
    (tmp_path / "README.md").write_text("# About\n\n## Sources, and more\n\n[numbers](data.csv)\n")
    (tmp_path / "data.csv").write_text("t,x\n0,1\n")
    (folder / "picture.png").write_bytes(picture(9))
    nbformat.write(new_notebook(), folder / "exercises" / "00_first.ipynb")
    links = (
        "[next](01_second.ipynb#an-end) [why](../README.md#sources-and-more) [gone](gone.ipynb) "
        "[elsewhere](https://a.b) [solutions](exercises/00_first.ipynb) [outside](../../etc.txt) [folder](exercises) "
        "![a dot](picture.png)"
    )
    printed = new_output("stream", name="stdout", text="1 < 2 & so on")
    write(folder / "00_first.ipynb", new_markdown_cell(f"# First\n\nOne. Two.\n\n{links}"), printed)
    write(folder / "01_second.ipynb", new_markdown_cell("# Second\n\n## An end\n\nOne."), printed)
    return folder


def write(path: Path, opening: nbformat.NotebookNode, *outputs: nbformat.NotebookNode, source: str = "1") -> None:
    cell = new_code_cell(source, outputs=list(outputs), execution_count=1)
    nbformat.write(new_notebook(cells=[opening, cell]), path)


def pages(out: Path) -> list[Seen]:
    return [Seen(path) for path in sorted(out.glob("*.html"))]


def markdown_of(path: Path) -> list[str]:
    """What a chapter says in Markdown, code left out: cells and outputs."""
    cells = nbformat.read(path, as_version=4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts += [output.data["text/markdown"] for output in outputs if "text/markdown" in output.get("data", {})]
    return [re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL) for text in texts]


class TestCommittedChapters:
    def test_every_link_leads_somewhere(self, committed: tuple[Path, list[build.Size]]):
        seen = {page.path.name: page for page in pages(committed[0])}
        anchors = {name: {tag["id"] for _, tag in page.tags if "id" in tag} for name, page in seen.items()}
        links = [(name, link["href"]) for name, page in seen.items() for link in page.all("a")]
        assert len(links) > 100
        for name, href in links:
            if href.startswith("https://"):
                continue
            target, _, anchor = href.partition("#")
            assert (committed[0] / (target or name)).is_file(), f"{name} links to {href}"
            assert not anchor or anchor in anchors[target or name], f"{name} links to {href}"
        assert {path.with_suffix(".html").name for path in PATHS} <= {
            href for name, href in links if name == "index.html"
        }

    def test_nothing_is_asked_for_from_elsewhere(self, committed: tuple[Path, list[build.Size]]):
        for page in pages(committed[0]):
            asked = [tag.get("src") or tag["href"] for tag in page.all("img", "script", "link", "iframe")
                     if "src" in tag or "href" in tag]  # fmt: skip
            frames = [json.loads(text) for text in re.findall(r"json\">(.*?)</script>", page.path.read_text("utf-8"))]
            asked += [frame["src"] for each in frames for frame in each]
            for address in asked:
                assert address.startswith("data:") or (committed[0] / address).is_file(), f"{page.path}: {address}"
        for shared in ("style.css", "film.js"):
            assert not re.search(r"https?:|//\w|@import|url\(", (committed[0] / shared).read_text())

    def test_pages_can_be_read_by_everyone(self, committed: tuple[Path, list[build.Size]]):
        for page in pages(committed[0]):
            name = page.path.name
            assert page.all("html") == [{"lang": "en"}], name
            levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
            assert levels[0] == 1, name
            assert levels.count(1) == 1, name
            assert all(after <= before + 1 for before, after in pairwise(levels)), name
            ids = [tag["id"] for _, tag in page.tags if "id" in tag]
            assert len(set(ids)) == len(ids), name
            assert ("a", {"class": "skip", "href": "#main"}) in page.tags, name
            silent = [tag for tag in page.all("img") if not tag.get("alt")]
            assert not silent or name == "index.html", silent
            sliders = [tag["id"] for tag in page.all("input")]
            assert sliders == [tag["for"] for tag in page.all("label")], name

    @pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
    def test_a_page_shows_what_the_chapter_holds(self, committed: tuple[Path, list[build.Size]], path: Path):
        out, _ = committed
        page = Seen(out / f"{path.stem}.html")
        shown = {figure.read_bytes() for figure in (out / path.stem).glob("*.png")}
        stills = 0
        for cell in nbformat.read(path, as_version=4).cells:
            still = cell.source.endswith(".still()")
            stills += still
            for output in cell.get("outputs", []):
                if output.output_type == "stream":
                    assert output.text in page.said
                if (png := output.get("data", {}).get("image/png")) and not still:
                    assert base64.b64decode(png) in shown
        assert len([tag for tag in page.all("figure") if tag.get("class") == "film"]) == stills >= 1
        assert not {"VBox(", "it/s]"} & set(re.findall(r"VBox\(|it/s\]", page.said)), "a widget's text"

    @pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
    def test_every_formula_is_drawn(self, committed: tuple[Path, list[build.Size]], path: Path):
        source = (committed[0] / f"{path.stem}.html").read_text(encoding="utf-8")
        main = source[source.index("<main") :]
        assert main.count("<math ") == sum(len(FORMULA.findall(text)) for text in markdown_of(path))
        text = Seen(committed[0] / f"{path.stem}.html").text
        assert "$" not in text
        assert not re.search(r"\\[A-Za-z]", text)

    def test_sizes_are_those_on_the_disk(self, committed: tuple[Path, list[build.Size]]):
        out, sizes = committed
        assert [size.name for size in sizes] == [path.stem for path in PATHS]
        for size in sizes:
            folder = [path.stat().st_size for path in (out / size.name).rglob("*") if path.is_file()]
            assert size.bytes == sum(folder) + (out / f"{size.name}.html").stat().st_size
            assert size.frames == len(list((out / size.name).rglob("*.webp")))

    def test_the_contents_say_what_a_chapter_begins_with(self, committed: tuple[Path, list[build.Size]]):
        index = " ".join(Seen(committed[0] / "index.html").text.split())
        for path in PATHS:
            opening = nbformat.read(path, as_version=4).cells[0].source
            title, first = opening.split("\n")[0].lstrip("# "), opening.split("\n\n")[1].split("$")[0].split(".")[0]
            assert title in index
            assert " ".join(first.split()) in index
        assert index.count("minutes to read") == len(PATHS)

    def test_colours_can_be_told_from_what_is_behind_them(self, committed: tuple[Path, list[build.Size]]):
        style = (committed[0] / "style.css").read_text()
        named = dict(re.findall(r"(--\w+): (#\w{6});", style))
        colours = {named.get(name, name) for name in re.findall(r"[{; ]color: (?:var\()?(--\w+|#\w+)", style)}
        assert len(colours) > 5
        for colour in colours:
            for behind in ("#ffffff", named["--shade"], "#f2f6fa"):
                assert contrast(colour, behind) >= 4.5, (colour, behind)


def contrast(first: str, second: str) -> float:
    """The ratio of WCAG, 1 to 21."""
    light = []
    for colour in (first, second):
        parts = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
        light.append(
            np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        )
    return (max(light) + 0.05) / (min(light) + 0.05)


class TestOwnChapters:
    def test_links_and_pictures(self, tiny: Path, tmp_path: Path):
        out = tmp_path / "out"
        assert answer(["site", str(out)], tiny) == 0
        first = Seen(out / "00_first.html")
        links = [tag["href"] for tag in first.all("a")]
        assert {"01_second.html#an-end", "readme.html#sources-and-more", "https://a.b"} <= set(links)
        assert not [link for link in links if re.search(r"gone|exercises|etc|ipynb", link)]
        assert all(word in first.text for word in ("gone", "solutions", "outside", "folder"))
        assert (out / first.all("img")[0]["src"]).read_bytes() == picture(9)
        assert first.all("img")[0]["alt"] == "a dot"
        assert "1 < 2 & so on" in first.said
        assert {"sources-and-more"} <= {tag.get("id") for _, tag in Seen(out / "readme.html").tags}
        (csv,) = [tag["href"] for tag in Seen(out / "readme.html").all("a") if tag["href"].startswith("files/")]
        assert (out / csv).read_text() == "t,x\n0,1\n"
        assert not list(out.rglob("*.ipynb")), "exercises hold their solutions"

    def test_chapters_lead_to_their_neighbours(self, tiny: Path, tmp_path: Path):
        answer(["site", str(tmp_path / "out")], tiny)
        first, second = (Seen(tmp_path / "out" / name) for name in ("00_first.html", "01_second.html"))
        assert [tag["href"] for tag in first.all("a") if tag.get("rel") == "next"] == ["01_second.html"] * 2
        assert [tag["href"] for tag in second.all("a") if tag.get("rel") == "prev"] == ["00_first.html"] * 2
        assert not [tag for tag in first.all("a") if tag.get("rel") == "prev"]

    def test_a_site_is_made_again_in_its_place(self, tiny: Path, tmp_path: Path):
        out = tmp_path / "out"
        answer(["site", str(out)], tiny)
        (out / "mine.txt").write_text("mine")
        write(tiny / "00_first.ipynb", new_markdown_cell("# Changed"), new_output("stream", text="new"))
        assert answer(["site", str(out)], tiny) == 0
        assert "Changed" in Seen(out / "00_first.html").text
        assert (out / "mine.txt").read_text() == "mine"
        assert not (out / "files" / "notebooks_picture.png").exists()

    @pytest.mark.parametrize("kind", ["a file", "a run", "other things"])
    def test_what_is_no_site_is_not_touched(self, tiny: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture):
        out = tmp_path / "out"
        if kind == "a file":
            out.write_text("mine")
        else:
            out.mkdir()
            (out / "mine.txt").write_text("mine")
        if kind == "a run":
            (out / "manifest.json").write_text('{"files": {}}')
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert answer(["site", str(out)], tiny) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{out}" in line
        assert "not an earlier site: nothing was touched" in line
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    @pytest.mark.parametrize("lacks", ["outputs", "a count"])
    def test_a_chapter_that_was_not_executed_is_refused(
        self, tiny: Path, tmp_path: Path, lacks: str, capsys: pytest.CaptureFixture
    ):
        cells = [new_code_cell("1", execution_count=1)]
        cells += [new_code_cell("2")] if lacks == "a count" else []
        cells[0].outputs = [new_output("stream", text="1")] if lacks == "a count" else []
        nbformat.write(new_notebook(cells=cells), tiny / "02_third.ipynb")
        assert answer(["site", str(tmp_path / "out")], tiny) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "02_third.ipynb" in line
        assert "make notebooks" in line
        assert not (tmp_path / "out").exists()

    def test_a_missing_package_is_a_sentence(
        self, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
    ):
        monkeypatch.setattr(command, "find_spec", lambda name: None if name == "latex2mathml" else object())
        assert answer(["site", str(tmp_path / "out")], tiny) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "needs latex2mathml, not installed" in line
        assert 'pip install -e ".[site]"' in line


def test_other_commands_import_nothing_of_it():
    program = (
        "import sys; from ggd_helpers.__main__ import main; sys.argv[1:] = ['list']; main(); "
        "sys.exit(bool({'nbconvert', 'latex2mathml', 'torch'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


class TestFilms:
    def test_frames_are_what_the_explorer_shows_at_the_stops(self):
        moved, other = film(ClimbExplorer()), ClimbExplorer()
        assert [frame.value for frame in moved.frames] == sorted((f.value for f in moved.frames), key=float)
        assert moved.frames[moved.first].picture == bytes(other.image.value)
        for frame, stop in list(zip(moved.frames, ClimbExplorer.stops, strict=True))[:: len(moved.frames) // 3]:
            other.main_control.value = stop
            assert float(frame.value) == pytest.approx(stop)
            assert frame[1:] == (bytes(other.image.value), other.image.tooltip, other.status.value)
        assert len({frame.picture for frame in moved.frames}) == len(moved.frames)
        assert len({frame.told for frame in moved.frames}) == len(moved.frames)
        assert moved.control == other.main_control.description

    @pytest.mark.parametrize("entry", explorers().values(), ids=lambda entry: entry.name)
    def test_a_film_has_five_to_twenty_five_stops(self, entry: Entry):
        stops = list(getattr(import_module(entry.module), entry.kind).stops)
        assert 5 <= len(stops) <= 25
        assert len(set(stops)) == len(stops)

    def test_small_pictures_look_like_the_large_ones(self):
        large = bytes(ParticleExplorer().image.value)
        less = films.small(large)
        assert len(less) < len(large) / 2
        before, after = (np.asarray(Image.open(io.BytesIO(each)).convert("RGB"), dtype=int) for each in (large, less))
        assert before.shape == after.shape
        off = np.abs(before - after).max(-1)
        assert off.mean() < 2
        assert (off > 24).mean() < 1e-3

    @pytest.mark.parametrize(
        ("source", "name", "given"),
        [
            ("e = ggd.ClimbExplorer(gamma=gamma)\ne.still()", "climb", ([], {"gamma": 2.0})),
            ("e = ggd.ParticleExplorer(gamma, steepness=0.05)\ne.still()", "particle", ([2.0], {"steepness": 0.05})),
            ("a = f(1)\ne = ggd.HalfSlopeExplorer(xi, {k: 1 for k in a})\ne.still()", "half_slope", None),
        ],
    )
    def test_an_explorer_is_opened_as_its_cell_opens_it(self, source: str, name: str, given: tuple | None):
        found = films.shown(source, {"gamma": 2.0})
        assert found is not None
        assert (found.entry.name, found.given) == (name, given)

    @pytest.mark.parametrize("source", ["e.panel", "%matplotlib inline", "", "ggd.ClimbExplorer().panel", "x.still()"])
    def test_other_cells_show_no_film(self, source: str):
        assert films.shown(source, {}) is None

    def test_every_explorer_that_a_chapter_shows_is_found(self):
        found = []
        for path in PATHS:
            defaults = dict.fromkeys(read_chapter(path).parameters)
            for cell in nbformat.read(path, as_version=4).cells:
                each = films.shown(cell.source, defaults) if cell.cell_type == "code" else None
                assert (each is not None) == cell.source.endswith(".still()")
                found += [each.entry.name] if each else []
        assert set(found) == set(explorers())


class TestFormulas:
    @pytest.mark.parametrize(
        ("latex", "kept"),
        [
            (r"\dot x = -\gamma x", "ẋ=−γx"),
            (r"\mathrm{softplus}(z)", "softplus(z)"),
            (r"\big\langle e^{\xi} \big\rangle", "⟨eξ⟩"),
            (r"\mathbb R^N", "ℝN"),
            (r"\begin{pmatrix} 0 & 1 \\ -1 & 0 \end{pmatrix}", "(01−10)"),
            (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "a=bc=d"),
            (r"\text{a weak prior}", "a weak prior"),
        ],
    )
    def test_letters_and_signs_are_kept(self, latex: str, kept: str):
        text = html.unescape(re.sub(r"<[^>]*>", "", mathml(latex, "block")))
        assert text.replace("x˙", "ẋ").replace("\xa0", " ") == kept

    def test_columns_stand_as_they_are_told(self):
        cells = re.findall(r'columnalign="(\w+)"', mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "block"))
        assert cells == ["right", "left"] * 2

    def test_a_sign_is_no_difference(self):
        assert re.search(r'form="prefix"[^>]*>−', mathml("x = -1", "inline"))
        assert "prefix" not in mathml("x - 1", "inline")
        assert "prefix" not in mathml("(a) - 1", "inline")
        assert re.search(r'form="prefix"[^>]*>−', mathml("(-a)", "inline"))

    def test_a_function_stands_off_its_argument_and_not_off_a_bracket(self):
        assert re.search(r'<mo lspace="0" rspace="0.1667em">ln</mo>', mathml(r"\ln c", "inline"))
        assert re.search(r'<mo lspace="0.1667em" rspace="0">ln</mo>', mathml(r"c \ln(c)", "inline"))

    def test_a_formula_that_cannot_be_read_is_quoted(self):
        with refused(r"the formula $\left( x$ cannot be read", "correct it."):
            mathml(r"\left( x", "inline")

    def test_formulas_are_found_wherever_they_stand(self):
        prose = Prose(lambda url: url)
        for text in ("a $x$ b", "$$x$$", "| $x$ |\n|---|\n| 1 |", "<details>\n$x$\n</details>", "*$x$*", "- $x$"):
            assert prose(text).count("<math ") == 1, text
        (row,) = re.findall(r"<tr>\n  <td>.*?</tr>", prose("| a | b |\n|---|---|\n| $|x|^2$ | $\\|y\\|$ |"), re.DOTALL)
        assert (row.count("<td>"), row.count("<math "), row.count(">|<"), row.count(">‖<")) == (2, 2, 2, 2)
        assert re.search(r"whole\">\(<math .*</math>\)\.</span>", prose("It is so ($x$). It is"))
        assert "<math" not in prose("`$x$`")
        assert "<math" not in prose("```\n$x$\n```")


def test_a_page_has_an_address_only_inside_the_folder(tmp_path: Path):
    page = tmp_path / "notebooks" / "00_a.ipynb"
    page.parent.mkdir()
    page.touch()
    (tmp_path / "x.md").touch()
    addresses = Addresses(page.parent, [page])
    assert addresses.of("../x.md", page) is None
    assert addresses.of("00_a.ipynb#b", page) == "00_a.html#b"
    assert addresses.of("#b", page) == "#b"
    assert addresses.of("mailto:a@b.c", page) == "mailto:a@b.c"
