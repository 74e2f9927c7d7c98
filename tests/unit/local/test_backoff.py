from app.local.backoff import CAP, FORGET, Backoff


def test_it_doubles_up_to_its_cap() -> None:
    backoff = Backoff()
    assert [backoff.after(0) for _ in range(7)] == [1, 2, 4, 8, CAP, CAP, CAP]


def test_a_minute_of_life_starts_it_over() -> None:
    backoff = Backoff()
    for _ in range(4):
        backoff.after(FORGET - 1)
    assert backoff.after(FORGET) == 1
    assert backoff.after(0) == 2
