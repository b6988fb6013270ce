from __future__ import annotations

import gc

from inverse_tracr.sample.garbage import rarely_collected


def test_thresholds_are_as_before_even_after_an_error() -> None:
    before = gc.get_threshold()
    try:
        with rarely_collected():
            assert gc.get_threshold() > before
            raise ValueError
    except ValueError:
        pass
    assert gc.get_threshold() == before
