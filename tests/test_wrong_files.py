"""Whatever file a reader is given: it is read, or one sentence names the file."""

import gzip
import io
import json
import pickle
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest

from lmnotes.errors import InputError
from lmnotes.papers.domain_mixture import log_law
from lmnotes.papers.drug_gene_analogy import (
    asked_models,
    concept_text,
    kegg,
    table_checks,
    transe,
)
from lmnotes.papers.higher_order_correlation import relatedness
from lmnotes.papers.model_map import task_scores
from lmnotes.papers.norm_information_gain import hypernym_pairs, keywords, word_classes
from lmnotes.papers.prompt_response_map import conditions, prompt_sets
from lmnotes.papers.trajectories import checkpoints
from lmnotes.papers.universal_geometry import images
from lmnotes.text import chunks, corpus, functions
from lmnotes.words import baselines, embedding, judgements, norms
from lmnotes.words.analogy import four_words, relations
from lmnotes.words.ica import components


def zipped(text):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", text)
        file.writestr("b", text)
    return archive.getvalue()


NAMES = (
    "model,query,answers,valid,run,step,index,score,drug,gene,pathway,kind,concept,year,name,"
    "in_homemade,mesh_id,entrez_id,hsa,split,train_from,id,text,train_the_pile_github,"
    "metric/the_pile_github_val_loss"
)


def table_of(cell, n_rows):
    row = ",".join([cell] * (NAMES.count(",") + 1))
    return "\n".join([NAMES] + [row] * n_rows).encode()


CONTENTS = {
    "table of nothing": table_of("", 1),
    "table of words": table_of("x", 1),
    "table of numbers": table_of("7", 1),
    "table of nan": table_of("nan", 1),
    "table of the same": table_of("7", 2),
    "empty": b"",
    "blank": b"\n\n \n",
    "prose": "The old bridge, the \u201cnew\u201d one:\nboth were closed.\n".encode(),
    "latin-1": "the old caf\xe9\n".encode("latin-1") * 3,
    "utf-16": "name\tvalue\na\t1\n".encode("utf-16"),
    "utf-16 unmarked": "name\tvalue\na\t1\n".encode("utf-16-le"),
    "nul": b"a\0b,c\n\0,1\n",
    "binary": bytes(range(256)) * 4,
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(30),
    "pickle": pickle.dumps({"a": [1, 2]}),
    "zip of two": zipped("a,b\n1,2\n"),
    "cut gzip": gzip.compress(b"a,b\n1,2\n" * 100)[:-12],
    "cut parquet": b"PAR1" + bytes(40) + b"PAR1",
    "git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
    "cut json": b'{"text": "a", "year": 1990, "prom',
    "json list": b"[1, 2]\n",
    "json number": b"7\n",
    "json string": b'"text"\n',
    "json null": b"null\n",
    "json of nulls": b'{"text": null, "year": null, "prompt": null, "response": null}\n',
    "json of lists": b'{"text": ["a"], "year": [1], "prompt": {}, "messages": ["a"]}\n',
    "json of strings": b'{"messages": "hello", "lines": "a", "compositions": 5}\n',
    "deep json": b"[" * 50_000,
    "deep object": b'{"a":' * 50_000,
    "huge number": b'{"text": ' + b"1" * 5000 + b"}\n",
    "text set": b'{"text_set": 5, "text": "a"}\n',
    "half a pair": b'{"text": "a\\ud800", "year": "1990", "prompt": "\\ud800", "response": "a"}\n',
    "ragged table": b"a,b\n1\n1,2,3\n1,2\n",
    "table of other names": b"a,b\n1,2\n",
    "open quote": b'a,b\n"1,2\n3,4\n',
    "tabs": b"a\tb\n\t\n1\n",
    "header of vectors": b"3 2\n",
    "markup": b"<html><body>404</body></html>\n",
}


def folder_of(names, read):
    """`read` of a folder with the file under each of these names."""

    def reads(path):
        for name in names:
            (path.parent / name).parent.mkdir(exist_ok=True)
            (path.parent / name).write_bytes(path.read_bytes())
        return read(path.parent)

    return reads


KEGG = ("relations", "drugs", "genes", "pathways", "pathway_drugs", "pathway_genes")
READERS = {
    "corpus.txt": lambda path: corpus.load(path, keep=False),
    "corpus.jsonl": lambda path: corpus.load(path, keep=False),
    "corpus.parquet": lambda path: corpus.load(path, keep=False),
    "chunks.txt": lambda path: chunks.load(path, minimum=1),
    "chunks.jsonl": lambda path: chunks.load(path, minimum=1),
    "chunks.parquet": lambda path: chunks.load(path, minimum=1),
    "vectors": embedding.load,
    "vectors.text": lambda path: embedding.load(path, "word2vec-text"),
    "vectors.bin": lambda path: embedding.load(path, "word2vec-binary"),
    "vectors.glove": lambda path: embedding.load(path, "glove"),
    "vectors.json": lambda path: embedding.load(path, "json"),
    "vectors.gensim": lambda path: embedding.load(path, "gensim"),
    "pairs.tsv": judgements.read_pairs,
    "questions.txt": lambda path: four_words.read_questions(["a"], path),
    "dictionary.txt": baselines.read_dictionary,
    "hypernyms.tsv": hypernym_pairs.read_pairs,
    "names.txt": word_classes._names,
    "keys.key": folder_of(["docsutf8/a.txt", "keys/a.key"], keywords.read_folder),
    "prompts.jsonl": prompt_sets.load,
    "prompts.parquet": prompt_sets.load,
    "operations.json": prompt_sets.operations,
    "dated.jsonl": concept_text.read,
    "dated.tsv": concept_text.read,
    "dated.pubtator": lambda path: concept_text.read(path, {"7": 1990}),
    "years.csv": lambda path: concept_text._years(path),
    "relations.csv": lambda path: table_checks.frame(path, "relations", ["drug", "gene"]),
    "answers.csv": asked_models.read,
    "split.csv": folder_of(["kge_split_P1.csv"], transe.published_split),
    "kegg.csv": folder_of([f"{name}.csv" for name in KEGG], kegg.folder),
    "scores.csv": lambda path: task_scores.read(path, pd.DataFrame({"model": ["a"]})),
    "checkpoints.csv": checkpoints.read,
    "regmix.csv": folder_of(
        ["train_mixture_1m.csv", "train_pile_loss_1m.csv"], log_law.load_regmix
    ),
}


@pytest.mark.parametrize("name", READERS)
def test_a_wrong_file_is_one_sentence(tmp_path, name):
    failed = {}
    for kind, content in CONTENTS.items():
        path = tmp_path / kind.replace(" ", "-") / name
        path.parent.mkdir()
        path.write_bytes(content)
        try:
            with warnings.catch_warnings(action="ignore"):
                READERS[name](path)
        except (InputError, FileNotFoundError) as error:
            names = {file.stem for file in path.parent.rglob("*")} | {path.parent.name}
            if not any(file in str(error) for file in names):
                failed[kind] = f"names no file: {str(error)[:200]}"
            elif len(str(error)) > 1000:
                failed[kind] = f"has {len(str(error)):,} characters"
        except Exception as error:  # what is looked for
            failed[kind] = f"{type(error).__name__}: {str(error)[:100]}"
    assert not failed, json.dumps(failed, indent=1)


TOY = embedding.Embedding(["a", "b"], np.eye(2), np.eye(2), np.array([2, 1]))
TAKERS = {
    "texts": corpus.from_texts,
    "words": lambda given: embedding.Embedding(given, np.eye(2)),
    "packages": functions.functions,
    "origin": lambda given: norms.squared_norms(TOY, origin=given),
    "words of norms": lambda given: norms.normaliser(TOY, given),
    "words of a judge": lambda given: relatedness.rows_of(TOY, given),
    "words with vectors": lambda given: relations.from_pairs(PAIRS).within(given),
    "words of concepts": relations.concepts_of,
    "candidates": lambda given: relations.from_pairs(PAIRS, candidates=given),
    "documents": lambda given: baselines.document_vectors([given, given], dim=1),
    "responses": lambda given: conditions.score([], given, {}),
    "models": lambda given: conditions.score(given, [], {}),
}
PAIRS = pd.DataFrame({"first": ["a"], "second": ["b"]})


@pytest.mark.parametrize("name", TAKERS)
def test_a_string_is_no_list_of_strings(name):
    """Its letters were taken for the strings, as reported of another library in gensim#2737."""
    with pytest.raises(InputError, match=r"(a|is a) (single )?string; expected a list of"):
        TAKERS[name]("ab")


SAVED = {
    "vectors": (lambda folder: TOY.save(folder), embedding.load),
    "corpus": (lambda folder: corpus.from_texts(["a b a"]).save(folder), corpus.Corpus.open),
    "components": (
        lambda folder: components.Components(np.eye(2), np.zeros(2), np.eye(2), "pca").save(folder),
        lambda folder: components.Components.open(folder, np.eye(2)),
    ),
    "images": (
        lambda folder: images.ImageFeatures(["a"], ["a"], np.ones((1, 2)), []).save(folder),
        images.ImageFeatures.open,
    ),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_damaged_saved_folder_is_one_sentence(tmp_path, name):
    save, opened = SAVED[name]
    whole = tmp_path / "whole"
    whole.mkdir()
    save(whole)
    optional = ("context.npy", "counts.npy") if name == "vectors" else ()
    for file in sorted(whole.iterdir()):
        content = file.read_bytes()
        for damaged in (b"hello", b"{}", None if file.name not in optional else b""):
            file.unlink() if damaged is None else file.write_bytes(damaged)
            with pytest.raises(InputError, match="is no whole folder of `save`") as caught:
                opened(whole)
            assert "trust" not in str(caught.value)  # no message advises to run a pickle
        file.write_bytes(content)
    opened(whole)
