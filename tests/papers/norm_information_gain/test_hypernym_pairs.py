import pytest

from lmnotes.papers.norm_information_gain.hypernym_pairs import mine, read_pairs, singular
from lmnotes.text import corpus


def pairs(*texts, titles=None, min_count=1):
    table = mine(corpus.from_texts(texts, titles=titles), min_count=min_count)
    return {(row.hyponym, row.hypernym): (row.n_found, row.pattern) for row in table.itertuples()}


def test_three_sentences():
    found = pairs(
        "There are mammals such as the mole. We saw a mole, a mammal. Lions and other "
        "animals roam. The lion is a large animal that roars. It eats animals including gazelles."
    )
    assert found == {
        ("mole", "mammal"): (1, "such as"),
        ("lion", "animal"): (2, "and other"),
        ("gazelles", "animal"): (1, "including"),  # the text has no singular
    }


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Rum or other strong drinks.", ("rum", "drinks")),
        ("A bat is a kind of small flying mammal in caves.", ("bat", "mammal")),
        ("Copper is a metal used by man.", ("copper", "metal")),
        ("Helium is the lightest inert gas.", ("helium", "gas")),
        ("Mars is one of the planets that we know.", ("mars", "planets")),
    ],
)
def test_phrases_around_a_pattern(text, pair):
    assert list(pairs(text)) == [pair]


@pytest.mark.parametrize(
    "text",
    [
        "It is a mammal.",  # a function word
        "Moles are such. As moles do, they dig.",  # over the end of a sentence
        "Mammals. Such as moles.",
        "This is a part of that.",  # an empty head
        "Cooking is a nationally famous.",  # an adjective at the end
        "Networking and other networks.",  # one stem
        "Said the big old bear is a bear.",  # the subject is more than one word
        "He and other.",
    ],
)
def test_what_is_no_pair(text):
    assert not pairs(text)


def test_documents_do_not_run_into_each_other():
    assert not pairs("They like mammals such", "as moles")


def test_titles_stand_for_the_first_subject_of_a_document():
    body = "Aldous Leonard Huxley was an English writer and philosopher. The book was a success."
    assert pairs(body, titles=["Aldous Huxley"])["huxley", "writer"] == (1, "is a")
    assert ("huxley", "writer") not in pairs(body)
    assert ("huxley", "success") not in pairs(body, titles=["Aldous Huxley"])
    assert ("huxley", "writer") in pairs(body, titles=["Aldous Huxley (writer)"])
    longer = "Aldous Huxley was a writer whose book was a success."
    assert list(pairs(longer, titles=["Aldous Huxley"])) == [("huxley", "writer")]
    assert not pairs("X was a battle of armies.", titles=["Battle of Hastings"])


def test_both_directions_keep_the_majority_and_ties_go():
    more = "A cat is a pet. " * 3
    assert pairs(more + "A pet is a cat.") == {("cat", "pet"): (3, "is a")}
    assert not pairs("A cat is a pet. A pet is a cat.")


def test_counts_are_those_of_the_singular():
    text = "Moles and other mammals dig. " + "A mole and a mammal. " * 4
    assert list(pairs(text, min_count=4)) == [("mole", "mammal")]
    assert not pairs(text, min_count=5)


def test_singular():
    vocabulary = {"dog", "city", "box", "new", "man", "bus", "len", "horse", "cacti"}
    words = "dogs cities boxes news men bus lens horses cactuses glass"
    assert [singular(word, vocabulary) for word in words.split()] == (
        ["dog", "city", "box", "news", "man", "bus", "lens", "horse", "cactuses", "glass"]
    )


def test_pairs_from_files(tmp_path):
    wordnet = read_pairs("wordnet")
    assert len(wordnet) == 30
    assert (wordnet.hyponym != wordnet.hypernym).all()
    path = tmp_path / "pairs.csv"
    path.write_text(
        "hyponym,hypernym\nDog,animal,true\ndog,animal\nhot dog,food\ncat.n.01,pet.n.02\n"
    )
    assert read_pairs(path).values.tolist() == [["dog", "animal"], ["cat", "pet"]]
    path.write_text("dog\tanimal\ncat\n")
    with pytest.raises(ValueError, match="line 2: found 'cat'; expected hyponym and hypernym"):
        read_pairs(path)
    with pytest.raises(FileNotFoundError, match="expected 'wordnet' or the path of a table"):
        read_pairs("bless")
    path.write_text("hot dog\tfood\n")
    with pytest.raises(ValueError, match="no pair of two single words"):
        read_pairs(path)
