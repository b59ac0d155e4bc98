import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import json
from dataclasses import replace

import numpy as np
import pytest
from transformers import AutoModelForCausalLM

from lmnotes.notebook import card
from lmnotes.papers.domain_mixture import design as mixture_design
from lmnotes.papers.domain_mixture import jobs, world
from lmnotes.text import chunks


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))


@pytest.fixture
def pile(tmp_path):
    """A folder with a file for each domain, as a copy of the Pile would be."""
    folder = tmp_path / "pile"
    folder.mkdir()
    draw = np.random.default_rng(0)
    words = {
        "github": ["def", "return", "self", "x", "=", "(", ")", ":"],
        "arxiv": ["we", "prove", "that", "the"],
        "freelaw": ["the", "court", "held", "plaintiff"],
    }
    for name, some in words.items():
        rows = [{"text": " ".join(draw.choice(some, 60)), "domain": name} for _ in range(60)]
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return str(folder)


def test_the_route_of_the_paper_at_tiny_size(pile):
    """Domains from a folder, a model of nanoGPT's kind, its target, designed weights, a reading."""
    data = world.open_domains(pile)
    assert set(data.names) == {"github", "arxiv", "freelaw"}
    natural = world.natural_shares(data, "pile")
    order = list(data.names).index
    assert natural[order("arxiv")] > natural[order("github")] > natural[order("freelaw")]
    settings = {"n_sequences": 4, "window": 48, "learning_rate": 5e-3, "warm_up": 2}
    base = world.fresh_run("tiny nanogpt", np.ones(3), seed=1, data_seed=1, n_steps=6, **settings)
    wanted = world.target_mixture("code", data.names)
    target = world.fresh_run("tiny nanogpt", wanted, seed=2, data_seed=2, n_steps=12, **settings)
    cut = {"size": 48, "minimum": 48, "per_domain": 5}
    design, other = (chunks.load(pile, part=part, **cut) for part in ("task", "evaluation"))
    assert not set(design.table.text_id) & set(other.table.text_id)
    models = {"base": base, "target": target}
    read = jobs.read_all(models, design, data, device="cpu", workers=1)
    model = AutoModelForCausalLM.from_pretrained(read["base"].folder)
    assert model.config.n_head == 2 and model.config.n_positions == 65
    gap = read["target"].log_likelihood - read["base"].log_likelihood
    weights = mixture_design.design(mixture_design.Gap.from_texts(design.table, gap, data.names))
    more = replace(base, spec=replace(base.spec, n_steps=3), weights=tuple(weights))
    more = replace(more, start=read["base"].folder)
    reading = jobs.read_all({"more": more}, other, data, device="cpu", workers=1)["more"]
    assert np.isfinite(reading.log_likelihood).all()


def test_nanogpt_has_the_shape_that_is_said():
    size = world.SHAPES["nanogpt"]
    assert size == {"layers": 12, "heads": 12, "width": 768, "block": 1024}
    shares = card.table("10", "pile_shares").share
    assert shares.sum() == pytest.approx(1, abs=0.005) and len(shares) == 17
    with pytest.raises(ValueError, match="windows of 128 ids"):
        world.fresh_run("tiny nanogpt", [1], seed=1, data_seed=1, n_steps=1)
    with pytest.raises(ValueError, match="shape 'gpt5'"):
        world.fresh_run("gpt5", [1], seed=1, data_seed=1, n_steps=1)


def test_questions_have_right_answers():
    texts, places = world.questions(20, seed=1)
    assert len(texts) == 20 and len(set(texts.texts)) == 20
    for number, (begin, end) in places.items():
        text = texts.texts[number]
        assert end == len(text) == texts.n_bytes[number]
        assert all(eval(line.replace("=", "==")) for line in text.split("\n")[:-1])
        assert text[:begin].endswith("= ") and text[begin:end].endswith("\n")
    both = world.join_texts(texts, world.questions(5, seed=2)[0])
    assert len(both) == 25 and both.content_id != texts.content_id


def test_bad_worlds(pile, tmp_path):
    with pytest.raises(ValueError, match="target 'law' was given; expected one of code, data"):
        world.target_mixture("law", ["a", "b"])
    with pytest.raises(ValueError, match="expected some of code"):
        world.target_mixture("code", ["a", "b"])
    data = world.open_domains(pile, ["github", "arxiv"])
    assert data.names == ("github", "arxiv")
    with pytest.raises(ValueError, match="domain 'books' was given; expected one of"):
        data.select(["books"])
    with pytest.raises(ValueError, match="natural shares 'size of' was given"):
        world.natural_shares(data, "size of")
    with pytest.raises(ValueError, match="shares of the Pile need domains of its own"):
        world.natural_shares(replace(data, names=("github", "poems")), "pile")
    with pytest.raises(ValueError, match="no folder 'pile' is here"):
        world.open_domains("pile")
    with pytest.raises(Exception, match="nowhere"):
        world.open_domains(str(tmp_path / "nowhere"))
