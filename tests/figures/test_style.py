"""Colours that differ, and stay what they are."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from lmnotes.figures import maps, style
from lmnotes.models.zoo import plans
from lmnotes.text import installed

# Machado, Oliveira and Fernandes 2009: deuteranopia, severity 1, on linear RGB
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
FAR = 20  # in CIE Lab; about 2 is just seen


def lab(colour, vision):
    """CIE Lab (3,) of a colour as this vision has it, white being D65."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    t = XYZ @ np.clip(vision @ linear, 0, 1) / XYZ.sum(axis=1)
    x, y, z = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours, vision):
    """The smallest distance of two colours."""
    places = [lab(colour, vision) for colour in colours]
    return min(np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2))


def test_lab_of_white_and_of_pure_red():
    assert np.allclose(lab("#FFFFFF", np.eye(3)), [100, 0, 0], atol=0.05)
    assert np.allclose(lab("#FF0000", np.eye(3)), [53.2, 80.1, 67.2], atol=0.1)
    assert (
        nearest(["#FF0000", "#00A000"], DEUTERANOPIA)
        < nearest(["#FF0000", "#00A000"], np.eye(3)) / 3
    )


@pytest.mark.parametrize("vision", [np.eye(3), DEUTERANOPIA], ids=["full", "deuteranope"])
def test_colours_that_may_stand_together_tell_apart(vision):
    bases = {style.ICA, style.PCA, style.RANDOM, style.RAW, style.UNTRAINED, style.NOISE}
    assert len(bases | {style.OWN, style.PAPER}) == 8
    assert nearest([*style.COLOURS, style.GREY, "#FFFFFF"], vision) >= FAR
    domains = style.colours(installed.DOMAINS)
    assert nearest(domains.values(), vision) >= FAR


def test_a_domain_and_a_family_keep_their_colour_in_all_company():
    alone = {name: style.colours([name])[name] for name in installed.DOMAINS}
    assert style.colours(["another", *installed.DOMAINS]) | alone == style.colours(
        ["another", *alone]
    )
    assert style.colours(["another", "code"])["another"] != alone["code"]
    assert style.colours(["only code"])["only code"] == alone["code"]
    sizes = style.colours(["Llama 64x2", "Llama 256x6 leaked", "Llama"])
    assert len(set(sizes.values())) == 1


@pytest.mark.parametrize("plan", plans.PLANS)
def test_families_of_a_zoo_differ_in_colour_or_marker(plan):
    families = pd.Series([spec.family for spec in plans.plan(plan)])
    looks = maps.looks(families)
    seen = set(zip(families, looks.colours, looks.markers, strict=True))
    assert len({look[1:] for look in seen}) == families.nunique()
    part = maps.looks(families[families != "Llama 64x2"])
    assert set(part.colours) <= set(looks.colours)
