"""The shipped taxonomy's topics and areas as a reader calls them; names that people gave stay as they are."""

from __future__ import annotations

from feedback.language import ENGLISH, Language, pgettext

SHIPPED = frozenset(
    (
        pgettext("topic", "Bonus not credited"),
        pgettext("topic", "Bonus payout delayed"),
        pgettext("topic", "Wrong bonus amount"),
        pgettext("topic", "Unclear bonus or wagering terms"),
        pgettext("topic", "Free spins missing"),
        pgettext("topic", "Loyalty and VIP programme"),
        pgettext("topic", "Withdrawal delayed"),
        pgettext("topic", "Withdrawal refused"),
        pgettext("topic", "Deposit failed"),
        pgettext("topic", "Verification documents"),
        pgettext("topic", "Login and account lock"),
        pgettext("topic", "Self-exclusion and limits"),
        pgettext("topic", "Game fault"),
        pgettext("topic", "Charged twice"),
        pgettext("topic", "Support slow or rude"),
        pgettext("topic", "Unwanted marketing"),
        pgettext("topic", "Data protection request"),
        pgettext("area", "Bonuses"),
        pgettext("area", "Loyalty"),
        pgettext("area", "Payments"),
        pgettext("area", "Verification"),
        pgettext("area", "Account"),
        pgettext("area", "Responsible gaming"),
        pgettext("area", "Games"),
        pgettext("area", "Support"),
        pgettext("area", "Marketing"),
        pgettext("area", "Privacy"),
    )
)


def topic_name(name: str, to: Language = ENGLISH) -> str:
    """What a topic is called to a reader."""
    return to.pgettext("topic", name) if name in SHIPPED else name


def area_name(name: str, to: Language = ENGLISH) -> str:
    """The same of an area."""
    return to.pgettext("area", name) if name in SHIPPED else name
