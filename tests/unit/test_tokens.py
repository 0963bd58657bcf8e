"""Are tokens, keys and secrets frozen values within limits, that show nothing?"""

from __future__ import annotations

import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zcrm_core import InvalidToken, Secret, StoreError, Token, TokenKey

PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    "user", ["", "a\nb", "\0", "a\x7f", "\x85", "\ud800", "x" * 513, "ä" * 257, 7, None, b"x"]
)
def test_an_impossible_user_is_refused(user: object) -> None:
    """An empty, endless, invisible or undecodable identifier is the same typed error everywhere."""
    with pytest.raises(InvalidToken):
        TokenKey(user, "c", "production")  # type: ignore[arg-type]
    with pytest.raises(InvalidToken):
        Token(user, "a", None, 0)  # type: ignore[arg-type]


def test_an_invalid_token_is_a_store_error_and_a_value_error() -> None:
    """Both an ``except StoreError`` and an ``except ValueError`` see it."""
    assert issubclass(InvalidToken, StoreError)
    assert issubclass(InvalidToken, ValueError)


@pytest.mark.parametrize("expiry", [-1, 2**53, 1.5, "0", None, True, pytest.param(10**5000, id="long")])
def test_an_impossible_expiry_is_refused(expiry: object) -> None:
    """An expiry is an integer of ms from 0 to 2**53 - 1."""
    with pytest.raises(InvalidToken) as caught:
        Token("u", "a", "r", expiry)  # type: ignore[arg-type]

    assert caught.value.code == "ZCRM-TOKEN-003"


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "api_domain", "scope"])
def test_a_text_of_64_kib_fits_and_one_byte_more_does_not(name: str) -> None:
    """The limit counts bytes of UTF-8, for every text; the error shows none of it."""
    fields = {"user_identifier": "u", "access_token": "a", "refresh_token": "r", "expiry_time": 0}
    Token(**{**fields, name: "x" * 65536})  # type: ignore[arg-type]

    too_long = "s3cr3t" + "ä" * 32765 + "x"
    with pytest.raises(InvalidToken, match="65537") as caught:
        Token(**{**fields, name: too_long})  # type: ignore[arg-type]

    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_of_a_token_shows_a_secret(access: str, refresh: str) -> None:
    """Repr and str of a token have only what is not secret."""
    try:
        token = Token("the user", f"<{access}>", f"<{refresh}>", 7)
    except InvalidToken as error:
        assert f"<{access}>" not in "".join(traceback.format_exception(error))  # noqa: PT017 - either may come
        return

    assert "<" not in repr(token) + str(token) + f"{token}"
    assert "the user" in repr(token)


@pytest.mark.parametrize("secret", [987654321012345, 98765.25])
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_secret_that_is_a_number_is_not_shown(name: str, secret: float) -> None:
    """A class of a user's own may give a token as a number; the error tells its kind only."""
    texts: dict[str, object] = {"access_token": "a", "refresh_token": "r", name: secret}

    with pytest.raises(InvalidToken) as caught:
        Token("u", expiry_time=1, **texts)  # type: ignore[arg-type]

    assert caught.value.what == f"{name} must be a text, not {type(secret).__name__}."
    assert str(secret) not in str(caught.value)


def test_tokens_are_frozen_and_equal_by_value() -> None:
    """Two tokens with the same fields are one, any difference makes two, and none can be changed."""
    token = Token("u", "a", "r", 7, "d", "s")

    assert token == Token("u", "a", "r", 7, "d", "s")
    assert len({token, Token("u", "b", "r", 7, "d", "s"), Token("u", "a", None, 7, "d", "s")}) == 3
    with pytest.raises(AttributeError):
        token.access_token = "x"  # type: ignore[misc]


LOOKALIKES = [
    "A@x.com",
    "a@x.com",
    "a@x.com ",
    " a@x.com",
    "é",
    "e\u0301",
    "ß",
    "SS",
    "K",
    "\u212a",
    "İ",
    "i\u0307",
]


def test_lookalikes_are_different_users() -> None:
    """Case, blanks, accents and normal forms all count: every key and digest is another."""
    keys = [TokenKey(user, "c", "production") for user in LOOKALIKES]

    assert len(set(keys)) == len({key.digest() for key in keys}) == len(LOOKALIKES)


@given(st.tuples(PRINTABLE, PRINTABLE, PRINTABLE), st.tuples(PRINTABLE, PRINTABLE, PRINTABLE))
def test_two_keys_have_one_digest_only_if_they_are_the_same(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """No shift of characters between user, client and environment makes two keys meet."""
    assert (TokenKey(*one).digest() == TokenKey(*other).digest()) == (one == other)
    assert len(TokenKey(*one).digest()) == 32


def test_a_secret_is_shown_to_nobody() -> None:
    """A secret is masked in every text, compares by value, and refuses to be pickled."""
    secret = Secret("hush")

    assert "hush" not in f"{secret} {secret!r} {[secret]} %s" % secret
    assert secret.reveal() == "hush"
    assert secret == Secret("hush") != Secret("x")
    assert not Secret("")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
