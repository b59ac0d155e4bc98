import operator
import os
from functools import partial

import pytest

from lmnotes import parallel


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_items(workers):
    items = list(range(40))
    tripled = list(parallel.map_items(partial(operator.mul, 3), items, workers=workers))
    assert tripled == [3 * item for item in items]


def test_few_items_are_done_in_this_process_and_enough_in_others():
    def here(items, **options):
        return set(parallel.map_items(partial(_pid, 0), items, workers=2, **options))

    assert here(range(31)) == {os.getpid()} == here(range(4), least=3)
    assert os.getpid() not in here(range(4), least=2)


def _pid(_zero, _item):
    return os.getpid()
