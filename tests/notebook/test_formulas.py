import re
import xml.etree.ElementTree as ElementTree

import pytest

from lmnotes.notebook.formulas import math, with_math


def bare(tex, display="inline"):
    """The MathML of a formula without name spaces; it must be well-formed."""
    text = math(tex, display)
    ElementTree.fromstring(text)
    return re.sub(r' xmlns="[^"]+"', "", text)


def test_braces_are_braces():
    assert "\\" not in bare(r"\big\{ x \big\}")
    assert "\\" not in bare(r"\{x\}")


def test_a_prime_stands_at_full_size_beside_its_letter():
    for tex in ("p(w')", "n_{w'}"):
        assert "<msup>" not in bare(tex)
        assert re.search(r'<mi>w</mi><mo class="prime"[^>]*>&#x02032;</mo>', bare(tex))


def test_names_of_functions_stand_apart_from_what_they_apply_to():
    space = r'<mspace width="0\.167em" ?/>'
    assert re.search(rf"<mi>log</mi>{space}<mi>p</mi>", bare(r"\log p"))
    assert re.search(rf"<mi>log</mi>{space}<mfrac>", bare(r"\log\frac{a}{b}"))
    assert re.search(rf"<mi>p</mi>{space}<mi>log</mi>", bare(r"p\log p"))
    assert re.search(rf"</mo>{space}<mi>log</mi><mo", bare(r"(p)\log(p)"))


def test_letters_that_browsers_would_draw_as_plain_ones():
    assert "&#x1D53C;" in bare(r"\mathbb E x") and "mathvariant" not in bare(r"\mathbb E x")
    assert bare(r"\mathrm{KL}").count("<mi>KL</mi>") == 1
    assert '<mi mathvariant="normal">&#x00394;</mi>' in bare(r"\Delta")


def test_a_rule_covers_all_that_it_is_over():
    assert re.search(r'<mrow class="over">(<mrow>)*<mi>KL</mi>', bare(r"\overline{\mathrm{KL}}"))
    assert bare(r"\overline{a+\overline{b}}").count('class="over"') == 2


def test_relations_and_brackets_are_operators():
    assert "<mo>&#x0223C;</mo>" in bare(r"B\sim C")
    assert re.search(r'<mo form="prefix"[^>]*>&#x027E8;</mo>', bare(r"\langle u,v\rangle"))


@pytest.mark.parametrize("text", ["plain & simple", "one $ alone"])
def test_text_without_formulas_is_escaped(text):
    assert with_math(text) == text.replace("&", "&amp;")


def test_formulas_within_text():
    assert with_math("of $n_w$ < 3").startswith("of <math")
    assert with_math("of $n_w$ < 3").endswith("&lt; 3")


def test_no_tag_comes_through_a_formula():
    for tex in (r"\text{<script>ran()</script>}", r"\unicode{<script>}", r"\tag{<b>}"):
        assert not re.search("<(script|b)>", with_math(f"${tex}$"))
    assert math("a < b") == math(r"a \lt b")
