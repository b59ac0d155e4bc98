"""An executed notebook as one HTML page without scripts: pictures inside, formulas as MathML."""

import re
from pathlib import Path

from lmnotes.notebook.formulas import math
from lmnotes.runs.style import PAGE_STYLE

# nbconvert's own page loads scripts from the network and carries the whole style of JupyterLab
_TEMPLATE = """{% extends 'lab/base.html.j2' %}
{% block header %}<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ resources.metadata.name | escape_html }}</title>
<style>{{ resources.style }}</style></head><body><main>
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
alt="{{ output | get_metadata('alt', 'image/png') or '' | escape_html_keep_quotes }}"></div>
{% endblock %}
{% block footer %}</main></body></html>{% endblock %}
"""
_WIDGET = "application/vnd.jupyter.widget-view+json"
_SCRIPT = "application/javascript"
_FOLD = 12  # lines; longer code is folded
_SCALE = 1.2  # of pictures; on screens their text at print size is small


def write(notebook: Path, path: Path) -> None:
    """Write the executed notebook as a page at `path`."""
    import nbformat
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    node = nbformat.read(notebook, as_version=4)
    node.metadata.pop("widgets", None)
    for cell in node.cells:
        if cell.cell_type == "code":
            _prepare(cell)
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": _TEMPLATE})],
        template_file="offline.html.j2",
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.register_filter("markdown2html", _markdown)
    resources = {"metadata": {"name": _title(node) or notebook.stem}, "style": PAGE_STYLE}
    body, _ = exporter.from_notebook_node(node, resources)
    path.write_text(body, encoding="utf-8")


def _prepare(cell) -> None:
    """Note whether the code is folded; leave out what only a live notebook can show."""
    lines = cell.source.count("\n") + 1
    failed = any(output.output_type == "error" for output in cell.outputs)
    if lines > _FOLD and not failed and "parameters" not in cell.metadata.get("tags", []):
        cell.metadata["folded"] = lines
    cell.outputs = [output for output in cell.outputs if not _is_progress(output)]
    for output in cell.outputs:
        data = output.get("data", {})
        for kind in (_WIDGET, _SCRIPT):
            data.pop(kind, None)  # its text stands beside it
        if "text/html" in data:  # the style of a pandas table, which would reach the whole page
            data["text/html"] = re.sub(r"<style.*?</style>\s*", "", data["text/html"], flags=re.S)
        picture = output.get("metadata", {}).get("image/png", {})
        if "width" in picture:
            picture["width"] = round(picture["width"] * _SCALE)


def _is_progress(output) -> bool:
    """Whether an output is a bar of progress, of which only the beginning was kept."""
    data = output.get("data", {})
    return _WIDGET in data and bool(re.search(r"\d+%\|", data.get("text/plain", "")))


def _title(node) -> str:
    """The notebook's first heading."""
    text = "\n".join(cell.source for cell in node.cells if cell.cell_type == "markdown")
    heading = re.search(r"^#\s+(.+)$", text, re.M)
    return heading.group(1).strip() if heading else ""


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
