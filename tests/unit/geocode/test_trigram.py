import pytest

from gis.geocode.normal import search_form
from gis.geocode.trigram import similarity, trigrams, word_similarity


def test_trigrams_are_padded_by_word() -> None:
    assert trigrams("Cat a") == ("  c", " ca", "cat", "at ", "  a", " a ")


def test_similarity_is_shared_over_all_trigrams() -> None:
    assert similarity("word", "two words") == pytest.approx(4 / 11)


@pytest.mark.parametrize(
    ("query", "text", "value"),
    [
        ("word", "two words", 0.8),
        ("提 都 街", "提 督 街 rua", 0.5),
        ("abc", "xyz", 0.0),
        ("", "a", 0),
    ],
)
def test_word_similarity_is_that_of_the_best_run(query: str, text: str, value: float) -> None:
    assert word_similarity(query, text) == pytest.approx(value)


def test_one_wrong_character_of_three_leaves_half_the_trigrams() -> None:
    assert word_similarity(search_form("提都街"), search_form("提督街")) >= 0.5
    assert word_similarity("提都街", "提督街") < 0.3
