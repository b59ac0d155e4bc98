import pytest

from lmnotes.notebook import claims_table


def claim(where, verdict="reproduced", **given):
    row = {"where": where, "claim": "c", "published": "", "unit": "", "certainty": "stated"}
    row |= {"measured": "0.123456", "low": "", "high": "", "verdict": verdict, "note": ""}
    return row | given


def test_many_claims_about_one_table_are_folded_under_their_counts():
    few = [claim("Fig. 1"), claim("Fig. 2")]
    many = [claim("Table 4", "not reproduced" if i < 3 else "same direction") for i in range(9)]
    text = claims_table.table([few[0], *many, few[1]])
    assert text.count("<details>") == 1
    assert "<b>Table 4</b> 9 claims" in text
    summary = text[text.index("<summary>") : text.index("</summary>")]
    assert ">6 same direction<" in summary and ">3 not reproduced<" in summary
    assert text.count('<td data-label="Measured">0.1235</td>') == 11
    assert text.index("Fig. 1") < text.index("Table 4") < text.index("Fig. 2")


def test_a_place_is_said_once_for_its_claims():
    text = claims_table.table([claim("Fig. 1"), claim("Fig. 2"), claim("Fig. 1")])
    assert text.count("Fig. 1") == 1 and text.count('<tr class="first">') == 2


def test_cells_say_what_is_published_and_measured():
    text = claims_table.table(
        [
            claim("Fig. 1", published="0.5", unit="nats", low="-0.1", high="0.3"),
            claim("Fig. 2", certainty="derived", measured="nan", unit="nats", note="not <here>"),
            claim("Fig. 3", measured="", claim="of $n_w$ & more"),
        ]
    )
    assert 'Published">0.5 nats</td>' in text
    assert 'Measured">0.12 nats <small>(−0.10 to 0.30)</small>' in text
    assert 'Published"><small>direction only</small> <small>derived</small>' in text
    assert 'Measured">–</td>' in text and 'Measured"></td>' not in text
    assert "<small>not &lt;here&gt;</small>" in text
    assert "of <math" in text and "&amp; more" in text


def test_the_tally_has_the_shares_of_the_verdicts_apart_by_what_the_paper_gives():
    rows = [claim("a"), claim("b"), claim("c", "not reproduced"), claim("d", published="0.5")]
    text = claims_table.tally([*rows, claim("e", published="7", certainty="read off")])
    assert '<i class="good" style="flex:2"></i><i class="bad" style="flex:1"></i>' in text
    order = [text.index(kind) for kind in ("numbers of the paper", "directions", "read off")]
    assert order == sorted(order) and text.count('class="bar"') == 3
    assert claims_table.tally([]) == ""


@pytest.mark.parametrize(
    ("measured", "low", "high", "shown"),
    [
        ("37887", "", "", "37,887 nats"),
        ("0.0421563", "0.0421563", "0.0421563", "0.04216 nats"),
        ("-0.5", "-0.61", "-0.4", "−0.50 nats (−0.61 to −0.40)"),
        ("93.4012", "89.93", "96.518", "93.4 nats (89.9–96.5)"),
        ("1e-9", "0", "2e-8", "1e−09 nats (0–2e−08)"),
        ("nan", "0", "1", "not measured yet"),
        ("0.07", "-0.004", "0.13", "0.07 nats (0.00 to 0.13)"),
    ],
)
def test_an_interval_says_how_many_digits_a_number_has(measured, low, high, shown):
    given = {"measured": measured, "low": low, "high": high, "unit": "nats"}
    assert claims_table.filled("{a}", {"a": given}) == shown
