"""Secrets that are known go out of every text; there are only so many of them."""

import pytest

from pytest_kore_convtest.redaction import SECRET, hide, hide_in, remember


@pytest.mark.parametrize("before", ["", "a=", '"', "%"])
def test_the_latest_secrets_are_known(before):
    """Of very many the first ones are forgotten: nobody has so many, and each text is searched for each."""
    secrets = [f"correct-horse-{number:04}-battery" for number in range(80)]
    for secret in secrets:
        remember(secret)
    assert hide(f"{before}{secrets[-1]}") == f"{before}{SECRET}"
    assert hide(f"{before}{secrets[20]}") == f"{before}{SECRET}"
    assert hide(f"{before}{secrets[0]}") == f"{before}{secrets[0]}"


def test_a_secret_goes_out_of_all_texts_of_some_data():
    """Keys included; whatever is no text stays."""
    remember("correct-horse-battery")
    data = {"correct-horse-battery": ["correct-horse-battery", 7, None, {"a": "b"}]}
    assert hide_in(data) == {SECRET: [SECRET, 7, None, {"a": "b"}]}


@pytest.mark.parametrize("word", ["keyJoiner" + "_" * 40, "aeyJ" + "_" * 40, "monkeyJumpsOverTheFence" * 3])
def test_a_word_with_the_letters_of_a_token_stays(word):
    """What stands there is no beginning of a JSON object."""
    assert hide(word) == word
