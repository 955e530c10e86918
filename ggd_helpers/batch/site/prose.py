"""Markdown as the site shows it: formulas drawn, links that lead within the site, headings that can be linked to."""

import html
import re
from collections import Counter
from collections.abc import Callable

from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from ggd_helpers.batch.site.formulas import mathml

_FORMULA = re.compile(r"(?<!\\)\$\$(?P<block>.+?)(?<!\\)\$\$|(?<![\\$])\$(?P<inline>[^$]+?)(?<!\\)\$", re.DOTALL)
_TABLE_ROW, _CODE_OR_FORMULA = re.compile(r"^\|.*$", re.MULTILINE), re.compile(r"`[^`]*`|\$[^$]+\$")
_RANGE = re.compile(r"\([^()<>]+ to [^()<>]+\)")
_WITH_MARKS = re.compile(
    r"\(?<math (?:(?!</math>).)*</math>[.,;:!?)]+", re.DOTALL
)  # a formula and what ends its sentence
_WHOLE = r'<span class="whole">\g<0></span>'  # on one line
_TAG = re.compile(r"<[^>]*>")


class Prose:
    """A filter from Markdown to HTML, for one page.

    Args:
        address: what a link's or a picture's address becomes; `None` where it leads nowhere, and the text alone stays.
    """

    def __init__(self, address: Callable[[str], str | None]):
        self._renderer = _Renderer(address)

    def __call__(self, source: str, below: int = 0) -> str:
        """HTML of a text; headings of the same text get different anchors on the page.

        Args:
            source: Markdown.
            below: the level of the heading that the text stands under, where it is not a page's own.
        """
        self._renderer.below = below
        made = MarkdownWithMath(renderer=self._renderer).render(_TABLE_ROW.sub(_without_bars, source))
        return _WITH_MARKS.sub(_WHOLE, made)


def plain(text: str) -> str:
    """The words of some HTML."""
    return html.unescape(_TAG.sub("", text)).strip()


def anchor(heading: str) -> str:
    """The anchor of a heading as GitHub makes it: lower case, hyphens for blanks, no other marks."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _without_bars(row: re.Match[str]) -> str:
    """A row of a table whose formulas have no bars, which would end their cells."""
    return _CODE_OR_FORMULA.sub(
        lambda m: m[0] if m[0].startswith("`") else m[0].replace(r"\|", r"\Vert ").replace("|", r"\vert "), row[0]
    )


class _Renderer(IPythonRenderer):
    def __init__(self, address: Callable[[str], str | None]):
        super().__init__(escape=False, exclude_anchor_links=True)
        self._address, self._taken, self.below = address, Counter[str](), 0

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    def block_html(self, text: str) -> str:
        return super().block_html(_with_formulas(text))

    def link(self, text: str, url: str, title: str | None = None) -> str:
        address = self._address(url)
        return text if address is None else super().link(text, address, title)

    def image(self, text: str, url: str, title: str | None = None) -> str:
        address = self._address(url)
        return plain(text) if address is None else super().image(text, address, title)

    def heading(self, text: str, level: int, **attrs: object) -> str:
        name, deep = anchor(plain(text)), level + self.below
        again = self._taken[name]
        self._taken[name] += 1
        return f'<h{deep} id="{name}{f"-{again}" if again else ""}">{text}</h{deep}>\n'

    def table(self, text: str) -> str:
        """As wide as it needs to be; ranges such as (0.1 to 2e-3) are not torn apart."""
        return f'<div class="table"><table>\n{_RANGE.sub(_WHOLE, text)}</table></div>\n'


def _with_formulas(text: str) -> str:
    """HTML in which what stands between dollars is MathML."""
    return _FORMULA.sub(lambda m: mathml(m["block"], "block") if m["block"] else mathml(m["inline"], "inline"), text)
