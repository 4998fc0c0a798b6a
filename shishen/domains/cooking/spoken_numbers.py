"""Numbers as they are said: 3, 三, 两, 仨, 半, 十二, 一万, two."""

from shishen.domains.cooking.quantities import numerals

# What a pattern takes for a number; 几 among them, which is none.
NUMBER = r"(?:\d+(?:\.\d+)?(?:/\d+)?|[零一二两俩仨三四五六七八九十百千万半几]+)"
_MORE_NUMBERS = {"零": 0.0, "仨": 3.0}
_ENGLISH = {
    word: n
    for n, words in enumerate(
        ("", "one first 头一 头 首", "two second", "three third", "four fourth", "five fifth", "six sixth",
         "seven seventh", "eight eighth", "nine ninth", "ten tenth", "eleven", "twelve")
    )
    for word in words.split()
}  # fmt: skip


def number_of(text: str) -> float | None:
    """A number as it is said: 3, 1.5, 三, 两, 半, 十二, 一万, two; None for 几 and for what is none."""
    text = text.strip()
    if text in _ENGLISH:
        return float(_ENGLISH[text])
    if text.startswith("-"):
        value = number_of(text[1:])
        return None if value is None else -value
    if text.endswith("万"):
        value = number_of(text[:-1])
        return None if value is None else value * 10_000
    if text in _MORE_NUMBERS:
        return _MORE_NUMBERS[text]
    found = numerals.read(text, 0) if text else None
    if found is None or found.end != len(text):
        return None
    low, high = found.span.min, found.span.max
    return low if low is not None and low == high else high or low
