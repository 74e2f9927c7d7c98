import time

from argon2 import PasswordHasher

from app.db.passwords import hash_password, is_outdated, verify_password


def test_only_the_right_password_fits() -> None:
    stored = hash_password("correct horse")
    assert verify_password(stored, "correct horse")
    assert not verify_password(stored, "correct horse ")


def test_nobody_has_no_password_not_even_the_placeholder() -> None:
    assert not verify_password(None, "nobody has this password")


def test_a_broken_hash_fits_nothing() -> None:
    assert not verify_password("not a hash", "anything")


def test_hashes_of_one_password_differ() -> None:
    assert hash_password("same") != hash_password("same")


def test_a_hash_with_other_parameters_is_outdated() -> None:
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x"))
    assert not is_outdated(hash_password("x"))


def test_an_unknown_user_takes_as_long_as_a_wrong_password() -> None:
    stored = hash_password("right")
    verify_password(None, "warm-up")

    def fastest(password_hash: str | None) -> float:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            verify_password(password_hash, "wrong")
            times.append(time.perf_counter() - begin)
        return min(times)

    assert 0.3 < fastest(None) / fastest(stored) < 3
