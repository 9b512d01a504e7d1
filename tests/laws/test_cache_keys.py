"""Keys of a cache: which fit a pattern, and which lie together."""

import re
from binascii import crc_hqx

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewind.core.domain.cache_keys import check_together, fits, tag_of
from tradewind.core.domain.errors import BadInput
from tradewind.trading.portfolio_keys import Account, account_of

FEW = st.text("ab*{}", max_size=7)


@given(pattern=FEW, key=FEW)
def test_a_star_is_any_text_and_the_rest_is_itself(pattern, key):
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), key) is not None
    assert fits(pattern, key) is expected


@pytest.mark.parametrize(
    ("key", "tag"),
    [("{alice}:x", "alice"), ("a{alice}b{bob}", "alice"), ("plain", "plain"), ("{}x", "{}x"), ("{open", "{open"),
     ("{{a}}", "{a"), ("}{a}", "a")],
)  # fmt: skip
def test_a_tag_is_what_stands_in_the_first_braces(key, tag):
    assert tag_of(key) == tag


def test_a_tag_is_what_the_server_takes_for_it(redis_servers):
    """A slot is the tag's CRC-16 (XMODEM) modulo 16,384: the Redis Cluster specification."""
    for key in ["{alice}:x", "a{alice}b{bob}", "plain", "{}x", "{open", "{{a}}", "}{a}"]:
        assert redis_servers.nodes[0].ask("CLUSTER", "KEYSLOT", key) == str(crc_hqx(tag_of(key).encode(), 0) % 16_384)


NAMES = st.text(min_size=1, max_size=12)


@given(one=st.tuples(NAMES, NAMES), other=st.tuples(NAMES, NAMES))
def test_no_two_accounts_share_a_key_whatever_they_are_called(one, other):
    accounts = {Account(one[0], "paper", one[1]), Account(other[0], "paper", other[1]), Account(one[0], "live", one[1])}
    keys = [key for account in accounts for key in account.keys]
    assert len(set(keys)) == 3 * len(accounts)
    for account in accounts:
        check_together(account.keys)
        assert all(account_of(key) == account for key in account.keys)
    if len(accounts) > 1:
        with pytest.raises(BadInput, match="as a whole"):
            check_together(keys)


@pytest.mark.parametrize(
    "key", ["portfolio:{", "portfolio:{a/paper/b}", "portfolio:{a/paper/b}:else", "x", "portfolio:{a/b}:balance"]
)
def test_a_key_that_no_account_has_is_nobodys(key):
    assert account_of(key) is None
