import ast
import inspect
import sysconfig
import textwrap
from pathlib import Path

import pytest

from lmnotes.text import installed
from lmnotes.text.markup import docstrings, wiki
from lmnotes.text.markup.prose import prose
from lmnotes.text.readers import Document


def paragraphs(text):
    return prose(textwrap.dedent(text).strip()).split("\n\n")


def test_numpydoc():
    assert paragraphs("""
        Return the mean of the values.

        .. versionadded:: 1.2
           It is new in this version.

        Parameters
        ----------
        a : array_like, shape (n,)
            The array to take the mean of.
        axis, keepdims : int, optional
            Where the means are taken,
            over two lines of text.

        See Also
        --------
        median : The median of the values.

        Notes
        -----
        The mean is :math:`\\sum x / n`, see :func:`~numpy.sum` for the ``axis`` of it::

            x = the.code(is_not, prose)

        .. math:: \\sum of all the values

        Examples
        --------
        An example of the use:

        >>> mean([1, 2])
        the output of it
        """) == [
        "Return the mean of the values.",
        "The array to take the mean of.",
        "Where the means are taken, over two lines of text.",
        "The mean is , see sum for the axis of it:",
        "An example of the use:",
    ]


def test_google_and_sphinx():
    assert paragraphs("""
        Load a model from the hub.

        Args:
            name (`str`, *optional*, defaults to `"x"`): The name of the model to be loaded.
            force (`bool` or `list[str]` of shape `(1, 2)`):
                Whether to load it again.
            device: The device that it is for.
        :param int size: the size of it in bytes
        :rtype: a list of the strings

        - first item of the list
        - second item of [the list](https://example.org/x)

        ```python
        the = code(that, is_, left=out)
        ```
        """) == [
        "Load a model from the hub.",
        "The name of the model to be loaded.",
        "Whether to load it again.",
        "The device that it is for.",
        "the size of it in bytes",
        "first item of the list",
        "second item of the list",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "x = y + z if the a[0] == {b} else c",
        "numpy scipy pandas sklearn matplotlib",
        "===== =====\na     the b\n===== =====",
        "| the | of a | table |",
        "1 0.5 0.25 0.125 the 0.0625 12 13 14 15 16 17 18 19",
    ],
)
def test_what_is_no_prose(text):
    assert prose(text) == ""


def _by_ast(source):
    """The docstrings of modules, classes and functions, the slow and sure way."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    found = [ast.get_docstring(node, clean=False) for node in nodes]
    return {inspect.cleandoc(text) for text in found if text and len(text) >= 40}


def test_the_scanner_finds_what_ast_finds():
    folder = Path(sysconfig.get_paths()["stdlib"])
    n_expected = n_missed = n_more = 0
    for name, file in docstrings.files(folder, ".py"):
        if not name.startswith(tuple("acdefilmnrtu")) or "lib2to3" in name:
            continue
        source = file.read_text(encoding="utf-8", errors="replace")
        try:
            expected = _by_ast(source)
        except (SyntaxError, ValueError):
            continue
        found = set(docstrings.strings(source))
        n_expected += len(expected)
        n_missed += len(expected - found)
        n_more += len(found - expected)
    assert n_expected > 2000
    assert n_missed < 0.01 * n_expected  # docstrings in single quotes
    assert n_more < 0.05 * n_expected  # strings that stand alone or are attached


def test_attached_documentation_and_other_strings():
    quotes = '"' * 3
    source = f"""
_DOC = r{quotes}Documentation kept in a name, with a \\d in it.{quotes}
query = {quotes}A text that documents nothing, only a value.{quotes}
add_docstring(function, {quotes}Documentation attached by a call to a function.{quotes})
call(
    {quotes}An argument of another call, not a docstring.{quotes}
)
# a comment with {quotes} in it
x = 'a string with {quotes} in it'
def f():
    f{quotes}Not a docstring, because it is a formatted one.{quotes}
"""
    assert docstrings.strings(source) == [
        "Documentation kept in a name, with a \\d in it.",
        "Documentation attached by a call to a function.",
    ]


ARTICLE = """{{Infobox person|name={{lang|la|Ada}}}}
[[File:Ada.jpg|thumb|A [[portrait]] of her]]
'''Ada Lovelace''' ({{IPAc-en|x}}; born [[10 December]] 1815) was an ''English'' [[mathematician|
mathematics writer]].<ref name="a">{{cite|x}}</ref>
She walked {{convert|5|km|mi|abbr=on}}&nbsp;daily.
<!-- no -->
{| class="wikitable"
! a
|-
| b {| nested |} c
|}
== Life ==
* [http://example.org An example] of hers<br/>here
* [[Category:Women]]
{{quote|Said [[Ada|by her]] in a letter}}
:[[Indent|Indent[ed]]] ''text'' with <math>x^2</math> and H<sub>2</sub>O, &lt;b&gt;too&lt;/b&gt;.
[[de:Ada]]
==See also==
Nothing of this
"""


def test_article():
    assert wiki.prose(ARTICLE).split("\n\n") == [
        "Ada Lovelace (born 10 December 1815) was an English mathematics writer. She walked 5 km "
        "daily.",
        "An example of hers here",
        "Said by her in a letter",
        "Indent[ed] text with and H2O, too.",
    ]


def removed(*texts):
    return list(installed.without_repeats(Document("", text, "x") for text in texts))


def test_repeats():
    long = "This sentence has more than six words in it."
    first, second, third = removed(
        f"A paragraph.\n\n{long} Another sentence follows.",
        f"a  PARAGRAPH\n\nNew start of it. {long} See below.",
        f"{long}\n\nA paragraph.",
    )
    assert first.n_repeats_removed == 0 and first.text.count("\n\n") == 1
    assert second.text == "New start of it. See below." and second.n_repeats_removed == 2
    assert third.text == "" and third.n_repeats_removed == 2


def test_short_sentences_may_come_again():
    first, second = removed("See below. One thing.", "See below. Another thing.")
    assert (first.n_repeats_removed, second.n_repeats_removed) == (0, 0)
