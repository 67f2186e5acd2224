"""The command line's exit status: 0 done, 1 refused, whoever refuses."""

import pytest

import manage


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["load_extract", "--medical", "claims.csv"], "required: --name"),
        (["export", "no_such_table"], "no_such_table"),
        (["export", "infusions", "--format", "xlsx"], "xlsx"),
        (["roi_calc"], "required: FILE"),
    ],
)
def test_words_that_are_missing_or_unknown_end_with_one(monkeypatch, capsys, words, reason):
    monkeypatch.setattr("sys.argv", ["manage.py", *words])
    with pytest.raises(SystemExit) as end:
        manage.main()
    assert end.value.code == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert reason in said.err.splitlines()[-1]
