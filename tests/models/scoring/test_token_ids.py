"""Token ids from a file are those that the tokenizer gives."""

import itertools
import os
import shutil

import numpy as np
import pytest
import tiny_models

from lmnotes import store
from lmnotes.models.scoring import rule, token_ids

TEXTS = [*tiny_models.TEXTS, "a text</s> with what controls a model", "<s> and its beginning"]
RULES = [
    rule.Rule(bos=bos, special=special, truncate=truncate)
    for bos, special, truncate in itertools.product(rule.BOS, rule.SPECIAL, ("model", 7))
]


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The folder of kept ids; every set of texts is large enough."""
    monkeypatch.setenv("LMNOTES_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(token_ids, "LEAST", 0)
    return tmp_path / "home" / token_ids.KIND


def entries(kept):
    return sorted(path for path in kept.glob("*/") if not path.suffix)


class Counted:
    """A tokenizer that counts how many lists of texts it reads."""

    def __init__(self, tokenizer):
        self.tokenizer, self.lists = tokenizer, 0
        self.__class__ = type("Counted", (Counted,), {"__module__": "of.each"})

    def __call__(self, texts, **options):
        self.lists += isinstance(texts, list)
        return self.tokenizer(texts, **options)

    def __getattr__(self, name):
        return getattr(self.tokenizer, name)


@pytest.mark.parametrize("unknown", [False, True])
def test_ids_from_a_file_are_the_tokenizers_own_under_every_rule(kept, monkeypatch, unknown):
    counted = Counted(tiny_models.tokenizer(adds_bos=True, unknown=unknown))
    texts = tiny_models.TEXTS[:3] if unknown else TEXTS
    for each, limit in itertools.product(RULES, (7, 64)):
        with monkeypatch.context() as patch:
            patch.setattr(token_ids, "LEAST", 2**60)
            fresh = rule._encode(counted, texts, each, limit)
        rule._encode(counted, texts, each, limit)
        before = counted.lists
        again = rule._encode(counted, texts, each, limit)
        assert counted.lists == before
        assert [ids.dtype for ids in again.ids] == [ids.dtype for ids in fresh.ids]
        assert all(map(np.array_equal, again.ids, fresh.ids))
        assert again.notes == fresh.notes
        np.testing.assert_array_equal(again.truncated, fresh.truncated)
    assert len(entries(kept)) == 4  # limits and lengths share theirs


def test_another_tokenizer_or_text_has_another_file(kept):
    from transformers import ByT5Tokenizer

    given = [tiny_models.tokenizer() for _ in range(3)]
    given[1].add_tokens(["the"])
    given[2].add_special_tokens({"additional_special_tokens": ["cat"]})
    given += [ByT5Tokenizer(extra_ids=n) for n in (0, 5, 5)]  # no backend: by what they save
    assert [tokenizer.is_fast for tokenizer in given] == [True] * 3 + [False] * 3
    contents = [token_ids.content_of(tokenizer) for tokenizer in given]
    assert contents[4] == contents[5] and len(set(contents)) == 5
    for tokenizer in given:
        ids = token_ids.read(tokenizer, TEXTS, add_special_tokens=False)
        plain = tokenizer(TEXTS, add_special_tokens=False)["input_ids"]
        assert [list(text) for text in ids] == plain
    assert len(entries(kept)) == 5
    token_ids.read(given[0], ["a", "b"])
    token_ids.read(given[0], ["ab"])
    assert len(entries(kept)) == 7


def test_a_damaged_file_is_made_again_and_a_closed_home_is_done_without(kept, monkeypatch):
    tokenizer = Counted(tiny_models.tokenizer())
    fresh = token_ids.read(tokenizer, TEXTS)
    (entry,) = entries(kept)
    (entry / "ids.npz").write_bytes(b"cut short")
    with pytest.warns(UserWarning, match="built anew"):
        again = token_ids.read(tokenizer, TEXTS)
    assert tokenizer.lists == 2 and all(map(np.array_equal, fresh, again))
    monkeypatch.setenv("LMNOTES_HOME", str(entry / "ids.npz"))  # no folder can be there
    assert all(map(np.array_equal, fresh, token_ids.read(tokenizer, TEXTS)))
    assert tokenizer.lists == 3


def test_the_oldest_files_make_room(kept, monkeypatch):
    tokenizer = tiny_models.tokenizer()
    for number in range(3):
        token_ids.read(tokenizer, [*TEXTS, str(number)])
        os.utime(max(entries(kept), key=lambda path: path.stat().st_mtime), (number, number))
    before = {path: path.stat().st_mtime for path in entries(kept)}
    monkeypatch.setattr(token_ids, "MOST", int(3.5 * store.size(before) / 3))
    token_ids.read(tokenizer, [*TEXTS, "new"])
    gone = before.keys() - set(entries(kept))
    assert [before[path] for path in gone] == [0] and len(entries(kept)) == 3


def test_a_file_that_is_deleted_while_it_is_written_costs_no_text(kept):
    tokenizer = tiny_models.tokenizer()

    class Deleting(Counted):
        def __call__(self, texts, **options):
            if self.lists == 0:
                shutil.rmtree(kept)
            return super().__call__(texts, **options)

    deleting = Deleting(tokenizer)
    deleting.__class__ = Deleting
    with pytest.warns(UserWarning, match="once more"):
        ids = token_ids.read(deleting, TEXTS)
    assert deleting.lists == 2
    assert [list(text) for text in ids] == tokenizer(TEXTS)["input_ids"]
    assert [list(text) for text in token_ids.read(tokenizer, TEXTS)] == [list(text) for text in ids]
