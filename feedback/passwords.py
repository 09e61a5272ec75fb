"""Passwords: which are too weak, and how they are kept: as argon2id hashes (RFC 9106)."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from feedback.language import N_

if TYPE_CHECKING:
    from argon2 import PasswordHasher

LEAST = 12
LONGEST = 1_000
"""Characters."""

AT_ONCE = 2
"""So many are worked out at a time, each in 64 MB: a flood of sign-ins waits instead of filling the memory."""

COMMON = frozenset(
    """
    000000000000 111111111111 1111111111111 121212121212 123123123123 123456123456 1234567890ab 1234567891011
    123456789012 1234567890123 12345678901234 123456789abc 12345678910 123456789123 123456qwerty 147258369147
    159753456852 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1qaz2wsx3edc 1qaz2wsx3edc4rfv a1b2c3d4e5f6 abc123abc123
    abcd1234abcd abcdefg12345 abcdefghijkl adminadmin12 administrator administrator1 asdfghjkl123 bonusbonus123
    casinocasino changeme1234 changemeplease correcthorsebatterystaple diesisteinpasswort feedback1234
    feedback-trends feedbackfeedback hallohallo123 haslohaslo123 iloveyou1234 iloveyou12345 letmein12345
    letmeinletmein meinpasswort meinpasswort1 minpassord123 mojehaslo123 password1234 password12345
    password123456 passwordpassword passord12345 passordpassord passwort1234 passwort12345 passwort123456
    passwortpasswort q1w2e3r4t5y6 qazwsxedcrfv qwerty123456 qwertyqwerty qwertyuiop12 qwertyuiop123
    qwertyuiopasdf qwertzuiop12 qwertzuiop123 salasana1234 salasana12345 salasanasalasana schatzschatz
    superman1234 trustno1trustno1 welcome12345 welcome123456 willkommen12 willkommen123 willkommen1234
    zaq12wsxcde3
    """.split()  # noqa: SIM905 - a list of words, not of literals
)

_turns = threading.BoundedSemaphore(AT_ONCE)


def weakness(password: str, name: str) -> str | None:
    """What is wrong with a password for the account `name`, as a message to be translated; None if nothing is."""
    plain, name = password.casefold(), name.casefold()
    if len(password) < LEAST:
        return N_("A password has at least 12 characters.")
    if len(password) > LONGEST:
        return N_("A password has at most 1,000 characters.")
    if len(plain.replace(name, "")) < LEAST // 2:
        return N_("This password is little more than the account's name.")
    if plain in COMMON or len(set(plain)) < 5:
        return N_("This password is one of the first that anybody would try.")
    return None


def hashed(password: str) -> str:
    """What is kept of a password."""
    with _turns:
        return _hasher().hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one that `kept` came from; None takes as long and never matches."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with _turns:
        try:
            return _hasher().verify(_nobody() if kept is None else kept, password) and kept is not None
        except (InvalidHashError, VerificationError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with weaker parameters than those in force."""
    return _hasher().check_needs_rehash(kept)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher, profiles

    return PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


@cache
def _nobody() -> str:
    return _hasher().hash("nobody has this password")
