"""How many SMS a text takes (3GPP TS 23.038: 7 bits a letter in the GSM alphabet, else 16)."""

GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_TWICE = frozenset("^{}\\[~]|€\f")
"""Letters of the alphabet's second table, which take two places."""
GSM_ALONE, GSM_PART = 160, 153
WIDE_ALONE, WIDE_PART = 70, 67
MOST = 10
"""A longer text is not taken by Twilio."""


def is_gsm(text: str) -> bool:
    """Say whether the text fits the GSM alphabet."""
    return GSM.issuperset(set(text) - GSM_TWICE)


def segments(text: str) -> int:
    """Return how many SMS the text takes; a letter is never split over two."""
    if is_gsm(text):
        return _parts([2 if letter in GSM_TWICE else 1 for letter in text], GSM_ALONE, GSM_PART)
    return _parts([len(letter.encode("utf-16-le")) // 2 for letter in text], WIDE_ALONE, WIDE_PART)


def _parts(sizes: list[int], alone: int, part: int) -> int:
    if sum(sizes) <= alone:
        return 1
    count, filled = 1, 0
    for size in sizes:
        if filled + size > part:
            count, filled = count + 1, 0
        filled += size
    return count
