"""An executed notebook as one HTML page: pictures inside, formulas as MathML, no network.

A caption may quote what a file or a command line said, so all HTML that a notebook shows is
cleaned, and a policy forbids the rest. It names by their hashes the only scripts that may run: the
page's own, which moves views, and those of pages in frames, such as a map.
"""

import base64
import hashlib
import html
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from lmnotes.notebook.formulas import math
from lmnotes.notebook.views import PAGE
from lmnotes.runs.style import BASE, PAGE_STYLE, POLICY

# nbconvert's own page loads scripts from the network and carries the whole style of JupyterLab
_TEMPLATE = """{% extends 'lab/base.html.j2' %}
{% block header %}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ resources.policy | escape_html }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ resources.metadata.name | escape_html }}</title>
<style>{{ resources.style }}</style></head><body>
{% if resources.up %}<nav><a href="{{ resources.up }}">← All figures and claims</a></nav>{% endif %}
<main>
{% endblock %}
{% block input_group %}
{% if cell.metadata.folded %}<details class="code">
<summary>Code, {{ cell.metadata.folded }} lines</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock %}
{% block data_png %}<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
{%- set width = output | get_metadata('width', 'image/png') -%}
{%- if width is not none %} width="{{ width }}"{% endif %}
alt="{{ (output | get_metadata('alt', 'image/png') or '') | escape_html }}"></div>
{% endblock %}
{% block data_html %}
{% if output | get_metadata('whole_page', 'text/html') %}{{ output.data['text/html'] }}
{% else %}{{ super() }}{% endif %}
{% endblock %}
{% block footer %}</main>
{%- if resources.script %}<script>{{ resources.script }}</script>{% endif %}</body></html>
{% endblock %}
"""
# The drawings in an element of class `frames` are put behind a slider. It makes elements and sets
# attributes and texts, and reads no data as markup.
_SCRIPT = """
const make = (tag, more) => Object.assign(document.createElement(tag), more);
document.documentElement.classList.add("scripted");
for (const view of document.querySelectorAll(".frames")) {
  const figures = [...view.querySelectorAll(":scope > [data-label]")], value = make("output");
  const label = make("label", {textContent: view.dataset.label}), last = figures.length - 1;
  const slider = make("input", {type: "range", min: 0, max: last, value: last >> 1});
  const move = () => { figures.forEach((figure, i) => figure.hidden = i != slider.value);
    value.textContent = figures[slider.value]?.dataset.label; };
  slider.addEventListener("input", move);
  label.append(slider, value);
  view.prepend(label);
  move();
}
"""
_WIDGET = "application/vnd.jupyter.widget-view+json"
_KINDS = {f"text/{kind}" for kind in ("html", "markdown", "latex", "plain")}  # that are shown
_KINDS |= {f"image/{kind}" for kind in ("png", "jpeg", "svg+xml")}
_TAGS = "a b blockquote br caption code dd del details div dl dt em figcaption figure h1 h2 h3 h4 "
_TAGS += "h5 h6 hr i img li ol p pre s small span strong sub summary sup table tbody td tfoot th "
_TAGS += "thead tr ul wbr math menclose mfrac mi mn mo mover mpadded mphantom mroot mrow mspace "
_TAGS += "msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover"
_ATTRIBUTES = "accent align alt border class colspan columnalign data-label display displaystyle "
_ATTRIBUTES += "fence form height id linethickness lspace mathvariant maxsize minsize open rowspan "
_ATTRIBUTES += "rspace scope scriptlevel start stretchy style title width xmlns"
_STYLES = "border border-left flex font-size margin max-width overflow padding"
_FOLD = 12  # lines; longer code is folded


def write(notebook: Any, path: Path, style: str = "", up: str = "") -> None:
    """Write the executed notebook, a path or what `nbformat` reads, as a page at `path`; up: a link
    that it begins with."""
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter, TemplateExporter
    from nbconvert.filters import Highlight2HTML
    from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter

    node = nbformat.read(notebook, as_version=4) if isinstance(notebook, Path) else notebook
    node.metadata.pop("widgets", None)
    outputs = [output for cell in node.cells for output in cell.get("outputs", ())]
    script = _SCRIPT if any(PAGE in output.get("data", ()) for output in outputs) else ""
    for cell in node.cells:
        if cell.cell_type == "code":
            _prepare(cell)
    without = ("exclude_input_prompt", "exclude_output_prompt", "exclude_anchor_links")
    options = dict.fromkeys((*without, "sanitize_html"), True)
    loaders = [DictLoader({"offline.html.j2": _TEMPLATE})]
    exporter = HTMLExporter(extra_loaders=loaders, template_file="offline.html.j2", **options)
    exporter.register_filter("markdown2html", _markdown)
    lexer = node.metadata.get("language_info", {}).get("pygments_lexer", "ipython3")
    highlight = Highlight2HTML(pygments_lexer=lexer)
    code: dict[str, Callable] = {}
    code["highlight_code"] = lambda source, **how: _Clean(highlight(source, **how))
    code["clean_html"] = lambda text: text if type(text) is _Clean else _cleaner().clean(str(text))
    code["filter_data_type"] = WidgetsDataTypeFilter(notebook_metadata={}, resources={})
    for name, function in code.items():
        exporter.register_filter(name, function)
    resources: dict[str, Any] = {"metadata": {"name": _title(node) or path.stem}, "up": up}
    resources["style"], resources["script"] = BASE + PAGE_STYLE + style, script
    hashes = _hashes(outputs, script) or "'none'"
    resources["policy"] = f"{POLICY}; img-src data:; script-src {hashes}"
    resources["should_sanitize_html"] = True
    # not HTMLExporter's own, which parses the whole page once more for what is not in ours
    body, _ = TemplateExporter.from_notebook_node(exporter, node, resources)
    path.write_text(body, encoding="utf-8")


class _Clean(str):
    """HTML that needs no cleaning: code whose every character pygments has escaped."""


def _prepare(cell: Any) -> None:
    """Note whether the code is folded; leave out what only a live notebook can show."""
    lines = cell.source.count("\n") + 1
    failed = any(output.output_type == "error" for output in cell.outputs)
    is_hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
    is_long = lines > _FOLD and "parameters" not in cell.metadata.get("tags", [])
    if (is_hidden or is_long) and not failed:
        cell.metadata["folded"] = lines
    outputs, cell.outputs = cell.outputs, []
    for output in outputs:
        data = output.get("data", {})
        if _WIDGET in data and re.search(r"\d+%\|", data.get("text/plain", "")):
            continue  # a bar of progress, of which only the beginning was kept
        cell.outputs.append(output)
        if PAGE in data:
            data["text/html"] = _moved(data["text/html"], **data[PAGE])
        for kind in set(data) - _KINDS:
            del data[kind]  # its text stands beside it
        if "text/html" in data:  # the style of a pandas table, which would reach the whole page
            data["text/html"] = re.sub(r"<style.*?</style>\s*", "", data["text/html"], flags=re.S)


def _moved(stills: str, control: str, values: list, frames: list) -> str:
    """A view as HTML: the drawing of each value for the page's script, stills where none runs."""
    pairs = zip(values, frames, strict=True)
    drawn = [f'<div data-label="{html.escape(name)}">{figure}</div>' for name, figure in pairs]
    label = f'class="frames" data-label="{html.escape(control)}"'
    return f"<div {label}>{''.join(drawn)}</div><div>{stills}</div>"


@cache
def _cleaner() -> Any:
    """What leaves of HTML only what shows text, pictures and formulas; the rest is seen as text."""
    from bleach.css_sanitizer import ALLOWED_CSS_PROPERTIES, CSSSanitizer
    from bleach.sanitizer import ALLOWED_PROTOCOLS, Cleaner

    names = set(_ATTRIBUTES.split())

    def is_kept(tag: str, name: str, value: str) -> bool:
        if name == "href":
            return tag == "a" and not value.lower().lstrip().startswith("data:")
        return name in names or (tag, name) == ("img", "src")

    styles = CSSSanitizer([*ALLOWED_CSS_PROPERTIES, *_STYLES.split()])
    kept = {"tags": _TAGS.split(), "attributes": is_kept, "css_sanitizer": styles}
    return Cleaner(**kept, protocols=[*ALLOWED_PROTOCOLS, "data"])


def _hashes(outputs: list, script: str) -> str:
    """The scripts that the page and the pages within it may run, as a policy names them."""
    pages = (o for o in outputs if o.get("metadata", {}).get("text/html", {}).get("whole_page"))
    texts = (html.unescape(page.data["text/html"]) for page in pages)
    scripts = (s for text in texts for s in re.findall("<script>(.*?)</script>", text, re.S))
    scripts = filter(None, [script, *scripts])
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    return " ".join(f"'sha256-{digest}'" for digest in dict.fromkeys(digests))


def _title(node: Any) -> str:
    """The notebook's first heading."""
    text = "\n".join(cell.source for cell in node.cells if cell.cell_type == "markdown")
    heading = re.search(r"^#\s+(.+)$", text, re.M)
    return heading.group(1).strip() if heading else ""


def _markdown(source: str) -> str:
    """The HTML of a markdown source, its formulas as MathML."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def heading(self, *arguments, **attributes):
            # without its empty link, which never ends: all that follows would be one
            return re.sub(r"<a [^>]*/>", "", super().heading(*arguments, **attributes))

        def inline_math(self, body):
            return math(body)

        def block_math(self, body):
            return math(body, "block")

        def latex_environment(self, name, body):
            return math(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    return MarkdownWithMath(renderer=Renderer(escape=False, anchor_link_text="")).render(source)
