def limits(view, **values):
    """The limits of the axes of a view's drawing, moved to these values of its controls first."""
    if values:
        view.set(**values)
    return [(ax.get_xlim(), ax.get_ylim()) for ax in view.output.axes]
