import pytest

from lmnotes.notebook import claims_table


def test_columns_of_numbers_stand_right_and_names_may_break():
    text = claims_table.html_table(["word_a", "n"], [["<a>", "1"], ["2", "-0.123456"]])
    assert '<th>word_<wbr>a</th><th class="n">n</th>' in text
    assert '<tr><td>&lt;a&gt;</td><td class="n">1</td></tr>' in text
    assert '<tr><td>2</td><td class="n">−0.1235</td></tr>' in text


def test_of_a_long_table_the_beginning_is_shown():
    text = claims_table.html_table(["n"], [[str(i)] for i in range(9)], most=4)
    assert text.count("<tr>") == 1 + 4 and "… 5 more rows" in text
    assert "more rows" not in claims_table.html_table(["n"], [])


@pytest.mark.parametrize(
    ("given", "shown"), [("37887", "37887"), ("1e-7", "1e−07"), ("nan", "–"), ("a-b", "a-b")]
)
def test_cells_as_shown(given, shown):
    assert claims_table.short(given) == shown
