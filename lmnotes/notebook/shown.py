"""What cells, views and pages show of figures, at one scale, of tables and of texts, as HTML."""

import base64
import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image
SCREEN = 115  # pixels on the screen per inch of a figure: its text of 8 points has 13 pixels
CRISP = 2 * SCREEN  # of a drawing that stands still, for screens of two pixels per point


def as_html(output: Any, dpi: int = CRISP) -> str:
    """The HTML that shows a figure, a table, a text, or several of them.

    dpi: pixels drawn per inch of a figure, whose place on the screen is always the same.
    """
    if hasattr(output, "savefig"):
        png = picture(output, dpi)
        pixels = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))  # its IHDR
        width, height = (round(n * SCREEN / dpi) for n in pixels)
        look = f'alt="" width="{width}" height="{height}" style="max-width:100%;height:auto"'
        return f'<img {look} src="data:image/png;base64,{base64.b64encode(png).decode()}">'
    if isinstance(output, list | tuple):
        return "".join(as_html(part, dpi) for part in output)
    if hasattr(output, "iloc"):
        from lmnotes.notebook import tables  # pandas, which the command line does without

        return tables.as_html(output)
    if hasattr(output, "_repr_html_"):
        return output._repr_html_()
    return f"<pre>{html.escape(str(output))}</pre>"


def figures_of(output: object) -> list:
    """The figures among what a cell or a view shows."""
    parts = output if isinstance(output, list | tuple) else [output]
    return [part for part in parts if hasattr(part, "savefig")]


def picture(figure: "Figure", dpi: int) -> bytes:
    """A figure as a png of at most 256 colours, wider than it is where a label does not fit."""
    from matplotlib.transforms import Bbox
    from PIL import Image

    lay_out(figure, dpi)
    box, buffer = Bbox.union([figure.bbox_inches, figure.get_tightbbox()]), io.BytesIO()
    raw = {"compress_level": 0}
    figure.savefig(buffer, format="png", dpi=dpi, bbox_inches=box, pil_kwargs=raw)
    return packed(Image.open(buffer))


def packed(image: "Image") -> bytes:
    """A PIL image as a png of at most 256 colours, a third of the bytes."""
    from PIL import Image

    buffer, median_cut = io.BytesIO(), Image.Quantize.MEDIANCUT
    coloured = image.convert("RGB").quantize(256, median_cut, dither=Image.Dither.NONE)
    coloured.save(buffer, "PNG")
    return buffer.getvalue()


def lay_out(figure: "Figure", dpi: int) -> None:
    """Lay a figure out once, for all formats and sizes that it is drawn in.

    Places are rounded: the last bits differ between processes, since the solver orders its
    variables by address, and an svg has names that are hashes of places.
    """
    figure.set_dpi(dpi)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        for ax in figure.axes:
            in_layout, box = ax.get_in_layout(), ax.get_position(original=True)
            ax.set_position(box.from_extents(*(round(end, 9) for end in box.extents)))
            ax.set_in_layout(in_layout)
        figure.set_layout_engine(None)


def steady(figure: "Figure", before: Sequence | None) -> list:
    """The places of the axes of a figure, moved to where they stood before if there is room.

    before: what this returned of the drawing before; labels of both must fit, so that each axes
    takes what is common to its two places.
    """
    lay_out(figure, SCREEN)
    places = [ax.get_position(original=True) for ax in figure.axes]
    if before is None or len(before) != len(places):
        return places
    common = [old.intersection(old, new) for old, new in zip(before, places, strict=True)]
    for box, new in zip(common, places, strict=True):
        if box is None or box.width < 0.7 * new.width or box.height < 0.7 * new.height:
            return places  # another figure, or a bar of colours that has moved
    for ax, box in zip(figure.axes, common, strict=True):
        ax.set_position(box)
    return common
