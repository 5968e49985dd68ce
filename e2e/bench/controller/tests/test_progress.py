import pytest

from bench.controller.progress import Bar


def test_a_line_says_how_long_it_took(capsys):
    with Bar("10 pods", 10) as bar:
        bar.advance(10)
    assert capsys.readouterr().err.startswith("  10 pods: 0.")


def test_an_interruption_is_not_shown_as_done(capsys):
    with pytest.raises(KeyboardInterrupt), Bar("10 pods", 10):
        raise KeyboardInterrupt
    assert "interrupted" in capsys.readouterr().err
