"""Formulas as MathML, which browsers draw without scripts, mended where the converter is rough."""

import html
import re
from functools import cache

# TeX leaves a thin space around the name of a function, but not before its bracket
_NAMES = "arg|cos|cosh|cov|det|dim|exp|gcd|inf|ker|lim|ln|log|max|min|Pr|sin|sinh|sup|tan|tanh"
_THIN = '<mspace width="0.167em"/>'
_PRIMED = re.compile(r"<msup>(<mi[^>]*>[^<]*</mi>)<mi>((?:&#x0203[2-4];)+)</mi></msup>")
_BARE = re.compile(r"\\(math(?:bb|bf|cal|frak|rm|scr))\s+(\w)")
_LETTERS = re.compile(r'(?:<mi mathvariant="normal">\w</mi>){2,}')
_OPERATORS = {"&#x000B1;": "&#x000B1;", "&#x0007E;": "&#x0223C;", "&#x02213;": "&#x02213;"}


@cache
def math(tex: str, display: str = "inline") -> str:
    """A formula as MathML, or as its TeX source where that cannot be done.

    >>> "<mi>x</mi>" in math("x")
    True
    """
    try:
        from latex2mathml.converter import convert

        # without braces it asks for another font by an attribute that browsers do not know
        plain = _BARE.sub(r"\\\1{\2}", tex).replace("<", r"\lt ")  # which it would let through
        return _mended(convert(plain, display=display))
    except Exception:  # any formula that it cannot read stays readable as TeX
        return f"<code>{html.escape(tex)}</code>"


def with_math(text: str) -> str:
    """A line of plain text as HTML, what stands between dollars as formulas.

    >>> with_math("5 < 6")
    '5 &lt; 6'
    """
    parts = re.split(r"\$([^$]+)\$", text)
    return "".join(math(part) if i % 2 else html.escape(part) for i, part in enumerate(parts))


def _mended(mathml: str) -> str:
    """The converter's MathML as browsers need it: spaces, brackets, primes."""
    text = re.sub(r">\\([{}])<", r">\1<", mathml)
    # a prime as superscript shrinks to a dot in the many fonts without a small form for it
    text = _PRIMED.sub(
        r'<mrow>\1<mo class="prime" lspace="0" rspace="0" stretchy="false">\2</mo></mrow>', text
    )
    text = text.replace("<mo>&#x0002F;</mo>", '<mo lspace="0" rspace="0">&#x0002F;</mo>')
    for given, sign in _OPERATORS.items():
        text = text.replace(f"<mi>{given}</mi>", f"<mo>{sign}</mo>")
    for bracket, form in (("&#x027E8;", "prefix"), ("&#x027E9;", "postfix")):
        text = text.replace(
            f"<mi>{bracket}</mi>", f'<mo form="{form}" stretchy="false">{bracket}</mo>'
        )
    text = re.sub(
        r"<mi>(&#x003(?:9[1-9A-F]|A[0-9]);)</mi>", r'<mi mathvariant="normal">\1</mi>', text
    )
    text = _LETTERS.sub(lambda run: f"<mi>{re.sub('<[^>]*>', '', run.group())}</mi>", text)
    text = _over(text)
    text = re.sub(
        rf"(</m(?:i|n|row|sub|sup|frac)>|&#x00029;</mo>)(?=<mi>(?:{_NAMES})</mi>)",
        rf"\1{_THIN}",
        text,
    )
    return re.sub(
        rf"(<mi>(?:{_NAMES})</mi>)(?=<m(?:i|n|row|sub|sup|frac|subsup|over)\b)", rf"\1{_THIN}", text
    )


def _over(text: str) -> str:
    """A rule over the whole of what \\overline covers, whatever the font can stretch."""
    mark = '<mo accent="true">&#x02015;</mo></mover>'
    while (end := text.find(mark)) >= 0:
        start = text.rfind("<mover>", 0, end)
        inner = text[start + len("<mover>") : end]
        text = f'{text[:start]}<mrow class="over">{inner}</mrow>{text[end + len(mark) :]}'
    return text
