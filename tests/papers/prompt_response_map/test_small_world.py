"""The factorial world, and conditional KL of models that write their own responses."""

import numpy as np
import pytest
import tiny_models
import torch

from lmnotes.models import sampling
from lmnotes.models.maps import coordinates as maps
from lmnotes.models.scoring import loading, prompts
from lmnotes.models.zoo import networks
from lmnotes.papers.prompt_response_map import (
    additivity,
    conditional_kl,
    factor_shares,
    small_world,
    small_world_kl,
)

N_STEPS = 60


@pytest.fixture(scope="module")
def small():
    """A small model of the world, trained for a second or two."""
    member = small_world.Member(0.5, "R1", 32, 1, 3)
    return loading.wrap(small_world.train(member, 150), small_world.tokenizer(), name="small")


def two(seed=0):
    """Two models of six ids with random weights."""
    size = {"vocab_size": 6, "n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 16}
    return [
        tiny_models.model("gpt2", seed=seed + k, bos_token_id=0, eos_token_id=0, **size)
        for k in (0, 1)
    ]


def test_the_world_has_the_sheets_sizes():
    counts = {
        member.width: sum(
            weights.numel()
            for weights in small_world.create(member).parameters()
            if weights.requires_grad
        )
        for member in small_world.MEMBERS[:3]
    }
    assert counts == {48: 63_888, 32: 17_888}
    assert len(small_world.MEMBERS) == 12 == len({member.name for member in small_world.MEMBERS})
    sizes = {name: len(text) for name, text in small_world.sources().items()}
    assert 300_000 < sizes["prose"] < 700_000 and 500_000 < sizes["code"] <= 600_000


def test_pairs_are_what_their_labels_say():
    made = small_world.draw(4000, taste=0.85, seed=1)
    assert made.responses.shape == (4000, 32) and made.responses.max() < 128
    assert abs((made.source == "prose").mean() - 0.85) < 0.03
    np.testing.assert_allclose(made.on.mean(axis=0), 0.35, atol=0.03)
    shown = made.prompts != small_world.NO_TAG
    for rule, order in small_world.RULES.items():
        rows = made.rule == rule
        on = made.on[rows][:, order]  # by slot
        assert not (shown[rows] & ~on).any()
        assert abs(shown[rows][on].mean() - 0.75) < 0.03
    upper = made.responses[made.on[:, 0]]
    assert not ((upper >= ord("a")) & (upper <= ord("z"))).any()
    assert not (made.responses[made.on[:, 1]] == ord(" ")).any()
    assert not np.isin(made.responses[made.on[:, 2]], list(b"aeiouAEIOU")).any()
    again = small_world.draw(4000, taste=0.85, seed=1)
    np.testing.assert_array_equal(made.responses, again.responses)
    training = small_world.draw(500, part="train", rule="R2", seed=1)
    assert set(training.rule) == {"R2"}
    with pytest.raises(ValueError, match="expected one of train, evaluation"):
        small_world.draw(3, part="test")


def test_texts_and_ids_of_the_world_are_the_same_thing(small):
    made = small_world.draw(40, seed=2)
    tokenizer = small_world.tokenizer()
    for text, ids in zip(made.prompt_texts, made.prompts, strict=True):
        assert tokenizer(text)["input_ids"] == ids.tolist()
    result = prompts.score(
        small, made.prompt_texts, made.response_texts, rule=small_world.PROMPT_RULE
    )
    along = sampling.compare_along([small.model], 0, made.contexts, made.responses)
    assert along.ratio.shape == (1, 40, 32) and not along.ratio.any() and not along.kl.any()
    ids = torch.as_tensor(np.concatenate([made.contexts, made.responses], axis=1))
    with torch.no_grad():
        law = small.model(ids[:, :-1]).logits[:, 3:].log_softmax(-1)
    want = law.gather(-1, ids[:, 4:, None]).double().sum(dim=(1, 2)).numpy()
    assert np.abs(result.log_likelihood - want).max() < 32 * 1e-4
    assert small_world.PROMPTS["C"] == "⟨-⟩⟨-⟩⟨C⟩" and small_world.PROMPTS["none"] == "⟨-⟩⟨-⟩⟨-⟩"


def test_the_world_is_built_once_and_scored_like_any_model(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    members = [small_world.Member(taste, "R1", 32, 1, 3) for taste in (0.85, 0.15)]
    made = small_world.build(tuple(members), n_steps=N_STEPS)
    assert made.model.tolist() == ["U0.85-R1-d32-s3", "U0.15-R1-d32-s3"]
    assert {"taste", "rule", "size", "seed", "folder"} <= set(made)
    pairs = small_world.draw(30, seed=3)
    texts = (pairs.prompt_texts, pairs.response_texts)
    L = prompts.matrix(made, *texts, rule=small_world.PROMPT_RULE)
    assert L.models.taste.tolist() == [0.85, 0.15]
    assert L.values.shape == (2, 30) and (L.values < 0).all()
    prose = pairs.source == "prose"
    gap = L.values[0] - L.values[1]
    assert gap[prose].mean() > gap[~prose].mean()  # each likes what it has read
    weights = [loading.load(folder).model.state_dict() for folder in made.folder]
    monkeypatch.setattr(small_world, "train", None)
    again = small_world.build(tuple(members), n_steps=N_STEPS)
    assert again.folder.tolist() == made.folder.tolist()
    biases = [bias for name, bias in weights[0].items() if name.endswith("attn.c_attn.bias")]
    assert not any(bias.any() for bias in biases)


def test_training_gives_the_same_weights_again():
    member = small_world.MEMBERS[2]
    first, second = (small_world.train(member, 5).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_half_the_variance_is_the_divergence_while_models_are_close(small, tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path))
    networks.save(small.model, small.tokenizer, tmp_path / "small")
    table = small_world_kl.ruler(str(tmp_path / "small"), [0.002, 0.01, 0.1], 1500, seed=2)
    close = table[table.sigma <= 0.01]
    assert close.ratio.between(0.9, 1.1).all()
    assert table.kl.is_monotonic_increasing and table.half_variance.is_monotonic_increasing
    assert (table.given_ratio > table.ratio).all()


@pytest.mark.parametrize("allowed", [None, np.array([0, 2, 5])])
def test_both_estimators_reach_the_exact_divergence(allowed):
    models = two()
    kept = np.arange(6) if allowed is None else allowed
    start = [1, 2]
    every = np.array(np.meshgrid(*[kept] * 3, indexing="ij")).reshape(3, -1).T  # all responses
    ids = torch.as_tensor(np.concatenate([np.tile(start, (len(every), 1)), every], axis=1))
    place = torch.as_tensor(np.searchsorted(kept, every))
    laws = []
    for model in models:
        with torch.no_grad():
            law = model(ids).logits[:, 1:-1, kept].double().log_softmax(-1)
        laws.append(law.gather(-1, place[..., None]).sum(dim=(1, 2)).numpy())
    exact = float(np.exp(laws[0]) @ (laws[0] - laws[1]))
    assert np.exp(laws[0]).sum() == pytest.approx(1)
    contexts = np.tile([start], (4000, 1))
    result = conditional_kl.estimate(models, 0, contexts, 3, seed=0, allowed=allowed)
    for value, error in (
        (result.monte_carlo[1], result.monte_carlo_error[1]),
        (result.rao_blackwell[1], result.rao_blackwell_error[1]),
    ):
        assert abs(value - exact) < 4 * error
    assert result.rao_blackwell_error[1] < result.monte_carlo_error[1]
    assert result.monte_carlo[0] == 0 == result.rao_blackwell[0]


def test_tags_of_one_world_add_up_in_the_world(small):
    """Not the sheet's numbers, which take 900 steps: that all parts fit together."""
    pairs = small_world.draw(60, seed=5)
    rows = {}
    for name in ("none", "A", "B", "C", "AB"):
        asked = [small_world.PROMPTS[name]] * 60, pairs.response_texts
        rows[name] = prompts.score(small, *asked, rule=small_world.PROMPT_RULE).log_likelihood
    shifts = {name: row - rows["none"] for name, row in rows.items()}
    fit = additivity.measure(
        np.stack([shifts["A"], shifts["B"]]), shifts["AB"], wrong=[shifts["C"]]
    )
    assert fit.cosine > 0.5 and fit.r2 > fit.wrong
    L = np.stack([rows["none"], rows["A"], rows["AB"]])
    share = factor_shares.between_share(L, pairs.source)
    assert ((share[np.triu_indices(3, 1)] >= 0) & (share[np.triu_indices(3, 1)] <= 1)).all()
    assert maps.kl(maps.row_centre(L)).shape == (3, 3)
