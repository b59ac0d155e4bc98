"""An executed notebook as one HTML page without scripts: pictures inside, formulas as MathML."""

import html
from pathlib import Path

# nbconvert's own page loads require.js, MathJax, mermaid and the widgets' from the network.
_TEMPLATE = """{% extends 'lab/index.html.j2' %}
{% block html_head_js %}{% endblock %}
{% block jupyter_widgets %}{% endblock %}
{% block html_head_js_mathjax %}{% endblock %}
{% block html_head_js_mermaidjs %}{% endblock %}
{% block extra_css %}<style>
body { max-width: 62rem; margin: auto !important; }
details { margin: .5em 0; } summary { cursor: pointer; }
img { max-width: 100%; height: auto; }
.jp-Cell-inputWrapper { overflow-x: auto; }
</style>{% endblock %}
"""
_WIDGET = "application/vnd.jupyter.widget-view+json"


def write(notebook: Path, path: Path) -> None:
    """Write the executed notebook as a page at `path`."""
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    node = nbformat.read(notebook, as_version=4)
    node.metadata.pop("widgets", None)
    for cell in node.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(_WIDGET, None)  # its text stands beside it
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": _TEMPLATE})], template_file="offline.html.j2"
    )
    exporter.register_filter("markdown2html", _markdown)
    resources = {"metadata": {"name": notebook.parent.parent.name}}
    body, _ = exporter.from_notebook_node(node, resources)
    path.write_text(body, encoding="utf-8")


def math(tex: str, display: str = "inline") -> str:
    """A formula as MathML, or as its TeX source where that cannot be done.

    >>> "<mi>x</mi>" in math("x")
    True
    """
    try:
        from latex2mathml.converter import convert

        return convert(tex, display=display)
    except Exception:  # any formula that it cannot read stays readable as TeX
        return f"<code>{html.escape(tex)}</code>"


def _markdown(source: str) -> str:
    """The HTML of a markdown source, its formulas as MathML."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    class Renderer(IPythonRenderer):
        def inline_math(self, body):
            return math(body)

        def block_math(self, body):
            return math(body, "block")

        def latex_environment(self, name, body):
            return math(rf"\begin{{{name}}}{body}\end{{{name}}}", "block")

    return MarkdownWithMath(renderer=Renderer(escape=False, anchor_link_text="")).render(source)
