"""How the site is built: `make docs`. Nothing is fetched, and every warning is an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import notebook_pages
from numpy.typing import ArrayLike
from sphinx.util.typing import stringify_annotation

import lmnotes

project = "lmnotes"
author = "the lmnotes authors"
version = release = lmnotes.__version__
html_title = f"lmnotes {version}"
html_show_copyright = False

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", notebook_pages.RUNS]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
default_role = "code"  # a single backtick in a docstring
nitpicky = False  # types of other packages, whose pages would have to be fetched

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # as they are written: a name, not what it stands for
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 72
add_module_names = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css", notebook_pages.LEDGER_CSS]
html_extra_path = [notebook_pages.RUNS]
html_copy_source = False
html_show_search_summary = False  # it would ask for pages, which a browser refuses from a disk
html_theme_options = {"navigation_with_keys": True}


def setup(app):
    """Write the pages of the notebooks before Sphinx looks for pages."""
    notebook_pages.write(Path(app.srcdir))
    app.connect("autodoc-process-signature", _shorten)


def _shorten(app, what, name, thing, options, signature, returns):
    """A signature in which what numpy takes for an array has its own name, not the eight of its
    parts."""
    array = stringify_annotation(ArrayLike, "smart")
    return (signature.replace(array, "ArrayLike"), returns) if signature else None
