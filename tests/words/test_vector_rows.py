"""Damaged JSON of word vectors is refused with the entry that is wrong."""

import re

import pytest

from lmnotes.words.embedding import load

DAMAGED = {
    "no numbers": ('{"a": []}', "entry 1: 0 numbers after 'a'"),
    "comma at the end": ('{"a": [1, 2], "b": [3, ]}', "entry 2: 1 numbers after 'b'"),
    "number missing": ('{"a": [1, 2, 3], "b": [4,, 5]}', "entry 2: 2 numbers after 'b'"),
    "long row": ('{"a": [1, 2], "b": [3, 4, 5]}', "entry 2: 3 numbers after 'b'"),
    "nan": ('{"a": [1], "b": [NaN]}', "entry 2: the vector of 'b' holds nan"),
    "text": ('{"a": [1], "b": ["2"]}', r"entry 2: b'.*\"2\".*an object of arrays"),
    "cut": ('{"a": [1], "b": [2', "entry 2: .*cut short"),
    "two objects": ('{"a": [1]} {"b": [2]}', "entry 2: more bytes follow"),
    "empty": ("{}", "entry 1: no word in it"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_json_names_the_entry(tmp_path, name):
    content, message = DAMAGED[name]
    path = tmp_path / "vectors.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(path)
    assert re.search("; expected .*; ", str(caught.value))


def test_words_and_numbers_in_any_json_spelling(tmp_path):
    path = tmp_path / "vectors.json"
    path.write_text('{ "a\\u00e9" : [1e-1,\n -2E3 ] ,"\\"b\\"":[3,4]\n}\n')
    vectors = load(path)
    assert vectors.words == ["a\u00e9", '"b"']
    assert vectors.input.tolist() == [[pytest.approx(0.1), -2000], [3, 4]]
