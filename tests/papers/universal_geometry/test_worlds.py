"""Names of axes, everyday words, and what is made of two compared spaces."""

import re

import numpy as np
import pandas as pd
import pytest
from pairs import few_words, halves

from lmnotes.errors import InputError
from lmnotes.papers.universal_geometry import topics, worlds
from lmnotes.text import corpus
from lmnotes.words import sgns


def test_an_everyday_word_names_the_axis_that_it_is_most_of():
    space = few_words(0, n_axes=6)
    values = space.normalised[:, :5]
    most = [space.words[row] for row in values.argmax(axis=0)]
    chosen = topics.choose(space, [most[2], most[1], "unknown"], n=2)
    assert chosen.axes == [1, 2] and chosen.names == [f"2: {most[1]}", f"3: {most[2]}"]
    assert space.words[chosen.tops[0][0]] == space.words[space.normalised[:, 1].argmax()]
    between = chosen.between[0, 1][0]
    smaller = chosen.values.min(axis=1)
    assert smaller[between] == smaller.max() and chosen.best_pairs() == [(0, 1)]
    assert set(chosen.rows) == {*chosen.tops[0], *chosen.tops[1], *chosen.between[0, 1]}


def test_held_out_pairs_are_those_that_the_comparison_judged():
    pair = halves()
    squares = pair.squares(3)
    for name in ("ICA", "PCA", "untrained"):
        np.testing.assert_allclose(np.diag(squares[name]), pair.runs[0].held_out[name][:3])
    assert np.abs(squares["shuffled pairing"]).max() < 0.4
    table = pair.axes(2)
    assert table["half 1"].tolist() == [
        pair.names[0][n] for n in pair.runs[0].matchings["ICA"].first[:2]
    ]
    assert pair.lead(100)[0] > 0


def test_tables_stand_below_what_is_printed():
    printed = pd.DataFrame({"pair": ["a"], "method": ["ICA"], "1": [0.9], "300": [0.1]})
    table = worlds.by_rank([halves()], printed)
    assert table.source.tolist() == ["paper", "this run", "this run"] and table["300"].count() == 1
    skew = worlds.skewness([halves()], pd.DataFrame({"space": ["x"], "0": [1.0]}))
    assert skew["1"].iloc[1] == pytest.approx(np.log1p(halves().sides[0]["ICA"].skewness[0]))
    summary = worlds.summary([halves()])
    assert len(summary) == 1 and re.fullmatch(r"\d+ \(\d+-\d+\)", summary["shared, ICA"][0])
    assert re.fullmatch(r"-?0\.\d+ \(-?0\.\d+ to -?0\.\d+\)", summary["lead"][0])
    assert summary["r, ICA"][0] == pytest.approx(halves().runs[0].held_out["ICA"].mean())


def test_functions_and_embeddings_become_pairs():
    seeds = worlds.Seeds(0, 2, 2, {"tolerance": 1e-2, "max_iterations": 20})
    random = np.random.default_rng(0)
    said = [" ".join(f"w{n}" for n in random.integers(0, 30, 12)) for _ in range(120)]
    table = pd.DataFrame({"english": said, "python": said})
    pair = worlds.english_python(table, 4, seeds)
    assert len(pair.runs) == 2 and len(pair.names[0]) == 4
    assert np.abs(pair.runs[0].matchings["ICA"].r).min() > 0.9
    text = corpus.from_texts(said * 3)
    trained = [sgns.train(text, dim=4, epochs=1, seed=n) for n in (0, 1)]
    same = worlds.of_embeddings("a - b", trained, trained, min_count=1, seeds=seeds)
    np.testing.assert_allclose(same.runs[1].held_out["ICA"], 1, atol=1e-6)
    assert worlds.of_images([], "", [], seeds) == {} == worlds.of_languages([], [], seeds)
    with pytest.raises(InputError, match="one for each language after the first"):
        worlds.of_languages(["a.vec", "b.vec"], [], seeds)


def test_vector_files_and_a_dictionary_become_a_pair(tmp_path):
    random = np.random.default_rng(0)
    first = random.exponential(size=(200, 4))
    for name, vectors in (("en", first), ("es - x", first @ random.normal(size=(4, 4)))):
        rows = (" ".join([f"{name[:2]}{n}", *map(str, row)]) for n, row in enumerate(vectors))
        (tmp_path / f"{name}.vec").write_text("\n".join(["200 4", *rows]) + "\n")
    dictionary = tmp_path / "dictionary.txt"
    dictionary.write_text("\n".join(f"en{n} es{n}" for n in range(200)))
    files = [str(tmp_path / f"{name}.vec") for name in ("en", "es - x")]
    seeds = worlds.Seeds(0, 2, 2, {"tolerance": 1e-4, "max_iterations": 200})
    pair = worlds.of_languages(files, [str(dictionary)], seeds)["languages"]
    assert pair.side_names == ("en.vec", "es - x.vec")
    np.testing.assert_allclose(pair.runs[0].held_out["ICA"], 1, atol=1e-3)
    english, spanish = pair.best_names(4)
    assert [word[2:] for word in english] == [word[2:] for word in spanish]
