"""Formulas as MathML, which browsers draw without a script, spaced as TeX spaces them."""

import html
import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element

from ggd_helpers.batch.chapter import Refused

LONG = 40  # letters of LaTeX beyond which a formula may be wider than a phone
THIN = "0.1667em"
ROWS = {"math", "mrow", "mstyle", "mtd"}
SCRIPTED = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
SIGNS, OPENING, CLOSING, TIGHT = set("+−±∓"), set("([{⟨"), set(")]}⟩|‖!"), set("/|‖∂∇")
ACCENTS, BAR, PRIMES = set("˙¨⃛~˜^¯→"), "―", set("′″‴")
CAPITALS = set("ΓΔΘΛΞΠΣΥΦΨΩ")  # upright in TeX
LIMITS = {"inf", "lim", "max", "min", "sup"}
OTHERS = {"*": "∗", r"\langle": "⟨", r"\rangle": "⟩"}  # a star as high as its line; what the converter does not know
REWRITTEN = {r"(\\math\w+) (\w)": r"\1{\2}", r"(begin|end)\{aligned\}": r"\1{split}"}  # to what the converter knows


def mathml(latex: str, display: str) -> str:
    """A formula as MathML, `display` being `inline` or `block`.

    Raises:
        Refused: it cannot be read; the sentence quotes it.
    """
    source = html.unescape(latex).strip()
    for written, known in REWRITTEN.items():
        source = re.sub(written, known, source)
    try:
        formula = convert_to_element(source, display=display)
    except Exception as error:  # those of the converter have no class in common
        raise Refused(f"the formula ${latex.strip()}$ cannot be read ({type(error).__name__}): correct it.") from None
    for element in formula.iter():
        if element.text:
            text = html.unescape(element.text)
            element.text = OTHERS.get(text, text)
    for element in formula.iter():
        if element.text in CAPITALS:
            element.set("mathvariant", "normal")
        if element.tag in SCRIPTED:
            _place(element)
        if element.tag in ROWS:
            _join_letters(element)
            _space(element)
    text = ElementTree.tostring(formula, encoding="unicode")
    return text if display == "inline" and len(latex) <= LONG else f'<span class="formula {display}">{text}</span>'


def _place(element: Element) -> None:
    """Accents close to their letter, bars as long as what is under them, primes not raised twice, limits below."""
    mark = element[1].text
    if element.tag == "mover" and mark in ACCENTS:
        element.set("accent", "true")
    elif element.tag == "mover" and mark == BAR:
        element.tag, element.attrib = "mrow", {"class": "bar"}
        element.remove(element[1])
    elif element.tag == "msup" and mark in PRIMES:
        element.tag, element[1].tag = "mrow", "mo"
        _set(element[1], "0", "0")
    elif element.tag == "msub" and element[0].text in LIMITS:
        element.tag, element[0].tag = "munder", "mo"
        element[0].set("movablelimits", "true")
    elif "minsize" in element[0].attrib:  # stretches alone, not with its script
        row = Element("mrow")
        row.append(element[0])
        element[0] = row


def _join_letters(row: Element) -> None:
    """Upright letters side by side are one name, `softplus`."""
    for before, each in zip(list(row)[:0:-1], list(row)[-2::-1], strict=True):
        if _is_upright(before) and _is_upright(each):
            each.text = f"{each.text}{before.text}"
            row.remove(before)


def _is_upright(element: Element) -> bool:
    return element.tag == "mi" and element.get("mathvariant") == "normal"


def _space(row: Element) -> None:
    """Tell signs from sums, names of functions from products, and fences from relations."""
    seen = [element for element in row if element.tag != "mspace"]
    for before, each, after in zip([None, *seen], seen, [*seen[1:], None], strict=False):
        mark = _mark(each)
        if _is_name(mark):
            mark.tag = "mo"
            _set(mark, THIN if _is_operand(before) else "0", "0" if after is None or _opens(after) else THIN)
        elif mark.tag == "mo" and (mark.text in TIGHT or (len(seen) == 1 and row.tag == "mrow")):
            _set(mark, "0", "0")
        elif mark.tag == "mo" and mark.text in SIGNS and not _is_operand(before):
            mark.set("form", "prefix")
        if "minsize" in mark.attrib:
            mark.set("stretchy", "true")


def _mark(element: Element) -> Element:
    """What carries the scripts of an element."""
    while element.tag in SCRIPTED or (element.tag in ("mrow", "mstyle") and len(element) == 1):
        element = element[0]
    return element


def _is_name(mark: Element) -> bool:
    return mark.tag in ("mi", "mo") and len(mark.text or "") > 1 and (mark.text or "").isalpha()


def _is_operand(element: Element | None) -> bool:
    if element is None:
        return False
    mark = _mark(element)
    return mark.tag != "mo" or mark.text in CLOSING


def _opens(element: Element) -> bool:
    mark = _mark(element)
    return mark.tag == "mo" and mark.text in OPENING


def _set(mark: Element, left: str, right: str) -> None:
    mark.set("lspace", left)
    mark.set("rspace", right)
