import numpy as np
import pytest

from lmnotes.papers.model_map import interpolation


def _model(values):
    import torch

    model = torch.nn.Linear(2, 2, bias=False)
    model.register_buffer("positions", torch.full((3,), 1e6))
    with torch.no_grad():
        model.weight.copy_(torch.tensor(values))
    return model


@pytest.fixture
def three():
    return (
        _model([[1.0, 1.0], [1.0, 1.0]]),
        _model([[4.0, 1.0], [1.0, 1.0]]),
        _model([[2.0, 2.0], [1.0, 1.0]]),
    )


def test_geometry_by_hand(three):
    # steps (3, 0, 0, 0) and (1, 1, 0, 0): lengths 3 and sqrt 2, inner product 3, angle 45 degrees
    result = interpolation.geometry(*three)
    assert result.rms_1 == pytest.approx(3 / 2) and result.rms_2 == pytest.approx(2**0.5 / 2)
    assert result.inner == pytest.approx(3 / 4) and result.angle == pytest.approx(45)
    assert result.n_parameters == 4  # a buffer is no weight
    placed = result.place(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    assert np.linalg.norm(placed, axis=1) == pytest.approx([1.5, 2**0.5 / 2, (17 / 4) ** 0.5])


def test_the_published_angle_follows_from_the_published_products():
    ip11, ip22, ip12 = 1.762204856708391e-08, 3.505442842122743e-07, 2.229023281299752e-09
    assert np.degrees(np.arccos(ip12 / np.sqrt(ip11 * ip22))) == pytest.approx(88.37484109868481)
    assert np.sqrt([ip11, ip22]) == pytest.approx([1.3275e-4, 5.9207e-4], rel=1e-4)


def test_weights_at_the_corners_are_those_of_the_three(three):
    blend = interpolation.Blend(*three)
    for (a, b), expected in zip([(0, 0), (1, 0), (0, 1)], three, strict=True):
        np.testing.assert_allclose(blend.model_at(a, b).weight.detach(), expected.weight.detach())
    np.testing.assert_allclose(blend.model_at(0.5, 0.5).weight.detach()[0], [3.0, 1.5])
    np.testing.assert_allclose(three[0].weight.detach(), 1.0)  # the base is left as it was


def test_added_vocabulary_rows_are_cut_to_the_common_part(three):
    import torch

    wide = torch.nn.Linear(2, 3, bias=False)
    with torch.no_grad():
        wide.weight.fill_(5.0)
    blend = interpolation.Blend(three[0], wide, three[2])
    np.testing.assert_allclose(blend.model_at(1.0, 0.0).weight.detach(), 5.0)


def test_prediction_is_linear_and_clipped():
    rng = np.random.default_rng(0)
    log_likelihood = rng.normal(-500, 100, (3, 9))
    points = interpolation.grid()
    result = interpolation.predicted(log_likelihood, points)
    assert result.shape == (36, 9)
    for corner, row in (((0, 0), 0), ((1, 0), 1), ((0, 1), 2)):
        at = int(np.flatnonzero((points == corner).all(axis=1))[0])
        np.testing.assert_allclose(result[at], log_likelihood[row])
    clipped = interpolation.predicted(log_likelihood, points, threshold=-550)
    np.testing.assert_allclose(clipped, np.maximum(result, -550))


def test_strangers_and_copies_are_refused(three):
    import torch

    with pytest.raises(ValueError, match="not in all three models"):
        interpolation.geometry(three[0], three[1], torch.nn.LayerNorm(2))
    with pytest.raises(ValueError, match="equals the base"):
        interpolation.geometry(three[0], three[0], three[1])
