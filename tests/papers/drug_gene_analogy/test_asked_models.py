"""Stored and fresh answers of language models, and the published scores."""

import drug_gene_tables
import pandas
import pytest

from lmnotes.papers.drug_gene_analogy import asked_models
from lmnotes.words.analogy import relations, tasks

PAIRS = pandas.DataFrame({"drug": ["d1", "d1", "d2", "d3"], "gene": ["g1", "g2", "g3", "g1"]})
SYMBOLS = {"g1": "KIT", "g2": "EGFR", "g3": "C9orf72"}
TEXT = """model,mesh_id,valid,genes
one,D1,1,egfr|KIT
one,D2,1,C9orf72|NA
one,D3,0,KIT
two,D1,1,A|B|C|D|E|F|G|H|I|J|KIT
two,D2,1,
two,D3,1,ABL1|kit
"""


@pytest.fixture
def task():
    return tasks.build(relations.from_pairs(PAIRS))


@pytest.fixture
def table(tmp_path):
    (tmp_path / "answers.csv").write_text(TEXT)
    path = tmp_path / "answers.csv"
    return asked_models.read(path, query="mesh_id", answers="genes", rename=str.lower)


def test_answers_are_scored_by_the_rule(task, table):
    results = asked_models.score(table, task, SYMBOLS)
    one, two = results["one"], results["two"]
    assert one.ranks[:, 0].tolist() == [1, float("inf")]  # upper case; a mixed one never matches
    assert len(one) == 2 and one.settings["n_unread"] == 1  # the unreadable one leaves the mean
    assert two.ranks[:, 0].tolist() == [float("inf"), float("inf"), 2]  # the eleventh is too late
    assert two.scores()["top1"] == 0 and two.scores()["top2"] == pytest.approx(1 / 3)
    assert two.scores()["mrr"] == pytest.approx(1 / 6)


def test_a_gene_without_a_symbol_is_never_named(task, table):
    """An empty name stands for what a model wrote that was no string."""
    assert asked_models.first_right(["", "KIT"], ["", "KIT"]) == 2
    with pytest.raises(ValueError, match="no symbol for 1 answers such as 'g3'"):
        asked_models.score(table, task, {"g1": "KIT", "g2": "EGFR"})


def test_answers_are_read_as_written_and_saved(table, tmp_path):
    assert table.answers.tolist()[1:3] == [("C9orf72", "NA"), ("KIT",)]
    assert table.valid.tolist() == [True, True, False, True, True, True]
    again = asked_models.read(asked_models.save(table, tmp_path / "new" / "again.csv"))
    assert again.equals(table)


def test_what_cannot_be_read_is_refused(task, table, tmp_path):
    path = tmp_path / "bad.csv"
    for text, match in (
        (TEXT.replace("D3,0", "D3,maybe"), "row 4 valid is neither"),
        (TEXT.replace("one,D3", "one,D1"), "row 4 asks a model once more"),
        (TEXT.replace("genes", "targets"), "expected model, mesh_id, genes: name the columns"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            asked_models.read(path, query="mesh_id", answers="genes")
    with pytest.raises(ValueError, match="no answer for 1 queries such as 'd3'"):
        asked_models.score(table[table["query"] != "d3"], task, SYMBOLS)


def test_json_is_found_in_what_a_model_writes():
    text = (
        'I think {this}: ```{"target_genes": ["A", 3, "b"], "why": {}}``` and {"target_genes": 1}'
    )
    assert asked_models.parse(text) == ("A", "", "b")
    divided = asked_models.parse('{"target_genes": ["A|B"]}')
    assert divided == ("A B",)  # `|` divides what is saved
    assert asked_models.parse('{"target_genes": ["A", "B') is None
    assert asked_models.parse("[1]") is None and asked_models.parse('{"other": []}') is None


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory):
    """A causal language model of 60 characters, untrained."""
    import tokenizers
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    letters = sorted(set("".join(map(chr, range(32, 127)))))
    raw = tokenizers.Tokenizer(tokenizers.models.BPE({c: i for i, c in enumerate(letters)}, []))
    raw.decoder = tokenizers.decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="~")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(letters), n_positions=512, n_embd=16, n_layer=1, n_head=2)
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def test_a_model_is_asked_offline(tiny_model, monkeypatch):
    names = {"d1": "aspirin", "d2": "caffeine"}
    table = asked_models.ask(tiny_model, names, max_new_tokens=5)
    assert table["query"].tolist() == ["d1", "d2"] and not table.valid.any()
    assert table.text.str.len().max() > 0
    assert table.equals(asked_models.ask(tiny_model, names, max_new_tokens=5))  # no sampling
    monkeypatch.setattr(asked_models, "parse", lambda text: ("KIT",))
    table = asked_models.ask(tiny_model, {"d1": "x", "d2": "y", "d3": "z"}, max_new_tokens=2)
    task = tasks.build(relations.from_pairs(PAIRS))
    (result,) = asked_models.score(table, task, SYMBOLS).values()
    assert result.ranks[:, 0].tolist() == [1, float("inf"), 1]


def test_a_chat_template_gets_both_messages(tiny_model):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    plain = tokenizer.decode(asked_models._tokens(tokenizer, "be brief", "which?")[0])
    assert "be brief" in plain and "which?" in plain
    tokenizer.chat_template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
        "{% if add_generation_prompt %}[assistant]{% endif %}"
    )
    chat = tokenizer.decode(asked_models._tokens(tokenizer, "be brief", "which?")[0])
    assert chat == "[system]be brief[user]which?[assistant]"


def test_a_missing_model_is_explained(tmp_path):
    with pytest.raises(ValueError, match="read stored"):
        asked_models.ask(tmp_path / "none", {"d1": "aspirin"})


@drug_gene_tables.needed
@pytest.mark.parametrize("vocabulary", ["bcv", "homemade"])
def test_the_published_scores_of_language_models(vocabulary):
    facts = drug_gene_tables.relation_set(vocabulary)
    names = facts.concepts.set_index("concept").name
    drugs = {name.lower().rsplit("_")[-1]: name for name in facts.members("drug")}
    table = asked_models.read(
        drug_gene_tables.FOLDER / "gpt_targets.csv",
        query="mesh_id",
        answers="genes",
        rename=lambda mesh: drugs.get(mesh.lower(), mesh),
    )
    wanted = drug_gene_tables.expected("expected_gpt_scores")
    wanted = wanted[wanted.embedding_query_set == vocabulary].set_index(["model", "setting"])
    for setting in ("G", "P1", "P2"):
        results = asked_models.score(table, tasks.build(facts, setting), names)
        assert len(results) == 3
        for model, result in results.items():
            row, scores = wanted.loc[model, setting], result.scores()
            assert scores["n"] == row.n
            assert scores["mrr"] == pytest.approx(row.mrr10, abs=6e-7)
            for k in range(1, 11):
                assert scores[f"top{k}"] == pytest.approx(row[f"top{k}"], abs=6e-7)
