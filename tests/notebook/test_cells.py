import pytest

from lmnotes.notebook import claims_table


@pytest.mark.parametrize(
    ("given", "shown"), [("37887", "37887"), ("1e-7", "1e−07"), ("nan", "–"), ("a-b", "a-b")]
)
def test_cells_as_shown(given, shown):
    assert claims_table.short(given) == shown
