import pytest

from harness import quantity


@pytest.mark.parametrize(("text", "number"), [
    ("0", 0), ("50", 50), ("1500m", 1.5), ("2k", 2000), ("1e3", 1000), ("64Mi", 64 * 2**20), ("1E", 1e18), ("-5m", -0.005),
])
def test_reads_what_the_api_server_writes(text, number):
    assert quantity.parse(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["", "m", "many", "5 m", "1mm"])
def test_refuses_anything_else(text):
    with pytest.raises(ValueError, match="not a Kubernetes quantity"):
        quantity.parse(text)
