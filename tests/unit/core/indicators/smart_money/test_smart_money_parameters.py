"""A wrong parameter gets one clear sentence: what, where, and what to write instead."""

import numpy as np
import pytest

from tradewind.core import indicators
from tradewind.core.domain.errors import BadInput
from tradewind.core.indicators import FairValueGaps, Liquidity
from tradewind.core.indicators.batch import batch

REFUSED = [
    ("Swings", {"length": 0}, "length must be from 1 to"),
    ("Swings", {"length": 2.5}, "length must be a whole number, found 2.5"),
    ("Swings", {"length": 10_001}, "length must be from 1 to 10000, found 10001"),
    ("MarketStructure", {"length": True}, "length must be a whole number"),
    ("MarketStructure", {"break_on": "open"}, "break_on must be close or wick, found 'open'"),
    ("OrderBlocks", {"length": -1}, "length must be from 1"),
    ("OrderBlocks", {"mitigate_on": None}, "mitigate_on must be wick or close, found None"),
    ("FairValueGaps", {"join": 1}, "join must be True or False, found 1"),
    ("Liquidity", {"range_percent": 0.0}, "range_percent must be a finite number above 0"),
    ("Liquidity", {"width": float("nan")}, "width must be a finite number above 0"),
    ("Liquidity", {"width": -1.0}, "width must be a finite number above 0"),
    ("Retracements", {"length": "5"}, "length must be a whole number"),
    ("DealingRange", {"band": 51}, "band must be from 0 to 50 percent, found 51"),
    ("DealingRange", {"band": float("nan")}, "band must be from 0 to 50 percent"),
    ("PreviousHighLow", {"period": "1D"}, "period is an unknown timeframe '1D'"),
    ("Session", {"name": "london"}, "unknown session 'london'"),
    ("Session", {}, "unknown session ''"),
    ("Session", {"name": "London", "start": "07:00"}, "give a name or start and end, not both"),
    ("Session", {"start": "7 am", "end": "16:00"}, "start must be a time of day, found '7 am'"),
    ("Session", {"start": "07:00"}, "end must be a time of day, found ''"),
    ("Session", {"start": "24:00", "end": "16:00"}, "start must be a time of day"),
    ("Session", {"start": "07:00", "end": "07:00"}, "start and end are the same time"),
    ("VolumeProfile", {"length": 4_097}, "length must be up to 4096, found 4097"),
    ("VolumeProfile", {"rows": 1}, "rows must be from 2"),
    ("SessionProfile", {"rows": 65}, "rows must be up to 64, found 65"),
    ("SessionProfile", {"period": 24}, "period must be a timeframe, found 24"),
]


@pytest.mark.parametrize(("name", "parameters", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_a_parameter_out_of_its_range_is_refused_with_what_to_write(name, parameters, message):
    with pytest.raises(BadInput) as refused:
        getattr(indicators, name)(**parameters)
    assert message in refused.value.message
    assert refused.value.where == name
    assert refused.value.fix


def test_a_missing_column_is_named():
    with pytest.raises(BadInput, match="FairValueGaps needs the column open"):
        batch(FairValueGaps(), high=[1.0], low=[1.0], close=[1.0])


def test_a_flat_market_has_no_pools_and_fails_on_nothing():
    bars = {"high": np.full(50, 5.0), "low": np.full(50, 5.0)}
    results = batch(Liquidity(2), **bars)
    assert not np.nan_to_num(results["value"]).any()
    assert np.isnan(results["above"]).all()
